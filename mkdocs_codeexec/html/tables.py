"""The tables that samples have left as files, as HTML."""

from __future__ import annotations

import csv
import io
import itertools

from markupsafe import Markup

from mkdocs_codeexec.html import ansi

ROWS = 100
"""Rows of a table that a page shows."""


def table(text: str, separator: str, said: str = "") -> Markup:
    """Return the table that `text` holds, its first line as the head; of a long one, the start.

    Args:
        text: Of the file.
        separator: Between cells.
        said: Its caption; may be empty.
    """
    try:
        rows = list(itertools.islice(csv.reader(io.StringIO(text, newline=""), delimiter=separator), ROWS + 2))
    except csv.Error:
        return Markup('<pre class="codeexec-text"><code>{}</code></pre>').format(ansi.strip(text).rstrip("\n"))
    head, *body = rows or [[]]
    more = max(text.rstrip("\n").count("\n") - ROWS, 0) if len(body) > ROWS else 0
    between = Markup("\n")  # without it a search engine takes a row for one word
    lines = between.join(
        Markup("<tr>{}</tr>").format(between.join(Markup("<td>{}</td>").format(ansi.strip(cell)) for cell in row))
        for row in body[:ROWS]
    )
    columns = between.join(Markup('<th scope="col">{}</th>').format(ansi.strip(cell)) for cell in head)
    note = f"{ROWS} rows of {ROWS + more:,}" if more else ""
    told = f"{said} ({note})" if said and note else said or note
    caption = Markup("<caption>{}</caption>").format(told) if told else ""
    return Markup(
        '<div class="codeexec-table" tabindex="0"><table>{}\n<thead><tr>{}</tr></thead>\n<tbody>{}</tbody></table></div>'
    ).format(caption, columns, lines)
