"""The child, between fork and exec: what it is before it is another program."""

from __future__ import annotations

import errno
import os
import resource
import time

from . import privileges, user_namespace
from .processes import ON_LINUX, PR_SET_DUMPABLE, PR_SET_PDEATHSIG, prctl
from .protocol import PROJECT, SCRATCH, STEPS
from .signals import signal

TYPE_CHECKING = False  # importing `typing` would cost a fifth of the start
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, NoReturn

    Request = dict[str, Any]
    Start = Callable[[bytes, tuple[bytes, ...], dict[bytes, bytes]], int]

MOST_FILES = 256
"""Descriptors that a supervisor never has more of."""
SIGNALS = [int(number) for number in signal.valid_signals()]


def first(request: Request, pipes: list[int]) -> NoReturn:
    """Be the first process of new namespaces: furnish them, give all privileges up, and start the program of `request`."""
    report, status = pipes[3:5]
    try:
        from . import namespaces

        signal.set_wakeup_fd(-1)
        os.setsid()
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        os.umask(0o022)
        namespaces.furnish(request)
        if request["handing"] >= 0:
            from . import handing

            handing.hand(request["handing"], os.path.join(request["scratch"], "work"))
        if request["has_group"]:
            namespaces.leave_groups()
        privileges.drop(request["user"])
        prctl(PR_SET_DUMPABLE, 0)
        install(request)
        privileges.limit(request["limits"], tasks(request))
        share(request)
        enter(request["cwd"].encode("latin-1"))
        given = observe(request, pipes)
        leads = not request["columns"]
        child = execute(request, lambda path, argv, env: spawn(path, argv, env, given, leads=leads))
        # Nothing is held open here that somebody waits for the end of: the child's input, or our parent's answers.
        os.closerange(0, status)
        os.closerange(status + 1, MOST_FILES)
        namespaces.watch_over(child, status, request["scratch"])
    except BaseException as error:  # noqa: BLE001 - as below
        tell(report, error, request["argv"][0])
    finally:
        os._exit(127)


def become(request: Request, pipes: list[int]) -> NoReturn:
    """Turn this forked process into the program of `request`; report on the fourth of `pipes` if that cannot be."""
    report = pipes[3]
    try:
        if request["columns"]:
            os.setpgid(0, 0)  # see `spawn`; our parent has a session of its own, without a terminal
        else:
            os.setsid()
        if ON_LINUX:
            # If someone kills the supervisor, at least its child goes with it. Bound to the thread that forked: the only one.
            prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        os.umask(0o022)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        if request["tier"] != "off":
            confine(request, pipes)
            privileges.limit(request["limits"], tasks(request))
            share(request)
        if ON_LINUX:
            prctl(PR_SET_DUMPABLE, 1)
        enter(request["cwd"].encode("latin-1"))
        reset_signals()
        for target, source in enumerate(observe(request, pipes)):
            os.dup2(source, target)  # all other descriptors are close-on-exec (PEP 446)
        execute(request, os.execve)
    except BaseException as error:  # noqa: BLE001 - whatever it is must be told, and this process must end
        tell(report, error, request["argv"][0])
    finally:
        os._exit(127)


def share(request: Request) -> None:
    """Leave a sample few processors; a compiler may use them all."""
    if ON_LINUX and not request["keeps"]:
        privileges.share_processors()


def observe(request: Request, pipes: list[int]) -> list[int]:
    """Let the file look-ups of the program be observed if `request` says so; return the descriptors that it is given.

    The last of `pipes` is a socket then: the listener is sent on it, or it is the program that will do so.
    """
    if request["observe"] == "exec":
        from . import observing

        observing.filter_here(filters_of_calls(writes=request["project"] is not None), pipes[5])
    return [*pipes[:3], *([pipes[5]] if request["observe"] == "python" else [])]


def tell(report: int, error: BaseException, where: str) -> None:
    """Say on the descriptor `report` what went wrong: the number of the error (`errno(3)`) or 0, and words."""
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    if isinstance(error, OSError) and error.filename:
        where = os.fsdecode(error.filename)
    number = error.errno if isinstance(error, OSError) else None
    os.write(report, f"{number or 0} `{where}`: {text}".encode("utf-8", "replace")[:4096])


def confine(request: Request, pipes: list[int]) -> None:
    """Take away what a child of the tiers without namespaces must not have.

    Raises:
        OSError: The system refuses it.
    """
    if request["user"] is not None and ON_LINUX:
        from . import namespaces

        namespaces.reach([*request["readable"], *request["writable"], *filter(None, [request["scratch"]])])
    if request["tier"] == "landlock":
        from . import landlock

        # Not what holds the three: whoever could rename them would have our parent clean up after links.
        names = (*SCRATCH, *((PROJECT,) if request["project"] is not None else ()))
        own = [os.path.join(request["scratch"], name) for name in names] if request["scratch"] else []
        writable = [*request["writable"], *own]
        steps = os.path.join(request["scratch"], STEPS) if request["scratch"] else ""
        shown = [*request["readable"], *([steps] if os.path.isdir(steps) else [])]
        readable, folders = ([os.fsencode(path) for path in paths] for paths in (shown, writable))
        terminal = pipes[1] if request["columns"] else -1
        landlock.restrict(readable, folders, network=request["network"], terminal=terminal)
        privileges.drop(request["user"])
        install(request)
    elif ON_LINUX:
        privileges.drop(request["user"])
    elif request["user"] is not None:
        os.setgid(request["user"])
        os.setuid(request["user"])


