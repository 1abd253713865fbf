"""What compiled samples bring into a program beside functions that their `main` calls: read from their object file.

The object holds what rustc made of the samples, macros of dependencies included, and nothing that the Environment brings
by itself; that stands in the program. Of the format (the ELF specification, "Sections" and "Symbol Table") no more is
read than is needed to say that nothing is unusual.
"""

from __future__ import annotations

import os
import re
import stat
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path

_LARGEST = 1 << 28
"""Bytes of a table that are read: a crate of many samples has some ten thousand sections, and names of a megabyte."""
_IFUNC = 10
_HIDDEN = frozenset({1, 2})  # STV_INTERNAL, STV_HIDDEN
_SYMTAB = 2
_SYMBOLS = frozenset({b"main", b"DW.ref.rust_eh_personality", b"__rustc_debug_gdb_scripts_section__"})
"""What every program of rustc has; two of the first do not link."""
_MANGLED = re.compile(rb"_ZN\d|_R[A-Z]")
_ALLOCATOR = b"___rustc"
"""In the names of the functions through which every allocation goes, where a `global_allocator` is the samples' own."""
_SECTION = re.compile(
    rb"(?:\.(?:text|s?l?r?o?data|s?l?bss|tdata|tbss|rela?|eh_frame|gcc_except_table|comment|note|group|debug_\w+"
    rb"|symtab|symtab_shndx|strtab|shstrtab|llvm_addrsig|ARM|riscv)(?:\..*)?)?",
    re.DOTALL,
)
"""Sections of code and data that nobody looks for. Others are run, or gathered, without being called."""
_TYPES = frozenset({14, 15, 16})  # SHT_INIT_ARRAY, SHT_FINI_ARRAY, SHT_PREINIT_ARRAY


_KNOWN = re.compile(
    rb"__do_global_dtors_aux_fini_array_entry|__frame_dummy_init_array_entry|(?:_ZN|_RN).*3std.*ARGV_INIT_ARRAY.*"
)
"""What every program runs before and after `main`: the C runtime's and the standard library's."""
_DYNSYM = 11
_FUNCTIONS = frozenset({2, _IFUNC})


class NotUnderstoodError(ValueError):
    """The file is no object, or no program, that is understood here: of another format, of another kind, or broken."""


class _Section(NamedTuple):
    """A section, by the fields of its header that matter."""

    name: int
    type: int
    offset: int
    size: int
    link: int
    info: int


class _Layout(NamedTuple):
    """How a class of ELF files writes things down: `struct` formats, and where fields are in them."""

    header: str
    section: str
    symbol: str
    order: tuple[int, int, int, int]  # of a symbol: name, info, other, section
    info: int
    pointer: int


_LAYOUTS = {
    1: _Layout("HHIIIIIHHHHHH", "IIIIIIIIII", "IIIBBH", (0, 3, 4, 5), 12, 4),
    2: _Layout("HHIQQQIHHHHHH", "IIQQQQIIQQ", "IBBHQQ", (0, 1, 2, 3), 4, 8),
}


class _File(NamedTuple):
    """An ELF file that is open."""

    descriptor: int
    layout: _Layout
    order: str
    sections: list[_Section]
    names: bytes

    def name(self, section: _Section) -> bytes:
        return _text(self.names, section.name)

    def table(self, kind: int) -> _Section | None:
        """Return the one symbol table of `kind`, if there is any."""
        found = [section for section in self.sections if section.type == kind]
        if len(found) > 1:
            raise NotUnderstoodError("more than one symbol table")
        return found[0] if found else None

    def symbols(self, table: _Section) -> tuple[bytes, Iterator[tuple[int, int, int, int]]]:
        """Return the names of symbols, and of each that is nobody's own alone: name, info, other, section."""
        form = struct.Struct(self.order + self.layout.symbol)
        raw = _read(self.descriptor, table.offset, table.size)
        if table.size % form.size or table.info * form.size > table.size:
            raise NotUnderstoodError("a torn symbol table")
        names = self.sections[table.link]
        a, b, c, d = self.layout.order
        return _read(self.descriptor, names.offset, names.size), (
            (found[a], found[b], found[c], found[d]) for found in form.iter_unpack(raw)
        )


def surprise(path: Path) -> str:
    """Return what is unusual about the object file `path`, in words; empty if nothing is.

    Unusual is what acts without being called by name: constructors and destructors, symbols that could stand for those
    of a library, functions that are chosen while loading, and sections that somebody gathers.

    Raises:
        NotUnderstoodError: It is no such file.
    """
    with _opened(path, kinds=(1,)) as file:
        return next(_surprises(file), "")


