"""What a Python that runs a sample imports when it has started, where nobody observes it; see `codeexec_display`.

`site` imports this module by its name, because its folder comes first on `PYTHONPATH`. It takes that folder out of all
that a sample can see, and lets the module of this name have its turn that would have been imported otherwise.
"""

# ruff: noqa: TID251, BLE001, S110 - the environment is the child's own
import sys


def _start() -> None:
    import os

    folder = __file__.rpartition("/")[0]
    try:
        import codeexec_display  # type: ignore[import-not-found]

        codeexec_display.install()
    except Exception:
        pass  # the sample runs without
    sys.modules.pop("codeexec_display", None)
    rest = os.environ.pop("PYTHONPATH", "").split(":")[1:]
    if rest:
        os.environ["PYTHONPATH"] = ":".join(rest)
    while folder in sys.path:
        sys.path.remove(folder)
    sys.path_importer_cache.pop(folder, None)


def _go_on() -> None:
    ours = sys.modules.pop("sitecustomize")
    try:
        import sitecustomize  # type: ignore[import-not-found]  # noqa: F401
    except ImportError as error:
        if error.name != "sitecustomize":
            raise
        sys.modules["sitecustomize"] = ours


_start()
_go_on()
