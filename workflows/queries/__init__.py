"""Every read of more than one row: one module a noun."""
