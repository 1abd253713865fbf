"""A git repository that a test makes, with nobody's configuration."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

_NAMED = ("-c", "user.name=A", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false")


def git(folder: Path, *args: str) -> str:
    """Return what a command of git writes in `folder`."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    env |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    done = subprocess.run(["git", *_NAMED, *args], cwd=folder, env=env, check=True, capture_output=True, timeout=60)
    return done.stdout.decode()


def commit(folder: Path, message: str = "more") -> None:
    """Commit all that is in `folder`, which becomes a repository if it is none."""
    if not (folder / ".git").exists():
        git(folder, "init", "-q", "-b", "main")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", message)
