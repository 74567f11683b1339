"""Read a cluster: every list once, side by side, taken apart while it arrives; refusals are recorded, the rest counts.

A diagnosis reads what the server's cache holds, in one answer for each list, as controllers do when they start: nothing
is read from the store, and nothing is in memory as a whole. Before anything is changed, lists are exact, in chunks.
"""

import json
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

from msgspec import Struct

from cosictl.cluster.connect import Connection, Response
from cosictl.cluster.lists import GROUP, VERSIONS, ListCall, Reach, Scope, calls_for
from cosictl.cluster.noanswer import NEVER_SENT, NoAnswerError
from cosictl.cluster.retry import with_retries
from cosictl.cluster.translate import (
    date_of,
    keep_worst,
    outcome_of,
    unauthorized,
    unreachable,
    words_about,
    words_of,
)
from cosictl.errors import ClusterError, CosiMissingError, DumpError
from cosictl.intake.blocks import ListHead, split
from cosictl.intake.builder import SnapshotBuilder
from cosictl.intake.kinds import Model
from cosictl.model.copying import replace
from cosictl.model.refs import RESOURCES
from cosictl.model.snapshot import ReadOutcome, ReadStatus, Snapshot, TimeBasis

CHUNK_SIZE = 500
_SIDE_BY_SIDE = 6
# "Any version that the server holds in its cache" (Kubernetes API concepts, resource versions).
_CACHED = "0"


class Listed(Struct, frozen=True, kw_only=True):
    """One list as read: what it held, how it went, and when the server answered first.

    ``refused`` is how reading more than this was refused, ``version`` the one that a watch goes on from, ``ahead`` how
    much later it was by the server's clock than by ours.
    """

    call: ListCall
    part: SnapshotBuilder
    status: ReadStatus
    answered: datetime | None
    refused: ReadStatus | None = None
    version: str = ""
    ahead: timedelta | None = None


class Observed(Struct, kw_only=True):
    """A cluster as it was read, list by list."""

    source: str
    scope: Scope
    keep_raw: bool
    lists: list[Listed]

    def build(self, at: datetime | None = None, basis: TimeBasis = TimeBasis.AS_OF) -> tuple[SnapshotBuilder, Snapshot]:
        """Put the lists together; ``at`` replaces the time at which the server answered."""
        builder = SnapshotBuilder(source=self.source, keep_raw=self.keep_raw)
        statuses: dict[tuple[str, str], ReadStatus] = {}
        for one in self.lists:
            builder.absorb(one.part)
            for status in (one.status, one.refused):
                if status is not None:
                    keep_worst(statuses, status)
        for _, status in sorted(statuses.items()):
            builder.note(status)
        taken_at, basis = (at, basis) if at is not None else _now(self.lists)
        return builder, builder.build(taken_at=taken_at, basis=basis, namespaces=_namespaces(self.lists, self.scope))


def read_cluster(
    conn: Connection,
    *,
    scope: Scope,
    chunk_size: int | None = None,
    keep_raw: bool = False,
    as_of: datetime | None = None,
    only: frozenset[str] = frozenset(),
    sleep: Callable[[float], None] = time.sleep,
) -> tuple[SnapshotBuilder, Snapshot]:
    """Observe a cluster.

    ``chunk_size`` is the ``limit`` of each request, which makes lists exact (0: exact, without a limit); None reads
    what the server has cached. ``keep_raw`` keeps what a dump needs, ``as_of`` replaces the server's clock, ``only``
    are the resources to read (empty: all). Raises ClusterError (unreachable, 401) and CosiMissingError; every other
    refusal is a ReadStatus of the snapshot.
    """
    seen = observe(conn, scope=scope, chunk_size=chunk_size, keep_raw=keep_raw, only=only, sleep=sleep)
    return seen.build(as_of)


