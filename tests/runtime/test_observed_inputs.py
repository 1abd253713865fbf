"""Observed inputs: names that other machines share, states, and whether they still hold."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from mkdocs_codeexec.core.action import Action
from mkdocs_codeexec.core.confinement import Access
from mkdocs_codeexec.core.observed import observed_key
from mkdocs_codeexec.core.outcome import Exited, Outcome, StepResult
from mkdocs_codeexec.runtime.observed import inputs as module
from mkdocs_codeexec.runtime.observed.asked import decoded, named, sifted
from mkdocs_codeexec.runtime.observed.inputs import ObservedInputs
from mkdocs_codeexec.runtime.observed.names import Names, Root
from mkdocs_codeexec.runtime.store import DirectoryStore

if TYPE_CHECKING:
    from collections.abc import Callable

    from mkdocs_codeexec.core.observed import Inputs

SOON = 0.03
"""Seconds after which a change is told from one that came while a sample was running."""


class Machine:
    """A project, an environment and a search path in a folder, and what is observed there."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for name in ("project", "venv/site", "bin"):
            (root / name).mkdir(parents=True)
        self.memo: Path | None = None

    def write(self, name: str, text: str = "x", *, executable: bool = False) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o755 if executable else 0o644)
        return path

    def states(self) -> ObservedInputs:
        roots = [
            Root("<project>", str(self.root / "project")),
            Root("<site>", str(self.root / "venv/site")),
            Root("<venv>", str(self.root / "venv")),
        ]
        sites = [str(self.root / "venv/site")]
        return ObservedInputs(roots=roots, sites=sites, search=str(self.root / "bin"), memo=self.memo)

    def record(self, *asked: str, assumed: tuple[str, ...] = ()) -> Inputs:
        time.sleep(SOON)
        paths = [item[0] + str(self.root / item[1:]) for item in asked]
        found = self.states().record(paths, assumed, time.time())
        assert found is not None
        return found


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


@pytest.fixture
def other(tmp_path_factory: pytest.TempPathFactory) -> Machine:
    return Machine(tmp_path_factory.mktemp("other"))


CHANGES: list[tuple[str, str, Callable[[Machine], Any]]] = [
    ("content", "fproject/data", lambda m: m.write("project/data", "new")),
    ("content of the same size and date", "fproject/data", lambda m: _same_date(m.write, "project/data", "y")),
    ("gone", "fproject/data", lambda m: (m.root / "project/data").unlink()),
    (
        "a folder instead",
        "fproject/data",
        lambda m: ((m.root / "project/data").unlink(), (m.root / "project/data").mkdir()),
    ),
    ("executable", "fproject/data", lambda m: (m.root / "project/data").chmod(0o755)),
    ("appeared", "fproject/nothing", lambda m: m.write("project/nothing")),
    ("a link elsewhere", "fproject/link", lambda m: _relink(m.root / "project/link", "other")),
    ("a link to the same elsewhere", "kproject/link", lambda m: _relink(m.root / "project/link", "same")),
    ("a copy for a link", "kproject/link", lambda m: _copy(m, "project/link")),
    ("content behind a link", "kproject/link", lambda m: m.write("project/data", "new")),
    ("a file for a folder of that name", "lproject", lambda m: _copy(m, "project/empty")),
    ("the program of a script", "ebin/script", lambda m: m.write("bin/interpreter", "new", executable=True)),
    ("where a link leads", "yproject/link", lambda m: _relink(m.root / "project/link", "same")),
    ("a folder behind a link", "fproject/way", lambda m: _relink(m.root / "project/way", "away")),
    ("a listing behind a link", "lproject/way", lambda m: _relink(m.root / "project/way", "away")),
    ("an installation in place", "lvenv/site", lambda m: m.write("venv/site/other.pth", "/x")),
    ("a script of the search path", "fbin/conf.txt", lambda m: m.write("bin/conf.txt")),
    ("a name more", "lproject/inner", lambda m: m.write("project/inner/b")),
    ("a name less", "lproject/inner", lambda m: (m.root / "project/inner/a").unlink()),
    ("a missing module", "nvenv/site\nmissing", lambda m: m.write("venv/site/missing.py")),
    ("a missing package", "nvenv/site\nmissing", lambda m: m.write("venv/site/missing/__init__.py")),
    ("another module of that name", "nvenv/site\ntiny", lambda m: m.write("venv/site/tiny.abi3.so")),
    ("a tool appeared", "fbin/tool", lambda m: m.write("bin/tool", executable=True)),
    (
        "a source of what was compiled",
        "fvenv/site/tiny/__pycache__/a.cpython-311.pyc",
        lambda m: m.write("venv/site/tiny/a.py", "2"),
    ),
    ("beside what is shown", "xproject/later", lambda m: m.write("project/later")),
]
UNRELATED: list[tuple[str, str, Callable[[Machine], Any]]] = [
    ("touched", "fproject/data", lambda m: os.utime(m.root / "project/data")),
    ("written anew, the same", "fproject/data", lambda m: m.write("project/data")),
    ("a link anew", "kproject/link", lambda m: _relink(m.root / "project/link", "data")),
    ("a link to the same elsewhere, followed", "fproject/link", lambda m: _relink(m.root / "project/link", "same")),
    ("a neighbour", "fproject/data", lambda m: m.write("project/neighbour")),
    ("a file in a listed folder", "lproject/inner", lambda m: m.write("project/inner/a", "new")),
    ("compiled anew", "lproject/inner", lambda m: m.write("project/inner/__pycache__/a.pyc")),
    ("another module", "nvenv/site\ntiny", lambda m: m.write("venv/site/tinier.py")),
    ("another package's record", "nvenv/site\ntiny", lambda m: m.write("venv/site/theme-2.dist-info/RECORD")),
    ("another tool", "fbin/tool", lambda m: m.write("bin/other", executable=True)),
    ("compiled again", "fvenv/site/tiny/__pycache__/a.cpython-311.pyc", lambda m: m.write("venv/site/tiny/__pycache__/a.cpython-311.pyc", "2")),
    ("the program of a script that is read", "fbin/script", lambda m: m.write("bin/interpreter", "new", executable=True)),
    ("another package, a listing by the import system", "lvenv/site", lambda m: m.write("venv/site/theme-2.dist-info/RECORD")),
]  # fmt: skip


