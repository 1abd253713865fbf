"""Which samples of a site a command is about: by page, by name, by part."""
