"""What `codeexec promote` is made of: which fences get another text, whether that repeats, and writing it into pages."""
