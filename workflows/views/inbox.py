"""The inbox in its three tabs, the list of tasks, and the search."""
