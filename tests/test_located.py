"""Where an option stands in the file of a site."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mkdocs_codeexec.errors import ConfigurationError, Mistake
from mkdocs_codeexec.hosts.located import located, place_of

if TYPE_CHECKING:
    from pathlib import Path

LISTED = """\
site_name: !ENV [NAME, T]
theme: {name: x, hook: !!python/name:os.getcwd }
plugins:
  - search
  - codeexec:
      jobs: 2
      languages:
        rust: {edition: "2024",
          env: {A: b}}
        a.b:
          command: [x]
        a: {command: [y]}
"""
MAPPED = """\
markdown_extensions:
  codeexec: {jobs: 1}
plugins:
  codeexec:
    <<: &more
      timeout: 3
    jobs: 2
    "cache_dir": x
    jobs: 3
"""
TOML = '''\
[project]
site_name = "codeexec.jobs = 2"
about = """
[project.markdown_extensions.codeexec]
jobs = 1
"""

[project.markdown_extensions.codeexec]  # ours
jobs = 2
limits = { memory = 3 }
languages.python.timeout = 4

[project.markdown_extensions.codeexec.languages."a.b"]
command = ["x"]
'''
PLACES = [
    ("mkdocs.yml", LISTED, "plugins", "jobs", 6),
    ("mkdocs.yml", LISTED, "plugins", "", 5),
    ("mkdocs.yml", LISTED, "plugins", "timeout", 5),
    ("mkdocs.yml", LISTED, "plugins", "languages.rust.edition", 8),
    ("mkdocs.yml", LISTED, "plugins", "languages.rust.env", 9),
    ("mkdocs.yml", LISTED, "plugins", "languages.rust.timeout", 8),
    ("mkdocs.yml", LISTED, "plugins", "languages.a.b.command", 11),
    ("mkdocs.yml", LISTED, "plugins", "languages.a.command", 12),
    ("mkdocs.yml", LISTED, "markdown_extensions", "jobs", 0),
    ("mkdocs.yml", MAPPED, "plugins", "timeout", 6),
    ("mkdocs.yml", MAPPED, "plugins", "cache_dir", 8),
    ("mkdocs.yml", MAPPED, "plugins", "jobs", 9),
    ("mkdocs.yml", MAPPED, "markdown_extensions", "jobs", 2),
    ("mkdocs.yml", "plugins: [search, codeexec]\n", "plugins", "jobs", 1),
    ("mkdocs.yml", "plugins: [{\n", "plugins", "jobs", 0),
    ("mkdocs.yml", "- plugins\n", "plugins", "jobs", 0),
    ("mkdocs.yml", "plugins: 3\n", "plugins", "jobs", 0),
    ("mkdocs.yml", "[" * 5000, "plugins", "jobs", 0),
    ("mkdocs.yml", "plugins: &a\n  codeexec: {<<: *a}\n", "plugins", "jobs", 2),
    ("zensical.toml", TOML, "markdown_extensions", "jobs", 9),
    ("zensical.toml", TOML, "markdown_extensions", "", 8),
    ("zensical.toml", TOML, "markdown_extensions", "limits.memory", 10),
    ("zensical.toml", TOML, "markdown_extensions", "languages.python.timeout", 11),
    ("zensical.toml", TOML, "markdown_extensions", "languages.a.b.command", 14),
    ("zensical.toml", TOML, "plugins", "jobs", 0),
]


@pytest.mark.parametrize(("name", "text", "section", "option", "line"), PLACES)
def test_the_line_of_an_option(name: str, text: str, section: str, option: str, line: int, tmp_path: Path) -> None:
    """That of its name, or of what is around it if that is a part of our options; tags are read, and construct nothing."""
    file = tmp_path / name
    file.write_text(text, "utf-8")

    assert (file, line) == place_of(file, section, option)


def test_what_is_inherited_is_found_where_it_is_written(tmp_path: Path) -> None:
    """In the file that says most of it; files that inherit from each other in a circle have an end."""
    site, base = tmp_path / "site/mkdocs.yml", tmp_path / "base.yml"
    site.parent.mkdir()
    site.write_text("INHERIT: ../base.yml\nplugins:\n  codeexec:\n    languages: {rust: {edition: x}}\n", "utf-8")
    base.write_text("INHERIT: site/mkdocs.yml\nplugins:\n  codeexec:\n    jobs: x\n    languages: {}\n", "utf-8")

    assert (base, 4) == place_of(site, "plugins", "jobs")
    assert (site, 4) == place_of(site, "plugins", "languages.rust.edition")
    assert (site, 4) == place_of(site, "plugins", "languages")
    assert (tmp_path / "gone.yml", 0) == place_of(tmp_path / "gone.yml", "plugins", "jobs")


def test_mistakes_name_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those in options, with a line if it is known; a variable stands in no file, and who knows his file keeps it."""
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "mkdocs.yml"
    file.write_text(LISTED, "utf-8")
    mistakes = (
        Mistake("`codeexec.jobs`: wrong", "mend it"),
        Mistake("`codeexec`: wrong"),
        Mistake("`CODEEXEC_JOBS`: wrong"),
        Mistake("`codeexec.jobs`: wrong", file="other.yml", line=3),
        Mistake("nothing can be checked"),
    )
    with pytest.raises(ConfigurationError) as found, located(file, "plugins"):
        raise ConfigurationError(*mistakes)
    with pytest.raises(ConfigurationError) as nowhere, located(file, "markdown_extensions"):
        raise ConfigurationError("`languages.rust.package`: wrong\n\nhint: mend it")
    with pytest.raises(ConfigurationError) as fileless, located(None, "plugins"):
        raise ConfigurationError(*mistakes[:1])

    assert [
        "mkdocs.yml:6: `codeexec.jobs`: wrong\n\nhint: mend it\n",
        "mkdocs.yml:5: `codeexec`: wrong",
        "`CODEEXEC_JOBS`: wrong",
        "other.yml:3: `codeexec.jobs`: wrong",
        "nothing can be checked",
    ] == [str(mistake) for mistake in found.value.mistakes]
    assert "mkdocs.yml: `languages.rust.package`: wrong\n\nhint: mend it\n" == str(nowhere.value)
    assert "`codeexec.jobs`: wrong\n\nhint: mend it\n" == str(fileless.value)
