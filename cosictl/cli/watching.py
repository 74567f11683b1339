"""``get -w``: look again and again, and print what changed.

It lists anew rather than to hold watches: a verdict hangs on events and Leases too, and lists are what the API server's
cache answers cheapest. The pause grows with the time that reading takes, so that a large cluster is not kept busy.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from cosictl.cli.options import parse_duration
from cosictl.cli.said import program, say
from cosictl.cli.types import Resource, Target
from cosictl.errors import ClusterError, UsageError
from cosictl.flows.get import Listing
from cosictl.model.refs import Ref
from cosictl.model.report import Assessment

INTERVAL_SECONDS: Final = 5.0
# At most one part in ten of the time is spent reading.
_SHARE: Final = 9.0

State = tuple[object, ...]


def watch_interval(text: str | None, *, targets: Sequence[Target], dumps: Sequence[str] | None) -> float:
    """Read ``--interval``, in seconds; raises UsageError where there is nothing to watch."""
    if dumps:
        raise UsageError("-w watches a cluster, and files do not change", next_step="leave out -w, or -f")
    if any(target.resource is Resource.DRIVERS for target in targets):
        raise UsageError("drivers cannot be watched", next_step="watch buckets instead")
    return parse_duration(text, "--interval") if text else INTERVAL_SECONDS


def watch(observe: Callable[[], Listing], show: Callable[[Listing, Sequence[Ref]], None], interval: float) -> None:
    """Call ``show`` with the objects that changed and the names of those that went, until somebody interrupts.

    ``interval`` is the shortest pause in seconds. A cluster that fails later than at the first look is said to fail,
    and asked again.
    """
    before: dict[Ref, State] = {}
    listing, took = _timed(observe)
    while True:
        now = {item.ref: _state(listing.verdicts, item.ref, item.meta.uid) for item in listing.objects}
        places = [place for place, item in enumerate(listing.objects) if before.get(item.ref) != now[item.ref]]
        show(listing.picked(places), sorted(before.keys() - now.keys()))
        before = now
        listing, took = _again(observe, interval, took)


def _state(verdicts: Mapping[Ref, Assessment], ref: Ref, uid: str) -> State:
    """What makes an object worth a new line; attempts and next tries move by themselves."""
    item = verdicts.get(ref)
    if item is None:
        return (uid,)
    found = item.classification
    return (uid, item.outlook, item.flags, found and (found.grpc_code, found.cause))


def _again(observe: Callable[[], Listing], interval: float, took: float) -> tuple[Listing, float]:
    told = False
    while True:
        time.sleep(max(interval, took * _SHARE))
        try:
            return _timed(observe)
        except ClusterError as error:
            if not told:
                say(f"{program()}: {error.what}; asking again")
            told = True


def _timed(observe: Callable[[], Listing]) -> tuple[Listing, float]:
    start = time.monotonic()
    return observe(), time.monotonic() - start
