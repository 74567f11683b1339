"""The command line run as a real process: in a pipe, or in a terminal of a given width."""

import codecs
import fcntl
import os
import pty
import shutil
import struct
import subprocess
import sys
import termios
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).resolve().parents[1]
V1: Final = str(ROOT / "tests" / "recorded" / "v1alpha1")
V2: Final = str(ROOT / "tests" / "recorded" / "v1alpha2")
COMMAND: Final = (sys.executable, "-m", "cosictl")
TIMEOUT_SECONDS: Final = 60
# The sandbox runs the real one where a container is said to have it.
needs_socat: Final = pytest.mark.skipif(shutil.which("socat") is None, reason="socat is not installed here")


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment of this process, with the package on its path."""
    return {**os.environ, "PYTHONPATH": str(ROOT), **(extra or {})}


def cosictl(
    *words: str, stdin: str | bytes = "", env: Mapping[str, str] | None = None, cwd: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Run one command with its output in pipes."""
    given = stdin if isinstance(stdin, bytes) else stdin.encode()
    done = subprocess.run(
        [*COMMAND, *words],
        input=given,
        capture_output=True,
        env=environment(env),
        cwd=cwd,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )
    return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())


def away(*words: str | Path, env: Mapping[str, str] | None = None, cwd: Path | None = None) -> tuple[int, str, str]:
    """Run a program without a way to the sources; returns exit code, stdout and stderr."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run(
        [str(word) for word in words],
        env={**kept, **(env or {})},
        cwd=cwd or "/",
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def probe(verb: str, socket: Path, *words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """Run one verb of ``probe-driver`` against a driver on a socket."""
    return cosictl("probe-driver", verb, "--endpoint", f"unix://{socket}", *words, stdin=stdin)


def in_terminal(
    *words: str, columns: int, lines: int = 40, env: Mapping[str, str] | None = None, cwd: Path | None = None
) -> tuple[int, str]:
    """Run one command in a terminal of that size; returns its exit code and what the terminal saw."""
    with terminal(*words, columns=columns, lines=lines, env=env, cwd=cwd) as (process, read):
        seen = ""
        while text := read():
            seen += text
        return process.wait(TIMEOUT_SECONDS), seen


@contextmanager
def terminal(
    *words: str, columns: int, lines: int = 40, env: Mapping[str, str] | None = None, cwd: Path | None = None
) -> Iterator[tuple["subprocess.Popen[bytes]", Callable[[], str]]]:
    """Run one command in a terminal; gives its process, and how to read what came, "" at the end."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
    process = subprocess.Popen(
        [*COMMAND, *words],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=environment({"TERM": "xterm-256color", **(env or {})}),
        cwd=cwd,
    )
    os.close(theirs)
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        yield process, lambda: decoder.decode(_read(ours)).replace("\r\n", "\n")
    finally:
        os.close(ours)
        process.kill()
        process.wait()


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 65536)
    except OSError:  # Linux answers EIO when the last writer is gone
        return b""


def one_line(text: str) -> str:
    """The only line of an error output."""
    lines = text.splitlines()
    assert len(lines) == 1, text
    return lines[0]
