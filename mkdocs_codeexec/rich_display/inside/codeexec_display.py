"""What a Python that runs a sample imports when it starts: it waits for modules that show something.

Nothing of it is left for a sample to see but the function of the import system in whose place it stands: no module, no
finder, no variable. When a module has been imported that `HOOKED` names, `libraries` teaches it where to show things.

It starts with every sample, so it imports nothing.
"""

# ruff: noqa: SLF001, BLE001, PTH123 - the import system has no public place for this
import posix
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

HOOKED = {
    "matplotlib": "matplotlib",
    "matplotlib.backend_bases": "backend_bases",
    "matplotlib.backends.backend_svg": "backend_svg",
    "PIL.ImageShow": "image_show",
    "plotly.io._renderers": "plotly",
    "altair": "altair",
    "bokeh.io.showing": "bokeh",
    "IPython.core.display_functions": "ipython",
    "great_tables._helpers": "great_tables",
    "pandas.io.formats.style_render": "pandas_style",
}
"""Modules, and the functions of `libraries` that are called with them."""
BEFORE = {"matplotlib.font_manager": "fonts"}
"""The same, of functions that are called before a module is executed, with its name."""
QUIET = 0x7FFFC0DE
"""With this descriptor nobody observes that a file is opened (`supervising.observing`); absolute paths need none."""
_FOLDER = __file__.rpartition("/")[0]


def install() -> None:
    """Hear of every module that has been imported from now on."""
    bootstrap: Any = sys.modules["_frozen_importlib"]
    load = bootstrap._load_unlocked
    names: dict[str, Any] = {
        "STDOUT": standard_output(),
        "WARMED": sys.modules["os"].environ.pop("CODEEXEC_WARMED", None),
    }

    def _load_unlocked(spec: "Any") -> "Any":
        if spec.name in BEFORE:
            _teach(BEFORE[spec.name], spec.name, names)
        module = load(spec)
        if spec.name in HOOKED:
            _teach(HOOKED[spec.name], module, names)
        return module

    # Python leaves the frames of its import system out of a traceback by this name.
    _load_unlocked.__code__ = _load_unlocked.__code__.replace(co_filename="<frozen importlib._bootstrap>")
    _load_unlocked.__qualname__ = load.__qualname__
    _load_unlocked.__module__ = load.__module__
    bootstrap._load_unlocked = _load_unlocked


def standard_output() -> tuple[int, int] | None:
    """Return which file standard output is; None if it is closed."""
    try:
        about = posix.fstat(1)
    except OSError:
        return None
    return about.st_dev, about.st_ino


def _teach(function: str, module: "Any", names: "dict[str, Any]") -> None:
    """Have `module` show things where a page shows them; where that fails, the sample goes on without."""
    try:
        if "emit" not in names:
            for file in ("pieces", "libraries"):
                path = f"{_FOLDER}/{file}.py"
                fd = posix.open(path, posix.O_RDONLY | posix.O_CLOEXEC, dir_fd=QUIET)
                with open(fd, encoding="utf-8") as text:
                    code = compile(text.read(), f"<importlib._bootstrap: {file}>", "exec", dont_inherit=True)
                exec(code, names)  # noqa: S102 - our own text
        names[function](module)
    except Exception as error:
        print(f"codeexec: what `{function}` shows is not on the page: {error!r}", file=sys.stderr)  # noqa: T201
