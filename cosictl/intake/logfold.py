"""Records of one log, added up while they stream by: memory grows with different failures, not with lines.

In: records and panics in the order of the log. Out: one trace for each object and text, and the deaths. Nothing is
concluded here; two traces of one attempt stay two, each saying what it counts.
"""

from datetime import datetime, timedelta
from typing import Final

from msgspec import Struct, field

from cosictl.intake.logpanic import Panic
from cosictl.intake.logtext import settled
from cosictl.model.failures import GrpcCode
from cosictl.model.logs import Begun, Crash, LogNames, LogOrigin, LogRecord, LogTrace, Writer
from cosictl.model.refs import Rpc
from cosictl.model.snapshot import ReadStatus

# Traces of one log that are kept. Ten thousand claims that all fail make two for each.
MOST_TRACES: Final = 50_000

# Objects of which it is remembered that they were taken up, the newest. v0.2.2 has 40 workers for each kind.
_MOST_AT_WORK: Final = 200
# A call that was made longer ago would have been answered, or its driver given up.
_SHORTLY: Final = timedelta(seconds=30)

_Key = tuple[Writer, LogNames, Rpc | None, GrpcCode | None, str]


class _Sum(Struct):
    """What is known of one trace so far."""

    text: str
    first: datetime | None = None
    last: datetime | None = None
    attempts: int = 0
    lines: int = 0


class LogFold(Struct):
    """Adds up one log. ``since``: records before it do not count. ``lines`` and ``understood`` count all lines.

    ``unkept`` counts the different failures that had no room any more.
    """

    origin: LogOrigin
    since: datetime | None = None
    most: int = MOST_TRACES
    lines: int = 0
    understood: int = 0
    unkept: int = 0
    newest: datetime | None = None
    cut: str = ""
    _sums: dict[_Key, _Sum] = field(default_factory=dict)
    _crashes: dict[tuple[LogNames, str], Crash] = field(default_factory=dict)
    _at_work: dict[tuple[str, str], Begun] = field(default_factory=dict)
    _worked: datetime | None = None

    def take(self, record: LogRecord) -> None:
        """Add one record."""
        self.understood += 1
        moment = record.moment
        if moment is not None and (self.newest is None or moment > self.newest):
            self.newest = moment
        if record.is_attempt and record.names:
            self._begin(record)
        elif record.text and record.names.access and not record.is_repeat:
            self._at_work.pop((record.names.kind, record.names.access), None)
        if self.since is not None and moment is not None and moment < self.since:
            return
        text, shape = settled(record.text) if record.text else ("", "")
        key = (record.writer, record.names, record.rpc, record.code, shape)
        found = self._sums.get(key)
        if found is None:
            if len(self._sums) >= self.most:
                self.unkept += 1
                return
            found = self._sums[key] = _Sum(text=text)
        found.lines += not record.is_repeat
        found.attempts += record.is_attempt
        if moment is not None:
            found.first = moment if found.first is None else min(found.first, moment)
            if found.last is None or moment >= found.last:
                found.last, found.text = moment, text
        elif found.last is None:
            found.text = text

    def _begin(self, record: LogRecord) -> None:
        if record.moment is not None and (self._worked is None or record.moment > self._worked):
            self._worked = record.moment
        names = record.names
        key = (names.kind, names.access or names.bucket or names.claim)
        self._at_work.pop(key, None)
        self._at_work[key] = Begun(names=names, at=record.moment)
        if len(self._at_work) > _MOST_AT_WORK:
            del self._at_work[next(iter(self._at_work))]

    def die(self, panic: Panic, moment: datetime | None) -> None:
        """Note that the process ended in a panic; ``moment`` is its own, where something tells it."""
        self.understood += 1
        at = moment or self.newest
        begun = [one for one in self._at_work.values() if panic.kind in {"", one.names.kind}]
        self._at_work.clear()
        if self.since is not None and at is not None and at < self.since:
            return
        names = begun.pop().names if begun else LogNames(kind=panic.kind)
        key = (names, panic.words)
        known = self._crashes.get(key)
        if known is None and len(self._crashes) >= self.most:
            self.unkept += 1
            return
        is_sidecar = panic.is_nil_in_access and self.origin.writer is Writer.UNKNOWN
        self._crashes[key] = Crash(
            origin=self.origin,
            writer=Writer.SIDECAR if is_sidecar else self.origin.writer,
            names=names,
            words=panic.words,
            nil_in_access=panic.is_nil_in_access,
            others=tuple(one for one in begun if at is None or one.at is None or at - one.at <= _SHORTLY),
            at=at,
            count=known.count + 1 if known is not None else 1,
        )

    def traces(self) -> tuple[LogTrace, ...]:
        """Return what was added up, in the order of the log."""
        return tuple(
            LogTrace(
                origin=self.origin,
                writer=writer,
                names=names,
                text=found.text,
                rpc=rpc,
                code=code,
                first=found.first,
                last=found.last,
                attempts=found.attempts,
                lines=found.lines,
                until=self._worked,
            )
            for (writer, names, rpc, code, _), found in self._sums.items()
        )

    def crashes(self) -> tuple[Crash, ...]:
        """Return the deaths, each once with how often it was seen."""
        return tuple(self._crashes.values())


class LogsRead(Struct, frozen=True, kw_only=True):
    """Logs as read from a cluster: each added up, and what could not be read, in the server's words."""

    folds: tuple[LogFold, ...] = ()
    statuses: tuple[ReadStatus, ...] = ()
