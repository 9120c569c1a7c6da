"""What a route says, and how it is written, checked, compared, drawn, rehearsed and published."""
