"""Zensical: renders page after page by Python-Markdown, keeps pages that have not changed, and calls nobody at the end."""
