"""Samples that read more files than a list of inputs names: their folder stands for them."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells what children look for")

Project: TypeAlias = Any
"""The fixture of that name; test folders are no packages, so its class cannot be imported."""

PAGE = """\
```python exec
import glob
print(sum(len(open(name).read()) for name in sorted(glob.glob("FLAT/*"))))
```

```python exec
import glob
print(sum(len(open(name).read()) for name in sorted(glob.glob("DEEP/*/*"))))
```
"""


def furnish(folder: Path, files: int, folders: int) -> None:
    for number in range(folders):
        (folder / str(number)).mkdir(parents=True)
    for number in range(files):
        folder.joinpath(str(number % folders), str(number)).write_text("x")


@pytest.mark.timeout(500)
def test_a_sample_that_reads_very_many_files_is_executed_again_if_one_changes(project: Project) -> None:
    """4,200 in one folder, and in as many folders; `verbose` says which folder decides."""
    data = project.root / "data"
    furnish(data / "flat", 4_200, 1)
    furnish(data / "deep", 4_200, 4_200)
    project.configure(
        {"verbose": True, "timeout": 60, "languages": {"python": {"readable": ["data"]}}}, extensions=False
    )
    project.page(PAGE.replace("FLAT", f"{data}/flat/0").replace("DEEP", f"{data}/deep"))
    time.sleep(0.1)

    built = project.build()
    assert ["4200", "4200"] == [text.strip() for _, text in project.streams()]
    for folder in ("flat/0", "deep"):
        assert f"any change in `<project>/data/{folder}` runs it again" in built.log
    assert {"samples": 2, "cached": 2, "met": 2} == project.build().counts

    for path, text in ((data / "flat/0/3777", ["4201", "4200"]), (data / "deep/3333/3333", ["4201", "4201"])):
        path.write_text("xx")
        time.sleep(0.1)
        assert {"samples": 2, "executed": 1, "cached": 1, "met": 2} == project.build().counts
        assert text == [text.strip() for _, text in project.streams()]
    (data / "deep/3333/more").write_text("xxx")
    time.sleep(0.1)
    assert 1 == project.build().counts["executed"]
