"""Programs of local packages, in samples of shells and of other languages: real cargo, real shells."""

from __future__ import annotations

import random
import re
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from support.repositories import Asked

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Project

MANIFEST = '[package]\nname = "{name}"\nversion = "0.1.0"\nedition = "2021"\n'
PRINTS = 'fn main() {{ println!("{text}"); }}\n'
LANGUAGES = {"rust": {}, "bash": {}, "python": {}, "console": {}}


def workspace(project: Project, name: str, *, member: str = "") -> None:
    """Write a package with a program `name` around the site, and a workspace with a `member` beside it."""
    members = f'[workspace]\nmembers = ["tools/{member}"]\n' if member else ""
    project.write("Cargo.toml", MANIFEST.format(name=name) + members)
    project.write("src/main.rs", PRINTS.format(text="one"))
    if member:
        project.write(f"tools/{member}/Cargo.toml", MANIFEST.format(name=member))
        project.write(f"tools/{member}/src/main.rs", PRINTS.format(text="member"))
    project.configure({"languages": LANGUAGES})


def fence(code: str, language: str = "bash", header: str = "") -> str:
    return f"```{language} exec {header}\n{code}\n```\n\n"


def test_samples_that_name_a_program_find_it_first_and_run_again_with_its_source(project: Project) -> None:
    """In shells, consoles and Python; an edit of one program runs those again that have started it."""
    workspace(project, "date", member="bin-helper")
    project.page(
        fence("date; command -v date")
        + fence("$ date\n$ bin-helper", "console")
        + fence('import subprocess\nprint(subprocess.run(["date"], capture_output=True, text=True).stdout)', "python")
        + fence("b=bin; $b-helper  # bin-helper")
        + fence("echo nothing of theirs")
        + fence("date() { echo mine; }; date")
    )
    cold = project.build()
    shown = project.streams()

    assert 0 == cold.status, cold.log
    assert "one\ntarget/debug/date" == shown[0][1].strip()
    assert "one" in project.samples()[1]
    assert "member" in project.samples()[1]
    assert ["one", "member", "nothing of theirs", "mine"] == [text.strip() for _, text in shown[-4:]]
    assert 6 == project.build().counts["cached"]
    assert shown == project.streams()

    project.write("src/main.rs", PRINTS.format(text="two"))
    again = project.build()

    assert 3 == again.counts["executed"], again.log  # the fourth has never looked for `date`
    assert [text.replace("one", "two") for _, text in shown] == [text for _, text in project.streams()]
    project.write("tools/bin-helper/src/main.rs", PRINTS.format(text="other"))
    assert 2 == project.build().counts["executed"]
    assert project.streams()[-3][1].strip() == "other"


def test_a_program_that_does_not_build_is_told_once_and_only_who_calls_it_is_not_executed(project: Project) -> None:
    workspace(project, "shop-tool")
    project.write("src/main.rs", "fn main() { missing(); }\n")
    project.page(
        fence("shop-tool --help")
        + fence("$ x=1 shop-tool", "console")
        + fence("echo shop-tool is not called")
        + fence("n=shop; $n-tool || echo not found  # shop-tool")
        + fence("echo else")
    )
    built = project.build()

    assert built.status != 0
    assert 1 == len(re.findall(r"error\[E0425\]", built.log)), built.log
    assert 1 == built.log.count("building the environment `binaries`")
    assert ["error", "error", "met", "met", "met"] == project.verdicts()

    project.write("src/main.rs", PRINTS.format(text="mended"))
    mended = project.build()

    assert 0 == mended.status, mended.log
    assert "mended" in project.streams()[-2][1], "what was looked for in vain was not stored"
    assert ["met"] * 5 == project.verdicts()


def test_a_program_that_builds_no_more_is_not_what_it_was(project: Project) -> None:
    """What an earlier source has printed is stored, and is no answer."""
    workspace(project, "stale-tool")
    project.page(fence("stale-tool") + fence("$ stale-tool", "console") + fence("echo else"))
    assert 0 == project.build().status
    project.write("src/main.rs", "fn main() { missing(); }\n")
    built = project.build()

    assert built.status != 0, built.log
    assert ["error", "error", "met"] == project.verdicts()
    assert "error[E0425]" in built.log
    project.write("src/main.rs", PRINTS.format(text="one"))
    assert 3 == project.build().counts["cached"]


