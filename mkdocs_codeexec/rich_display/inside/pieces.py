"""One piece that is shown: from a value to a MIME bundle, and from that to a section of the standard output.

The sections are those of `core.displays`. A text of its own, which is executed where it is needed: it imports nothing
of ours, and what it needs of Python when it needs it.
"""

# ruff: noqa: BLE001, S110, SIM105, T201 - what a value does when it is asked is its own affair, and never ends a sample
from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

BUNDLE = "application/vnd.codeexec.bundle+json"
MOST = 1000
"""Pieces that one program shows."""
LARGEST = 32 * 1024 * 1024
"""Bytes of all that it shows."""
VECTOR = 1024 * 1024
"""Bytes of an SVG file beyond which a figure is shown as PNG: one point each of a great many."""
SALT = "codeexec"
"""With which matplotlib names the parts of an SVG file, in place of a random one."""
_METHODS = {
    "_repr_html_": "text/html",
    "_repr_svg_": "image/svg+xml",
    "_repr_png_": "image/png",
    "_repr_jpeg_": "image/jpeg",
    "_repr_markdown_": "text/markdown",
    "_repr_latex_": "text/latex",
    "_repr_json_": "application/json",
}
_CANARY = "_ipython_canary_method_should_not_exist_"
"""An object that has this says yes to every name."""


def _standard_output() -> tuple[int, int] | None:
    """Return which file standard output is, device and inode; None if it is closed."""
    try:
        about = os.fstat(1)
    except OSError:
        return None
    return about.st_dev, about.st_ino


STDOUT: tuple[int, int] | None = globals().get("STDOUT") or _standard_output()
"""What standard output was when Python started, or when this was executed."""
WARMED: str | None = globals().get("WARMED")
"""The file with the list of fonts that matplotlib would make (`runtime.warmed`); None if it shall make it."""

_count = 0
_size = 0
_told: set[str] = set()


def tell(message: str) -> None:
    """Say once, on standard error, what is not shown and why."""
    if message not in _told:
        _told.add(message)
        print(f"codeexec: {message}", file=sys.stderr)


def is_full() -> bool:
    """Tell, also whoever reads standard error, whether nothing more can be shown."""
    if _count >= MOST:
        tell(f"a sample shows {MOST:,} figures and values at most; the others are left out")
    return _count >= MOST


def emit(bundle: Mapping[str, Any]) -> None:
    """Show `bundle`, contents by type, behind all that was printed so far."""
    global _count, _size  # noqa: PLW0603 - there is one standard output
    if not bundle or is_full():
        return
    import json

    contents = {}
    for name, content in bundle.items():
        mime = str(name).lower()
        try:
            if content is not None:
                contents[mime] = _written(mime, content)
        except Exception as error:
            tell(f"what was to be shown as `{mime}` is left out: {error}")
    if not contents:
        return
    body = f"EVCXR_BEGIN_CONTENT {BUNDLE}\n{json.dumps(contents)}\nEVCXR_END_CONTENT\n".encode()
    if _size + len(body) > LARGEST:
        tell(f"a sample shows {LARGEST // 2**20} MiB at most; what comes then is left out")
        return
    if not _write(body):
        tell("standard output is closed, or leads elsewhere by now; what is shown then is left out")
        return
    _count += 1
    _size += len(body)


def _written(mime: str, content: Any) -> Any:
    """Return `content` as JSON holds it: bytes are base64.

    Raises:
        ValueError: It is nothing of the type `mime`, or that is no type.
        TypeError: JSON cannot hold it.
        RecursionError: It holds itself.
    """
    import base64
    import json
    import re

    if not re.fullmatch(r"[a-z]+/[a-z0-9][a-z0-9.+-]{0,80}", mime) or mime == BUNDLE:
        raise ValueError("that is no MIME type")
    is_binary = mime.startswith(("image/", "audio/", "video/", "font/")) and mime != "image/svg+xml"
    if isinstance(content, bytes | bytearray | memoryview):
        return base64.b64encode(content).decode() if is_binary else bytes(content).decode("utf-8", "replace")
    if isinstance(content, str):
        if is_binary:
            base64.b64decode("".join(content.split()), validate=True)
        return content
    if is_binary or mime.startswith("text/") or mime == "image/svg+xml":
        raise ValueError(f"it is `{_called(content)}`, expected {'bytes' if is_binary else 'a text'}")
    json.dumps(content)
    return content


