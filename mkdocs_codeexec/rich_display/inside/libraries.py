"""How libraries are had to show things where a page shows them: what they call is replaced when they are imported.

It is executed behind `pieces`, in the same names. Each function takes the module that has just been imported.
"""

# ruff: noqa: SLF001, TID251, BLE001, TC004 - the names of `pieces` are there
from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from mkdocs_codeexec.rich_display.inside.pieces import (
        SALT,
        WARMED,
        bundle_of,
        digest,
        emit,
        renamed,
        show_figure,
        show_figures,
        tell,
    )

RESERVED = 768 * 1024 * 1024
"""Bytes that `vl-convert` asks for, without using them; where it does not get them, it ends the program."""


def matplotlib(module: Any) -> None:
    """Draw without a window, unless the author says how, and name the parts of SVG files as in every other run."""
    import os

    if "MPLBACKEND" not in os.environ and _is_automatic(module):
        module.rcParams["backend"] = "agg"
    if module.rcParams["svg.hashsalt"] is None:
        module.rcParams["svg.hashsalt"] = SALT


def _is_automatic(module: Any) -> bool:
    return not isinstance(dict.__getitem__(module.rcParams, "backend"), str)


def fonts(_: str) -> None:
    """Have matplotlib find the list of fonts that it would make now, in the place where it would leave it."""
    import os
    import re
    from pathlib import Path  # which matplotlib has imported

    deciding = re.compile(r"MPL(?!BACKEND$)|XDG_|FONTCONFIG|FC_")
    if not WARMED or any(map(deciding.match, os.environ)) or not _is_empty(Path.home()):
        return
    made = Path(WARMED)
    Path(sys.modules["matplotlib"].get_cachedir(), made.name).write_bytes(made.read_bytes())


def _is_empty(home: Any) -> bool:
    """Tell whether in the folder `home` is nothing but what matplotlib makes there when it is imported."""
    places = {home: {".cache", ".config"}, home / ".cache": {"matplotlib"}, home / ".config": {"matplotlib"}}
    places[home / ".cache/matplotlib"] = set()
    return all({entry.name for entry in place.iterdir()} <= known for place, known in places.items() if place.is_dir())


def backend_bases(module: Any) -> None:
    """Show figures that no window would show, by `plt.show()` and by `figure.show()`."""
    base = module.FigureManagerBase
    of_all, of_one, none = base.pyplot_show.__func__, base.show, base.start_main_loop

    def has_window(cls: Any) -> bool:
        loop = cls.start_main_loop
        return getattr(loop, "__func__", loop) is not getattr(none, "__func__", none)

    def pyplot_show(cls: Any, *, block: Any = None) -> None:
        if has_window(cls):
            of_all(cls, block=block)
        else:
            show_figures(close=block is not False)

    def show(self: Any) -> None:
        if has_window(type(self)):
            of_one(self)
        else:
            show_figure(self.canvas.figure)

    def show_all(cls: Any, *, block: Any = None) -> None:
        if cls.mainloop is not None or has_window(cls.FigureCanvas.manager_class):
            of_backend(cls, block=block)
        else:
            show_figures(close=block is not False)

    of_backend = module._Backend.show.__func__
    module._Backend.show = classmethod(_like(show_all, of_backend))
    base.pyplot_show, base.show = classmethod(_like(pyplot_show, of_all)), _like(show, of_one)


def backend_svg(module: Any) -> None:
    """Write no date into SVG files, unless the author says which."""
    import os

    canvas = module.FigureCanvasSVG
    original = canvas.print_svg

    def print_svg(self: Any, filename: Any, *args: Any, metadata: Any = None, **more: Any) -> Any:
        return original(self, filename, *args, metadata={"Date": None, **(metadata or {})}, **more)

    if "SOURCE_DATE_EPOCH" not in os.environ:
        canvas.print_svg = _like(print_svg, original)


def image_show(module: Any) -> None:
    """Show pictures of Pillow."""

    class Page(module.Viewer):  # type: ignore[misc]
        def show_image(self, image: Any, **options: Any) -> int:
            del options
            import io

            file = io.BytesIO()
            image.save(file, "PNG")
            emit({"image/png": file.getvalue(), "text/plain": f"Image, {image.width} by {image.height}"})
            return 1

    module.register(Page(), 0)


def plotly(module: Any) -> None:
    """Show figures of plotly: as HTML, or as the author says by `renderers.default`, without IPython too."""
    import os

    class Page(module.ExternalRenderer):  # type: ignore[misc]
        def render(self, fig: Any) -> None:
            emit(_of_plotly(fig))

    class Display:
        """What plotly asks of `IPython.display`."""

        @staticmethod
        def display(bundle: Any, *, raw: bool = False) -> None:
            del raw
            emit(bundle)

    module.renderers["codeexec"] = Page()
    if "PLOTLY_RENDERER" not in os.environ and not _is_interactive():
        module.renderers.default = "codeexec"
    if not _is_interactive():
        module.ipython_display = Display
        module.nbformat = type("nbformat", (), {"__version__": "5.0.0"})
        module.display_jupyter_version_warnings = lambda: None


