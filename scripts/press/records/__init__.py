"""Find what is stale, have it run, keep and judge what it gave."""