def _same_date(write: Callable[[str, str], Path], name: str, text: str) -> None:
    path = write(name, text)
    os.utime(path, ns=(10**18, 10**18))


def _copy(machine: Machine, name: str) -> None:
    path = machine.root / name
    if path.is_symlink():
        path.unlink()
    else:
        path.rmdir()
    machine.write(name)


def _relink(path: Path, target: str) -> None:
    path.unlink()
    path.symlink_to(target)


def furnish(machine: Machine) -> None:
    machine.write("project/data")
    os.utime(machine.root / "project/data", ns=(10**18, 10**18))
    machine.write("project/inner/a")
    machine.write("project/other", "other")
    machine.write("project/same")
    (machine.root / "project/empty").mkdir()
    machine.write("bin/script", f"#!{machine.root}/bin/interpreter\n", executable=True)
    (machine.root / "project/link").symlink_to("data")
    for name in ("inner", "away"):
        (machine.root / "project" / name).mkdir(exist_ok=True)
    (machine.root / "project/way").symlink_to("inner")
    machine.write("venv/site/tiny/__init__.py", "")
    machine.write("venv/site/tiny/a.py", "1")
    machine.write("venv/site/tiny/__pycache__/a.cpython-311.pyc")


@pytest.mark.parametrize(("what", "asked", "change"), CHANGES, ids=[row[0] for row in CHANGES])
def test_what_has_changed_does_not_hold(
    machine: Machine, what: str, asked: str, change: Callable[[Machine], object]
) -> None:
    """Whatever could be seen otherwise now, also where nothing was."""
    furnish(machine)
    found = machine.record(asked)

    assert machine.states().holds(found)
    change(machine)
    assert not machine.states().holds(found), what


@pytest.mark.parametrize(("what", "asked", "change"), UNRELATED, ids=[row[0] for row in UNRELATED])
def test_what_cannot_be_seen_changes_nothing(
    machine: Machine, what: str, asked: str, change: Callable[[Machine], object]
) -> None:
    """Dates, neighbours and what tools make again."""
    furnish(machine)
    found = machine.record(asked)

    change(machine)
    assert machine.states().holds(found), what


def test_a_listing_by_a_sample_that_tells_of_its_imports_has_all_names(machine: Machine) -> None:
    """It was not the import system that listed the folder."""
    furnish(machine)
    found = machine.record("lvenv/site", "nvenv/site\ntiny")
    machine.write("venv/site/theme-2.dist-info/RECORD")

    assert ["list:<site>"] == machine.states().changed(found)


