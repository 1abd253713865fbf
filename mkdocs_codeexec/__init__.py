"""Documentation whose code has really run: a MkDocs plugin that executes the samples of a site.

A *fence* on a page becomes a `Sample`; a language turns it into an `Action`, which hashes to a *key*; the Store
answers the key with an `Outcome`, or the Executor produces one; the Outcome is judged against the author's
`Expectation`; and what happened is put into the page.
"""

from __future__ import annotations

__version__ = "0.1.0"
__all__ = ["__version__"]
