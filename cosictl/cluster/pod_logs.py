"""Logs of containers, streamed: added up as they arrive, bounded in size, and never held.

A server's ``limitBytes`` cuts the newest lines off, which are those that matter; so the number of lines is asked for
as well, and asked for again with fewer where their bytes were too many. What was left out is said.
"""

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote, urlencode

from msgspec import Struct

from cosictl.cluster.connect import Connection, Response
from cosictl.cluster.noanswer import NoAnswerError
from cosictl.cluster.retry import with_retries
from cosictl.cluster.translate import outcome_of, unauthorized, words_about, words_of
from cosictl.intake.logfold import LogFold, LogsRead
from cosictl.intake.loglines import read_log
from cosictl.model.copying import replace
from cosictl.model.logs import POD_LOGS, LogOrigin, LogTarget
from cosictl.model.snapshot import ReadOutcome, ReadStatus

# Bytes of one container's log that are read at most.
BOUND: Final = 8 * 1024 * 1024
# Lines of sidecars have 110 to 200 bytes, some with a whole event in them over a thousand (recorded).
_TYPICAL_LINE: Final = 200
_SIDE_BY_SIDE: Final = 4
_MOST_TRIES: Final = 6
_REFUSAL: Final = 4096
_OK, _NO_CONTENT, _BAD_REQUEST, _UNAUTHORIZED = 200, 204, 400, 401


class _Ask(Struct, frozen=True, kw_only=True):
    """How to ask for logs. ``bound`` is in bytes; ``since`` holds for the present process only."""

    conn: Connection
    since: datetime | None
    reference: datetime
    bound: int
    sleep: Callable[[float], None]


def read_pod_logs(
    conn: Connection,
    targets: Sequence[LogTarget],
    *,
    since: datetime | None,
    reference: datetime,
    bound: int = BOUND,
    sleep: Callable[[float], None] = time.sleep,
) -> LogsRead:
    """Read logs of containers, a few side by side.

    ``since`` is the earliest time that counts; a process that ended is read whatever its time, because how it ended
    stands at its end. ``reference`` is the observation's time. Raises ClusterError for a 401; every other refusal is a
    ReadStatus, one for each namespace where they are alike.
    """
    ask = _Ask(conn=conn, since=since, reference=reference, bound=bound, sleep=sleep)
    origins = list(_origins(targets))
    with ThreadPoolExecutor(max_workers=_SIDE_BY_SIDE) as pool:
        results = list(pool.map(lambda origin: _read(ask, origin), origins))
    folds = tuple(result for result in results if isinstance(result, LogFold))
    return LogsRead(folds=folds, statuses=_brief(r for r in results if isinstance(r, ReadStatus)))


def _origins(targets: Iterable[LogTarget]) -> Iterator[LogOrigin]:
    for target in targets:
        if target.previous:
            yield replace(target.origin, previous=True)
        yield target.origin


def _brief(statuses: Iterable[ReadStatus]) -> tuple[ReadStatus, ...]:
    """One status for each namespace and outcome: a role that lacks a right lacks it for every Pod there."""
    alike: dict[tuple[str, ReadOutcome], list[ReadStatus]] = defaultdict(list)
    for status in statuses:
        alike[status.scope, status.outcome].append(status)
    return tuple(
        first if len(group) == 1 else replace(first, reason=f"{first.reason}; and {len(group) - 1} more logs there")
        for group in alike.values()
        for first in group[:1]
    )


def _read(ask: _Ask, origin: LogOrigin) -> LogFold | ReadStatus | None:
    """Read one log; None where there is none."""
    lines = max(1, ask.bound // _TYPICAL_LINE)
    for attempt in range(_MOST_TRIES):
        stream = _Stream(ask, origin, lines)
        try:
            answer = with_retries(stream.get, sleep=ask.sleep)
        except NoAnswerError as error:
            return _status(origin, ReadOutcome.FAILED, words_about(error))
        if answer.status == _UNAUTHORIZED:
            raise unauthorized(ask.conn.source, answer.body)
        if answer.status == _BAD_REQUEST and origin.previous:
            # No process has ended here, or the kubelet has removed what it wrote.
            return None
        if answer.status == _NO_CONTENT:
            # Nothing is written by a Pod that was given to no node (v1.20.2 pkg/registry/core/pod/strategy.go:349).
            return _status(origin, ReadOutcome.FAILED, "its Pod runs on no node yet, and has written nothing")
        if answer.status != _OK:
            return _status(origin, outcome_of(answer.status), words_of(answer.status, answer.body))
        fold = stream.fold
        if stream.size < ask.bound or attempt == _MOST_TRIES - 1:
            break
        lines = max(1, fold.lines * 3 // 4)
    if stream.size >= ask.bound:
        fold.cut = f"its newest lines were not read: a few of them have more than {ask.bound} bytes"
    elif fold.lines >= lines:
        fold.cut = f"only its newest {fold.lines} lines were read, {stream.size} bytes; {ask.bound} are the bound"
    return fold


def _status(origin: LogOrigin, outcome: ReadOutcome, words: str) -> ReadStatus:
    return ReadStatus(resource=POD_LOGS, outcome=outcome, scope=origin.namespace, reason=f"{origin.words}: {words}")


class _Stream:
    """One log being read; every try begins anew."""

    def __init__(self, ask: _Ask, origin: LogOrigin, lines: int) -> None:
        self.fold = LogFold(origin=origin)
        self.size = 0
        self._ask = ask
        self._origin = origin
        self._lines = lines

    def get(self) -> Response:
        """Ask once, and add up what comes; only a refusal has a body. Raises NoAnswerError."""
        self.size = 0
        conn = self._ask.conn
        with conn.stream(self._path(), {}, accept="*/*") as (status, headers, pieces):
            if status != _OK:
                return Response(status=status, headers=headers, body=next(pieces, b"")[:_REFUSAL])
            since = None if self._origin.previous else self._ask.since
            self.fold = read_log(self._counted(pieces), self._origin, reference=self._ask.reference, since=since)
        return Response(status=status, headers=headers, body=b"")

    def _counted(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        for piece in pieces:
            self.size += len(piece)
            yield piece

    def _path(self) -> str:
        origin = self._origin
        query = {
            "container": origin.container,
            "timestamps": "true",
            "tailLines": str(self._lines),
            "limitBytes": str(self._ask.bound),
        }
        if origin.previous:
            query["previous"] = "true"
        elif self._ask.since is not None:
            query["sinceTime"] = f"{self._ask.since.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
        return f"/api/v1/namespaces/{quote(origin.namespace)}/pods/{quote(origin.pod)}/log?{urlencode(query)}"
