"""What a browser needs so that a reader can write a gradient in the page."""
