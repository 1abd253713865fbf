"""What an object file brings into a program is found, and no file that claims to be one does harm."""

from __future__ import annotations

import os
import random
import shutil
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from mkdocs_codeexec.languages.rust.batch.objects import NotUnderstoodError, surprise

PLAIN = """
use std::cell::Cell;
thread_local! { static A: Cell<i32> = Cell::new(3); }
static N: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(7);
pub fn generic<T: std::fmt::Debug>(t: T) { println!("{t:?} {}", N.load(std::sync::atomic::Ordering::Relaxed)) }
pub extern "C" fn callable(x: i32) -> i32 { x }
fn main() { A.set(1); generic(1); std::thread::spawn(|| generic("x")).join().unwrap(); callable(1); }
"""
LOUD = {
    "the section `.init_array": '#[used] #[unsafe(link_section = ".init_array.9")] static S: extern "C" fn() = f; extern "C" fn f() {}',
    "the section `.ctors": '#[used] #[unsafe(link_section = ".ctors")] static S: extern "C" fn() = f; extern "C" fn f() {}',
    "the section `gathered": '#[used] #[unsafe(link_section = "gathered")] static S: u32 = 1;',
    "the symbol `write": '#[unsafe(no_mangle)] extern "C" fn write() {}',
    "the symbol `environ": "#[unsafe(no_mangle)] static environ: u32 = 1;",
    "the symbol `_ZN3std": '#[unsafe(export_name = "_ZN3std2io4loudE")] fn f() {}',
    "a function that is chosen": 'std::arch::global_asm!(".type x, @gnu_indirect_function", "x: ret");',
}


@pytest.fixture(scope="module")
def compile_(tmp_path_factory: pytest.TempPathFactory) -> object:
    folder = tmp_path_factory.mktemp("objects")

    def compile_(code: str, *flags: str) -> Path:
        (folder / "sample.rs").write_text(code)
        words = ["rustc", "--edition=2024", "--crate-type=bin", "-Aunused", "-Ccodegen-units=1", "--emit=obj=sample.o"]
        subprocess.run([*words, *flags, "sample.rs"], cwd=folder, check=True)
        return folder / "sample.o"

    return compile_


@pytest.mark.parametrize("flags", [(), ("-Copt-level=3",), ("-Cpanic=abort",), ("-Cdebuginfo=2",)])
def test_an_ordinary_object_holds_no_surprise(compile_: object, flags: tuple[str, ...]) -> None:
    """Statics, thread-locals, generic functions and callbacks are nobody else's."""
    assert callable(compile_)
    assert "" == surprise(compile_(PLAIN, *flags))


@pytest.mark.parametrize("expected", LOUD)
def test_what_acts_without_being_called_is_found(compile_: object, expected: str) -> None:
    """Constructors, gathered sections, visible symbols and functions chosen while loading are told by name."""
    assert callable(compile_)
    assert surprise(compile_(LOUD[expected] + "\nfn main() {}")).startswith(expected)


def test_more_sections_than_a_header_can_count(tmp_path: Path) -> None:
    """From 65280 sections on, the first section tells how many there are; an unusual one among them is found."""
    as_ = shutil.which("as")
    assert as_, "binutils are there wherever rustc links"
    names = "".join(f'.section .text.f{n},"ax",@progbits\n.byte 0\n' for n in range(66_000))
    for last, expected in (("", ""), ('.section .preinit_array,"aw",@preinit_array\n.quad 0\n', "`.preinit_array`")):
        (tmp_path / "many.s").write_text(names + ".globl main\nmain: nop\n" + last)
        subprocess.run([as_, "-o", "many.o", "many.s"], cwd=tmp_path, check=True)
        assert expected in surprise(tmp_path / "many.o")
        assert expected or not surprise(tmp_path / "many.o")