def _write(body: bytes) -> bool:
    """Write `body` to the real standard output, wherever `sys.stdout` leads; return whether that was possible."""
    for stream in (getattr(sys, "stdout", None), sys.__stdout__):
        try:
            stream.flush()  # type: ignore[union-attr]
        except Exception:
            pass  # closed, or something else by now
    try:
        about = os.fstat(1)
        if STDOUT not in (None, (about.st_dev, about.st_ino)):
            return False
        buffer: Any = sys.__stdout__.buffer  # type: ignore[union-attr]
        if buffer.fileno() == 1 and os.get_blocking(1):  # what other threads print waits
            buffer.write(body)
            buffer.flush()
            return True
    except OSError:
        return False
    except Exception:
        pass
    while body:
        try:
            body = body[os.write(1, body) :]
        except BlockingIOError:  # somebody has made the pipe so, and nobody has read it yet
            import time

            time.sleep(0.001)
        except OSError:
            return False
    return True


def bundle_of(value: object) -> dict[str, Any]:
    """Return all forms of `value`, as notebooks ask for them, with its `repr` as the last one."""
    found: dict[str, Any] = {}
    if is_figure(value):
        return figure(value)
    if not _is(value, type) and not _has(value, _CANARY):
        found.update(_mimebundle(value))
        for name, mime in _METHODS.items():
            if mime not in found and (content := _content(value, name)) is not None:
                found[mime] = content
    if "text/plain" not in found:
        try:
            said = repr(value)
        except Exception as error:
            _raised(value, "__repr__", error)
        else:  # where it is in memory tells nobody anything, and is another place in each run
            found["text/plain"] = _called(value) if found and (" at 0x" in said or " object>" in said) else said
    if isinstance(html := found.get("text/html"), str):
        found["text/html"] = renamed(html, within="id=[\"'][^\"']*?")
    return found


def renamed(html: str, within: str = "") -> str:
    """Return `html` with names in the place of random ones (UUIDs) that are the same in every run.

    Args:
        html: Any HTML.
        within: A pattern of what stands before those that are replaced, wherever else they are; by default all are.
    """
    import re

    uuid = r"\b[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\b"
    names = list(dict.fromkeys(re.findall(f"{within}({uuid})", html)))
    if not names:
        return html
    places = {name: str(place) for place, name in enumerate(names)}
    start = digest(re.sub(uuid, lambda found: places.get(found[0], found[0]), html))
    return re.sub(uuid, lambda found: f"x{start}-{places[found[0]]}" if found[0] in places else found[0], html)


def digest(value: Any) -> str:
    """Return what names `value`, which JSON can hold."""
    import hashlib
    import json

    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()[:16]


def _mimebundle(value: object) -> dict[str, Any]:
    if not _has(value, "_repr_mimebundle_"):
        return {}
    try:
        made: Any = value._repr_mimebundle_(include=None, exclude=None)  # type: ignore[attr-defined]
    except Exception as error:
        _raised(value, "_repr_mimebundle_", error)
        return {}
    made = made[0] if isinstance(made, tuple) else made
    return {str(mime).lower(): content for mime, content in made.items()} if isinstance(made, dict) else {}


def _content(value: object, name: str) -> Any:
    if not _has(value, name):
        return None
    try:
        made = getattr(value, name)()
    except Exception as error:
        _raised(value, name, error)
        return None
    return made[0] if isinstance(made, tuple) and made else made


def _has(value: object, name: str) -> bool:
    try:
        return callable(getattr(value, name, None))
    except Exception:
        return False


def _is(value: object, kind: Any) -> bool:
    """Tell whether `value` is of a kind; one that raises when it is asked is of none."""
    try:
        return isinstance(value, kind)
    except Exception:
        return False


def _called(value: object) -> str:
    try:
        return type(value).__name__
    except Exception:
        return "object"


