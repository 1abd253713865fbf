"""Real builds of small sites: what runs, what is reused, what fails, and what is said."""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Project

PYTHON = '```python exec\nprint("hello from", 6 * 7)\n```\n'


def site_bytes(root: Path) -> dict[str, str]:
    """Return a digest of every file of the built site that holds no time stamp."""
    return {
        path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted((root / "site").rglob("*"))
        if path.is_file()
        and not path.name.startswith("sitemap")
        and "Build Date" not in path.read_text("utf-8", "ignore")
    }


def pages_of(project: Project) -> list[str]:
    return [
        re.sub(r"Build Date UTC : .*", "", path.read_text("utf-8"))
        for path in sorted((project.root / "site").rglob("*.html"))
    ]


def test_a_page_shows_what_its_sample_printed(project: Project) -> None:
    """The output stands in the page, below its source, in the markup of the contract."""
    project.page(f"# Title\n\n{PYTHON}")

    built = project.build()

    assert (0, {"samples": 1, "executed": 1, "met": 1}) == (built.status, built.counts), built.log
    assert [("stdout", "hello from 42")] == project.streams()
    assert re.search(
        r'<div class="codeexec" data-codeexec="met" id="codeexec-1">.*hello from.*<div class="codeexec-output">'
        r'<pre class="codeexec-stdout"[^>]*><code>hello from 42</code></pre></div></div>',
        project.html(),
        re.DOTALL,
    )
    assert re.search(r"codeexec: 1 sample: 1 executed, 0 cached, 0 failed \(\d+\.\d s\)", built.log)
    assert "data-codeexec-slot" not in project.html()
    assert "assets/codeexec.css" in project.html()
    assert (project.root / "site/assets/codeexec.css").exists()


def test_a_second_build_executes_nothing_and_says_so(project: Project) -> None:
    """Everything is a hit; an edit runs one sample; a prose edit none."""
    project.page(f'# Title\n\n{PYTHON}\n```bash exec\necho "from bash"\n```\n')
    project.build()
    first = project.html()

    again = project.build()
    assert {"samples": 2, "cached": 2, "met": 2} == again.counts
    assert "2 samples: 0 executed, 2 cached, 0 failed" in again.log
    assert first == project.html() or re.sub("Build Date.*", "", first) == re.sub("Build Date.*", "", project.html())

    project.page(f'# Title\n\nMore prose.\n\n{PYTHON}\n```bash exec\necho "from bash"\n```\n')
    assert {"samples": 2, "cached": 2, "met": 2} == project.build().counts

    project.page(f'# Title\n\n{PYTHON}\n```bash exec\necho "changed"\n```\n')
    assert {"samples": 2, "executed": 1, "cached": 1, "met": 2} == project.build().counts


def test_a_second_build_starts_no_process_and_imports_no_joblib(project: Project) -> None:
    """Warm is warm: programs that would be started are recorded, and none is."""
    project.page(PYTHON + '\n```bash exec\necho hi\n```\n\n```rust exec\nprintln!("hi");\n```\n')
    log = project.root / "started.log"
    shims = project.root / "shims"
    for name in ("bash", "rustc", "cargo"):
        real = next(p for p in os.environ["PATH"].split(":") if Path(p, name).exists())
        shim = project.write(f"shims/{name}", f'#!/bin/sh\necho {name} >> {log}\nexec {real}/{name} "$@"\n')
        shim.chmod(shim.stat().st_mode | stat.S_IXUSR)
    project.write(
        "hooks.py",
        "import sys\ndef on_post_build(config):\n    print('JOBLIB', 'joblib' in sys.modules, file=sys.stderr)\n",
    )
    mkdocs_yml = project.root / "mkdocs.yml"
    mkdocs_yml.write_text(mkdocs_yml.read_text("utf-8") + "hooks: [hooks.py]\n", "utf-8")
    project.env["PATH"] = f"{shims}:{os.environ['PATH']}"
    project.env["CODEEXEC_ENVIRONMENT_DIR"] = str(project.root.parent / "environments")
    project.env["CODEEXEC_SANDBOX"] = "off"  # in one, a shim could not write its record
    project.env["PYTHONHASHSEED"] = "0"  # for a Python of its own, into which nothing has been imported

    first = project.build()
    assert 0 == first.status, first.log
    assert {"bash", "rustc"} <= set(log.read_text("utf-8").split())
    assert "JOBLIB True" in first.log
    log.write_text("", "utf-8")

    second = project.build()
    assert {"samples": 3, "cached": 3, "met": 3} == second.counts
    assert "" == log.read_text("utf-8")
    assert "JOBLIB False" in second.log


