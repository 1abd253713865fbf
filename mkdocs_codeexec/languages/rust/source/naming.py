"""Names of modules and files that no sample has, as long as the word `sample`: messages about them keep their width."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def prefix_of(codes: Sequence[str]) -> str:
    """Return three letters that none of `codes` has, the same for the same ones."""
    seed = hashlib.sha256("\0".join(codes).encode("utf-8", "surrogatepass")).digest()
    text = "\n".join(codes).lower()
    for index in range(len(seed) - 1):
        prefix = "".join("bcdfghjklmnpqrstvwxz"[byte % 20] for byte in (seed + seed)[index : index + 3])
        if prefix not in text:
            return prefix
    return "zqj"


def number(index: int) -> str:
    """Return `index` with three digits, to the base of 36."""
    digits = ""
    for _ in range(3):
        index, digit = divmod(index, 36)
        digits = _DIGITS[digit] + digits
    return digits
