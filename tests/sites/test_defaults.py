"""Sites whose configuration and front matter say what fences need not say."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Project

PYTHON = """\
```python exec
import os
print("where:", os.environ.get("WHERE"), os.environ.get("AND"))
```
"""

FENCES = f"""\
{PYTHON}
```rust exec
println!("{{}}", Wrapping(7) + Wrapping(1));
```
"""


def front(matter: str, page: str = FENCES) -> str:
    return f"---\n{matter}---\n\n# Page\n\n{page}"


def texts(project: Project, page: str = "index.html") -> list[str]:
    return [text for _, text in project.streams(page)]


def test_a_page_says_what_its_fences_need_not_say(project: Project) -> None:
    """Variables, hidden lines, what is shown; the next page knows nothing of it. Built ahead, and from the store."""
    project.configure({"languages": {"python": {"env": {"WHERE": "site", "AND": "more"}}}})
    project.page(front("codeexec:\n  env: {WHERE: page}\n  preamble: use std::num::Wrapping;\n  source: none\n"))
    project.page(front("title: other\n", PYTHON), "other.md")

    built = project.build()
    assert (0, {"samples": 3, "executed": 3, "met": 3}) == (built.status, built.counts), built.log
    assert ["where: page more", "8"] == texts(project)
    assert ["where: site more"] == texts(project, "other/index.html")
    assert "Wrapping" not in project.html()
    assert "WHERE" in project.html("other/index.html")
    assert {"samples": 3, "cached": 3, "met": 3} == project.build().counts


def test_what_is_only_shown_runs_nothing_again(project: Project) -> None:
    """Wherever it is said. What decides what is printed runs again those that it concerns."""
    languages: dict[str, dict[str, object]] = {"rust": {"preamble": "use std::num::Wrapping;"}, "python": {}}
    project.configure({"languages": languages})
    project.page(front("codeexec: {}\n"))
    project.build()
    assert "Wrapping" in project.html()

    project.page(front("codeexec: {source: none, show: stderr}\n"))
    assert {"samples": 2, "cached": 2, "met": 2} == project.build().counts
    assert "Wrapping" not in project.html()
    assert [] == texts(project)

    project.page(front("codeexec: {}\n"))
    project.configure({"languages": {name: {**own, "source": "none"} for name, own in languages.items()}})
    assert {"samples": 2, "cached": 2, "met": 2} == project.build().counts
    assert "Wrapping" not in project.html()
    assert ["where: None None", "8"] == texts(project)

    project.page(front("codeexec: {env: {AND: 1}}\n"))
    assert {"samples": 2, "executed": 2, "met": 2} == project.build().counts
    assert ["where: None 1", "8"] == texts(project)


def test_a_fence_that_says_it_itself_is_the_same_sample(project: Project) -> None:
    """What ran for the one is shown for the other, and for a third whose language says so."""
    code = 'import os\nprint(os.environ["K"])\n'
    project.page(f'```python exec env="K=v" timeout="7"\n{code}```\n')
    project.page(front("codeexec: {env: {K: v}, timeout: 7}\n", f"```python exec\n{code}```\n"), "b.md")
    assert {"samples": 2, "executed": 1, "cached": 1, "met": 2} == project.build().counts

    project.configure({"languages": {"python": {"env": {"K": "v"}, "timeout": 7}}})
    project.page(f"```python exec\n{code}```\n", "c.md")
    assert {"samples": 3, "cached": 3, "met": 3} == project.build().counts
    assert ["v"] == texts(project, "c/index.html")


def test_a_mistake_in_front_matter_is_told_at_its_line(project: Project) -> None:
    """The samples that it concerns are errors that name the line too; all others are executed."""
    project.page(front("title: x\ncodeexec:\n  shwo: stdout\n  enviroment: async\n", FENCES))
    project.page(front("codeexec: {env: {AND: 1}}\n", PYTHON), "other.md")

    built = project.build()
    assert 1 == built.status
    assert {"samples": 3, "executed": 1, "met": 1, "error": 2} == built.counts
    assert "docs/index.md:4: `codeexec.shwo`: a page has no such default\n\nhint: did you mean `show`?" in built.log
    assert "docs/index.md:5: `codeexec.enviroment`: a page has no such default" in built.log
    assert "docs/index.md:10: front matter, line 4: `codeexec.shwo`: a page has no such default" in built.log
    assert "hint: did you mean `environment`?" in built.log
    assert ["error", "error"] == project.verdicts()
    assert ["where: None 1"] == texts(project, "other/index.html")


def test_samples_do_not_run_without_a_front_matter_that_cannot_be_read(project: Project) -> None:
    """MkDocs shows it as text and goes on: the samples would run with other settings than their page says."""
    project.page(front("title: a: b\ncodeexec: {env: {AND: 1}}\n", PYTHON))
    project.page(front("title: a: b\n", PYTHON), "other.md")

    built = project.build()
    assert 1 == built.status
    assert {"samples": 2, "executed": 1, "met": 1, "error": 1} == built.counts
    assert "docs/index.md:2: `codeexec`: the front matter cannot be read: mapping values are not allowed" in built.log
    assert "docs/index.md:8: front matter, line 2: `codeexec`: the front matter cannot be read" in built.log
    assert "WARNING -  codeexec: docs/other.md:2: the front matter cannot be read" in built.log
    assert ["error"] == project.verdicts()
    assert ["where: None None"] == texts(project, "other/index.html")


def test_more_than_a_program_can_be_given_is_told_with_a_hint(project: Project) -> None:
    """Each variable is short enough, and all of them are too many; the sample is named."""
    many = ", ".join(f"A{number}: {'x' * 100_000}" for number in range(90))
    project.page(front(f"codeexec: {{env: {{{many}}}}}\n", PYTHON))

    built = project.build()
    assert {"samples": 1, "error": 1} == built.counts
    assert re.search(r"docs/index.md:7: not started: .*: Argument list too long\nhint: its `env` and `args`", built.log)


def test_what_a_folder_says_counts_as_if_its_pages_said_it(project: Project) -> None:
    """Material's plugin `meta` adds `.meta.yml` to front matter; a mistake in it names that file, and keeps samples from running."""
    text = (project.root / "mkdocs.yml").read_text("utf-8").replace("name: mkdocs", "name: material")
    project.write(
        "mkdocs.yml", text.replace("theme: mkdocs", "theme: material").replace("- search\n", "- search\n  - meta\n")
    )
    project.write("docs/sub/.meta.yml", "codeexec: {env: {WHERE: folder}}\n")
    project.page("# Page\n\n" + PYTHON)
    project.page(PYTHON, "sub/bare.md")
    project.page(front("codeexec: {env: {AND: page}}\n", PYTHON), "sub/own.md")
    project.page(front("codeexec: {env: {AND: page}\n", PYTHON), "sub/broken.md")

    built = project.build()
    assert {"samples": 4, "executed": 3, "met": 3, "error": 1} == built.counts, built.log
    assert ["where: None None"] == texts(project)
    assert ["where: folder None"] == texts(project, "sub/bare/index.html")
    assert ["where: folder page"] == texts(project, "sub/own/index.html")
    assert ["error"] == project.verdicts("sub/broken/index.html")

    project.write("docs/sub/.meta.yml", "codeexec: {envv: {WHERE: folder}}\n")
    built = project.build()
    assert {"samples": 4, "cached": 1, "met": 1, "error": 3} == built.counts, built.log
    said = "`codeexec.envv`: a page has no such default (the page has it from `sub/.meta.yml`)"
    assert f"docs/sub/bare.md:1: {said}" in built.log
    assert f"docs/sub/own.md:7: front matter, line 2: {said}" in built.log


