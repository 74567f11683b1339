"""Watch a cluster: every list once, then a stream of what changed, put together again whatever happens in between.

In: a connection and a scope. Out: one snapshot after the other. A stream that ends goes on where it ended, by the
version of the last object or bookmark; where the server has forgotten that version (410), the list is read again and
replaces what was known. So nothing is lost and nothing comes twice. Memory holds the objects, and no history.
"""

import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from queue import Empty, Queue
from typing import Final

import msgspec

from cosictl.cluster.connect import Connection
from cosictl.cluster.lists import ListCall, Scope
from cosictl.cluster.noanswer import NoAnswerError
from cosictl.cluster.reader import Listed, Observed, observe, relist
from cosictl.cluster.retry import DICE
from cosictl.cluster.translate import words_about, words_of
from cosictl.errors import ClusterError
from cosictl.intake.builder import SnapshotBuilder
from cosictl.model.snapshot import Snapshot, TimeBasis

# A server ends a watch by itself after this time, and sends a bookmark about once a minute: silence for longer means
# that the connection is dead, whatever TCP believes (Kubernetes API concepts, efficient detection of changes).
_WATCH_SECONDS: Final = 300
_SILENCE_SECONDS: Final = 100.0
_FIRST_DELAY: Final = 0.25
_LONGEST_DELAY: Final = 30.0
# What belongs together (a Bucket and the event about it) is told of together.
_TOGETHER_SECONDS: Final = 0.1
_MOST_WAITING: Final = 100_000
_GONE: Final = 410
_NO_WATCH: Final = frozenset({403, 404, 405, 422, 501})
# Where watching is not allowed, lists have to do.
_POLL_SECONDS: Final = 5.0


class _Meta(msgspec.Struct, rename="camel"):
    uid: str = ""
    resource_version: str = ""


class _About(msgspec.Struct):
    metadata: _Meta = msgspec.field(default_factory=_Meta)
    code: int = 0
    message: str = ""


class _Line(msgspec.Struct):
    type: str
    object: msgspec.Raw


class _Change(msgspec.Struct, frozen=True):
    """What came for one list: an object as it is now or was last, the whole list anew, or how the stream fares.

    ``trouble``: why nothing comes, ``well``: that it comes again; ``told`` is what somebody should know of that.
    """

    place: int
    uid: str = ""
    data: bytes = b""
    is_gone: bool = False
    anew: Listed | None = None
    trouble: str = ""
    well: bool = False
    told: str = ""


class ClusterWatch:
    """Watches a cluster from ``first`` on. Its threads end with the process.

    ``say`` is told, once for each time, that a stream is in trouble and is asked for again. ``troubles`` are those of
    the moment, by list: what is known may be behind.
    """

    def __init__(self, conn: Connection, *, scope: Scope, keep_raw: bool, say: Callable[[str], None]) -> None:
        self._conn = conn
        self._scope = scope
        self._keep_raw = keep_raw
        self._say = say
        self._changes: Queue[_Change] = Queue(maxsize=_MOST_WAITING)
        self._pending: list[_Change] = []
        self._seen: Observed | None = None
        self._ahead = timedelta()
        self._troubles: dict[int, str] = {}

    @property
    def troubles(self) -> tuple[str, ...]:
        """Why news of some lists do not come at the moment; empty where all is well."""
        return tuple(self._troubles.values())

    def first(self) -> tuple[SnapshotBuilder, Snapshot]:
        """Read every list and begin to watch; raises as ``read_cluster``."""
        self._seen = seen = observe(self._conn, scope=self._scope, keep_raw=self._keep_raw)
        built = seen.build()
        self._ahead = built[1].taken_at - _clock()
        for place, listed in enumerate(seen.lists):
            follower = _Follower(self._conn, place, listed, self._changes)
            threading.Thread(target=follower.run, daemon=True).start()
        return built

    def wait(self, longest: float) -> None:
        """Wait for a change, at most ``longest`` seconds, and take in what came together with it.

        Of one object at most one change is taken in: two changes are two waits.
        """
        seen = self._known()
        touched: set[tuple[int, str]] = set()
        wait = longest
        while (change := self._take(wait)) is not None:
            key = (change.place, change.uid)
            if change.uid and key in touched:
                self._pending.insert(0, change)
                break
            touched.add(key)
            self._apply(seen, change)
            wait = _TOGETHER_SECONDS

    def look(self) -> tuple[SnapshotBuilder, Snapshot]:
        """Return what the cluster is like, as far as it was taken in."""
        return self._known().build((_clock() + self._ahead).replace(microsecond=0), TimeBasis.SERVER)

    def _known(self) -> Observed:
        assert self._seen is not None, "a watch begins with first()"
        return self._seen

    def _take(self, wait: float) -> _Change | None:
        if self._pending:
            return self._pending.pop(0)
        try:
            return self._changes.get(timeout=wait)
        except Empty:
            return None

    def _apply(self, seen: Observed, change: _Change) -> None:
        if change.told:
            self._say(change.told)
        if change.trouble:
            self._troubles[change.place] = change.trouble
        elif change.well or change.anew is not None:
            self._troubles.pop(change.place, None)
        if change.anew is not None:
            seen.lists[change.place] = change.anew
        if not change.data:
            return
        listed = seen.lists[change.place]
        kind, version = listed.call.kind, listed.call.api_version
        take = listed.part.remove if change.is_gone else listed.part.add
        take(change.data, origin=listed.call.path, kind=kind, api_version=version)