def registered(path: Path) -> str:
    """Return what the program `path` runs before or after `main`, or puts in the place of a shared library's function.

    Empty if that is nothing but what every program has. It may be of any library in it.

    Raises:
        NotUnderstoodError: It is no such file, or its symbols were taken out.
    """
    with _opened(path, kinds=(2, 3)) as file:
        return next(_registered(file), "")


@contextmanager
def _opened(path: Path, kinds: tuple[int, ...]) -> Iterator[_File]:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise NotUnderstoodError(str(error)) from error
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise NotUnderstoodError("no regular file")
        yield _file(descriptor, kinds)
    except (OSError, struct.error, OverflowError, IndexError) as error:
        raise NotUnderstoodError(str(error)) from error
    finally:
        os.close(descriptor)


def _file(descriptor: int, kinds: tuple[int, ...]) -> _File:
    ident = _read(descriptor, 0, 16)
    layout, order = _LAYOUTS.get(ident[4]), {1: "<", 2: ">"}.get(ident[5])
    if ident[:4] != b"\x7fELF" or layout is None or order is None:
        raise NotUnderstoodError("no ELF file")
    header = struct.Struct(order + layout.header)
    fields = header.unpack(_read(descriptor, 16, header.size))
    if fields[0] not in kinds:
        raise NotUnderstoodError("another kind of ELF file")
    sections = _sections(descriptor, struct.Struct(order + layout.section), fields[5], fields[11])
    names = sections[fields[12] if fields[12] != 0xFFFF else sections[0].link]
    return _File(descriptor, layout, order, sections, _read(descriptor, names.offset, names.size))


def _surprises(file: _File) -> Iterator[str]:
    for section in file.sections:
        name = file.name(section)
        if section.type in _TYPES or not _SECTION.fullmatch(name):
            yield f"the section `{name.decode('utf-8', 'replace')}`"
    table = file.table(_SYMTAB)
    if table is None:
        return
    text, symbols = file.symbols(table)
    for number, (start, info, other, place) in enumerate(symbols):
        if info & 15 == _IFUNC:
            yield "a function that is chosen while loading"
        if number < table.info or not place:  # it is this file's own, or is looked for elsewhere
            continue
        name = _text(text, start)
        ours = name in _SYMBOLS or (other & 3 in _HIDDEN and _MANGLED.match(name) and _ALLOCATOR not in name)
        if not ours:
            yield f"the symbol `{name.decode('utf-8', 'replace')}`"


def _registered(file: _File) -> Iterator[str]:
    arrays = {
        number: section.size // file.layout.pointer
        for number, section in enumerate(file.sections)
        if section.type in _TYPES or file.name(section) in (b".ctors", b".dtors")
    }
    table = file.table(_SYMTAB)
    if table is None:
        raise NotUnderstoodError("it has no symbols")
    text, symbols = file.symbols(table)
    known = sum(_KNOWN.fullmatch(_text(text, start)) is not None for start, *_, place in symbols if place in arrays)
    if known < sum(arrays.values()):
        yield "what runs before or after `main`"
    if (dynamic := file.table(_DYNSYM)) is not None:
        text, symbols = file.symbols(dynamic)
        for start, info, _, place in symbols:
            if place and info & 15 in _FUNCTIONS:
                yield f"the symbol `{_text(text, start).decode('utf-8', 'replace')}`"


def _sections(descriptor: int, form: struct.Struct, offset: int, count: int) -> list[_Section]:
    """Return the sections; where there are too many for the header, the first tells how many (gABI, `e_shnum`)."""

    def read(number: int) -> list[_Section]:
        # name, type, flags, address, offset, size, link, info, …
        raw = _read(descriptor, offset, form.size * number)
        return [_Section(*found[:2], *found[4:8]) for found in form.iter_unpack(raw)]

    return read(count or read(1)[0].size)


def _read(descriptor: int, offset: int, size: int) -> bytes:
    if size > _LARGEST:
        raise NotUnderstoodError("it is too large")
    found = os.pread(descriptor, size, offset)
    if len(found) != size:
        raise NotUnderstoodError("it ends too early")
    return found


def _text(strings: bytes, start: int) -> bytes:
    end = strings.find(b"\0", start)
    if start > len(strings) or end < 0:
        raise NotUnderstoodError("a name has no end")
    return strings[start:end]
