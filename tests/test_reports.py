"""Reports that CI systems read, by real builds and runs."""

from __future__ import annotations

import json
import os
import re
import subprocess
import threading
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import markdown
import pytest
from support import forks

from mkdocs_codeexec.files import is_stream
from mkdocs_codeexec.report.junit import legal

if TYPE_CHECKING:
    from conftest import Project

INDEX = """\
```python exec name="one"
print(1)
```

```bash exec
printf 'before \\033[31mred\\033[0m \\001\\n' >&2
exit 3
```

```bash exec ignore
```

```lua exec
```
"""
ALLOWED = {
    "testsuites": ({"name", "time", "tests", "failures", "errors"}, {"testsuite"}),
    "testsuite": ({"name", "timestamp", "time", "skipped", "tests", "failures", "errors"}, {"testcase"}),
    "testcase": (
        {"classname", "name", "file", "line", "time"},
        {"properties", "failure", "error", "skipped", "system-out", "system-err"},
    ),
    "properties": (set(), {"property"}),
    "property": ({"name", "value"}, set()),
    "failure": ({"message", "type"}, set()),
    "error": ({"message", "type"}, set()),
    "skipped": ({"message"}, set()),
    "system-out": (set(), set()),
    "system-err": (set(), set()),
}
"""What readers know: attributes and elements of each element."""


def run(project: Project, *args: str) -> subprocess.CompletedProcess[str]:
    env = os.environ | project.env
    return forks.run("mkdocs_codeexec.cli", "run", *args, cwd=project.root, env=env, timeout=120)


@pytest.fixture
def site(project: Project) -> Project:
    project.page(INDEX)
    project.write("docs/b.md", "```bash exec\necho b\n```\n")
    return project


def test_junit(site: Project, tmp_path: Path) -> None:
    """A suite for each page, a case for each sample, and nothing that a reader does not know."""
    file = tmp_path / "reports/junit.xml"
    assert 3 == run(site, "--junit", str(file)).returncode
    root = ET.fromstring(file.read_text())

    for element in root.iter():
        attributes, children = ALLOWED[element.tag]
        assert set(element.keys()) <= attributes
        assert {child.tag for child in element} <= children
    assert ("5", "1", "1") == tuple(root.get(name) for name in ("tests", "failures", "errors"))
    found = [
        (
            case.get("file"),
            case.get("line"),
            case.get("name"),
            [child.tag for child in case if child.tag != "properties"],
        )
        for case in root.iter("testcase")
    ]
    assert [
        ("docs/index.md", "1", "one", ["system-out"]),
        ("docs/index.md", "5", "bash 1", ["failure", "system-err"]),
        ("docs/index.md", "10", "bash 2", ["skipped"]),
        ("docs/index.md", "13", "lua 1", ["error"]),
        ("docs/b.md", "1", "bash 1", ["system-out"]),
    ] == sorted(found, key=lambda case: (case[0] != "docs/index.md", int(case[1] or 0)))
    failure = next(root.iter("failure"))
    assert ("exit status 3", "unmet") == (failure.get("message"), failure.get("type"))
    assert (failure.text or "").startswith("docs/index.md:5: exit status 3\n --> docs/index.md:5")
    assert "before red ␁\n" == next(root.iter("system-err")).text
    names = {one.get("name"): one.get("value") for one in root.iter("property")}
    assert {"key", "toolchain", "sandbox", "cached"} == set(names)


