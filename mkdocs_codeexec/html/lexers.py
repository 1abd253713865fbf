"""Which lexers there are to highlight with."""

from __future__ import annotations


def is_lexer(name: str) -> bool:
    """Return whether Pygments has a lexer of that name."""
    from pygments.lexers import find_lexer_class_by_name
    from pygments.util import ClassNotFound

    try:
        find_lexer_class_by_name(name)
    except ClassNotFound:
        return False
    return True
