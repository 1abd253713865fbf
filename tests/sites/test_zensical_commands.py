"""`codeexec check` and `codeexec doctor` on sites of Zensical."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path
from typing import Any

import pytest
from support.watching import Watching
from support.zensical import Rendered, Site

from mkdocs_codeexec.commands.site import open_site
from mkdocs_codeexec.errors import ConfigurationError
from mkdocs_codeexec.hosts.zensical.front_matter import parted
from mkdocs_codeexec.hosts.zensical.reading import is_ours

PAGE = """\
---
title: Front matter
---

```python exec
print("the same")
```

!!! note

    ``` {.python .exec}
    import random
    print(random.random())
    ```

```python exec ignore
print("ignored")
```

```lua exec
print("not set up")
```
"""
PYTHON = '```python exec\nprint("hello")\n```\n'
TOML = """\
[project]
site_name = "Test"
docs_dir = "pages"
[project.markdown_extensions.codeexec]
timeout = 7
[project.markdown_extensions.admonition]
"""


@pytest.fixture
def site(tmp_path: Path, environment_dir: Path) -> Site:
    found = Site(tmp_path / "site", {"CODEEXEC_ENVIRONMENT_DIR": str(environment_dir), "NO_COLOR": "1"})
    found.configure()
    found.page(PAGE)
    return found


def codeexec(site: Site, *args: str, zensical: Path | None = None) -> Rendered:
    return site.run("mkdocs_codeexec", *args, env={"PYTHONPATH": str(zensical)} if zensical else None)


def report(done: Rendered) -> Any:
    return json.loads(done.log[done.log.index("{") : done.log.rindex("}") + 1])


@pytest.mark.parametrize("toml", [False, True])
def test_a_check_executes_what_zensical_converts(site: Site, zensical: Path, toml: bool) -> None:
    """By either of its files: samples with their lines, front matter counted, and what does not repeat or is not set up."""
    if toml:
        (site.root / "mkdocs.yml").unlink()
        (site.root / "docs").rename(site.root / "pages")
        site.write("zensical.toml", TOML)
    done = codeexec(site, "check", "--repeat", "2", "--json", zensical=zensical)
    found = report(done)

    assert 3 == done.status, done.log
    assert [(5, "met", False), (11, "met", True), (16, "skipped", False), (20, "error", False)] == [
        (one["line"], one["verdict"], one["differs"]) for one in found["samples"]
    ]
    assert not [path for path in site.root.iterdir() if path.name in (".cache", ".codeexec", "site")]


def test_defaults_of_a_page_count(site: Site, zensical: Path) -> None:
    """What its front matter says, in both commands."""
    site.page("---\ncodeexec: {timeout: 9}\n---\n\n```python exec\nprint(1)\n```\n")
    site.configure({"timeout": 1})
    check = report(codeexec(site, "check", "--repeat", "1", "--json", zensical=zensical))
    doctor = codeexec(site, "doctor", "--json", zensical=zensical)

    said = "front matter, line 2: `codeexec.timeout: 9`"
    assert [("error", said)] == [(one["verdict"], one["reason"][: len(said)]) for one in check["samples"]]
    assert [said] == [one["words"][: len(said)] for one in report(doctor)["checks"] if "line" in one]


@pytest.mark.parametrize("toml", [False, True])
def test_a_watch_executes_what_is_edited(site: Site, zensical: Path, toml: bool) -> None:
    """By either of its files; a mistake in that is told, and what Zensical makes is not watched."""
    page = site.page(PYTHON)
    if toml:
        (site.root / "mkdocs.yml").unlink()
        page = page.rename(site.write("pages/index.md", ""))
        site.write("zensical.toml", TOML)
    config = next(path for path in site.root.iterdir() if path.name in ("mkdocs.yml", "zensical.toml"))
    with Watching(site.root, site.env | {"PYTHONPATH": str(zensical)}) as watch:
        assert ([], 1, 0) == watch.counts()
        page.write_text(PYTHON.replace("hello", "good bye"))
        assert ([str(page.relative_to(site.root))], 1, 0) == watch.counts()
        text = config.read_text()
        config.write_text(f"{text}\n- [")
        assert config.name in watch.round()["error"]["message"]
        config.write_text(text)
        assert ([config.name], 0, 0) == watch.counts()
        site.write("site/index.html", "made")
        site.write(".cache/page.json", "made")
        site.write(".codeexec/other.json", "made")
        assert [] == watch.quiet()


def test_a_check_needs_zensical(site: Site) -> None:
    """Which is a matter of configuration, and told."""
    done = codeexec(site, "check")

    assert 2 == done.status
    assert "Zensical cannot be imported: " in done.log
    assert "hint: `pip install zensical`" in done.log


def test_a_page_that_cannot_be_converted_is_named(site: Site, zensical: Path) -> None:
    """With what the other extension says; that is no failed sample."""
    site.write("broken.py", "def makeExtension(**options):\n    raise KeyError('of an extension')\n")
    site.write("mkdocs.yml", "site_name: T\nmarkdown_extensions: [codeexec, broken]\n")
    env = {"PYTHONPATH": f"{zensical}:{site.root}"}
    done = site.run("mkdocs_codeexec", "check", env=env)

    assert 2 == done.status
    assert "`docs/index.md`: Zensical cannot convert it: KeyError: 'of an extension'" in done.log


def test_doctor_tells_of_a_site_of_zensical(site: Site, zensical: Path) -> None:
    """Which host it has, where it keeps results, how many samples a build finds; not how fences are written."""
    (site.root / "mkdocs.yml").unlink()
    (site.root / "docs").rename(site.root / "pages")
    site.write("zensical.toml", TOML)
    done = codeexec(site, "doctor", "--json", zensical=zensical)
    checks = {(one["section"], one["name"]): one for one in report(done)["checks"]}

    assert 1 == done.status, "`lua` is not set up"
    assert "0.1.3, builds this site" == checks["hosts", "zensical"]["words"]
    assert checks["hosts", "site"]["words"].endswith("zensical.toml, in `markdown_extensions`")
    assert checks["store", "results"]["words"].startswith(str(site.root / ".codeexec"))
    assert "missing" == checks["fences", "pages/index.md:20"]["state"]
    assert "4 on 1 page: 0 stored, 2 to be executed, 1 not available, 1 skipped" == checks["fences", "samples"]["words"]
    assert {"samples", "pages/index.md:20"} == {name for section, name in checks if section == "fences"}


def test_doctor_tells_that_zensical_is_missing(site: Site) -> None:
    """And all the rest, for which it is not needed."""
    done = codeexec(site, "doctor")

    assert 1 == done.status
    assert (
        "  missing  zensical     it builds this site, and is not installed\n           hint: pip install zensical"
        in (done.log)
    )
    assert "  missing  docs/index.md:20 `lua` is not set up" in done.log


@pytest.mark.parametrize(
    ("name", "text", "ours"),
    [
        ("zensical.toml", "", True),
        ("mkdocs.yml", "markdown_extensions: [codeexec]", True),
        ("mkdocs.yml", "markdown_extensions:\n  - toc\n  - codeexec: {jobs: 2}", True),
        ("mkdocs.yml", "markdown_extensions:\n  codeexec: {jobs: 2}", True),
        ("mkdocs.yml", "markdown_extensions: [codeexec]\nplugins: [search]\nx: !!python/name:a.b\ny: !ENV Z", True),
        ("mkdocs.yml", "markdown_extensions: [codeexec]\nplugins: [codeexec]", False),
        ("mkdocs.yml", "markdown_extensions: [codeexec]\nplugins:\n  - codeexec: {}", False),
        ("mkdocs.yml", "plugins: [codeexec]", False),
        ("mkdocs.yml", "", False),
        ("mkdocs.yml", "[", False),
        ("mkdocs.yml", "- a", False),
        ("properdocs.yml", "plugins: [codeexec]", False),
    ],
)
def test_whose_a_site_is(name: str, text: str, ours: bool, tmp_path: Path) -> None:
    """Zensical's, by the name of the file, or if it names the extension and not the plugin."""
    (tmp_path / name).write_text(text)

    assert ours == is_ours(tmp_path / name)