def test_sarif(site: Project, tmp_path: Path) -> None:
    """Each failure at its line, in the file as the repository has it."""
    file = tmp_path / "x.sarif"
    run(site, "--sarif", str(file))
    (only,) = json.loads(file.read_text())["runs"]
    found = [
        (
            result["ruleId"],
            result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"],
            result["locations"][0]["physicalLocation"]["region"]["startLine"],
        )
        for result in only["results"]
    ]

    assert [("failed", "docs/index.md", 5), ("failed", "docs/index.md", 13)] == found
    assert [{"failed"}, {"codeexec/v1"}] == [
        {rule["id"] for rule in only["tool"]["driver"]["rules"]},
        {name for result in only["results"] for name in result["partialFingerprints"]},
    ]
    assert "exit status 3\nbefore red \n" == only["results"][0]["message"]["text"] + "\n"
    moved = [result["partialFingerprints"] for result in only["results"]]
    site.page("A line.\n\n" + INDEX)
    run(site, "--sarif", str(file))
    assert moved == [each["partialFingerprints"] for each in json.loads(file.read_text())["runs"][0]["results"]]


def test_code_quality(site: Project, tmp_path: Path) -> None:
    """What GitLab reads: each failure at its line, known again when lines move."""
    file = tmp_path / "gl-code-quality-report.json"
    run(site, "--code-quality", str(file))
    found = json.loads(file.read_text())

    assert {"description", "check_name", "fingerprint", "severity", "location"} == {key for one in found for key in one}
    assert [("codeexec/failed", "major", {"path": "docs/index.md", "lines": {"begin": line}}) for line in (5, 13)] == [
        (one["check_name"], one["severity"], one["location"]) for one in found
    ]
    assert "exit status 3" in found[0]["description"]
    site.page("A line.\n\n" + INDEX)
    run(site, "--code-quality", str(file))
    assert [one["fingerprint"] for one in found] == [one["fingerprint"] for one in json.loads(file.read_text())]


HOSTILE = """\
```bash exec
echo '| <b>a</b> [x](http://example.com) `c` @somebody **d** &#35; $e$ :smile:' >&2; exit 1
```
"""


def test_a_summary_shows_what_samples_print_as_text(site: Project, tmp_path: Path) -> None:
    """A table, with links where the service says where it shows files; markup of a sample is none."""
    site.page(HOSTILE, "c.md")
    file = tmp_path / "summary.md"
    link = {"GITHUB_SERVER_URL": "https://github.com", "GITHUB_REPOSITORY": "o/r", "GITHUB_SHA": "abc"}
    site.env.update(link)
    run(site, "--summary", str(file))
    html = markdown.markdown(file.read_text(), extensions=["tables"])

    assert unescape(html).startswith("<h3>codeexec: 6 samples: 4 executed, 0 cached, 3 failed (1 error)")
    assert 3 == html.count("<tr>") - 1
    assert '<a href="https://github.com/o/r/blob/abc/docs/index.md?plain=1#L5">docs/index.md&#58;5</a>' in html
    assert {"h3", "table", "thead", "tbody", "tr", "th", "td", "a", "br"} == set(re.findall(r"<(\w+)", html))
    assert "| <b>a</b> [x](http://example.com) `c` @somebody **d** &#35; $e$ :smile:" in unescape(html)
    assert not re.search(r"[@$:`*<]", re.sub(r"<br>|\]\([^)]*\)", "", file.read_text().partition("| sample")[2]))


def test_github_shows_it_above_the_log(site: Project, tmp_path: Path) -> None:
    """Builds and runs add to what is there, whole or not at all, and follow no link."""
    file = tmp_path / "step.md"
    file.write_text("before\n")
    site.env["GITHUB_STEP_SUMMARY"] = str(file)
    site.build()
    first = file.read_text()
    assert first.startswith("before\n### codeexec")
    run(site)
    assert 2 == file.read_text().count("### codeexec")

    file.write_text("x" * (1024 * 1024 - 10))
    assert "no summary is added" in run(site).stderr
    assert 1024 * 1024 - 10 == file.stat().st_size
    file.unlink()
    file.symlink_to(tmp_path / "other")
    assert "no summary is added" in site.build().log
    assert not (tmp_path / "other").exists()


