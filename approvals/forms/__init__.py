"""What people type, before an action judges it."""