@pytest.mark.skipif(os.geteuid() != 0, reason="only children of root are somebody else")
def test_what_others_must_not_read_is_told_where_samples_run_as_others(machine: Machine) -> None:
    """The parent, root, would see no difference."""
    furnish(machine)
    found = machine.record("fproject/data", "lproject/inner")
    (machine.root / "project/data").chmod(0o600)
    (machine.root / "project/inner").chmod(0o700)

    assert ["list:<project>/inner", "read:<project>/data"] == machine.states().changed(found)


def test_the_same_elsewhere_has_the_same_names_and_states(machine: Machine, other: Machine) -> None:
    """Also of scripts and settings in which an installer has written the folders of this machine."""
    found = []
    for one in (machine, other):
        furnish(one)
        one.write("venv/bin/tool", f"#!{one.root}/venv/bin/python\n", executable=True)
        one.write("venv/site/tiny.pth", f"{one.root}/project\n")
        one.write("venv/pyvenv.cfg", "home = /usr\n")
        found.append(one.record("fvenv/bin/tool", "fproject/data", "nvenv/site\ntiny", assumed=("start:", "packages:")))

    assert found[0] == found[1]
    assert {"read:<venv>/bin/tool", "read:<project>/data", "module:<site>:tiny"} <= dict(found[0]).keys()


@pytest.mark.parametrize("change", ["edit", "take away", "add"])
def test_what_changes_while_a_sample_runs_is_not_recorded(machine: Machine, change: str) -> None:
    """Nobody knows which of the two it has read."""
    furnish(machine)
    started = time.time()
    time.sleep(SOON)
    if change == "edit":
        machine.write("project/data", "new")
    elif change == "take away":
        (machine.root / "project/data").unlink()
    else:
        machine.write("project/inner/b")
    asked = [f"f{machine.root}/project/data", f"l{machine.root}/project/inner"]

    assert machine.states().record(asked, (), started) is None


def test_a_program_is_found_where_the_search_path_says_so(machine: Machine, tmp_path: Path) -> None:
    """A folder that is put before the others, and one that is taken away, change what a name means; others do not."""
    first, second, third = (tmp_path / name for name in ("first", "second", "third"))
    for folder in (first, second, third):
        folder.mkdir()
    machine.write("second/tool", "2", executable=True)

    def states(*folders: Path) -> ObservedInputs:
        return ObservedInputs(search=":".join(map(str, folders)))

    time.sleep(SOON)
    asked = [f"f{folder}/tool" for folder in (first, second)]
    found = states(first, second).record(asked, (), time.time())
    assert found is not None

    assert states(first, second, third).holds(found)
    assert not states(first).holds(found)
    machine.write("third/tool", "3", executable=True)
    assert states(first, second, third).holds(found)
    assert not states(third, second).holds(found)


