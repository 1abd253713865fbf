from __future__ import annotations

import pytest

from mkdocs_codeexec.languages.rust.messages.index import linked

LINK = "\x1b]8;;https://doc.rust-lang.org/error_codes/E0382.html\x1b\\E0382\x1b]8;;\x1b\\"


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        pytest.param(
            f"error[{LINK}]: use of `s`\n --> sample.rs:3:1\n",
            "error[E0382]: use of `s`\n --> sample.rs:3:1\n",
            id="plain",
        ),
        # As `rustc --color=always` writes it.
        pytest.param(
            f"\x1b[1m\x1b[91merror[{LINK}]\x1b[0m\x1b[1m: use of `s`\x1b[0m\n \x1b[1m\x1b[94m--> \x1b[0msample.rs:3:1\n",
            "\x1b[1m\x1b[91merror[E0382]\x1b[0m\x1b[1m: use of `s`\x1b[0m\n \x1b[1m\x1b[94m--> \x1b[0msample.rs:3:1\n",
            id="coloured",
        ),
        pytest.param(
            f"x\n\nerror[{LINK}]: a\n  --> b.rs:1:1\n\nerror[{LINK}]: c\n  --> d.rs:2:2",
            "x\n\nerror[E0382]: a\n  --> b.rs:1:1\n\nerror[E0382]: c\n  --> d.rs:2:2",
            id="several",
        ),
    ],
)
def test_codes_at_the_head_of_a_message_are_links(expected: str, text: str) -> None:
    """As hyperlinks of a terminal, from which pages make theirs."""
    assert expected == linked(text)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("error[E0382]: printed by a program\n", id="no place"),
        pytest.param("see error[E0382]: x\n --> sample.rs:3:1\n", id="not at the start"),
        pytest.param("warning[E0382]: x\n --> sample.rs:3:1\n", id="no error"),
        pytest.param("error[E38]: x\n --> sample.rs:3:1\n", id="no code of rustc"),
        pytest.param("error: x\n --> sample.rs:3:1\n", id="no code"),
        pytest.param("For more information about this error, try `rustc --explain E0382`.\n", id="in a text"),
    ],
)
def test_other_text_has_no_links(text: str) -> None:
    """What a program prints, what only mentions a code."""
    assert text == linked(text)
