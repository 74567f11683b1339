"""Which objects a changing verb is about: named, or chosen by what is wrong with them."""

from dataclasses import dataclass
from datetime import timedelta

from cosictl.diagnosis.marks import is_expired, mark_of
from cosictl.errors import UsageError
from cosictl.flows.asked import Asked, check_read, found
from cosictl.model.objects import AccessClass, BucketClass
from cosictl.model.refs import Ref
from cosictl.model.report import STUCK, Outlook
from cosictl.remedy.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What was asked for. ``older_than`` is in seconds, 0 for any age; ``marked`` and ``expired`` look at marks."""

    asked: Asked
    everywhere: bool = False
    finding: str = ""
    outlooks: frozenset[Outlook] = frozenset()
    driver: str = ""
    older_than: float = 0.0
    marked: bool = False
    expired: bool = False

    @property
    def open(self) -> bool:
        """Whether nothing at all was chosen."""
        narrow = self.asked.named or self.asked.labels is not None or self.everywhere or self.finding or self.outlooks
        return not (narrow or self.driver or self.older_than or self.marked or self.expired)


def selected(world: World, choice: Choice) -> tuple[Ref, ...]:
    """Return the Buckets, claims and accesses chosen, in their order.

    What is named is taken as it is; what is chosen by its properties alone only where it is stuck, or has one of the
    outlooks asked for. Raises UsageError where nothing was chosen, NotFoundError for a name that nothing has.
    """
    if choice.open:
        raise UsageError("it is not said what to change", next_step="name TYPE/NAME, or choose: --finding, -l, -A")
    snapshot = world.graph.snapshot
    check_read(snapshot, ("buckets", "bucketclaims"))
    items = found(snapshot, choice.asked)
    classes = [item.ref for item in items if isinstance(item, BucketClass | AccessClass)]
    if classes and choice.asked.named:
        raise UsageError(f"{classes[0]}: classes are not changed", next_step="name buckets, claims or accesses")
    refs = [item.ref for item in items if not isinstance(item, BucketClass | AccessClass)]
    return tuple(ref for ref in refs if _fits(world, ref, choice))


def _fits(world: World, ref: Ref, choice: Choice) -> bool:
    verdict = world.verdicts[ref]
    named = any(one.name for one in choice.asked.named)
    wanted = choice.outlooks or (frozenset(Outlook) if named or choice.marked or choice.expired else STUCK)
    if verdict.outlook not in wanted and not (choice.finding and not choice.outlooks):
        return False
    if choice.driver and verdict.driver.casefold() != choice.driver.casefold():
        return False
    if choice.finding and not any(finding.code == choice.finding for finding in world.findings(ref)):
        return False
    if choice.older_than:
        since = verdict.since
        if since is None or world.now() - since < timedelta(seconds=choice.older_than):
            return False
    return _mark_fits(world, ref, choice)


def _mark_fits(world: World, ref: Ref, choice: Choice) -> bool:
    if not (choice.marked or choice.expired):
        return True
    meta = world.meta(ref)
    mark = mark_of(meta) if meta is not None else None
    return mark is not None and (not choice.expired or is_expired(mark, world.now()))
