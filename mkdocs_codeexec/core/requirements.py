"""What a sample may require of the machine: `kind:what`."""

from __future__ import annotations

KINDS = ("env", "tool", "file", "python", "crate", "feature")
"""A variable, a program, a file of the project, a package of Python, a crate, a feature of the processor."""