def _of_plotly(fig: Any) -> dict[str, Any]:
    from plotly.io import to_html  # type: ignore[import-not-found]

    html = to_html(fig, include_plotlyjs="cdn", full_html=False, validate=False)
    title = ((fig.get("layout") or {}).get("title") or {}).get("text") or ""
    return {"text/html": renamed(html), "text/plain": f"Figure: {title}" if title else "Figure"}


def altair(module: Any) -> None:
    """Show charts of altair: as SVG where `vl-convert` is installed and has the memory that it asks for, else as HTML."""

    def bundle(self: Any) -> dict[str, Any]:
        chart = self.to_dict()
        title = chart.get("title") or ""
        plain = {"text/plain": f"Chart: {title}" if isinstance(title, str) and title else "Chart"}
        converter = _vl_convert()
        if converter is None:
            html = self.to_html(fullhtml=False, output_div=f"altair-{digest(chart)}")
            return {"text/html": html, **plain}
        version = ".".join(module.SCHEMA_VERSION.lstrip("v").split(".")[:2])
        return {"image/svg+xml": converter.vegalite_to_svg(chart, vl_version=version), **plain}

    def mimebundle(self: Any, *args: Any, **more: Any) -> Any:
        if _is_interactive() or module.renderers.active != "default":
            return original(self, *args, **more)
        return bundle(self)

    top = module.TopLevelMixin
    original = top._repr_mimebundle_
    top._repr_mimebundle_ = _like(mimebundle, original)
    top.show = _like(lambda self: emit(bundle_of(self)), top.show)


def _vl_convert() -> Any:
    import resource

    most = resource.getrlimit(resource.RLIMIT_DATA)[0]
    if most != resource.RLIM_INFINITY and most < RESERVED:
        return None
    try:
        import vl_convert  # type: ignore[import-not-found]
    except ImportError:
        return None
    return vl_convert


def bokeh(module: Any) -> None:
    """Show what bokeh shows, as HTML."""

    def _show_with_state(obj: Any, state: Any, *args: Any, **more: Any) -> Any:
        if _is_interactive() or state.file is not None:
            return original(obj, state, *args, **more)
        from bokeh.embed import components  # type: ignore[import-not-found]
        from bokeh.resources import CDN  # type: ignore[import-not-found]

        script, div = components(obj)
        emit({"text/html": renamed(f"{CDN.render_js()}\n{script}\n{div}"), "text/plain": "Plot"})
        return None

    original = module._show_with_state
    module._show_with_state = _like(_show_with_state, original)


def great_tables(module: Any) -> None:
    """Have tables the same ids in each run."""
    import string

    original, own = module.random_id, _drawing()

    def random_id(n: int = 10) -> str:
        original(n)  # whoever has seeded the other generator draws from it what they would draw
        return "".join(own.choices(string.ascii_lowercase, k=n))

    module.random_id = _like(random_id, original)


def pandas_style(module: Any) -> None:
    """Have styled tables the same ids in each run."""
    from uuid import UUID

    original, own = module.uuid4, _drawing()
    module.uuid4 = _like(lambda: UUID(int=own.getrandbits(128), version=4), original)


def _drawing() -> Any:
    """Return what draws the same in each run of a sample, and something else in each sample."""
    import random
    from pathlib import Path

    file = getattr(sys.modules.get("__main__"), "__file__", None)
    try:
        text = Path(file).read_bytes() if file else b""
    except OSError:
        text = b""
    return random.Random(text)  # noqa: S311 - ids are no secrets


def ipython(module: Any) -> None:
    """Have `display` show objects where no IPython runs, which would print their names."""
    original = module.display

    def display(*objs: Any, include: Any = None, exclude: Any = None, raw: bool = False, **more: Any) -> Any:
        if _is_interactive():
            return original(*objs, include=include, exclude=exclude, raw=raw, **more)
        for value in objs:
            bundle = dict(value) if raw else bundle_of(value)
            wanted = {
                mime: bundle[mime]
                for mime in bundle
                if (not include or mime in include or mime == "text/plain") and mime not in (exclude or ())
            }
            if list(wanted) == ["text/plain"]:
                print(wanted["text/plain"])  # noqa: T201
            else:
                emit(wanted)
        return module.DisplayHandle() if more.get("display_id") is True else None

    module.display = _like(display, original)


def _is_interactive() -> bool:
    """Tell whether an IPython runs, which shows things by itself."""
    shell: Any = sys.modules.get("IPython.core.interactiveshell")
    return shell is not None and bool(shell.InteractiveShell.initialized())


def _like(function: Any, original: Any) -> Any:
    """Return `function`, which says of itself what `original` does."""
    import functools

    try:
        return functools.wraps(original)(function)
    except Exception as error:
        tell(f"`{original!r}` cannot be replaced: {error!r}")
        return function