def observe(
    conn: Connection,
    *,
    scope: Scope,
    chunk_size: int | None = None,
    keep_raw: bool = False,
    only: frozenset[str] = frozenset(),
    versions: tuple[str, ...] = (),
    sleep: Callable[[float], None] = time.sleep,
) -> Observed:
    """Read every list that ``read_cluster`` reads, and keep them apart; raises as that.

    ``versions`` are the COSI versions that are served, where they are known already.
    """
    calls = [call for call in calls_for(versions or served(conn, sleep), scope) if not only or call.resource in only]
    empty = SnapshotBuilder(source=conn.source, keep_raw=keep_raw).part
    with ThreadPoolExecutor(max_workers=_SIDE_BY_SIDE) as pool:
        found = pool.map(lambda call: _list(conn, call, empty, chunk_size, sleep), calls)
        lists = [one for some in found for one in some]
    return Observed(source=conn.source, scope=scope, keep_raw=keep_raw, lists=lists)


def observe_last(
    conn: Connection,
    *,
    scope: Scope,
    resource: str,
    begin: Callable[[Snapshot], None],
    heed: Callable[[Sequence[Model]], None],
    chunk_size: int | None = None,
) -> Observed:
    """Read one resource last: ``begin`` gets all the others, ``heed`` its objects as they arrive, at times twice."""
    rest = frozenset(RESOURCES.values()) - {resource}
    versions = served(conn)
    seen = observe(conn, scope=scope, chunk_size=chunk_size, only=rest, versions=versions)
    begin(seen.build()[1])
    empty = SnapshotBuilder(source=conn.source, heed=heed).part
    for call in calls_for(versions, scope):
        if call.resource == resource:
            seen.lists += _list(conn, call, empty, chunk_size, time.sleep)
    return seen


def relist(conn: Connection, call: ListCall, empty: Callable[[], SnapshotBuilder]) -> Listed:
    """Read one list anew, exactly; raises ClusterError: nothing is gone because reading it was refused."""
    (found,) = _list(conn, replace(call, fallbacks=()), empty, CHUNK_SIZE, time.sleep)
    if found.status.outcome is not ReadOutcome.OK:
        raise ClusterError(found.status.reason)
    return found


def served(conn: Connection, sleep: Callable[[float], None] = time.sleep) -> tuple[str, ...]:
    """The COSI versions this cluster serves; all known ones where discovery itself is refused."""
    try:
        answer = ask(conn, f"/apis/{GROUP}", {}, sleep)
    except NoAnswerError as error:
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


def _list(
    conn: Connection,
    call: ListCall,
    empty: Callable[[], SnapshotBuilder],
    chunk_size: int | None,
    sleep: Callable[[float], None],
) -> list[Listed]:
    """Read one list; where it is refused for the whole cluster, in the namespaces to fall back to."""
    try:
        got = _pages(conn, call, empty, chunk_size, sleep)
    except NoAnswerError as error:
        return [_failed(call, empty(), words_about(error))]
    except DumpError as error:
        return [_failed(call, empty(), str(error)[:300])]
    if got.status.outcome is not ReadOutcome.FORBIDDEN or not call.fallbacks:
        return [got]
    again = [one for narrow in call.narrowed() for one in _list(conn, narrow, empty, chunk_size, sleep)]
    return [replace(one, refused=got.status) for one in again]


def _failed(call: ListCall, part: SnapshotBuilder, reason: str) -> Listed:
    status = ReadStatus(resource=call.resource, outcome=ReadOutcome.FAILED, scope=call.namespace, reason=reason)
    return Listed(call=call, part=part, status=status, answered=None)