@pytest.mark.parametrize("text", [None, "[project", b"\xff"])
def test_a_file_that_cannot_be_read_is_told(text: str | bytes | None, tmp_path: Path) -> None:
    """With its name."""
    file = tmp_path / "zensical.toml"
    if text is not None:
        file.write_bytes(text if isinstance(text, bytes) else text.encode())

    with pytest.raises(ConfigurationError, match=r"zensical\.toml` cannot be read: "):
        open_site(file)


@pytest.mark.parametrize(
    ("text", "meta", "rest"),
    [
        ("---\na: 1\n---\nb", {"a": 1}, "b"),
        ("---\na: 1\n...\nb", {"a": 1}, "b"),
        ("a\n---\nb", {}, "a\n---\nb"),
        ("---\n[\n---\nb", {}, "---\n[\n---\nb"),
        ("---\na: 1", {}, "---\na: 1"),
        ("", {}, ""),
    ],
)
def test_front_matter(text: str, meta: dict[str, object], rest: str) -> None:
    """Is what stands between the first lines of dashes, if it is YAML."""
    assert (meta, rest) == parted(text)


BOMB = "\n".join(["a0: &a0 [1]", *(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10))])


@pytest.mark.parametrize("front", [BOMB, "a: &a\n  b: *a"])
def test_aliases_without_end_are_told(front: str, site: Site, zensical: Path) -> None:
    """At once, by the page."""
    site.page(f"---\n{front}\n---\n{PYTHON}")
    began = time.monotonic()
    done = codeexec(site, "check", "--repeat", "1", zensical=zensical)

    assert 2 == done.status, done.log
    assert "`docs/index.md`: the front matter comes to more than 10,000 values" in done.log
    assert time.monotonic() - began < 20


def test_doctor_tells_that_there_are_no_pages(site: Site, zensical: Path) -> None:
    """Exit status 1: something that the site needs is missing."""
    shutil.rmtree(site.root / "docs")
    done = codeexec(site, "doctor", "--json", zensical=zensical)
    found = [one for one in report(done)["checks"] if one["name"] == "docs_dir"]

    assert 1 == done.status
    assert ["missing"] == [one["state"] for one in found], found
