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


@pytest.mark.parametrize("name", [*options.TABLE, *options.UNAVAILABLE])
def test_every_option_of_a_fence_is_documented(name: str) -> None:
    """Those that work, those that have no effect, and those that are refused."""
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