def _pages(
    conn: Connection,
    call: ListCall,
    empty: Callable[[], SnapshotBuilder],
    chunk_size: int | None,
    sleep: Callable[[float], None],
) -> Listed:
    """Follow the continue tokens; a token that expired (410) starts the list again, once."""
    restarted = False
    part, token, chunks = empty(), "", 0
    answered: datetime | None = None
    ahead: timedelta | None = None
    while True:
        answer, page, heard = _page(conn, call, _params(call, chunk_size, token), empty, sleep)
        if answered is None and (answered := date_of(answer.headers)) is not None:
            ahead = answered - heard
        if answer.status == 410 and token and not restarted:
            restarted, part, token, chunks = True, empty(), "", 0
            continue
        if answer.status == 400 and call.selector and not chunks:
            return _pages(conn, call.unselected(), empty, chunk_size, sleep)
        if answer.status != 200:
            status = ReadStatus(
                resource=call.resource,
                outcome=outcome_of(answer.status),
                scope=call.namespace,
                reason=words_of(answer.status, answer.body),
            )
            return Listed(call=call, part=empty(), status=status, answered=answered)
        head = page.add_list(answer.body, origin=call.path, kind=call.kind, api_version=call.api_version)
        part.absorb(page)
        token, chunks = head.continue_token, chunks + 1
        if not token:
            done = ReadStatus(resource=call.resource, outcome=ReadOutcome.OK, scope=call.namespace)
            version = head.resource_version
            return Listed(call=call, part=part, status=done, answered=answered, version=version, ahead=ahead)


def _page(
    conn: Connection,
    call: ListCall,
    params: dict[str, str],
    empty: Callable[[], SnapshotBuilder],
    sleep: Callable[[float], None],
) -> tuple[Response, SnapshotBuilder, datetime]:
    """Ask for one page; its objects are taken while it arrives, and what is left is the answer's body.

    Also returns when the answer began, by our clock.
    """
    page, heard = empty(), datetime.now(UTC)

    def once() -> Response:
        nonlocal page, heard
        page = taking = empty()

        def take(block: bytes, head: ListHead) -> bool:
            kind = head.kind.removesuffix("List") if head.kind.endswith("List") else call.kind
            version = head.api_version or call.api_version
            return taking.add_block(block, origin=call.path, kind=kind, api_version=version)

        with conn.stream(call.path, params) as (status, headers, pieces):
            heard = datetime.now(UTC)
            body = split(pieces, take) if status == 200 else b"".join(pieces)
        return Response(status=status, headers=headers, body=body)

    answer = _checked(conn, once, sleep)
    return answer, page, heard


def _params(call: ListCall, chunk_size: int | None, token: str) -> dict[str, str]:
    params = {"fieldSelector": call.selector} if call.selector else {}
    if token:
        params["continue"] = token
    if chunk_size is None and not token:
        params["resourceVersion"] = _CACHED
    elif chunk_size != 0:
        params["limit"] = str(chunk_size or CHUNK_SIZE)
    return params


def ask(conn: Connection, path: str, params: dict[str, str], sleep: Callable[[float], None] = time.sleep) -> Response:
    """GET with retries. 401 ends everything; a server that takes no connection does too."""
    return _checked(conn, lambda: conn.get(path, params), sleep)


def _checked(conn: Connection, once: Callable[[], Response], sleep: Callable[[float], None]) -> Response:
    try:
        answer = with_retries(once, sleep=sleep)
    except NoAnswerError as error:
        if error.trouble not in NEVER_SENT:
            raise
        raise unreachable(conn.source, error) from error
    if answer.status == 401:
        raise unauthorized(conn.source, answer.body)
    return answer


def _namespaces(listed: list[Listed], scope: Scope) -> tuple[str, ...]:
    """Which namespaces were looked at; empty means all of them."""
    if scope.reach is Reach.ONE:
        return (scope.namespace,)
    narrowed = {one.call.namespace for one in listed if one.refused is not None and one.call.resource == "bucketclaims"}
    return tuple(sorted(narrowed - {""}))


def _now(listed: list[Listed]) -> tuple[datetime, TimeBasis]:
    dates = [one.answered for one in listed if one.answered is not None]
    if dates:
        return min(dates), TimeBasis.SERVER
    return datetime.now(UTC).replace(microsecond=0), TimeBasis.LOCAL
