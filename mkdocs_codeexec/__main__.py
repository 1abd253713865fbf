"""`python -m mkdocs_codeexec` is `codeexec`."""

import sys

from mkdocs_codeexec.cli import main

sys.exit(main())