def test_identical_samples_run_once_and_each_shows_the_output(project: Project) -> None:
    """On one page or on two, equal samples share one execution."""
    project.page(PYTHON + "\ntext\n\n" + PYTHON)
    project.page(PYTHON, "other.md")

    built = project.build()

    assert {"samples": 3, "executed": 1, "cached": 2, "met": 3} == built.counts
    assert [("stdout", "hello from 42")] * 2 == project.streams()
    assert [("stdout", "hello from 42")] == project.streams("other/index.html")
    assert ['id="codeexec-1"', 'id="codeexec-2"'] == re.findall(r'id="codeexec-\d"', project.html())


def test_the_site_does_not_depend_on_the_run(project: Project) -> None:
    """Cold or warm, one job or eight, whatever the order of sets: the same bytes."""
    project.page("\n\n".join(f"```python exec\nprint({n})\n```" for n in range(12)))
    project.configure({"jobs": 8})
    project.build(env={"PYTHONHASHSEED": "1"})
    cold = pages_of(project)
    project.build(env={"PYTHONHASHSEED": "2"})
    warm = pages_of(project)
    project.configure({"jobs": 1, "execute": "always"})
    project.build(env={"PYTHONHASHSEED": "3"})

    assert cold == warm == pages_of(project)


def test_all_failures_are_told_together_at_the_end(project: Project) -> None:
    """Each with page:line, the lines around it and the message; the whole site is written; the exit status is 1."""
    project.page('---\ntitle: x\n---\n\n# A\n\n```python exec\nx = 1\nraise ValueError("no way")\n```\n')
    project.page("```bash exec\nexit 3\n```\n\n```bash exec\necho fine\n```\n", "b.md")

    built = project.build()

    assert 1 == built.status
    assert {"samples": 3, "executed": 3, "met": 1, "unmet": 2} == built.counts
    assert "docs/index.md:7: exit status 1" in built.log
    assert "docs/index.md:9" in built.log
    assert re.search(r'^> +9 \| raise ValueError\("no way"\)$', built.log, re.MULTILINE), built.log
    assert "ValueError: no way" in built.log
    assert "docs/b.md:1: exit status 3" in built.log
    assert "codeexec: 2 of 3 samples failed" in built.log
    assert built.log.index("docs/index.md:7") > built.log.index("Building documentation to directory")
    assert "\x1b[" not in built.log
    assert ["unmet", "met"] == project.verdicts("b/index.html")
    assert "exit status 3" in project.samples("b/index.html")[0]
    assert (project.root / "site/search/search_index.json").exists()


def test_failures_can_be_warnings(project: Project) -> None:
    """`fail_on_error: false` lets the build pass, and `--strict` counts each failure."""
    project.configure({"fail_on_error": False})
    project.page("```bash exec\nexit 3\n```\n")

    assert 0 == project.build().status
    strict = project.build("--strict")
    assert 1 == strict.status
    assert "Aborted with 1 warnings in strict mode" in strict.log