def _raised(value: object, name: str, error: Exception) -> None:
    said = " ".join(f"{error}".split())
    tell(f"`{_called(value)}.{name}` raised {type(error).__name__}{': ' if said else ''}{said}")


def show(value: object) -> None:
    """Show the value of a last expression; None is none, and what draws on a figure is seen in that."""
    if value is None or is_full():
        return
    try:
        if _is_drawn(value):
            return
    except Exception:
        pass  # it is something else
    emit(bundle_of(value))
    if is_figure(value):
        _remember(value)


# --- matplotlib -----------------------------------------------------------------------------------------------------


def is_figure(value: object) -> bool:
    """Tell whether `value` is a figure of matplotlib, which is not imported to find that out."""
    module: Any = sys.modules.get("matplotlib.figure")
    return _is(value, getattr(module, "Figure", ()))


def _is_drawn(value: object) -> bool:
    """Tell whether `value` is a part of a figure that is shown, or several: `plt.plot` returns lines, seaborn axes."""
    if "matplotlib.pyplot" not in sys.modules or not next(_managers(), None):
        return False
    artist: Any = sys.modules["matplotlib.artist"].Artist
    if isinstance(value, list | tuple) or type(value).__name__ == "ndarray":
        flat: Any = value if isinstance(value, list | tuple) else value.ravel()  # type: ignore[attr-defined]
        return any(isinstance(one, artist) and not is_figure(one) for one in list(flat)[:100])
    own = getattr(value, "figure", None) if not hasattr(type(value), "_repr_html_") else None
    return not is_figure(value) and (isinstance(value, artist) or is_figure(own))


def _managers() -> Iterator[Any]:
    """Yield the managers of the figures that are open."""
    helpers: Any = sys.modules.get("matplotlib._pylab_helpers")
    yield from helpers.Gcf.get_all_fig_managers() if helpers is not None else ()


def show_figures(*, close: bool) -> None:
    """Show the figures that are open, but for those that have been shown as they are.

    Args:
        close: Whether they are closed then, as a window would be.
    """
    for manager in list(_managers()):
        if not is_full():
            _show_once(manager.canvas.figure)
    helpers: Any = sys.modules.get("matplotlib._pylab_helpers")
    if close and helpers is not None:
        helpers.Gcf.destroy_all()


def show_figure(shown: Any) -> None:
    """Show one figure, which stays open."""
    if not is_full():
        emit(figure(shown))
        _remember(shown)


def _remember(shown: Any) -> None:
    shown._codeexec_shown = _picture(shown)  # noqa: SLF001 - of ours


def _show_once(shown: Any) -> None:
    before = getattr(shown, "_codeexec_shown", None)
    bundle = figure(shown)
    if before is None or before not in [(mime, content) for mime, content in bundle.items()]:
        emit(bundle)
        shown._codeexec_shown = next(iter(bundle.items()))  # noqa: SLF001 - of ours


def figure(shown: Any) -> dict[str, Any]:
    """Return the picture of a figure, and what it is called."""
    mime, content = _picture(shown)
    titles = [getattr(shown, "get_suptitle", str)(), *(axes.get_title() for axes in shown.axes)]
    said = "; ".join(dict.fromkeys(title for title in titles if title))
    return {mime: content, "text/plain": f"Figure: {said}" if said else str(shown)}


def _picture(shown: Any) -> tuple[str, bytes]:
    content = _saved(shown, "svg", {"Date": None})
    if len(content) <= VECTOR:
        return "image/svg+xml", content
    return "image/png", _saved(shown, "png", {"Software": None})


def _saved(shown: Any, kind: str, metadata: Mapping[str, Any]) -> bytes:
    import io

    matplotlib: Any = sys.modules["matplotlib"]
    salt = matplotlib.rcParams["svg.hashsalt"] or SALT
    box = matplotlib.rcParams["savefig.bbox"] or ("tight" if shown.axes else None)
    file = io.BytesIO()
    with matplotlib.rc_context({"svg.hashsalt": salt}):
        shown.savefig(file, format=kind, metadata=metadata, bbox_inches=box)
    return file.getvalue()