def test_a_build_writes_them(site: Project) -> None:
    """Where the configuration says; a link on the way is not followed."""
    site.configure({"reports": {"junit": "reports/junit.xml", "sarif": "out/x.sarif"}})
    elsewhere = site.root / "elsewhere"
    elsewhere.mkdir()
    (site.root / "out").symlink_to(elsewhere)
    built = site.build()

    assert "5" == ET.fromstring((site.root / "reports/junit.xml").read_text()).get("tests")
    assert [] == list(elsewhere.iterdir())
    assert "the report `sarif` cannot be written to" in built.log


@pytest.mark.parametrize("linked", ["reports", "reports/one.xml"])
def test_no_link_of_the_checkout_is_followed(linked: str, site: Project, tmp_path: Path) -> None:
    """That of a folder is told, that of a file is replaced; a folder elsewhere is wherever the user says, links or not."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "canary").write_text("canary")
    (site.root / linked).parent.mkdir(exist_ok=True)
    (site.root / linked).symlink_to(outside if linked == "reports" else outside / "canary")
    (tmp_path / "link").symlink_to(outside)
    done = run(site, "--junit", "docs/../reports/one.xml")

    assert ["canary"] == [path.name for path in outside.iterdir()]
    assert "canary" == (outside / "canary").read_text()
    assert ("no link of a checkout is followed" in done.stderr) == (linked == "reports")
    assert (site.root / "reports/one.xml").is_file() == (linked != "reports")
    run(site, "--junit", str(tmp_path / "link/two.xml"))
    assert (outside / "two.xml").is_file()


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--junit", "docs"], "`docs` is a folder"),
        (["--junit", "x/r", "--sarif", "x/../x/r"], "two reports are one file"),
        (["--junit", "mkdocs.yml/x"], "it is no folder"),
        (["--junit", "x/r", "--summary", "x/r"], "two reports are one file"),
        (["--summary", "docs/index.md"], "what is there is no such report"),
        (["--junit", "mkdocs.yml"], "what is there is no such report"),
        (["--junit", ""], "expected the name of a file"),
    ],
)
def test_what_cannot_be_written_is_told_first(args: list[str], message: str, site: Project) -> None:
    """Before anything is executed."""
    done = run(site, *args)

    assert (2, "") == (done.returncode, done.stdout)
    assert message.replace("`docs`", f"`{site.root / 'docs'}`") in done.stderr
    assert not (site.root / ".cache/codeexec/results").exists()


@pytest.mark.parametrize("args", [["run", "--summary"], ["run", "--junit"], ["cache", "export"]])
def test_a_pipe_is_written_into_and_stays(args: list[str], site: Project, tmp_path: Path) -> None:
    """As a device does: whoever is root could put a file in its place."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    heard: list[bytes] = []
    reader = threading.Thread(target=lambda: heard.append(pipe.read_bytes()))
    reader.start()
    done = forks.run("mkdocs_codeexec.cli", *args, str(pipe), cwd=site.root, env=os.environ | site.env, timeout=120)
    reader.join(30)

    assert done.returncode in (0, 3), done.stderr
    assert heard[0]
    assert pipe.is_fifo()
    assert is_stream(Path("/dev/stdout"))
    assert is_stream(Path("/dev/null"))
    assert not is_stream(tmp_path / "new.xml")


@pytest.mark.parametrize("value", ["/tmp/x.xml", "../x.xml", ".", "~/x.xml"])
def test_a_configuration_writes_below_its_project(value: str, site: Project) -> None:
    """A stranger may have written it."""
    site.configure({"reports": {"junit": value}})
    built = site.build()

    assert 0 != built.status
    assert f"`codeexec.reports.junit`: expected a file below the folder of `mkdocs.yml`, got `{value}`" in built.log


def test_what_xml_cannot_hold_is_shown() -> None:
    """And can be read."""
    assert "a␀␛\t\n\\ufffe\\ud800😀" == legal("a\0\x1b\t\n\ufffe\ud800😀")
    ET.fromstring(f"<a>{legal(''.join(map(chr, range(1, 0x2000))).replace('<', '').replace('&', ''))}</a>")