def test_the_log_is_no_way_into_the_terminal(project: Project) -> None:
    """Colours arrive; titles, the clipboard and the cursor do not; one long line does not flood the log."""
    project.page(
        "```python exec\nimport sys\n"
        "sys.stderr.write('\\33[31mred\\33[0m \\33]52;c;ZXZpbA==\\7\\33]0;title\\7\\33[2J\\33[H\\u202e' + 'x' * 50000)\n"
        "sys.exit(1)\n```\n"
    )
    built = project.build(env={"NO_COLOR": "", "CLICOLOR_FORCE": "1"})

    assert 1 == built.status
    assert "\33[31mred" in built.log
    assert not re.search("\33(?!\\[[0-9;]*m)|\7|\u202e", built.log)
    assert len(built.log) < 5000


def test_a_fence_in_a_comment_leaves_no_mark(project: Project) -> None:
    """It is not executed, and what it leaves is the same at each build."""
    project.page("<!--\n\n" + PYTHON + "\n-->\n\ntext\n")
    pages = []
    for _ in range(2):
        assert 0 == project.build("--strict").status
        pages.append(pages_of(project))

    assert pages[0] == pages[1]
    assert "data-codeexec-slot" not in project.html()


def test_a_build_without_samples_says_so(project: Project) -> None:
    """Nothing executed is never silent, nor is being disabled."""
    project.page("# Prose\n")

    assert "codeexec: 0 samples: 0 executed" in project.build().log
    assert "codeexec: disabled" in project.build(env={"CODEEXEC_EXECUTE": "off"}).log


def test_a_strict_build_of_a_good_site_passes(project: Project) -> None:
    """Nothing of ours is a warning where nothing is wrong."""
    project.page(PYTHON)
    built = project.build("--strict")

    assert 0 == built.status, built.log


def test_output_is_data(project: Project) -> None:
    """What a sample prints is never read again by Markdown, snippets, Jinja or the browser."""
    project.write("secret.txt", "the-secret-of-the-disk")
    hostile = (
        '```\n--8<-- "secret.txt"\n{{ config }}\n</code></pre><script>alert(1)</script>\n<!-- x\n# heading\n[a](b)'
    )
    project.page(f"```python exec\nprint({hostile!r})\n```\n\nafter\n")

    built = project.build()

    assert 0 == built.status, built.log
    html = project.html()
    assert [("stdout", hostile)] == project.streams()
    assert "the-secret-of-the-disk" not in html
    assert "<script>alert(1)" not in html
    assert "<p>after</p>" in html


@pytest.mark.parametrize(
    ("shown", "code"),
    [
        pytest.param("a\ufffdb", r"import sys; sys.stdout.buffer.write(b'a\xffb')", id="invalid UTF-8"),
        pytest.param("ab", r"print('a\0b')", id="NUL"),
        pytest.param("50%\n100%", r"print('0%\r50%\n100%')", id="carriage returns"),
        pytest.param("link", r"print('\33]8;;javascript:alert(1)\33\\link\33]8;;\33\\')", id="a link to a script"),
        pytest.param("\n".join(["x" * 99] * 700), r"print(('x' * 99 + '\n') * 700)", id="more than a pipe holds"),
    ],
)
def test_odd_output_is_shown(project: Project, shown: str, code: str) -> None:
    """Whatever bytes come, the page is built, and it is valid UTF-8."""
    project.page(f"```python exec\n{code}\n```\n")
    built = project.build()

    assert 0 == built.status, built.log
    assert [("stdout", shown)] == project.streams()
    assert "javascript:" not in project.html().split('<div class="codeexec-output">')[1].split("</div>")[0]


def test_colours_are_kept(project: Project) -> None:
    """ANSI sequences become spans with classes."""
    project.page("```bash exec\nprintf '\\033[1;91merror\\033[0m: plain\\n'\n```\n")
    project.build()

    assert re.search(r'<span class="ansi-[^"]*">error</span>: plain', project.html())


def test_the_search_index_finds_words_of_the_output(project: Project) -> None:
    """Output is on the page before the index is made."""
    project.page("# T\n\n```python exec\nprint('needle'[::-1] + 'haystack')\n```\n")
    project.build()
    index = json.loads((project.root / "site/search/search_index.json").read_text("utf-8"))

    assert any("eldeenhaystack" in doc["text"] for doc in index["docs"])


