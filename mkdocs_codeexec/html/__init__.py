"""From Outcomes to HTML: ANSI text to spans, and the Fragment that stands in a Slot."""
