"""``-w``: show a cluster again whenever it changes, and what changed.

The pause grows with the time that looking takes, so that neither this machine nor a large cluster is kept busy.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Final, Protocol

from cosictl.cli.options import parse_duration
from cosictl.cli.types import Resource, Target
from cosictl.errors import UsageError
from cosictl.flows.get import Listing
from cosictl.model.refs import Ref
from cosictl.model.report import Assessment
from cosictl.model.snapshot import Snapshot

if TYPE_CHECKING:
    from cosictl.intake.builder import SnapshotBuilder

# Verdicts also change with time alone: this often a cluster is looked at in which nothing happens.
INTERVAL_SECONDS: Final = 5.0
# At most one part in ten of the time is spent looking.
_SHARE: Final = 9.0
_SLOW_SECONDS: Final = 1.0

State = tuple[object, ...]


def watch_interval(text: str | None, *, targets: Sequence[Target], dumps: Sequence[str] | None) -> float:
    """Read ``--interval``, in seconds; raises UsageError where there is nothing to watch."""
    if dumps:
        raise UsageError("-w watches a cluster, and files do not change", next_step="leave out -w, or -f")
    if any(target.resource is Resource.DRIVERS for target in targets):
        raise UsageError("drivers cannot be watched", next_step="watch buckets instead")
    return parse_duration(text, "--interval") if text else INTERVAL_SECONDS


class Watch(Protocol):
    """A cluster that is watched: ``first`` reads it, ``wait`` waits for a change, ``look`` tells what it is like."""

    @property
    def troubles(self) -> tuple[str, ...]:
        """Why news do not come at the moment; empty where all is well."""

    @property
    def has_more(self) -> bool:
        """Whether news came that were not taken in yet."""

    def first(self) -> tuple["SnapshotBuilder", Snapshot]:
        """Read the cluster, and begin."""

    def wait(self, longest: float) -> None:
        """Wait at most so many seconds."""

    def look(self) -> tuple["SnapshotBuilder", Snapshot]:
        """Return what is known by now."""


def watch(
    observe: Callable[[], Listing],
    show: Callable[[Listing, Sequence[Ref]], None],
    wait: Callable[[float], None],
    interval: float,
) -> None:
    """Call ``show`` with the objects that changed and the names of those that went, until somebody interrupts.

    ``wait`` waits for a change, at most as many seconds as it is told: ``interval``.
    """
    before: dict[Ref, State] = {}
    while True:
        start = time.monotonic()
        listing = observe()
        now = {item.ref: _state(listing.verdicts, item.ref, item.meta.uid) for item in listing.objects}
        places = [place for place, item in enumerate(listing.objects) if before.get(item.ref) != now[item.ref]]
        show(listing.picked(places), sorted(before.keys() - now.keys()))
        before = now
        took = time.monotonic() - start
        if took > _SLOW_SECONDS:
            time.sleep(took * _SHARE)
        wait(interval)


def _state(verdicts: Mapping[Ref, Assessment], ref: Ref, uid: str) -> State:
    """What makes an object worth a new line; attempts and next tries move by themselves."""
    item = verdicts.get(ref)
    if item is None:
        return (uid,)
    found = item.classification
    return (uid, item.outlook, item.flags, found and (found.grpc_code, found.cause))