def test_a_sample_that_does_not_end_is_ended(project: Project) -> None:
    """The page and the log say so; it is not stored; others go on."""
    project.page('```bash exec timeout="2"\necho before; sleep 60\n```\n\n' + PYTHON)
    built = project.build()

    assert 1 == built.status
    assert {"samples": 2, "executed": 2, "met": 1, "unmet": 1} == built.counts
    assert "docs/index.md:1: run timed out after 2 s" in built.log
    assert "timed out after 2 s" in project.samples()[0]
    assert ("stdout", "before") in project.streams()
    assert {"samples": 2, "executed": 1, "cached": 1, "met": 1, "unmet": 1} == project.build().counts


def test_samples_see_a_built_environment(project: Project) -> None:
    """Nothing of the parent's environment arrives, the working directory is private and empty, stdin is closed."""
    code = "import os, sys\nprint(sorted(os.environ))\nprint(os.listdir('.'), repr(sys.stdin.read()))"
    project.page(f"```python exec\n{code}\n```\n")
    built = project.build(env={"GITHUB_TOKEN": "t0ken", "RUST_BACKTRACE": "1", "PYTHONSTARTUP": "x"})
    text = project.streams()[0][1]

    assert 0 == built.status, built.log
    assert "GITHUB_TOKEN" not in text
    assert "RUST_BACKTRACE" not in text
    assert "['sample.py'] ''" in text


def test_given_input_arrives(project: Project) -> None:
    """stdin, args, env and an expected exit status."""
    project.page(
        '```python exec stdin="a line" args="--flag \'two words\'" env="K=V" exit="4"\n'
        "import os, sys\nprint(sys.stdin.read(), sys.argv[1:], os.environ['K'])\nsys.exit(4)\n```\n"
    )
    built = project.build()

    assert 0 == built.status, built.log
    assert [("stdout", "a line ['--flag', 'two words'] V")] == project.streams()
    assert '<p class="codeexec-note">exit status 4</p>' in project.html()


def test_disabled_means_plain_code(project: Project) -> None:
    """`enabled: false` and CODEEXEC_EXECUTE=off render fences as code, without a warning."""
    project.page('```python exec title="t.py"\nprint(1)\n```\n\n```rust,no_run\n# hidden();\nshown();\n```\n')
    project.configure({"enabled": False})
    for env in ({}, {"CODEEXEC_EXECUTE": "off"}):
        built = project.build("--strict", env=env)

        assert 0 == built.status, built.log
        assert "data-codeexec" not in project.html()
        assert "t.py" in project.html()
        assert "hidden()" not in re.sub("<[^>]*>", "", project.html())
        assert built.run is None
        project.configure({})


def test_frozen_serves_a_store_that_another_machine_filled(project: Project) -> None:
    """Without any compiler: hits are shown, a miss is an error that names the sample."""
    rust = '```rust exec\nprintln!("from rust");\n```\n'
    project.page(rust + PYTHON)
    assert 0 == project.build().status
    frozen = {"CODEEXEC_EXECUTE": "frozen", "PATH": str(project.root / "empty")}

    built = project.build(env=frozen)
    assert (0, {"samples": 2, "cached": 2, "met": 2}) == (built.status, built.counts), built.log
    assert [("stdout", "from rust"), ("stdout", "hello from 42")] == project.streams()

    project.page(rust + "```python exec\nprint('new')\n```\n")
    built = project.build(env=frozen)
    assert (1, {"samples": 2, "cached": 1, "met": 1, "error": 1}) == (built.status, built.counts)
    assert "docs/index.md:4: no stored outcome, and `execute: frozen` runs nothing" in built.log
    assert ["met", "error"] == project.verdicts()


def test_never_runs_nothing_and_fails_nothing(project: Project) -> None:
    """`execute: never` shows what is stored and skips the rest."""
    project.page(PYTHON)
    built = project.build(env={"CODEEXEC_EXECUTE": "never"})

    assert (0, {"samples": 1, "skipped": 1}) == (built.status, built.counts)
    assert ["skipped"] == project.verdicts()


