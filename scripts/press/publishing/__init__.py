"""The events of MkDocs, from the first to the finished site."""
