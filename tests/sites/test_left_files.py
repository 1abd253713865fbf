"""Files that samples leave to those that need them, from the fence to the page."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Project


def fence(code: str, header: str, language: str = "bash") -> str:
    return f"```{language} exec {header}\n{code}\n```\n\n"


def blobs(project: Project) -> list[Path]:
    """Return the files that samples have left."""
    return sorted(path for path in (project.root / ".cache/codeexec/blobs").rglob("*") if path.is_file())


CHAIN = (
    fence("mkdir data; printf '1\\n2\\n3\\n' > data/numbers.txt; echo note > note", 'name="a"')
    + fence(
        "lines = open('data/numbers.txt').read().split()\nopen('sum', 'w').write(str(sum(map(int, lines))))",
        'name="b" needs="a"',
        "python",
    )
    + fence("cat sum data/numbers.txt; ls", 'name="c" needs="b"')
)


def test_files_flow(project: Project) -> None:
    """What a sample leaves, those have who need it, and those who need these; on a hit it comes from the store."""
    project.page(CHAIN)
    project.build()
    cold = project.streams()
    assert [("stdout", "61\n2\n3\ndata\nnote\nsample.sh\nsum")] == cold

    assert 3 == project.build().counts["cached"]
    assert cold == project.streams()
    project.page(CHAIN + fence("cat sum note data/numbers.txt", 'needs="b"'))
    counts = project.build().counts
    assert (1, 3) == (counts["executed"], counts["cached"])
    assert ("stdout", "6note\n1\n2\n3") == project.streams()[-1]


def test_an_edit_that_leaves_the_same_runs_nothing_else(project: Project) -> None:
    """What is in the files goes on, and not who made them."""
    executed = []
    for edit in ("echo 1 > x", "echo  1  > x", "echo 2 > x", "echo 1 > x; echo more > y"):
        project.page(fence(edit, 'name="a"') + fence("cat x", 'name="b" needs="a"') + fence("ls", 'needs="a b"'))
        executed.append(project.build().counts["executed"])

    assert [3, 1, 3, 3] == executed


@pytest.mark.parametrize("how", ["gone", "bytes", "link", "all"])
def test_a_file_that_is_gone_or_damaged_is_a_miss(project: Project, how: str, tmp_path: Path) -> None:
    """The sample that leaves it runs again, and nothing that a stranger has put there reaches anybody."""
    project.page(CHAIN)
    project.build()
    cold = project.streams()
    for path in blobs(project) if how == "all" else blobs(project)[:1]:
        good = path.read_bytes()
        path.unlink()
        if how == "bytes":
            path.write_bytes(bytes(len(good)))
        elif how == "link":
            (tmp_path / "outside").write_bytes(good)
            path.symlink_to(tmp_path / "outside")
    project.page(CHAIN + fence("cat data/numbers.txt sum note", 'needs="b"'))
    counts = project.build().counts

    assert counts["met"] == 4
    assert counts["executed"] >= 2
    assert [*cold, ("stdout", "1\n2\n3\n6note")] == project.streams()
    assert all(path.is_file() and not path.is_symlink() for path in blobs(project))


def test_where_nothing_is_stored(project: Project) -> None:
    """Within one build files flow all the same."""
    project.page(CHAIN)
    project.configure({"languages": {"bash": {}, "python": {}}, "cache_write": "off"})
    project.build()

    assert [("stdout", "61\n2\n3\ndata\nnote\nsample.sh\nsum")] == project.streams()
    assert not (project.root / ".cache/codeexec/blobs").exists()


def test_too_much_is_told_with_the_limit(project: Project) -> None:
    """A sample that leaves a gigabyte ends so, and who needs it is blocked."""
    project.page(fence("truncate -s 1G x || head -c 1000000000 /dev/zero > x", 'name="a"') + fence("ls", 'needs="a"'))
    ended = project.build()

    assert ["unmet", "blocked"] == project.verdicts()
    assert "(limit `file_size`)" in ended.log or "(limit `disk`)" in ended.log
    assert [] == blobs(project)


def test_links_out_of_the_folder_lead_nowhere(project: Project, tmp_path: Path) -> None:
    """Nothing comes from where a link leads, and that is told."""
    (tmp_path / "secret").write_text("secret")
    project.page(
        fence(f"ln -s {tmp_path}/secret s; ln -s {tmp_path} folder; echo 1 > x", 'name="a"')
        + fence("ls; cat s folder/secret 2>/dev/null; true", 'needs="a"')
    )
    ended = project.build()

    assert [("stdout", "sample.sh\nx")] == project.streams()
    assert "is a symbolic link" in ended.log


def test_a_session_leaves_files_and_not_itself(project: Project) -> None:
    """Nor what runs its steps; two of them can be needed together."""
    steps = [
        f'```python exec session="{name}" name="{name}"\nopen("{name}.txt", "w").close()\n```\n\n' for name in "tu"
    ]
    project.page("".join(steps) + '```bash exec needs="t u"\nls -A\n```\n')
    project.build()

    assert ["met", "met", "met"] == project.verdicts()
    assert {"t.txt", "u.txt"} == {name for name in project.streams()[-1][1].split() if not name.startswith("sample.")}


def test_a_program_leaves_files_and_not_itself(project: Project) -> None:
    """What is compiled, alone or with others, is nobody else's."""
    project.configure({"languages": {"rust": {}, "bash": {}}})
    code = 'std::fs::write("{0}", "{0}\\n").unwrap();'
    project.page(
        "".join(fence(code.format(name), f'name="{name}"', "rust") for name in "abcd")
        + fence('print!("{}", std::fs::read_to_string("a").unwrap());', 'needs="a"', "rust")
        + fence("cat a b c d; ls", 'needs="a b c d"')
    )
    project.build()

    assert [("stdout", "a"), ("stdout", "a\nb\nc\nd\na\nb\nc\nd\nsample.sh")] == project.streams()
    assert 6 == project.build().counts["cached"]
