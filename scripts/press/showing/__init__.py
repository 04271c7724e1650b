"""A page as read, and its record, become what a browser gets."""
