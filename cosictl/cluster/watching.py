"""Watch a cluster: every list once, then what changes in it, put together whenever somebody looks.

In: a connection and a scope. Out: one snapshot after the other. Nothing is lost and nothing comes twice, whatever
happens to the connection: see ``stream``. Memory holds the objects, and no history.

While news of a list do not come, the clock stands for all of them: what is known grows old, and time alone would make a
running loop look like a lost one. Pods are the exception, of which no verdict hangs on the time.
"""

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime, timedelta
from queue import Empty, Queue
from typing import Final

from msgspec import Struct

from cosictl.cluster.connect import Connection
from cosictl.cluster.lists import Scope
from cosictl.cluster.reader import Observed, observe
from cosictl.cluster.stream import Change, Follower
from cosictl.cluster.watchlines import take_in
from cosictl.intake.builder import SnapshotBuilder
from cosictl.model.snapshot import Snapshot, TimeBasis

# What belongs together (a Bucket and the event about it) is told of together.
_TOGETHER_SECONDS: Final = 0.1
# Where something changes all the time, that must not go on for ever.
_NEVER_LONGER_SECONDS: Final = 1.0
# Whoever is so far behind what is told does better with what is so now than with each step on the way there.
_FAR_BEHIND_SECONDS: Final = 10.0
# A stream that opens may say at once that it has to be read anew: only then it is known whether it goes on.
_HEALING_SECONDS: Final = 1.0
_MOST_WAITING: Final = 10_000
# Changes of these are told one by one; of others only what they are like now matters.
_TOLD: Final = frozenset({"buckets", "bucketclaims", "bucketaccesses"})
_TIMELESS: Final = frozenset({"pods"})


class _Trouble(Struct):
    """Why news do not come, since when, and when it began to look as if they did again."""

    words: str
    since: datetime
    healing: float | None = None


class ClusterWatch:
    """Watches a cluster from ``first`` on. Its threads end with the process, or after ``end`` with their streams.

    ``say`` is told, once for each time, that a stream is in trouble and is asked for again.
    """

    def __init__(self, conn: Connection, *, scope: Scope, keep_raw: bool, say: Callable[[str], None]) -> None:
        self._conn = conn
        self._scope = scope
        self._keep_raw = keep_raw
        self._say = say
        self._changes: Queue[Change] = Queue(maxsize=_MOST_WAITING)
        self._pending: list[Change] = []
        self._seen: Observed | None = None
        self._followers: list[Follower] = []
        self._ahead = timedelta()
        self._troubles: dict[int, _Trouble] = {}

    @property
    def troubles(self) -> tuple[str, ...]:
        """Why news of some lists do not come at the moment: what is known may be behind. Empty where all is well."""
        self._heal()
        return tuple(trouble.words for trouble in self._troubles.values())

    @property
    def has_more(self) -> bool:
        """Whether news came of Buckets, claims or accesses that were not taken in yet."""
        with self._changes.mutex:
            waiting = [*self._pending, *self._changes.queue]
        return any(self._is_told(change.place) for change in waiting)

    def first(self) -> tuple[SnapshotBuilder, Snapshot]:
        """Read every list and begin to watch; raises as ``read_cluster``."""
        self._seen = seen = observe(self._conn, scope=self._scope, keep_raw=self._keep_raw)
        built = seen.build()
        self._ahead = next((one.ahead for one in seen.lists if one.ahead is not None), timedelta())
        for place, listed in enumerate(seen.lists):
            follower = Follower(self._conn, place, listed, self._changes)
            self._followers.append(follower)
            threading.Thread(target=follower.run, daemon=True).start()
        return built

    def wait(self, longest: float) -> None:
        """Wait for a change that matters, at most ``longest`` seconds, and take in what came together with it.

        Of one object at most one change is taken in: two changes are two waits. So is a list that was read anew, and
        a change in it.
        """
        seen = self._known()
        touched: dict[int, set[str]] = defaultdict(set)
        renewed: set[int] = set()
        end, together = time.monotonic() + longest, longest
        if any(trouble.healing is not None for trouble in self._troubles.values()):
            together = min(together, _HEALING_SECONDS)
        has_begun = has_taken = False
        while not has_taken or time.monotonic() < end:
            change = self._take(min(together, end - time.monotonic()))
            if change is None:
                break
            is_late = time.monotonic() - change.at > _FAR_BEHIND_SECONDS
            if self._is_told(change.place) and not is_late and is_second(change, touched, renewed):
                self._pending.insert(0, change)
                break
            has_taken = True
            if change.uid:
                touched[change.place].add(change.uid)
            elif change.anew is not None:
                renewed.add(change.place)
            if self._apply(seen, change) and not has_begun:
                has_begun, end, together = True, time.monotonic() + _NEVER_LONGER_SECONDS, _TOGETHER_SECONDS

    def look(self) -> tuple[SnapshotBuilder, Snapshot]:
        """Return what the cluster is like, as far as it was taken in."""
        self._heal()
        seen = self._known()
        stands = [
            trouble.since
            for place, trouble in self._troubles.items()
            if seen.lists[place].call.resource not in _TIMELESS
        ]
        now = min(stands, default=_clock())
        return seen.build((now + self._ahead).replace(microsecond=0), TimeBasis.SERVER)

    def end(self) -> None:
        """Ask for nothing more."""
        for follower in self._followers:
            follower.end()

    def _known(self) -> Observed:
        assert self._seen is not None, "a watch begins with first()"
        return self._seen

    def _is_told(self, place: int) -> bool:
        return self._known().lists[place].call.resource in _TOLD

    def _take(self, wait: float) -> Change | None:
        if self._pending:
            return self._pending.pop(0)
        try:
            return self._changes.get(timeout=max(0.0, wait))
        except Empty:
            return None

    def _heal(self) -> None:
        now = time.monotonic()
        for place, trouble in [*self._troubles.items()]:
            if trouble.healing is not None and now - trouble.healing >= _HEALING_SECONDS:
                del self._troubles[place]

    def _apply(self, seen: Observed, change: Change) -> bool:
        """Take a change in; returns whether anything is otherwise than before."""
        if change.told:
            self._say(change.told)
        known = self._troubles.get(change.place)
        if change.trouble:
            since = known.since if known is not None else _clock()
            self._troubles[change.place] = _Trouble(change.trouble, since)
        elif change.well and known is not None:
            known.healing = time.monotonic()
        if change.anew is not None:
            self._troubles.pop(change.place, None)
            seen.lists[change.place] = change.anew
            self._followers[change.place].is_taken_in()
        if not change.data:
            return True
        listed = seen.lists[change.place]
        return take_in(listed.part, listed.call, change.data, is_gone=change.is_gone)


def is_second(change: Change, touched: Mapping[int, Collection[str]], renewed: Collection[int]) -> bool:
    """Tell whether a change would hide another one: ``touched`` are the objects by list, ``renewed`` lists. Pure."""
    if change.anew is not None:
        return bool(touched.get(change.place))
    return bool(change.uid) and (change.place in renewed or change.uid in touched.get(change.place, ()))


def _clock() -> datetime:
    return datetime.now(UTC)