def test_a_package_that_nobody_has_named_makes_cargo_ask_nobody(project: Project) -> None:
    """A member of the workspace that wants a repository is not built, and who calls it is told; the others are as ever."""
    workspace(project, "plain-tool", member="fetching-tool")
    project.page(fence("plain-tool") + fence("fetching-tool") + fence("echo else"))
    with Asked() as asked:
        wants = f'[dependencies]\nx = {{ git = "{asked.url}" }}\n'
        project.write("tools/fetching-tool/Cargo.toml", MANIFEST.format(name="fetching-tool") + wants)
        built = project.build()

        assert ["met", "error", "met"] == project.verdicts(), built.log
        assert [] == asked.requests
        assert "index.md:5: programs of the package `fetching-tool` are not built: the local package" in built.log
        named = "`languages: {rust: {binaries: [fetching-tool]}}` in mkdocs.yml"
        assert (
            f"hint: if that is right, write {named}, or `languages: {{rust: {{sources: [{asked.url}]}}}}`" in built.log
        )
        project.configure({"languages": {**LANGUAGES, "rust": {"binaries": ["fetching-tool"]}}})
        project.build()

        assert asked.requests, "the configuration has named it"


def test_requires_and_the_option(project: Project) -> None:
    """`requires` sees them; `binaries` says which there are, and a name that no package has is a mistake."""
    workspace(project, "first-tool", member="second-tool")
    page = fence("second-tool", header='requires="tool:second-tool"')
    project.page(page + fence("first-tool", header='requires="tool:first-tool"'))
    project.configure({"languages": {**LANGUAGES, "rust": {"binaries": ["second-tool"]}}})
    built = project.build()

    assert ["met", "suspended"] == project.verdicts(), built.log
    project.configure({"languages": {**LANGUAGES, "rust": {"binaries": ["secnd-tool"]}}})
    wrong = project.build()
    assert wrong.status != 0
    assert "no local package has a program `secnd-tool`" in wrong.log
    assert "did you mean `second-tool`?" in wrong.log
    project.configure({"languages": {**LANGUAGES, "rust": {"binaries": []}}})
    project.build()
    assert ["suspended", "suspended"] == project.verdicts()


@pytest.mark.parametrize("sandbox", ["auto", "off"])
def test_what_a_program_prints_is_never_that_of_another_source(project: Project, sandbox: str) -> None:
    """A law: after any edit of a program, of a library that it needs, or of a file that it includes, the page is right."""
    chance = random.Random(7)
    state = {"main": 0, "lib": 0, "data": 0, "version": 0}

    def write() -> None:
        version = f'version = "0.1.{state["version"]}"'
        project.write("Cargo.toml", MANIFEST.format(name="law-tool").replace('version = "0.1.0"', version) + DEPENDENCY)
        project.write("lib/Cargo.toml", MANIFEST.format(name="law-lib"))
        project.write("lib/src/lib.rs", f"pub fn lib() -> u32 {{ {state['lib']} }}\n")
        project.write("cli/data.txt", str(state["data"]))
        project.write("cli/main.rs", MAIN.replace("MAIN", str(state["main"])))

    if sandbox == "off":  # where root builds, what it makes in a shared folder is not another user's
        project.env["CODEEXEC_ENVIRONMENT_DIR"] = str(project.root.with_name("environments"))
    project.configure({"languages": LANGUAGES, "sandbox": sandbox})
    project.page(fence("law-tool") + fence("$ law-tool", "console") + fence("echo x"))
    for _ in range(5):
        write()
        built = project.build()
        expected = f"{state['main']} {state['lib']} {state['data']} 0.1.{state['version']}"
        assert 0 == built.status, built.log
        assert expected in project.samples()[0], built.log
        assert expected in project.samples()[1], built.log
        assert 0 == project.build().counts.get("executed", 0)
        state[chance.choice(sorted(state))] += 1


