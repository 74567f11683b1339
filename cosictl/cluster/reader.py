"""Read a cluster: every list once, in chunks, side by side; refusals are recorded and the rest still counts."""

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import msgspec
import urllib3.exceptions as u3
from msgspec import Struct

from cosictl.cluster.connect import Connection, Response
from cosictl.cluster.lists import GROUP, VERSIONS, ListCall, Reach, Scope, calls_for
from cosictl.cluster.retry import with_retries
from cosictl.cluster.translate import outcome_of, unauthorized, unreachable, words_about, words_of
from cosictl.errors import CosiMissingError, DumpError
from cosictl.intake.builder import SnapshotBuilder
from cosictl.model.snapshot import ReadOutcome, ReadStatus, Snapshot, TimeBasis

CHUNK_SIZE = 500
_SIDE_BY_SIDE = 6


class _Meta(msgspec.Struct):
    continue_: str = msgspec.field(default="", name="continue")


class _Page(msgspec.Struct):
    metadata: _Meta = msgspec.field(default_factory=_Meta)


class _Listed(Struct, frozen=True, kw_only=True):
    """One list as read: its pages, or why not; and when the server answered first."""

    call: ListCall
    pages: tuple[bytes, ...]
    status: ReadStatus
    answered: datetime | None
    refused: ReadStatus | None = None


def read_cluster(
    conn: Connection,
    *,
    scope: Scope,
    chunk_size: int = CHUNK_SIZE,
    keep_raw: bool = False,
    as_of: datetime | None = None,
    only: frozenset[str] = frozenset(),
    sleep: Callable[[float], None] = time.sleep,
) -> tuple[SnapshotBuilder, Snapshot]:
    """Observe a cluster.

    ``chunk_size`` is the ``limit`` of each request (0: no chunks), ``keep_raw`` keeps what a dump needs, ``as_of``
    replaces the server's clock, ``only`` are the resources to read (empty: all). Raises ClusterError (unreachable,
    401) and CosiMissingError; every other refusal is a ReadStatus of the snapshot.
    """
    calls = [call for call in calls_for(served(conn, sleep), scope) if not only or call.resource in only]
    with ThreadPoolExecutor(max_workers=_SIDE_BY_SIDE) as pool:
        listed = list(pool.map(lambda call: _list(conn, call, chunk_size, sleep), calls))
    builder = SnapshotBuilder(source=conn.source, keep_raw=keep_raw)
    statuses: dict[tuple[str, str], ReadStatus] = {}
    for one in listed:
        for status in (_added(builder, one), one.refused):
            if status is not None:
                _keep_worst(statuses, status)
    for _, status in sorted(statuses.items()):
        builder.note(status)
    taken_at, basis = _now(listed, as_of)
    return builder, builder.build(taken_at=taken_at, basis=basis, namespaces=_namespaces(listed, scope))


def served(conn: Connection, sleep: Callable[[float], None] = time.sleep) -> tuple[str, ...]:
    """The COSI versions this cluster serves; all known ones where discovery itself is refused."""
    try:
        answer = ask(conn, f"/apis/{GROUP}", {}, sleep)
    except u3.HTTPError as error:
        raise unreachable(conn.source, error) from error
    if answer.status == 404:
        raise CosiMissingError(
            f"{conn.source} has no COSI resources",
            meaning=f"the API group {GROUP} is not installed there",
            next_step="check the context, or install COSI's CRDs and controller",
        )
    if answer.status != 200:
        return VERSIONS
    try:
        group = json.loads(answer.body)
        found = {str(entry["version"]) for entry in group["versions"]}
    except (ValueError, KeyError, TypeError):
        return VERSIONS
    return tuple(version for version in VERSIONS if version in found) or VERSIONS


def _list(conn: Connection, call: ListCall, chunk_size: int, sleep: Callable[[float], None]) -> _Listed:
    """Read one list; where it is refused for the whole cluster, in the fallback namespace."""
    try:
        got = _pages(conn, call, chunk_size, sleep)
    except u3.HTTPError as error:
        return _failed(call, words_about(error))
    except DumpError as error:
        return _failed(call, str(error)[:300])
    if got.status.outcome is ReadOutcome.FORBIDDEN and call.fallback:
        again = _list(conn, call.narrowed(), chunk_size, sleep)
        return _after_refusal(again, refused=got.status)
    return got


def _failed(call: ListCall, reason: str) -> _Listed:
    status = ReadStatus(resource=call.resource, outcome=ReadOutcome.FAILED, scope=call.namespace, reason=reason)
    return _Listed(call=call, pages=(), status=status, answered=None)


def _after_refusal(listed: _Listed, *, refused: ReadStatus) -> _Listed:
    """Return the same list, remembering what was refused before it."""
    return _Listed(
        call=listed.call, pages=listed.pages, status=listed.status, answered=listed.answered, refused=refused
    )


