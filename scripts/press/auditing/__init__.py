"""Look at the finished site as a reader's browser does."""
