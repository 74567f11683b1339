"""Pages that are typed: the ``console`` blocks of a page run in a real shell on a terminal, and what that should show.

A block has command lines (``$ …``), each followed by what it prints. In that ``…`` stands for one word, or the part of
a word, that differs from run to run, and a line with nothing but ``…`` for lines that are left out. White space counts
as one blank, because where a line breaks hangs on the length of such words. In a command, words in capitals of
``CAPTURED`` are what an earlier command has printed.
"""

import fcntl
import os
import pty
import re
import struct
import subprocess
import termios
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

CONSOLE: Final = re.compile(r"^```console\n(.*?)^```", re.DOTALL | re.MULTILINE)
ANY: Final = "…"
# What a reader copies from the output of an earlier command.
CAPTURED: Final = {
    "DIGEST": re.compile(r"--confirm ([0-9a-f]{16})"),
    "RUN": re.compile(r"\brun (\d{8}T\d+Z-[0-9a-f]+)"),
}
PROMPT: Final = re.compile(r"<<(\d+)>>\Z")
ESCAPES: Final = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """A command of a page, the line it stands on, and what the page says that it prints, from ``begin`` on."""

    begin: int
    line: int
    command: str
    shown: str


def typed(text: str) -> list[Typed]:
    """Return the commands of a page in their order."""
    found: list[Typed] = []
    for block in CONSOLE.finditer(text):
        for part in re.finditer(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", block[1], re.MULTILINE):
            line = text.count("\n", 0, block.start(1) + part.start()) + 1
            found.append(Typed(begin=block.start(1) + part.start(2), line=line, command=part[1], shown=part[2]))
    return found


def differs(shown: str, printed: str) -> str:
    """Return the first line of a page that was not printed, or of the output that is not on it; "" where they agree."""
    rest = words(printed)
    left_out = False
    for wanted in filter(None, map(words, shown.splitlines())):
        if wanted == ANY:
            left_out = True
            continue
        pattern = r"\S*".join(re.escape(part) for part in wanted.split(ANY))
        found = re.search(pattern, rest) if left_out else re.match(pattern, rest)
        if found is None or not (found.end() == len(rest) or rest[found.end()] == " "):
            return f"the page says {wanted!r}, and there is {rest[:200]!r}"
        rest, left_out = rest[found.end() :].lstrip(), False
    return f"not on the page: {rest[:200]!r}" if rest and not left_out else ""


def words(text: str) -> str:
    """Return a text with every white space as one blank."""
    return " ".join(text.split())


@dataclass(slots=True, kw_only=True)
class Shell:
    """What a person has before them: a terminal, the words they copied so far."""

    descriptor: int
    captured: dict[str, str] = field(default_factory=dict)

    def type(self, command: str) -> str:
        """Type a command, with what was copied put in; return what it printed up to the next prompt, or to the end."""
        for name, value in self.captured.items():
            command = re.sub(rf"\b{name}\b", value, command)
        os.write(self.descriptor, command.encode() + b"\n")
        return self.read()

    def read(self) -> str:
        """Return what is printed up to the next prompt, or to the end."""
        seen = b""
        while not PROMPT.search(text := seen.decode(errors="ignore")):
            try:
                got = os.read(self.descriptor, 65536)
            except OSError:  # Linux answers EIO when the last writer is gone
                break
            if not got:
                break
            seen += got
        text = ESCAPES.sub("", PROMPT.sub("", text)).replace("\r\n", "\n")
        for name, pattern in CAPTURED.items():
            for found in pattern.finditer(text):
                self.captured[name] = found[1]
        return text


@contextmanager
def shell(env: Mapping[str, str], cwd: Path, columns: int = 100) -> Iterator[Shell]:
    """Run ``sh`` on a terminal of its own, without echo; what it started ends with it."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    modes = termios.tcgetattr(theirs)
    modes[3] &= ~termios.ECHO
    termios.tcsetattr(theirs, termios.TCSANOW, modes)
    # The leader of a session gets the terminal that it opens first as its own.
    process = subprocess.Popen(
        ["sh", "-c", 'exec sh -i <"$0" >"$0" 2>&1', os.ttyname(theirs)],
        env={**env, "PS1": "<<$?>>", "PS2": "", "TERM": "xterm-256color", "NO_COLOR": "1"},
        cwd=cwd,
        start_new_session=True,
    )
    made = Shell(descriptor=ours)
    try:
        made.read()
        os.close(theirs)
        yield made
    finally:
        os.close(ours)
        process.wait(60)
