"""How much is tried of what is random: `CODEEXEC_TEST_TIMES=10 pytest tests/faults` tries ten times as much, `max_examples` too."""

from __future__ import annotations

import os

TIMES = int(os.environ.get("CODEEXEC_TEST_TIMES", "1"))
