"""Pages: load, form, one call inward, redirect."""