_filters: dict[tuple[str, str], bytes] = {}


def filters_of_calls(*, writes: bool = False) -> bytes:
    """Return the filter that sends look-ups to the supervisor, and with `writes` more; nothing where none is to be had."""
    if writes not in _observing:
        from . import observing, seccomp

        _observing[writes] = (observing.program(writes=writes) if seccomp.works() else None) or b""
    return _observing[writes]


_observing: dict[bool, bytes] = {}


def purpose(request: Request) -> str:
    """Return what the child of `request` is for, in the words of `seccomp`."""
    return "network" if request["network"] else "compile" if request["keeps"] else "run"


def prepare(request: Request) -> None:
    """Load what confines children like that of `request`, and make their filter of system calls: once, not in each."""
    kind = request["tier"], purpose(request)
    if request["handing"] >= 0:
        from . import handing  # noqa: F401 - loaded here, used where its file is not seen

    if request["user"] is not None:
        user_namespace.prepare()
    if kind not in _filters:
        if request["tier"] == "bubblewrap":
            privileges.bound()  # it starts no other program than children
        from . import landlock, namespaces, seccomp  # noqa: F401 - loaded here, used there

        alone = request["tier"] == "bubblewrap"
        _filters[kind] = (request["tier"] != "limits" and seccomp.program(kind[1], alone=alone)) or b""


def install(request: Request) -> None:
    """Allow the system calls that programs need, and no other.

    Raises:
        OSError: The kernel refuses that.
    """
    from . import seccomp

    if program := _filters[request["tier"], purpose(request)]:
        seccomp.install(program)


def tasks(request: Request) -> int | None:
    """Return how many processes and threads the user of this process may have, for RLIMIT_NPROC.

    A user of its own has those of one child. Else the system counts everything that the user runs: what there is on
    the whole machine is added, and the watchdog counts exactly.
    """
    most: int | None = request["limits"]["processes"]
    if most is None or not ON_LINUX:
        return None
    if request["user"] is not None:
        return most + int(request["tier"] == "bubblewrap")  # the first process of its namespaces
    if request["tier"] == "bubblewrap":
        return most + 2  # the same, and the supervisor: in a user namespace nobody else is counted
    with open("/proc/loadavg", "rb") as file:
        return most + int(file.read().split()[3].rpartition(b"/")[2])


def enter(cwd: bytes) -> None:
    """Change to `cwd`, which says in its error that it is a working directory."""
    try:
        os.chdir(cwd)  # noqa: TID251 - the child's own directory
    except OSError as error:
        error.strerror = f"{error.strerror} (the working directory)"
        raise


def reset_signals() -> None:
    """Give every signal its default action: Python ignores SIGPIPE, `nohup` SIGHUP, and we SIGINT."""
    for number in SIGNALS:
        if signal.getsignal(number) != signal.SIG_DFL:
            signal.signal(number, signal.SIG_DFL)
    signal.set_wakeup_fd(-1)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def execute(request: Request, start: Start) -> int:
    """Have `start` begin the program of `request`, which is looked up on its own `PATH` as `execvp(3)` does it.

    Raises:
        OSError: It is not there, or the system refuses it.
    """
    argv = tuple(arg.encode("latin-1") for arg in request["argv"])
    env = {name.encode("latin-1"): value.encode("latin-1") for name, value in request["env"].items()}
    program = argv[0]
    if b"/" in program:
        return begin(program, argv, env, start)
    failure: OSError = FileNotFoundError(errno.ENOENT, "not found on PATH", program)
    for folder in env.get(b"PATH", os.defpath.encode()).split(b":"):
        try:
            return begin(os.path.join(folder, program) if folder else b"./" + program, argv, env, start)
        except (FileNotFoundError, NotADirectoryError):
            continue
        except PermissionError as error:
            failure = error
    raise failure


def begin(path: bytes, argv: tuple[bytes, ...], env: dict[bytes, bytes], start: Start) -> int:
    """Call `start`; a file that was written a moment ago may still be open in a process that was forked then."""
    for attempt in range(5):
        try:
            return start(path, argv, env)
        except OSError as error:
            error.filename = path
            if error.errno != errno.ETXTBSY or attempt == 4:
                raise
            time.sleep(0.02 * 2**attempt)
    raise AssertionError


def spawn(path: bytes, argv: tuple[bytes, ...], env: dict[bytes, bytes], pipes: list[int], *, leads: bool) -> int:
    """Start a program in a new process, which is never a copy of this one: that saves most of a millisecond.

    Without `leads` it leads a group, and no session: the terminal that the leader of a session opens becomes that of the
    session (bash does so when it starts), and when the leader ends, whatever it has left is hung up.
    """
    actions = [(os.POSIX_SPAWN_DUP2, source, target) for target, source in enumerate(pipes)]
    alone: dict[str, Any] = {"setsid": True} if leads else {"setpgroup": 0}
    return os.posix_spawn(path, argv, env, file_actions=actions, setsigmask=(), setsigdef=SIGNALS, **alone)
