"""After the run: what is told to people and to machines."""
