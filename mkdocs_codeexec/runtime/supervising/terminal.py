"""The pseudo-terminal of a child: `pty(7)`.

It is opened by the supervisor, and so within the walls where there are any, with their own `devpts`. A child gets its end
as descriptors that are open already. It is a terminal to whoever asks, with a size; it is nobody's controlling terminal,
so that no key, no hang-up and no other session has to do with it.
"""

from __future__ import annotations

import fcntl
import os
import struct
import termios

ROWS = 24
"""Lines, of all of them."""

END = b"\x04"
"""What is typed at the end of the input."""


class Terminal:
    """Both ends of one.

    Nothing that is typed is echoed. If nobody types, who reads finds the end of the input, as often as they read.

    Attributes:
        ours: Our end, which does not wait.
        theirs: The end of the child.

    Args:
        columns: How wide it is.
        user: To whom the child's end belongs, who may open it by its name; None for whoever opens it here.
        typed: Whether lines are written to our end, and `END`.
    """

    def __init__(self, columns: int, user: int | None, *, typed: bool = False) -> None:
        self._held = b""
        try:
            self.ours, self.theirs = os.openpty()
        except OSError as error:
            error.strerror = f"no pseudo-terminal: {error.strerror}"
            raise
        try:
            os.set_blocking(self.ours, False)
            fcntl.ioctl(self.theirs, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, columns, 0, 0))
            settings = termios.tcgetattr(self.theirs)
            settings[3] &= ~(termios.ECHO | termios.ECHONL)
            if not typed:
                settings[3] &= ~termios.ICANON
                settings[6][termios.VMIN], settings[6][termios.VTIME] = 0, 0
            termios.tcsetattr(self.theirs, termios.TCSANOW, settings)
            if user is not None:
                os.fchown(self.theirs, user, user)
        except OSError:
            os.close(self.ours)
            os.close(self.theirs)
            raise

    def undone(self, chunk: bytes) -> bytes:
        r"""Return what was written, of what came: the line discipline has put a `\r` before each `\n`.

        Args:
            chunk: What came; empty at its end.
        """
        data = self._held + chunk
        held = bool(chunk) and data.endswith(b"\r")  # a `\n` may follow
        self._held = b"\r" if held else b""
        return (data[:-1] if held else data).replace(b"\r\n", b"\n")