def _pages(conn: Connection, call: ListCall, chunk_size: int, sleep: Callable[[float], None]) -> _Listed:
    """Follow the continue tokens; a token that expired (410) starts the list again, once."""
    restarted = False
    pages: list[bytes] = []
    token = ""
    answered: datetime | None = None
    while True:
        answer = ask(conn, call.path, _params(call, chunk_size, token), sleep)
        answered = answered or date_of(answer)
        if answer.status == 410 and token and not restarted:
            restarted, pages, token = True, [], ""
            continue
        if answer.status == 400 and call.selector and not pages:
            return _pages(conn, call.unselected(), chunk_size, sleep)
        if answer.status != 200:
            status = ReadStatus(
                resource=call.resource,
                outcome=outcome_of(answer.status),
                scope=call.namespace,
                reason=words_of(answer.status, answer.body),
            )
            return _Listed(call=call, pages=(), status=status, answered=answered)
        pages.append(answer.body)
        token = _continue(answer.body, call)
        if not token:
            done = ReadStatus(resource=call.resource, outcome=ReadOutcome.OK, scope=call.namespace)
            return _Listed(call=call, pages=tuple(pages), status=done, answered=answered)


def _continue(body: bytes, call: ListCall) -> str:
    try:
        return msgspec.json.decode(body, type=_Page).metadata.continue_
    except msgspec.DecodeError as error:
        raise DumpError(f"the answer for {call.resource} is cut off or no list: {error}") from error


def _params(call: ListCall, chunk_size: int, token: str) -> dict[str, str]:
    params = {"fieldSelector": call.selector} if call.selector else {}
    if chunk_size > 0:
        params["limit"] = str(chunk_size)
    if token:
        params["continue"] = token
    return params


def ask(conn: Connection, path: str, params: dict[str, str], sleep: Callable[[float], None] = time.sleep) -> Response:
    """GET with retries. 401 ends everything; a server that takes no connection does too."""
    try:
        answer = with_retries(lambda: conn.get(path, params), sleep=sleep)
    except (u3.NewConnectionError, u3.ConnectTimeoutError, u3.SSLError, u3.ProxyError, u3.LocationValueError) as error:
        raise unreachable(conn.source, error) from error
    if answer.status == 401:
        raise unauthorized(conn.source, answer.body)
    return answer


def _added(builder: SnapshotBuilder, listed: _Listed) -> ReadStatus:
    """Decode the pages of a list; one that turns out broken counts as failed."""
    for page in listed.pages:
        try:
            builder.add_list(page, origin=listed.call.path, kind=listed.call.kind, api_version=listed.call.api_version)
        except DumpError as error:
            return ReadStatus(
                resource=listed.call.resource,
                outcome=ReadOutcome.FAILED,
                scope=listed.call.namespace,
                reason=str(error)[:300],
            )
    return listed.status


_BADNESS = (ReadOutcome.OK, ReadOutcome.ABSENT, ReadOutcome.FORBIDDEN, ReadOutcome.FAILED)


def _keep_worst(statuses: dict[tuple[str, str], ReadStatus], status: ReadStatus) -> None:
    """One status for a resource and scope: several lists make up the events, and one that failed spoils them.

    A COSI version that lacks a kind spoils nothing where the other version has it.
    """
    key = (status.resource, status.scope)
    known = statuses.get(key)
    if known is None:
        statuses[key] = status
        return
    pair = {known.outcome, status.outcome}
    if pair == {ReadOutcome.OK, ReadOutcome.ABSENT}:
        statuses[key] = known if known.outcome is ReadOutcome.OK else status
    elif _BADNESS.index(status.outcome) > _BADNESS.index(known.outcome):
        statuses[key] = status


def _namespaces(listed: list[_Listed], scope: Scope) -> tuple[str, ...]:
    """Which namespaces were looked at; empty means all of them."""
    if scope.reach is Reach.ONE:
        return (scope.namespace,)
    narrowed = {one.call.namespace for one in listed if one.refused is not None and one.call.resource == "bucketclaims"}
    return tuple(sorted(narrowed - {""}))


def _now(listed: list[_Listed], as_of: datetime | None) -> tuple[datetime, TimeBasis]:
    if as_of is not None:
        return as_of, TimeBasis.AS_OF
    dates = [one.answered for one in listed if one.answered is not None]
    if dates:
        return min(dates), TimeBasis.SERVER
    return datetime.now(UTC).replace(microsecond=0), TimeBasis.LOCAL


def date_of(answer: Response) -> datetime | None:
    """Return when the server answered, by its own clock."""
    try:
        return parsedate_to_datetime(answer.headers.get("date", "")).astimezone(UTC)
    except (ValueError, TypeError):
        return None