class _Follower:
    """Follows one list from the version it was read at."""

    def __init__(self, conn: Connection, place: int, listed: Listed, changes: "Queue[_Change]") -> None:
        self._conn = conn
        self._place = place
        self._call: ListCall = listed.call
        self._empty = listed.part.part
        self._version = listed.version
        self._changes = changes
        self._delay = _FIRST_DELAY
        # Who asked knows already what was refused at first; it is asked for again, with growing pauses.
        self._told = not listed.version
        self._is_behind = False
        self._polls = False

    def run(self) -> None:
        """Follow until the process ends."""
        while True:
            try:
                status, words = self._stream()
            except (NoAnswerError, OSError) as error:
                self._trouble(words_about(error) if isinstance(error, NoAnswerError) else str(error))
                continue
            except msgspec.MsgspecError as error:
                self._trouble(f"the stream is broken: {error}")
                continue
            if status in _NO_WATCH:
                self._poll(words)
            if status == _GONE or status in _NO_WATCH:
                self._anew()
            elif status:
                self._trouble(words)

    def _stream(self) -> tuple[int, str]:
        """Pass on changes until the stream ends; return why: a status, 0 for its usual end."""
        if not self._version:
            return _GONE, ""
        params = {
            "watch": "true",
            "allowWatchBookmarks": "true",
            "resourceVersion": self._version,
            "timeoutSeconds": str(DICE.randint(_WATCH_SECONDS, 2 * _WATCH_SECONDS)),
        }
        params |= {"fieldSelector": self._call.selector} if self._call.selector else {}
        with self._conn.stream(self._call.path, params, timeout=_SILENCE_SECONDS, live=True) as (status, _, pieces):
            if status != 200:
                return status, words_of(status, b"".join(pieces))
            self._caught_up()
            for line in _lines(pieces):
                found = msgspec.json.decode(line, type=_Line)
                about = msgspec.json.decode(found.object, type=_About)
                if found.type == "ERROR":
                    return about.code or _GONE, about.message
                self._version = about.metadata.resource_version or self._version
                self._delay, self._told = _FIRST_DELAY, False
                if found.type != "BOOKMARK":
                    gone = found.type == "DELETED"
                    self._changes.put(_Change(self._place, about.metadata.uid, bytes(found.object), gone))
        return 0, ""

    def _anew(self) -> None:
        try:
            listed = relist(self._conn, self._call, self._empty)
        except ClusterError as error:
            self._trouble(error.what)
            return
        self._version = listed.version
        self._is_behind = False
        self._changes.put(_Change(self._place, anew=listed))

    def _poll(self, words: str) -> None:
        """Wait until the list is to be read again, because it may not be watched."""
        if not self._polls:
            told = f"{self._call.resource} cannot be watched: {words}; reading them every {_POLL_SECONDS:g} s"
            self._changes.put(_Change(self._place, well=True, told=told))
        self._polls = True
        time.sleep(_POLL_SECONDS)

    def _caught_up(self) -> None:
        if self._is_behind:
            self._changes.put(_Change(self._place, well=True))
        self._is_behind = False

    def _trouble(self, words: str) -> None:
        trouble = f"{self._call.resource}: {words}"
        if self._version:
            # What was never read is no news that does not come.
            self._changes.put(
                _Change(self._place, trouble=trouble, told="" if self._told else f"{trouble}; asking again")
            )
            self._is_behind = True
        self._told = True
        self._pause(self._delay)
        self._delay = min(_LONGEST_DELAY, self._delay * 2)

    @staticmethod
    def _pause(seconds: float) -> None:
        time.sleep(seconds * DICE.uniform(0.5, 1.0))


def _lines(pieces: Iterator[bytes]) -> Iterator[bytes]:
    rest = b""
    for piece in pieces:
        *lines, rest = (rest + piece).split(b"\n")
        yield from (line for line in lines if line)


def _clock() -> datetime:
    return datetime.now(UTC)