def test_files_that_are_no_objects(tmp_path: Path, compile_: object) -> None:
    """A folder, a FIFO, a link, a text, another format, a program and nothing are not understood, and nothing waits."""
    assert callable(compile_)
    whole = compile_(PLAIN)
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "link.o").symlink_to(whole)
    for name, content in (("text", b"fn"), ("empty", b""), ("mach", struct.pack("<8I", 0xFEEDFACF, *range(7)) * 9)):
        (tmp_path / name).write_bytes(content)
    for path in (tmp_path, *tmp_path.iterdir(), tmp_path / "none", Path("/bin/sh").resolve()):
        with pytest.raises(NotUnderstoodError):
            surprise(path)


def forged(path: Path, names: bytes, starts: list[int], size: int | None = None) -> Path:
    """Write an object with a table of names, the names that begin at `starts`, and a symbol table without a symbol."""
    sections = [(0,) * 10, (0, 3, 0, 0, 64, len(names) if size is None else size, 0, 0, 0, 0)]
    sections += [(0, 2, 0, 0, 64, 0, 1, 0, 0, 24), *((start, 1, 0, 0, 0, 0, 0, 0, 0, 0) for start in starts)]
    head = struct.pack(
        "<16sHHIQQQIHHHHHH", b"\x7fELF\2\1\1", 1, 62, 1, 0, 0, 64 + len(names), 0, 64, 0, 0, 64, len(sections), 1
    )
    path.write_bytes(head + names + b"".join(struct.pack("<IIQQQQIIQQ", *section) for section in sections))
    return path


def test_names_are_read_once(tmp_path: Path) -> None:
    """Names that share their ends are read; a table in which all names are in each other would be read for ever."""
    assert "" == surprise(forged(tmp_path / "few.o", b"\0.text.abc\0", [1, 1, 10]))
    long = b"\0.text." + b"." * 2_000_000 + b"\0"
    with pytest.raises(NotUnderstoodError, match="in each other"):
        surprise(forged(tmp_path / "many.o", long, [1] * 60_000))


def test_no_room_is_made_for_what_is_not_there(tmp_path: Path) -> None:
    """A table of 250 MiB in a file of a few bytes takes no memory."""
    path = forged(tmp_path / "claims.o", b"\0", [], size=250 * 1024 * 1024)
    code = (
        "import resource, sys, pathlib\n"
        "from mkdocs_codeexec.languages.rust.batch.objects import NotUnderstoodError, surprise\n"
        "size = int(open('/proc/self/statm').read().split()[0]) * resource.getpagesize()\n"
        "resource.setrlimit(resource.RLIMIT_AS, (size + 2**26, size + 2**26))\n"
        "try: surprise(pathlib.Path(sys.argv[1]))\n"
        "except NotUnderstoodError as error: print(error)"
    )
    assert "it ends too early\n" == subprocess.check_output([sys.executable, "-c", code, path], text=True)


def test_torn_and_forged_objects_are_refused_or_read(tmp_path: Path, compile_: object) -> None:
    """Whatever bytes are changed, the answer is a text or a refusal, soon."""
    assert callable(compile_)
    whole = compile_(PLAIN).read_bytes()
    rng = random.Random(7)
    (path := tmp_path / "torn.o").touch()
    answers: set[type] = set()
    sections = struct.unpack_from("<Q", whole, 40)[0]
    for number in range(600):
        torn = bytearray(whole if number % 3 else whole[: rng.randrange(len(whole))])
        for _ in range(rng.randrange(1, 6)):
            start = rng.choice((rng.randrange(64), rng.randrange(sections, len(whole)), rng.randrange(len(whole))))
            if start < len(torn) - 8:
                struct.pack_into("<Q", torn, start, rng.choice((0, 1, 2**63, 2**64 - 1, rng.randrange(2**32))))
        path.write_bytes(torn)
        try:
            answers.add(type(surprise(path)))
        except NotUnderstoodError:
            answers.add(NotUnderstoodError)

    assert answers == {str, NotUnderstoodError}
