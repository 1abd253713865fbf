"""Which plugins make an index of the words of a site's pages."""

from __future__ import annotations

import re

_MODULE = re.compile(r"\.(?:contrib|plugins)\.search(?:\.|$)")
"""Of the search of MkDocs and of ProperDocs, of Material's, and of plugins that are made of one of them."""


def makes_index(plugin: object) -> bool:
    """Tell whether `plugin` takes the words of a page, in `on_page_context`, for readers to search for."""
    return any(_MODULE.search(kind.__module__) for kind in type(plugin).__mro__)