def test_what_was_edited_and_taken_back_while_it_was_built_is_built_again(project: Project) -> None:
    """What cargo has made of it by then is of no source that is there, and would be for good what the first source prints."""
    workspace(project, "slow-tool")
    project.env["CODEEXEC_ENVIRONMENT_DIR"] = str(environments := project.root.with_name("environments"))
    project.configure({"languages": LANGUAGES, "sandbox": "off"})
    project.write("build.rs", COPIES)
    project.write("src/main.rs", COPIED.replace("TEXT", "the first"))
    project.page(fence("slow-tool"))
    assert 0 == (first := project.build()).status, first.log
    assert "the first" in project.samples()[0]

    project.write("src/main.rs", COPIED.replace("TEXT", "the second"))
    with ThreadPoolExecutor(1) as other:
        building = other.submit(project.build)
        # cargo is asked three times
        for before, after in (("second", "third"), ("third", "fourth"), ("fourth", "first")):
            until = time.monotonic() + 60
            while not building.done() and time.monotonic() < until:
                if any(f"the {before}".encode() in copy.read_bytes() for copy in environments.rglob("copied.rs")):
                    break
                time.sleep(0.05)
            project.write("src/main.rs", COPIED.replace("TEXT", f"the {after}"))
        assert 0 == building.result().status, building.result().log

    project.page(fence("slow-tool; true"))  # nothing is stored for it
    last = project.build()
    assert "the first" in project.samples()[0], last.log
    assert "the fourth" not in project.samples()[0]


def test_programs_of_one_name_in_two_checkouts_stay_apart(
    project_in: Callable[[Path], Project], tmp_path: Path
) -> None:
    """They share a target directory, where both have one place: also if cargo is asked again, which has nothing to do."""
    environments = tmp_path / "environments"
    sites = {text: project_in(tmp_path / text) for text in ("of-one", "of-other")}
    for text, site in sites.items():
        workspace(site, "same-tool")
        site.env["CODEEXEC_ENVIRONMENT_DIR"] = str(environments)
        site.write("src/main.rs", PRINTS.format(text=f"program {text}"))
    for number in range(3):
        with ThreadPoolExecutor(2) as pool:
            for site in sites.values():
                site.page(fence(f"same-tool; true {number}"))
            built = list(pool.map(lambda site: site.build(), sites.values()))
        assert [0, 0] == [one.status for one in built], [one.log for one in built]
        for text, site in sites.items():
            assert f"program {text}" == site.streams()[0][1].strip(), built
        for state in environments.glob("rust/*/*/built/*.json") if number else ():
            state.unlink()


COPIES = """\
use std::{env, fs, thread, time};
fn main() {
    println!("cargo::rerun-if-changed=src/main.rs");
    let copy = format!("{}/copied.rs", env::var("OUT_DIR").unwrap());
    fs::copy("src/main.rs", copy).unwrap();
    thread::sleep(time::Duration::from_secs(2));
}
"""
COPIED = 'fn main() { println!("{}", include_str!(concat!(env!("OUT_DIR"), "/copied.rs")).lines().last().unwrap()); }\n// TEXT\n'


def test_what_the_configuration_of_cargo_says_is_of_the_program_that_runs(project: Project) -> None:
    """Flags, and variables, which change no source: a program with another one is another program."""
    workspace(project, "said-tool")
    project.write(
        "src/main.rs", 'fn main() { println!("{:?} {}", option_env!("SAID_BY_CARGO"), cfg!(said_by_cargo)); }\n'
    )
    project.page(fence("said-tool"))
    for text, expected in (
        ("", "None false"),
        ('[env]\nSAID_BY_CARGO = "one"\n', 'Some("one") false'),
        ('[env]\nSAID_BY_CARGO = "two"\n', 'Some("two") false'),
        ('[build]\nrustflags = ["--cfg", "said_by_cargo"]\n', "None true"),
        ('[env]\nSAID_BY_CARGO = "one"\n', 'Some("one") false'),
    ):
        project.write(".cargo/config.toml", text)
        built = project.build()

        assert 0 == built.status, built.log
        assert expected == project.streams()[0][1].strip(), built.log


DEPENDENCY = (
    '[dependencies]\nitoa = "1"\nlaw-lib = { path = "lib" }\n[[bin]]\nname = "law-tool"\npath = "cli/main.rs"\n'
)
MAIN = (
    'fn main() { println!("{} {} {} {}", MAIN, itoa::Buffer::new().format(law_lib::lib()), include_str!(concat!("da", "ta.txt")), '
    'env!("CARGO_PKG_VERSION")); }\n'
)
