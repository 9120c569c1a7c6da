"""Facts in words, as templates take them."""
