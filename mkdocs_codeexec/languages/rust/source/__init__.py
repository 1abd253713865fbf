"""A sample's source: read as tokens, made a program, and compared but for its layout."""
