"""Reads a log as it streams by: bytes in any pieces become records, which are added up at once and forgotten.

Forms: klog text, zap on a console, zap or slog JSON, the calls a driver notes down as JSON lines, panics with their
stack. Before each line may stand what kubelets and kubectl put there: a time (``timestamps=true``), the container
runtime's ``TIME stdout F``, or ``[pod/NAME/CONTAINER]``. What has another form is counted and passed over.

In: pieces of bytes. Out: a ``LogFold``. Never more than one line, or one block of lines, is held, and both are cut.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Final

from cosictl.intake.logfold import LogFold
from cosictl.intake.logjson import parse_console, parse_json
from cosictl.intake.logklog import HEADER, join_block, parse_klog
from cosictl.intake.logpanic import BEGIN, Panic
from cosictl.intake.logtext import iso_moment
from cosictl.model.logs import LogOrigin, LogRecord

# Bytes of one line that are looked at; an event in a klog line has one or two thousand.
LONGEST_LINE: Final = 64 * 1024
# A block that never closes must not swallow the rest of a log.
_BLOCK_LINES: Final = 500
_BLOCK_OPENS: Final = "=<"
_BLOCK_CLOSES: Final = " >"
_POD: Final = re.compile(rb"\[pod/[^\]\s/]{1,253}/[^\]\s]{1,253}\] ")
_TIME: Final = re.compile(rb"(\d{4}-\d\d-\d\dT[\d:.]{8,18}(?:Z|[+-]\d\d:\d\d)) (?:std(?:out|err) [FP] )?")
# Informational klog lines that may name an object; most do not, and a large log is mostly made of these.
_WORTH: Final = b"Bucket"


def bounded_lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yield lines without their ends, each cut at ``LONGEST_LINE``; the last need not be ended."""
    rest = b""
    for piece in pieces:
        lines = piece.split(b"\n")
        lines[0] = rest + lines[0][: LONGEST_LINE - len(rest)]
        rest = lines.pop()[:LONGEST_LINE]
        for line in lines:
            yield line[:LONGEST_LINE]
    if rest:
        yield rest


def read_log(
    pieces: Iterable[bytes],
    origin: LogOrigin,
    *,
    reference: datetime,
    since: datetime | None = None,
) -> LogFold:
    """Add up one log.

    ``reference`` is a time near its end, for the year that klog does not write; ``since`` is the earliest time that
    counts.
    """
    reader = _Reader(LogFold(origin=origin, since=since), reference)
    for line in bounded_lines(pieces):
        reader.feed(line)
    reader.end()
    return reader.fold


class _Reader:
    """Tells the forms apart, and what belongs together."""

    def __init__(self, fold: LogFold, reference: datetime) -> None:
        self.fold = fold
        self._reference = reference
        self._writer = fold.origin.writer
        self._panic: Panic | None = None
        self._died: datetime | None = None
        self._block: list[str] = []
        self._block_size = 0
        # The time that a kubelet put before the line at hand, as it stands there.
        self._stamp = b""

    def feed(self, raw: bytes) -> None:
        """Take one line."""
        self.fold.lines += 1
        line = self._bare(raw)
        if self._panic is None and not self._block and line[:1] == b"I" and _WORTH not in line:
            # Time passes, and that is all these lines tell.
            return
        self._text(line.decode("utf-8", "replace"))

    def end(self) -> None:
        """Take the end of the log."""
        self._close_block()
        self._close_panic()

    def _bare(self, line: bytes) -> bytes:
        """Return a line without its carriage return and without what others put before it."""
        if line.endswith(b"\r"):
            line = line[:-1]
        if line.startswith(b"[pod/") and (found := _POD.match(line)):
            line = line[found.end() :]
        self._stamp = b""
        if line[:1].isdigit() and (found := _TIME.match(line)):
            self._stamp = found[1]
            line = line[found.end() :]
        return line

    def _text(self, line: str) -> None:
        if self._panic is not None:
            if self._panic.feed(line):
                return
            self._close_panic()
        if self._block:
            self._block.append(line)
            self._block_size += len(line)
            full = len(self._block) >= _BLOCK_LINES or self._block_size > LONGEST_LINE
            if line.startswith(_BLOCK_CLOSES) or full:
                self._close_block()
            return
        if line.startswith(BEGIN):
            self._panic, self._died = Panic(first=line), self._stamped()
        elif line.startswith("{"):
            self._take(parse_json(line, self._writer))
        elif header := HEADER.match(line):
            if line.endswith(_BLOCK_OPENS) and not line.startswith("I"):
                self._block, self._block_size = [line], len(line)
            else:
                self._klog(line, header)
        elif "\t" in line and line[:1].isdigit():
            self._take(parse_console(line, self._writer))

    def _stamped(self) -> datetime | None:
        return iso_moment(self._stamp.decode("ascii", "replace")) if self._stamp else None

    def _take(self, record: LogRecord | None) -> None:
        if record is not None:
            self.fold.take(record)

    def _klog(self, line: str, header: re.Match[str]) -> None:
        self._take(parse_klog(line, header, self._stamped() or self._reference, self._writer))

    def _close_block(self) -> None:
        line = join_block(self._block) if self._block else ""
        if header := HEADER.match(line):
            self._klog(line, header)
        self._block, self._block_size = [], 0

    def _close_panic(self) -> None:
        if self._panic is not None and self._panic.frames:
            self.fold.die(self._panic, self._died)
        self._panic = None
