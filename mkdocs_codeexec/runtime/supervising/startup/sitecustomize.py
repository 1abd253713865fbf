"""What a Python that runs a sample imports when it has started, before the sample: it lets itself be observed.

`site` imports this module by its name, because its folder comes first on `PYTHONPATH`. It takes that folder out of all
that a sample can see, puts a filter of system calls on the process, sends the listener to the supervisor
(`supervising.observing`), and lets the module of this name have its turn that would have been imported otherwise.

The import system then tells what it looks for: a module that is not there yet would make no system call, for the names
in a folder are remembered. In return its own calls are not sent to the supervisor; four in five calls are of that kind.

It starts with every sample, so it imports as little as possible. What goes wrong is told the supervisor by one call that
it sees, or by no listener at all: the sample runs on unobserved.
"""

# ruff: noqa: SLF001, TID251, INP001 - the import system has no public place for this; the environment is the child's own
from __future__ import annotations

import posix
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_FOLDER = __file__.rpartition("/")[0]
_SOCKET = 3
_QUIET = 0x7FFFC0DE
_NAMES = "/codeexec-names/"
_BLIND = "/codeexec-blind"
_SHOWS = "/rich_display/inside"
"""How the folder ends that comes next on `PYTHONPATH`, where a sample may show more than text."""
_MOST = 60_000
"""Bytes that the supervisor takes with the listener."""


def _hide() -> None:
    """Take away what led here."""
    import os

    rest = os.environ.pop("PYTHONPATH", "").split(":")[1:]
    shows = rest.pop(0) if rest and rest[0].endswith(_SHOWS) else ""
    while _FOLDER in sys.path:
        sys.path.remove(_FOLDER)
    if shows:
        _show(shows)
    if rest:
        os.environ["PYTHONPATH"] = ":".join(rest)
    sys.path_importer_cache.pop(_FOLDER, None)


def _show(folder: str) -> None:
    """Let the sample show things, by the module in `folder`, which is the next one on the path."""
    try:
        import codeexec_display  # type: ignore[import-not-found]

        codeexec_display.install()
    except Exception:  # noqa: BLE001, S110 - the sample runs without
        pass
    sys.modules.pop("codeexec_display", None)
    while folder in sys.path:
        sys.path.remove(folder)
    sys.path_importer_cache.pop(folder, None)


