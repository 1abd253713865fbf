"""A site in a virtual environment with the package that it documents: installed by the real `pip`, built by the real `mkdocs`."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import mkdocs_codeexec

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells what children look for")

PACKAGES = os.pathsep.join([sysconfig.get_path("purelib"), str(Path(mkdocs_codeexec.__file__).parents[1])])
RUNNER = Path(sysconfig.get_path("purelib"), "pip/__pip-runner__.py")
BACKEND = '''\
"""A build backend of its own, which needs no registry: the wheel of a package of one folder (PEP 517, PEP 660)."""
import os, pathlib, zipfile

NAME, VERSION = "@NAME", pathlib.Path("version").read_text()

def _wheel(folder, files):
    info = f"{NAME}-{VERSION}.dist-info"
    files |= {
        f"{info}/METADATA": f"Metadata-Version: 2.1\\nName: {NAME}\\nVersion: {VERSION}\\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\\nGenerator: own\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
        f"{info}/entry_points.txt": f"[console_scripts]\\n{NAME}tool = {NAME}:main\\n",
    }
    record = "".join(f"{name},,\\n" for name in [*files, f"{info}/RECORD"])
    name = f"{NAME}-{VERSION}-py3-none-any.whl"
    with zipfile.ZipFile(os.path.join(folder, name), "w") as wheel:
        for path, text in {**files, f"{info}/RECORD": record}.items():
            wheel.writestr(path, text)
    return name

def build_wheel(folder, config_settings=None, metadata_directory=None):
    return _wheel(folder, {f"{NAME}/{file.name}": file.read_text() for file in pathlib.Path(NAME).glob("*.py")})

def build_editable(folder, config_settings=None, metadata_directory=None):
    return _wheel(folder, {f"__editable__.{NAME}-{VERSION}.pth": os.getcwd() + "\\n"})
'''
PYPROJECT = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
PAGE = """\
```python exec
import tiny
print(tiny.f())
```

```python exec
print("nothing of it")
```

```bash exec
tinytool
```

