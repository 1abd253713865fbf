"""Signals, as the interpreter has them: `signal` makes enumerations of them, a third of what a supervisor's start takes."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal
else:
    import _signal as signal

__all__ = ["signal"]