def _listen(told: bytes) -> bool:
    """Take the filter from the socket, put it on this process, and send the listener and what is `told` beside it.

    Return whether that was done.

    By calls of the system, through `_ctypes` alone: `ctypes` and `socket` would take longer than all else.
    """
    import _ctypes

    everything: Any = None
    call = _ctypes.dlsym(_ctypes.dlopen(everything, 2), "syscall")
    seccomp, sendmsg = (317, 46) if posix.uname().machine == "x86_64" else (277, 211)
    program = posix.read(_SOCKET, 65536)
    value = _words(len(program) // 8, _address(program))
    listener = _ctypes.call_function(call, (seccomp, 1, 8, value))
    if listener >= 0:
        # `struct cmsghdr` with SOL_SOCKET and SCM_RIGHTS, `struct iovec` and `struct msghdr` (`recv(2)`, `cmsg(3)`).
        control = _words(20, 1 | 1 << 32, listener)
        text = b"L" + told
        vector = _words(_address(text), len(text))
        header = _words(0, 0, _address(vector), 1, _address(control), len(control), 0)
        _ctypes.call_function(call, (sendmsg, _SOCKET, header, 0))
        posix.close(listener)
    posix.close(_SOCKET)
    return bool(listener >= 0)


def _words(*numbers: int) -> bytes:
    return b"".join(number.to_bytes(8, "little") for number in numbers)


def _address(text: bytes) -> int:
    """Return where the contents of an object are."""
    return id(text) + bytes.__basicsize__ - 1


def _look_for(path: str) -> None:
    """Look for `path`, for the supervisor to see."""
    try:
        posix.access(path, 0)
    except ValueError:  # no file has such a name
        pass


def _library() -> str:
    """Return the folder of Python's own modules."""
    return str(sys.modules["os"].__file__).rpartition("/")[0]


def _observe_imports() -> None:
    """Have the import system tell which modules it looks for in which folders, and look for their files quietly."""
    external: Any = sys.modules["_frozen_importlib_external"]
    finder = external.FileFinder
    library = _library()
    untold = (library, library + "/lib-dynload", posix.getcwd())
    fill, find, stat = finder._fill_cache, finder.find_spec, posix.stat

    def _fill_cache(self: Any) -> None:
        path = self.path
        if not path.startswith("/"):
            fill(self)
            return
        try:
            fd = posix.open(path, posix.O_RDONLY | posix.O_DIRECTORY | posix.O_CLOEXEC, dir_fd=_QUIET)
        except OSError:
            self._path_cache = set()
            return
        try:
            self._path_cache = set(posix.listdir(fd))
        except OSError:
            self._path_cache = set()
        finally:
            posix.close(fd)

    def find_spec(self: Any, fullname: str, target: Any = None) -> Any:
        path = self.path
        if path not in untold and ("-packages" in path or not path.startswith(library + "/")):
            name = fullname.rpartition(".")[2]
            _look_for(f"{_NAMES}{path}\n{name}")
            spec = find(self, fullname, target)
            if spec is not None and name in self._path_cache:
                _look_for(f"{_NAMES}{path}/{name}\n__init__")
            return spec
        return find(self, fullname, target)

    def _path_stat(path: str) -> Any:
        return stat(path, dir_fd=_QUIET) if path.startswith("/") else stat(path)

    def _path_isdir(path: str) -> bool:
        own = path in untold or (path.startswith(library + "/") and "-packages" not in path)
        try:
            mode = stat(path, dir_fd=_QUIET).st_mode if own else stat(path or posix.getcwd()).st_mode
        except OSError:
            return False
        return mode & 0o170000 == 0o040000

    read = external.FileLoader.get_data

    def get_data(self: Any, path: Any) -> bytes:
        if not isinstance(path, str) or not path.startswith(library + "/") or "-packages/" in path:
            return read(self, path)  # type: ignore[no-any-return]
        with external._io.FileIO(posix.open(path, posix.O_RDONLY | posix.O_CLOEXEC, dir_fd=_QUIET), "r") as file:
            return file.read()  # type: ignore[no-any-return]

    get_data.__qualname__ = read.__qualname__
    external.FileLoader.get_data = get_data
    find_spec.__qualname__, _fill_cache.__qualname__ = find.__qualname__, fill.__qualname__
    finder._fill_cache, finder.find_spec = _fill_cache, find_spec
    external._path_stat, external._path_isdir = _path_stat, _path_isdir
    for path, found in list(sys.path_importer_cache.items()):
        if found is None:  # it was not there when Python started: whoever looks again is seen
            del sys.path_importer_cache[path]


def _of_the_start() -> list[str]:
    """Return the files of modules that `.pth` files have had imported."""
    library = _library()
    found = []
    for module in list(sys.modules.values()):
        file = getattr(module, "__file__", None)
        ours = isinstance(file, str) and (
            file.startswith(_FOLDER) or (file.startswith(library) and "-packages/" not in file)
        )
        if isinstance(file, str) and not ours:
            found.append(f"f{file}")
    return found


def _come_next() -> list[str] | None:
    """Look for the module of this name that comes next on the path, while nobody listens: it hardly ever is there.

    Return what was looked for, a letter and a path each; None if the module is there, or if only imports can tell.
    """
    external: Any = sys.modules["_frozen_importlib_external"]
    if len(sys.path_hooks) != 2:  # those of Python itself
        return None
    own = (_library(), _library() + "/lib-dynload")
    found = []
    for path in sys.path:
        if not path.startswith("/"):
            return None
        try:
            is_folder = posix.stat(path).st_mode & 0o170000 == 0o040000
        except FileNotFoundError:
            found.append(f"f{path}")
            continue
        finder: Any = external.PathFinder._path_importer_cache(path) if is_folder else None
        if type(finder) is not external.FileFinder or finder.find_spec("sitecustomize") is not None:
            return None
        if path not in own:
            found.append(f"n{path}\nsitecustomize")
    return found


def _is_found_elsewhere() -> bool:
    """Tell whether anything else than the path may lead to the module that comes next."""
    bootstrap: Any = sys.modules["_frozen_importlib"]
    usual = (bootstrap.BuiltinImporter, bootstrap.FrozenImporter, sys.modules["_frozen_importlib_external"].PathFinder)
    try:
        others: list[Any] = [finder for finder in sys.meta_path if finder not in usual]
        return any(finder.find_spec("sitecustomize", None, None) is not None for finder in others)
    except Exception:  # noqa: BLE001 - the import will tell
        return True


def _start() -> bool:
    """Be observed from now on, if anybody listens; return whether the module of this name that comes next is nowhere."""
    _hide()
    told: list[str] = []
    coming = None
    listening = False
    try:
        told = _of_the_start()
        try:
            coming = _come_next()
        except Exception:  # noqa: BLE001 - the import will tell
            coming = None
        told += coming or ()
        text = "\0".join(told).encode(sys.getfilesystemencoding(), sys.getfilesystemencodeerrors())
        if len(text) <= _MOST:
            told = []
        listening = _listen(b"" if told else text)
    except Exception:  # noqa: BLE001 - the sample runs on unobserved
        try:
            posix.close(_SOCKET)
        except OSError:
            pass
    if not listening:
        return False
    try:
        for item in told:  # what is too long
            _look_for(item[1:] if item[0] == "f" else _NAMES + item[1:])
        _observe_imports()
    except Exception:  # noqa: BLE001 - as above
        _look_for(_BLIND)
        return False
    return coming is not None


def _go_on() -> None:
    """Import the module of this name that comes next."""
    ours = sys.modules.pop("sitecustomize")
    try:
        import sitecustomize  # type: ignore[import-not-found]  # noqa: F401
    except ImportError as error:
        if error.name != "sitecustomize":
            raise
        sys.modules["sitecustomize"] = ours


if not _start() or _is_found_elsewhere():
    _go_on()
