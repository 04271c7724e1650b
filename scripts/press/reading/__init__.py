"""Read the pages and the snippets, and find mistakes before anything runs."""
