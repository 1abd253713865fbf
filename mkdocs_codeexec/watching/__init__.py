"""What of a site's files has changed: which were read and how they were then, and who tells of changes."""