def test_a_page_gets_no_more_time_than_a_fence(project: Project) -> None:
    """And no network: what the configuration does not grant, no prose grants."""
    page = "```python exec\nprint(1)\n```\n\n```python exec timeout=4\nprint(2)\n```\n"
    project.configure({"timeout": 2})
    project.page(front("codeexec:\n  timeout: 9\n", page))
    project.page(front("codeexec: {network: true}\n", page), "other.md")

    built = project.build()
    assert {"samples": 4, "executed": 1, "met": 1, "error": 3} == built.counts
    assert "front matter, line 3: `codeexec.timeout: 9`: a fence may ask for 6 s at most here" in built.log
    assert "docs/other.md:2: `codeexec.network`: this is for a fence to say, and not for a page" in built.log


@pytest.mark.parametrize("verbose", [True, False])
def test_pages_that_are_left_out_are_plain_code(project: Project, verbose: bool) -> None:
    """By pattern; who wants to know is told which fences that are. A pattern that matches nothing is told."""
    options = {"include": ["guide/*", "guid/**"], "exclude": ["guide/old.md"], "verbose": verbose}
    project.configure(options)
    for name in ("index.md", "guide/new.md", "guide/old.md"):
        project.page(PYTHON + "\n```rust\n# hidden();\nshown();\n```\n", name)

    built = project.build()
    assert {"samples": 1, "executed": 1, "met": 1} == built.counts
    assert ["where: None None"] == texts(project, "guide/new/index.html")
    assert [] == [*project.verdicts(), *project.verdicts("guide/old/index.html")]
    left_out = re.findall(r"(docs/\S+): the page is left out by `include` or `exclude`", built.log)
    assert (["docs/guide/old.md:1", "docs/index.md:1"] if verbose else []) == sorted(left_out)
    assert "`include`: `guid/**` matches no page" in built.log
    assert 0 == project.build("--strict").status

    main = re.compile(r'role="main">(.*?)<footer', re.DOTALL)
    left_out = main.findall(project.html())
    project.configure({"enabled": False})
    project.build()
    assert 1 == len(left_out)
    assert left_out == main.findall(project.html())


def test_an_excerpt_of_a_post_is_as_the_post(project: Project) -> None:
    """Material's blog renders posts once more: with the defaults of their own front matter, executing nothing again."""
    project.configure({"exclude": ["blog/posts/draft.md"]}, "material", more="  - blog\n")
    project.page("# Home\n")
    project.page("# Blog\n", "blog/index.md")
    for name, matter in (("post", "codeexec: {env: {WHERE: page}, result: text}\n"), ("draft", "")):
        post = f"date: 2026-01-0{len(name) - 3}\n{matter}"
        project.page(front(post, f"{PYTHON}\n<!-- more -->\n\nMore.\n"), f"blog/posts/{name}.md")

    built = project.build()
    assert (0, {"samples": 1, "executed": 1, "met": 1}) == (built.status, built.counts), built.log
    assert ["where: page None"] == texts(project, "blog/index.html")
    assert 2 == project.html("blog/index.html").count("WHERE")
    assert ["met"] == project.verdicts("blog/index.html")
