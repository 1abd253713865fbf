"""Files that others have put into the folder for temporary files: programs that look upwards do not find them."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mkdocs_codeexec.runtime.scratch_root import place, shared_at

if TYPE_CHECKING:
    from conftest import Project

    from mkdocs_codeexec.core.confinement import Tier

CARGO = (
    '```toml file="Cargo.toml"\n[package]\nname = "shop"\nversion = "0.1.0"\nedition = "2021"\n[features]\nx = []\n```\n\n'
    '```rust file="src/main.rs" exec\nfn main() { println!("{:?}", (option_env!("LEFT"), cfg!(left))); }\n```\n\n'
)
NODE = "```js exec\nconsole.log(typeof require);\ntry { require('left') } catch (error) { console.log(error.code) }\n```\n\n"
LEFT = {
    ".cargo/config.toml": '[env]\nLEFT = "x"\n[build]\nrustflags = ["--cfg=left"]\n',
    "Cargo.toml": "[workspace]\nmembers = []\n",
    "package.json": '{"type": "module"}',
    "node_modules/left/index.js": "console.log('left')",
}


@pytest.fixture
def own() -> Iterator[Path]:
    """Return a folder to which nobody else may write, nor to any above it."""
    home = Path.home()
    if shared_at(home):
        pytest.skip(f"others may write to {shared_at(home)}")
    found = Path(tempfile.mkdtemp(prefix=".codeexec-test-", dir=home))
    yield found
    shutil.rmtree(found)


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    """Return a folder for temporary files to which everybody may write, and somebody has."""
    found = tmp_path / "shared"
    for name, text in LEFT.items():
        path = found / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    found.chmod(0o1777)
    return found


def test_cargo_and_node_do_not_obey_what_others_have_left(project: Project, own: Path, shared: Path) -> None:
    """Without a sandbox, where nothing hides it."""
    project.env |= {"TMPDIR": str(shared), "CODEEXEC_SANDBOX": "off", "CODEEXEC_ENVIRONMENT_DIR": str(own / "e")}
    languages = {"rust": {}, "js": {"command": ["node", "{file}"], "extension": "js"}}
    project.configure({"languages": languages if shutil.which("node") else {"rust": {}}})
    project.page(CARGO + (NODE if shutil.which("node") else ""))
    built = project.build()

    assert 0 == built.status, built.log
    shown = [text for _, text in project.streams()]
    assert "(None, false)" == shown[0]
    assert ["function\nMODULE_NOT_FOUND"] == shown[1:] or not shutil.which("node")
    assert [] == list((own / "e/scratch").iterdir())
    assert 0o700 == (own / "e/scratch").stat().st_mode & 0o777
    assert sorted(path.name for path in shared.iterdir()) == sorted({name.partition("/")[0] for name in LEFT})


@pytest.mark.parametrize("tier", ["bubblewrap", "landlock", "limits", "off"])
def test_where_scratch_directories_are(
    tier: Tier, own: Path, shared: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """In the folder for temporary files where the tier hides what is above, or nobody else writes there; never in a link."""
    monkeypatch.setattr(tempfile, "tempdir", str(shared))
    apart = tier == "off" or (tier == "limits" and os.geteuid() != 0)

    assert (own / "scratch" if apart else shared) == place(tier, own)
    assert shared == place(tier, None)
    assert shared == place(tier, tmp_path / "here"), "others may write above it"
    shutil.rmtree(own / "scratch", ignore_errors=True)
    (own / "scratch").symlink_to(shared)
    assert shared == place(tier, own)
    monkeypatch.setattr(tempfile, "tempdir", str(own))
    assert own == place(tier, own)


def test_whose_folders_are_shared(own: Path) -> None:
    """Those that others may write to, or that are somebody else's; links are followed."""
    inner = own / "a" / "b"
    inner.mkdir(parents=True)
    assert not shared_at(inner)
    (own / "a").chmod(0o1777)
    assert str(own / "a") == shared_at(inner)
    (own / "a").chmod(0o755)
    (own / "link").symlink_to("/tmp")
    assert shared_at(own / "link")
    if os.geteuid() == 0:
        os.chown(own / "a", 12345, 12345)
        assert str(own / "a") == shared_at(inner)
