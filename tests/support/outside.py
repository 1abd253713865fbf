"""The program of `codeexec doctor --probe` where nothing holds it: `python -m support.outside FOLDER` prints what it found.

It has what a sample never has: tokens among its variables, an agent, an open file. What can only be seen from outside is in
`changed`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from mkdocs_codeexec.probing.canaries import Canaries, Places
from mkdocs_codeexec.probing.program import program


def main(folder: Path) -> None:
    places = Places(folder / "places")
    own = folder / "own" / "work"
    own.mkdir(parents=True)
    with Canaries(places, "outside", os.environ) as canaries, (places.root / "project/.env").open() as given:
        env = places.variables(os.environ) | {"SSH_AUTH_SOCK": canaries.described["unix"]}
        ended = subprocess.run(
            [sys.executable, "-I", "-S", "-c", program()],
            input=json.dumps(canaries.described),
            capture_output=True,
            text=True,
            cwd=own,
            env=env,
            pass_fds=(given.fileno(),),
            check=False,
        )
        found = json.loads(ended.stdout or "{}")
        sys.stdout.write(json.dumps({"found": found, "changed": canaries.changed(), "said": ended.stderr}))
    places.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
