"""Everything that the demo is made of. People and events in it are invented."""
