"""What runs between a worker and its children: programs that are started by path, and import nothing of this package."""
