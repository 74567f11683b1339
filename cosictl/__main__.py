"""The entry point of ``cosictl``, ``kubectl-cosi`` and ``python -m cosictl``, and the one error boundary.

An expected error is one line on stderr and its exit code. Anything else is a bug and prints a report to paste.
"""

import atexit
import codecs
import errno
import gc
import io
import os
import sys
from types import TracebackType
from typing import Final, TextIO

from cosictl.cli.said import program, say, say_error
from cosictl.errors import CosictlError, Exit

# What a shell reports for a process that SIGPIPE ended: 128 + 13.
PIPE_CLOSED: Final = 141
_ALLOCATIONS_PER_COLLECTION: Final = 200_000
ESCAPE: Final = "cosictl.escape"
_OUTPUT_ERRORS: Final = frozenset({errno.ENOSPC, errno.EIO, errno.EDQUOT, errno.EFBIG})


def main() -> int:
    """Run the command line of this process and return its exit code."""
    sys.excepthook = _report_bug
    # A large cluster is made at once and kept to the end: to look through it again and again frees nothing.
    gc.set_threshold(_ALLOCATIONS_PER_COLLECTION)
    # Python looks for garbage in all of it once more before it ends: a fifth of the time of a small command.
    atexit.register(gc.freeze)
    _prepare_streams()
    try:
        from cosictl.cli.app import run  # noqa: PLC0415 - it allocates much: only now, and an interrupt may come now

        code = run(sys.argv[1:])
        sys.stdout.flush()
    except CosictlError as error:
        _drop_output()
        say_error(error)
        return error.exit_code
    except KeyboardInterrupt:
        _drop_output()
        say(f"{program()}: interrupted")
        return Exit.INTERRUPTED
    except BrokenPipeError:
        _drop_output()
        return PIPE_CLOSED
    except SystemExit as done:
        # rich ends the process itself when nobody reads its output any more.
        if not isinstance(done.__context__, BrokenPipeError):
            raise
        _drop_output()
        return PIPE_CLOSED
    except OSError as error:
        if error.errno not in _OUTPUT_ERRORS:
            raise
        _drop_output()
        say(f"{program()}: the output cannot be written: {error.strerror}; free some space or write elsewhere")
        return Exit.FAILED
    return code


def _report_bug(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    from cosictl.cli.crash import report_bug  # noqa: PLC0415 - it loads much, and is never needed

    report_bug(kind, error, trace)


def _prepare_streams() -> None:
    """Make every text printable in every encoding, and closed streams harmless.

    Where the encoding is not UTF-8, what is not ASCII becomes an escape that JSON reads too: JSON in Latin-1 is none.
    """
    codecs.register_error(ESCAPE, _escape)
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, _nowhere())
        elif isinstance(stream, io.TextIOWrapper):
            encoding = "utf-8" if codecs.lookup(stream.encoding).name == "utf-8" else "ascii"
            stream.reconfigure(encoding=encoding, errors=ESCAPE)


def _escape(error: UnicodeError) -> tuple[str, int]:
    r"""Spell characters that an encoding lacks as ``\uXXXX``, in surrogate pairs where one is not enough."""
    assert isinstance(error, UnicodeEncodeError)
    units = error.object[error.start : error.end].encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[index : index + 4]}" for index in range(0, len(units), 4)), error.end


def _nowhere() -> TextIO:
    return open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123 - stays open as long as the process


def _drop_output() -> None:
    """Flush what is left, if somebody still reads it; else leave nothing for Python to complain about at exit."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    sys.exit(main())