def test_a_digest_is_remembered_and_not_made_again(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """A build in which nothing changed reads no file; a memo that is damaged, or of another file, is none."""
    furnish(machine)
    machine.memo = machine.root / "memo.json"
    time.sleep(0.1)
    states = machine.states()
    found = states.record([f"f{machine.root}/project/data"], (), time.time())
    assert found is not None
    states.save()

    opened: list[object] = []
    real = os.open
    monkeypatch.setattr("os.open", lambda path, *rest, **more: opened.append(path) or real(path, *rest, **more))
    assert machine.states().holds(found)
    assert [machine.root, "memo.json"] == opened

    for damage in ("", "{", "[]", '{"format": 1, "files": {"x": [1]}}', "[" * 100_000):
        machine.memo.write_text(damage)
        assert machine.states().holds(found)


def test_a_file_that_was_changed_just_now_is_not_remembered(machine: Machine) -> None:
    """It may change again within a tick of the clock, with the same size and date."""
    machine.memo = machine.root / "memo.json"
    path = machine.write("project/data")
    states = machine.states()
    states.record([f"f{path}"], (), time.time() + 1)
    states.save()

    assert not machine.memo.exists()


@pytest.mark.parametrize("folders", [1, 3])
def test_too_many_files_are_told_by_their_folders(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, folders: int
) -> None:
    """Each still counts: a change of one of them, or one more, is one of the list."""
    monkeypatch.setattr(module, "MOST", 2)
    paths = [machine.write(f"project/many/{n % folders}/{n}", str(n)) for n in range(12)]
    time.sleep(SOON)
    found = machine.states().record([f"f{path}" for path in paths], (), time.time())
    assert found is not None
    assert {"contents"} if folders == 1 else {"tree"} == {name.partition(":")[0] for name, _ in found}
    assert machine.states().holds(found)
    paths[5].write_text("new")

    assert not machine.states().holds(found)
    paths[5].write_text("5")
    assert machine.states().holds(found)
    machine.write("project/many/0/more")
    assert not machine.states().holds(found)


def test_there_is_an_end_to_what_is_recorded(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a sample that reads all over the machine, nothing is known."""
    monkeypatch.setattr(module, "MOST", 2)

    assert machine.states().record([f"f/{letter}" for letter in "abcdef"], (), time.time()) is None


def test_names_of_no_known_kind_or_place_never_hold(machine: Machine) -> None:
    """A list that another version has made, or somebody else, leads to no outcome."""
    for name in ("read:<elsewhere>/x", "guess:/etc/passwd", "", "module:", "read:<project>/\0"):
        assert not machine.states().holds(((name, "absent"),)), name


def test_inner_folders_have_their_own_names() -> None:
    """Of nested folders the inner one counts, of two names for one the first."""
    names = Names([Root("<project>", "/a"), Root("<venv>", "/a/.venv"), Root("~", "/"), Root("<x>", "/a")])

    assert ("<project>/b", "<venv>/bin/x", "<project>") == tuple(map(names.portable, ("/a/b", "/a/.venv/bin/x", "/a")))
    assert ("/a/b", "/a/.venv", None) == tuple(map(names.real, ("<project>/b", "<venv>", "<none>/b")))


def test_what_a_child_cannot_reach_is_left_out() -> None:
    """Nobody looks into a file, or for it, because a sample has asked; but beside what is shown something may come."""
    access = Access(readable=("/home/me/site/data", "/home/me/site/docs"), writable=("/var/cache/x",))
    asked = ["f/home/me/.ssh/id", "f/home/me/site/data/a", "f/home/me/site/later", "l/home/me/site", "f/home/me/site/.env",
             "f/var/cache/x/y", "f/proc/self/maps", "f/tmp/codeexec-1/work/a", "f/usr/bin/../bin//cat", "n/home/me\nx"]  # fmt: skip

    found = sifted(asked, "/tmp/codeexec-1", access, "bubblewrap")
    # The folder from which the last one goes up may be a link.
    assert ("f/home/me/site/data/a", "f/usr/bin", "f/usr/bin/cat") == tuple(item for item in found if item[0] == "f")
    assert {"h/home/me/.ssh/id", "h/home/me/site/.env", "s/home/me/site", "x/home/me/site/later"} <= set(found)
    assert not [item for item in found if item[0] not in "hfsx" or (item[0] == "x" and "/." in item)]
    assert "f/home/me/.ssh/id" in sifted(asked, "/tmp/codeexec-1", access, "limits")


def test_whether_something_can_be_reached_counts(machine: Machine) -> None:
    """A sample that could not see a file runs again when it can."""
    secret = machine.write("elsewhere/notes")
    reach: dict[str, list[str]] = {"bash": [], "python": [str(secret.parent)]}

    def states() -> ObservedInputs:
        return ObservedInputs(reach=lambda language: reach[language])

    found = states().record([f"h{secret}"], (), time.time(), "bash")
    assert found is not None
    secret.write_text("new")
    assert states().holds(found), "nobody has looked into it"
    reach["bash"] = [str(secret.parent)]
    assert not states().holds(found)


def test_what_was_executed_without_a_sandbox_is_nothing_to_a_build_with_one(machine: Machine) -> None:
    """And the other way round: where nothing is observed, an outcome says less than it could."""
    found = ObservedInputs(sandboxed=False).record([], ["sandbox:"], time.time())
    assert found is not None
    assert ObservedInputs(sandboxed=False).holds(found)
    assert not machine.states().holds(found)


@pytest.mark.parametrize(
    "name", ["list:/a\0b", "module:<site>:\udc80\0", "link:/\0", "tree:/", "tree:/proc", "read:/dev/zero"]
)
def test_a_hostile_name_is_a_miss(machine: Machine, name: str) -> None:
    """No list, whoever made it, ends a build or keeps it waiting."""
    assert not machine.states().holds(((name, "absent"),))


def test_modules_of_python_itself_are_its_toolchains() -> None:
    """What is installed beside them is not."""
    asked = ["f/py/lib/json/__init__.py", "f/py/lib/site-packages/x.py", "n/py/lib\nx", "n/py/lib/site-packages\nx"]

    assert [("read", "/py/lib/site-packages/x.py", ""), ("module", "/py/lib/site-packages", "x")] == list(
        named(asked, "/py/lib", ())
    )


def test_a_list_that_held_is_looked_at_again_when_something_else_is_recorded(tmp_path: Path) -> None:
    """Many samples have one list, which is looked at once in a build; what a sample finds otherwise then counts at once."""
    file, other = tmp_path / "a.txt", tmp_path / "b.txt"
    for path in (file, other):
        path.write_text("one")
    time.sleep(0.05)
    states = ObservedInputs()
    inputs = states.record([f"f{file}"], (), time.time())
    assert inputs is not None
    assert states.holds(inputs)
    assert states.holds((*inputs[:1], *inputs[1:]))
    file.write_text("two")
    time.sleep(0.05)
    assert states.holds(inputs)  # it stays as it was looked at
    assert states.record([f"f{other}"], (), time.time()) is not None
    assert states.holds(inputs)
    assert states.record([f"f{file}"], (), time.time()) != inputs
    assert not states.holds(inputs)
    assert not states.holds((*inputs[:1], *inputs[1:]))


# --- The store ------------------------------------------------------------------------------------------------------


ACTION = Action(language="python", files=(("sample.py", "x"),), steps=(), toolchain="t", observed=True)


def outcome(text: str, inputs: Inputs | None) -> Outcome:
    step = StepResult(kind="run", stdout=text, stderr="", ended=Exited(0))
    return Outcome(language="python", steps=(step,), inputs=inputs)


def test_each_list_leads_to_its_outcome(tmp_path: Path) -> None:
    """The last one comes first, as many as are kept; the request key leads to the last one, whatever holds."""
    store = DirectoryStore(tmp_path, pytest.fail)
    lists: list[Inputs] = [(("read:/a", str(number)),) for number in range(12)]
    for number, inputs in enumerate(lists):
        store.put(ACTION, outcome(str(number), inputs))
    store.put(ACTION, outcome("3", lists[3]))

    assert [lists[3], *reversed(lists[5:])][:8] == list(store.lists(ACTION.key))
    for number in (3, 11):
        kept = store.get(observed_key(ACTION.key, lists[number]))
        assert kept is not None
        assert str(number) == kept.steps[0].stdout
    last = store.find(ACTION.request_key)
    assert last is not None
    assert "3" == last.steps[0].stdout
    assert store.get(ACTION.key) is None


def test_an_outcome_of_unknown_inputs_is_not_stored(tmp_path: Path) -> None:
    """Nobody could tell whether it is still valid."""
    store = DirectoryStore(tmp_path, pytest.fail)
    store.put(ACTION, outcome("x", None))

    assert [] == list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "damage",
    [
        {"lists": 3},
        {"lists": [3]},
        {"lists": [{"read:/a": 1}]},
        {"lists": [{}] * 100},
        {"name": "0" * 64},
        {"format": 99},
    ],
    ids=str,
)
def test_a_list_that_is_none_is_a_miss(tmp_path: Path, damage: dict[str, object]) -> None:
    """With one warning, as every damage."""
    from mkdocs_codeexec.runtime.entries import encode

    said: list[str] = []
    store = DirectoryStore(tmp_path, said.append)
    store.put(ACTION, outcome("x", (("read:/a", "1"),)))
    path = next((tmp_path / "observed").rglob("*.json"))
    path.write_bytes(encode({"format": 1, "name": ACTION.key, "key": "0" * 64, "lists": [], **damage}))

    assert [] == list(store.lists(ACTION.key))
    assert 1 == len(said)


def test_detours_without_end_are_not_followed() -> None:
    """A sample that looks for thousands of long detours is not looked after: nothing is known of it, at once."""
    compiler = b"f/usr/lib/gcc/x86_64-linux-gnu/12/../../../../lib/libm.so\0" * 3000
    assert 3000 == len(decoded(compiler) or ())
    assert decoded(b"f/usr" + b"/.." * 1300 + b"/x\0") is None
    assert ("f/a\udcff",) == decoded(b"f/a\xff\0\0")
