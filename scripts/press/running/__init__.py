"""Run page programs: a page is stale when any file of this folder changes."""
