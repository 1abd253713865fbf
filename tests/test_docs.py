"""The documents say what is true."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from mkdocs_codeexec import config
from mkdocs_codeexec.configuration import languages
from mkdocs_codeexec.markdown import options

ROOT = Path(__file__).parent.parent
PAGES = {path.name: path.read_text("utf-8") for path in (ROOT / "docs").glob("*.md")}
README = (ROOT / "README.md").read_text("utf-8")


@pytest.mark.parametrize("name", sorted({*config._TOP, *languages.RUST, *languages.SCRIPT}))
def test_every_option_of_the_configuration_is_documented(name: str) -> None:
    """In a table of docs/configuration.md."""
    assert re.search(rf"^\| .*`{name}`.* \|", PAGES["configuration.md"], re.MULTILINE)


@pytest.mark.parametrize("name", options.TABLE)
def test_every_option_of_a_fence_is_documented(name: str) -> None:
    """Those that work, and those that have no effect."""
    assert re.search(rf"`{name}[`=]", PAGES["fences.md"]) or name == "rust"


@pytest.mark.parametrize(
    "name", sorted(set(re.findall(r"CODEEXEC_[A-Z_]+", (ROOT / "mkdocs_codeexec/config.py").read_text())))
)
def test_every_variable_is_documented(name: str) -> None:
    """In docs/configuration.md."""
    assert name in PAGES["configuration.md"] or name == "CODEEXEC_"


WORKFLOWS = [
    pytest.param(found, id=f"{name}-{number}")
    for name, page in PAGES.items()
    for number, found in enumerate(re.findall(r"```yaml\n(.*?)```", page, re.DOTALL))
    if "\njobs:" in found
]


@pytest.mark.parametrize("workflow", WORKFLOWS)
def test_workflows_are_as_we_advise(workflow: str) -> None:
    """A job ends by itself after a while, may do no more than it must, and what it uses cannot be changed by others."""
    found = yaml.safe_load(workflow)
    used = re.findall(r"uses: (.*)", workflow)

    assert {"contents": "read"} == found["permissions"]
    assert all(0 < job["timeout-minutes"] <= 60 for job in found["jobs"].values())
    assert used
    for action in used:
        assert re.fullmatch(r"[\w./-]+@[0-9a-f]{40}  # v\d+\.\d+\.\d+\b.*", action)


def test_whom_to_write_to_stands_in_one_place() -> None:
    """So that whoever fills it in has done so everywhere."""
    documents = {path.name: path.read_text("utf-8") for path in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"))}

    assert {"SECURITY.md": 1} == {name: n for name, text in documents.items() if (n := text.count("SECURITY CONTACT"))}


def test_ci_runs_the_command_of_the_readme() -> None:
    """Word for word."""
    commands = re.findall(r"```sh\n(.*)\n```", README)

    assert 2 == len(commands)
    assert "sample_site/mkdocs.yml" in commands[0]
    assert commands[1] in (ROOT / ".ci/run").read_text("utf-8").split("\n")


@pytest.mark.parametrize("path", [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))], ids=lambda p: p.name)
def test_links_lead_somewhere(path: Path) -> None:
    """Every relative link of the documents names a file, and every fragment a heading."""
    for target in re.findall(r"\]\((?!https?:)([^)\s]+)\)", path.read_text("utf-8")):
        name, _, fragment = target.partition("#")
        found = (path.parent / name) if name else path
        assert found.exists(), target
        if fragment:
            headings = re.findall(r"^#+ (.*)$", found.read_text("utf-8"), re.MULTILINE)
            assert fragment in [re.sub(r"[^\w -]", "", h.lower()).replace(" ", "-") for h in headings]


CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
PACKAGE = ROOT / "mkdocs_codeexec"
PLACES = sorted(set(re.findall(r"`((?:[a-z_]+/)+(?:[a-z_]+\.py)?|[a-z_]+\.py)`", CONTRIBUTING)))


@pytest.mark.parametrize("place", PLACES)
def test_contributors_are_sent_to_what_is_there(place: str) -> None:
    """Every file and folder that is named, in the package or beside it; a bare name is a file of some folder."""
    found = [one for one in (PACKAGE, ROOT) if (one / place).exists()]

    assert found or list(PACKAGE.rglob(place))


def test_the_words_are_those_of_the_code() -> None:
    """A word with a capital in the tables of words is a class, an alias, or a variable of that name is one of it."""
    text = CONTRIBUTING.partition("## Words")[2].partition("## Layers")[0]
    rows = re.findall(r"^\| ([^|]+) \|", text, re.MULTILINE)
    words = {word for row in rows for word in re.findall(r"\b[A-Z][A-Za-z]+\b", re.sub(r"`[^`]*`", "", row))}
    code = "\n".join(path.read_text("utf-8") for path in PACKAGE.rglob("*.py"))
    unknown = {word for word in words if not re.search(rf"^(?:class {word}s?\b|{word}: TypeAlias)", code, re.MULTILINE)}

    # A Slot is an id, a Fragment text, and a Canary a file.
    assert {"Slot", "Fragment", "Canary"} >= unknown
