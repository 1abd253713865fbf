"""What the Python of a sample executes; see `rich_display`."""
