"""Watch a cluster: every list once, then what changes in it, put together whenever somebody looks.

In: a connection and a scope. Out: one snapshot after the other. Nothing is lost and nothing comes twice, whatever
happens to the connection: see ``stream``. Memory holds the objects, and no history.
"""

import math
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime, timedelta
from queue import Empty, Queue
from typing import Final

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
_MOST_WAITING: Final = 100_000


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
        self._changes: Queue[Change] = Queue(maxsize=_MOST_WAITING)
        self._pending: list[Change] = []
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
            follower = Follower(self._conn, place, listed, self._changes)
            threading.Thread(target=follower.run, daemon=True).start()
        return built

    def wait(self, longest: float) -> None:
        """Wait for a change, at most ``longest`` seconds, and take in what came together with it.

        Of one object at most one change is taken in: two changes are two waits. So is a list that was read anew, and
        a change in it.
        """
        seen = self._known()
        touched: dict[int, set[str]] = defaultdict(set)
        renewed: set[int] = set()
        wait, end = longest, math.inf
        while wait > 0 and (change := self._take(wait)) is not None:
            if is_second(change, touched, renewed):
                self._pending.insert(0, change)
                break
            if change.uid:
                touched[change.place].add(change.uid)
            elif change.anew is not None:
                renewed.add(change.place)
            self._apply(seen, change)
            end = min(end, time.monotonic() + _NEVER_LONGER_SECONDS)
            wait = min(_TOGETHER_SECONDS, end - time.monotonic())

    def look(self) -> tuple[SnapshotBuilder, Snapshot]:
        """Return what the cluster is like, as far as it was taken in."""
        return self._known().build((_clock() + self._ahead).replace(microsecond=0), TimeBasis.SERVER)

    def _known(self) -> Observed:
        assert self._seen is not None, "a watch begins with first()"
        return self._seen

    def _take(self, wait: float) -> Change | None:
        if self._pending:
            return self._pending.pop(0)
        try:
            return self._changes.get(timeout=wait)
        except Empty:
            return None

    def _apply(self, seen: Observed, change: Change) -> None:
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
        take_in(listed.part, listed.call, change.data, is_gone=change.is_gone)


def is_second(change: Change, touched: Mapping[int, Collection[str]], renewed: Collection[int]) -> bool:
    """Tell whether a change would hide another one: ``touched`` are the objects by list, ``renewed`` lists. Pure."""
    if change.anew is not None:
        return bool(touched.get(change.place))
    return bool(change.uid) and (change.place in renewed or change.uid in touched.get(change.place, ()))


def _clock() -> datetime:
    return datetime.now(UTC)
