"""From fences on a page to Samples: the Python-Markdown extension, and the pure parts that it is made of.

    header      what is written behind the backticks                      str -> Header
    options     the table of options; values: what may stand behind `=`
    reading     what a header asks for                                    Header -> Reading
    presenting  how samples are shown, checked
    front_matter  what a page says for its fences             values of YAML -> Defaults
    precedence  who prevails: fence, page, language           -> Request
    claiming    which fences are ours                                     Header -> Claim | None
    claims      the same, by what the page says
    instead     what to write for a language that is not set up
    locating    where a fence stands in the file on disk
    includes    files that pages include as mdBook does; the rules are those of `core/including.py`
    slots       the places that samples leave on the page
    collecting  what the extension and its user tell each other
    asking      the preprocessors of superfences, asked first
    rendering   the source of our fences, as the site shows it
    fences      the one of them that renders, with our samples in it: the one scanner of fences
    glimpse     the same, before a page is converted: samples are noted, and nothing is rendered
    doubts      what looks like a sample, and superfences does not take
    nesting     conversions within a conversion: docstrings, output of other tools
    extension   what plugs it all into Python-Markdown

Only `locating`, `includes`, `asking`, `fences`, `glimpse`, `doubts`, `nesting` and `extension` know Python-Markdown, and nothing here knows MkDocs.
Values are named tuples here: every build imports this, and a frozen dataclass takes five times as long to define.
"""