def test_without_a_compiler_there_is_one_clear_message(project: Project) -> None:
    """Pages are written with those samples marked, other languages run, and nothing is a traceback."""
    rust = '```rust exec\nprintln!("{}", 1);\n```\n'
    project.page(rust + PYTHON + rust.replace("1", "2"))
    bare = project.root / "bare"
    bare.mkdir()
    for name in ("sh", "bash"):
        (bare / name).symlink_to(f"/bin/{name}")
    built = project.build(env={"PATH": str(bare)})

    assert 1 == built.status
    assert {"samples": 3, "executed": 1, "met": 1, "error": 2} == built.counts
    assert 1 == built.log.count("`rustc` was not found")
    assert "docs/index.md:1:" in built.log
    assert "hint:" in built.log
    assert "Traceback" not in built.log
    assert ["error", "met", "error"] == project.verdicts()


@pytest.mark.parametrize("damage", ["torn", "deep", "directory", "symlink"])
def test_a_damaged_entry_is_a_miss_and_one_warning(project: Project, damage: str) -> None:
    """Deleting or damaging entries is always safe."""
    project.page(PYTHON + "```bash exec\necho b\n```\n")
    project.build()
    for entry in (project.root / ".cache/codeexec/results/v1").rglob("*.json"):
        whole = entry.read_text("utf-8")
        entry.unlink()
        match damage:
            case "torn":
                entry.write_text(whole[: len(whole) // 2], "utf-8")
            case "deep":
                entry.write_text("[" * 100_000, "utf-8")
            case "directory":
                entry.mkdir()
            case "symlink":
                entry.symlink_to("/etc/passwd")

    built = project.build()

    assert (0, {"samples": 2, "executed": 2, "met": 2}) == (built.status, built.counts), built.log
    assert 1 == built.log.count("WARNING")


def test_a_store_that_cannot_be_written_is_one_warning(project: Project) -> None:
    """The build succeeds, uncached."""
    project.page(PYTHON)
    project.write("a-file", "")
    built = project.build(env={"CODEEXEC_CACHE_DIR": str(project.root / "a-file/cache")})

    assert 0 == built.status, built.log
    assert ["met"] == project.verdicts()
    assert "WARNING" in built.log


def test_a_plugin_that_is_listed_twice_ends_the_build(project: Project) -> None:
    """Both would execute all samples, each with options of its own. The command says so, too."""
    project.configure(more="  - codeexec: {jobs: 2}\n")
    project.page(PYTHON)
    built = project.build()
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs_codeexec", "doctor"],
        cwd=project.root,
        env=os.environ | project.env,
        capture_output=True,
        text=True,
        check=False,
    )

    said = "mkdocs.yml:13: `codeexec`: it is listed 2 times below `plugins`, expected once\n\nhint: list it once"
    assert (1, 1) == (built.status, built.log.count(said)), built.log
    assert "executing" not in built.log
    assert (2, 1) == (done.returncode, done.stderr.count(said)), done.stderr


def test_mistakes_in_the_options_end_the_build_with_a_hint(project: Project) -> None:
    """No traceback; the words that were probably meant."""
    project.configure({"timout": 3, "languages": ["rust"]})
    project.page(PYTHON)
    built = project.build()

    assert 1 == built.status
    assert "mkdocs.yml:12: `codeexec.timout`: there is no such option" in built.log
    assert "hint: did you mean `timeout`?" in built.log
    assert "`codeexec.languages`: expected a mapping" in built.log
    assert "Traceback" not in built.log


def test_the_cache_is_marked_and_kept_out_of_git(project: Project) -> None:
    """Backup tools and git leave it alone."""
    project.page(PYTHON)
    project.build()
    cache = project.root / ".cache/codeexec"

    assert (cache / "CACHEDIR.TAG").read_text("utf-8").startswith("Signature: 8a477f597d28d172789f06886806bc55")
    assert "*" in (cache / ".gitignore").read_text("utf-8").split()


def test_an_entry_is_readable_json(project: Project) -> None:
    """One outcome a file, named by its key, with the fields of the contract."""
    project.page("```bash exec\necho out; echo err >&2; exit 3\n```\n")
    project.build()
    (entry,) = (project.root / ".cache/codeexec/results/v1").rglob("*.json")
    found = json.loads(entry.read_text("utf-8"))

    assert entry.stem == found["key"]
    assert entry.parent.name == entry.stem[:2]
    assert {"format", "key", "language", "steps", "duration_ms", "toolchain"} <= set(found)
    assert ("out\n", "err\n", {"exited": 3}) == tuple(found["steps"][0][name] for name in ("stdout", "stderr", "ended"))


def test_moving_the_checkout_hits(project: Project, tmp_path: Path) -> None:
    """Keys hold no absolute path."""
    project.page(PYTHON + "```bash exec\necho b\n```\n")
    project.build()
    project.root = project.root.rename(tmp_path / "moved")

    assert {"samples": 2, "cached": 2, "met": 2} == project.build().counts


@pytest.mark.parametrize("sandbox", ["required", "off"])
def test_the_interpreter_may_be_named_by_a_relative_path(project: Project, sandbox: str) -> None:
    """`../venv/bin/python -m mkdocs build`: a sandbox does not show what such a path leads through."""
    project.configure({"sandbox": sandbox})
    project.page("```python exec\nimport markdown, sys\nprint('..' not in sys.executable)\n```\n")
    python = os.path.relpath(sys.executable, project.root)
    done = subprocess.run(
        [python, "-m", "mkdocs", "build"],
        cwd=project.root,
        env=os.environ | project.env,
        capture_output=True,
        text=True,
        check=False,
    )

    assert 0 == done.returncode, done.stderr
    assert "1 executed" in done.stderr
    assert "<code>True</code>" in project.html()


def test_the_first_build_stores_what_it_executes(project: Project) -> None:
    """Also of samples that look at the project's folder, in which the first build makes others."""
    project.write("lib/tiny/__init__.py", "")
    project.write("first.py", "F = 1\n")
    project.configure({"languages": {"python": {"env": {"PYTHONPATH": str(project.root)}, "readable": ["."]}}})
    project.page(
        "```python exec\nimport first\nprint(first.F)\n```\n\n```python exec\ntry:\n    import second\nexcept ImportError:\n    print(2)\n```\n"
    )

    assert [2, 0] == [project.build().counts.get("executed", 0) for _ in range(2)]
    assert 0 == project.build(env={"CODEEXEC_EXECUTE": "frozen"}).status


def test_what_is_installed_beside_mkdocs_is_found_by_shells(project: Project) -> None:
    """`.venv/bin/mkdocs build` documents its environment, whether that is activated or not."""
    if sys.prefix == sys.base_prefix:
        pytest.skip("not in a virtual environment")
    project.page("```bash exec\nmkdocs --version | cut -c 1-6\n```\n")
    built = project.build(env={"PATH": "/usr/local/bin:/usr/bin:/bin"})

    assert 0 == built.status, built.log
    assert "<code>mkdocs</code>" in project.html()


def test_no_folder_of_this_machine_is_stored(project: Project) -> None:
    """Whatever a sample prints of where it is: the project, Python's own folders, those of packages."""
    project.configure({"languages": {"python": {"env": {"HERE": str(project.root)}}}})
    project.page(
        "```python exec\nimport json, markdown, os, sys\nprint(os.environ['HERE'], os.environ['HERE'] + '/docs')\n"
        "print(json.__file__, markdown.__file__, sys.prefix)\nimport warnings\nwarnings.warn('x')\n```\n"
    )
    project.build()
    stored = "".join(path.read_text() for path in (project.root / ".cache/codeexec/results").rglob("*.json"))

    assert "<python>/json/__init__.py markdown/__init__.py" in stored
    for folder in (project.root, sys.prefix, sys.base_prefix):
        assert str(folder) not in stored