```bash exec exit="any"
mytool
```
"""


class Checkout:
    """A site beside the package that it documents, and a virtual environment."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.bin = root / "venv/bin"
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", root / "venv"], check=True)
        for name in ("tiny", "theme"):
            self.source(name, "old")
        (root / "site/docs").mkdir(parents=True)
        (root / "site/docs/index.md").write_text(PAGE)
        languages = {"python": {}, "bash": {"readable": [str(root / "site/tools")]}}
        plugin = {"codeexec": {"languages": languages}}
        (root / "site/mkdocs.yml").write_text(json.dumps({"site_name": "Tiny", "plugins": [plugin]}))
        (root / "site/tools").mkdir()

    def source(self, name: str, says: str, version: str = "1.0") -> None:
        """Write the package `name`, which says something."""
        folder = self.root / name
        (folder / name).mkdir(parents=True, exist_ok=True)
        (folder / name / "__init__.py").write_text(f"def f():\n    return {says!r}\n\n\ndef main():\n    print(f())\n")
        (folder / "version").write_text(version)
        (folder / "pyproject.toml").write_text(PYPROJECT)
        (folder / "backend.py").write_text(BACKEND.replace("@NAME", name))

    def pip(self, *args: str) -> None:
        argv = [str(self.bin / "python"), RUNNER, *args]  # as `pip --python` runs itself, which would start it twice
        env = os.environ | {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INDEX": "1"}
        done = subprocess.run(argv, cwd=self.root, env=env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr

    def build(self, **env: str) -> tuple[list[str], int]:
        """Return what the samples print, and how many were executed."""
        env = {
            "PATH": f"{self.root}/site/tools:{self.bin}:/usr/local/bin:/usr/bin:/bin",
            "PYTHONPATH": PACKAGES,
            "CODEEXEC_ENVIRONMENT_DIR": str(self.root / "environments"),
            "HOME": str(self.root),
            **env,
        }
        argv = [str(self.bin / "python"), "-m", "mkdocs", "build", "-q"]
        done = subprocess.run(argv, cwd=self.root / "site", env=env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return self.shown(), self.run["counts"]["executed"]

    def shown(self) -> list[str]:
        html = (self.root / "site/site/index.html").read_text()
        parts = html.split('<div class="codeexec" ')[1:]
        return [
            part.partition('<pre class="codeexec-std')[2].partition("<code>")[2].partition("</code>")[0].strip()
            for part in parts
        ]

    @property
    def run(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.root / "site/.cache/codeexec/last-run.json").read_text())
        return found


@pytest.fixture
def folder() -> Iterator[Path]:
    """Return a folder that every user may enter: root's samples run as others."""
    found = Path(tempfile.mkdtemp(prefix="installed-"))
    found.chmod(0o755)
    yield found
    shutil.rmtree(found)


def test_an_upgrade_is_what_is_shown(folder: Path) -> None:
    """What used the package, as a module or as a program, is executed again; nothing else is."""
    one = Checkout(folder / "one")
    one.pip("install", "./tiny")
    lacks = "sample.sh: line 1: mytool: command not found"
    assert (["old", "nothing of it", "old", lacks], 4) == one.build()

    one.source("tiny", "new", "2.0")
    one.pip("install", "--upgrade", "./tiny")
    assert (["new", "nothing of it", "new", lacks], 2) == one.build()
    one.source("tiny", "in place", "2.0")
    one.pip("install", "-e", "./tiny")
    assert ["in place", "nothing of it", "in place", lacks] == one.build()[0]
    assert 0 == one.build()[1]


@pytest.mark.slow("test_an_upgrade_is_what_is_shown")
def test_what_is_installed_is_what_is_shown(folder: Path) -> None:
    """Whatever is installed, and however; and nothing is executed that did not use it."""
    one = Checkout(folder / "one")
    one.pip("install", "./tiny", "./theme")
    lacks = "sample.sh: line 1: mytool: command not found"
    assert (["old", "nothing of it", "old", lacks], 4) == one.build()
    assert (["old", "nothing of it", "old", lacks], 0) == one.build()

    one.pip("install", "--force-reinstall", "./tiny")
    assert 0 == one.build()[1], "it is the same"

    one.source("theme", "new", "2.0")
    one.pip("install", "--upgrade", "./theme")
    assert 0 == one.build()[1], "no sample uses it"

    one.source("tiny", "new")
    one.pip("install", "--force-reinstall", "./tiny")
    assert (["new", "nothing of it", "new", lacks], 2) == one.build()

    one.source("tiny", "in place")
    one.pip("install", "-e", "./tiny")
    assert ["in place", "nothing of it", "in place", lacks] == one.build()[0]
    assert 0 == one.build()[1]
    one.source("tiny", "edited")
    assert (["edited", "nothing of it", "edited", lacks], 2) == one.build()

    tool = one.root / "site/tools/mytool"
    tool.write_text("#!/bin/sh\necho here I am\n")
    tool.chmod(0o755)
    assert (["edited", "nothing of it", "edited", "here I am"], 1) == one.build()
    assert 0 == one.build()[1]

    two = Checkout(folder / "elsewhere/two")
    two.source("tiny", "edited")
    two.source("theme", "new", "2.0")
    two.pip("install", "./theme")
    two.pip("install", "-e", "./tiny")
    shutil.copy2(tool, two.root / "site/tools/mytool")
    assert (one.shown(), 4) == two.build()
    assert [sample["key"] for sample in one.run["samples"]] == [sample["key"] for sample in two.run["samples"]]

    shutil.rmtree(one.root / "tiny")
    one.pip("uninstall", "-y", "tiny", "theme")
    tool.unlink()
    assert (two.shown(), 0) == one.build(CODEEXEC_EXECUTE="frozen")
