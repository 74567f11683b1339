"""What is different between two diagnoses: nouns without behaviour."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from cosictl.model.failures import Cause, GrpcCode
from cosictl.model.refs import Ref
from cosictl.model.report import Outlook, Report
from cosictl.model.snapshot import ReadStatus


class Change(StrEnum):
    """What became of an object. The first are what somebody has to look at."""

    GOT_STUCK = "got-stuck"
    STILL_STUCK = "still-stuck"
    RECREATED = "recreated"
    NEW = "new"
    OTHER = "other"
    GOT_BETTER = "got-better"
    GONE = "gone"
    NOT_COMPARED = "not-compared"


class Side(Struct, frozen=True, kw_only=True):
    """One of the two: its report, how reading went, and whether the latter is all of it.

    A saved report only says what could not be read, and not what was never asked for: ``saved``.
    """

    report: Report
    reads: tuple[ReadStatus, ...]
    saved: bool


class State(Struct, frozen=True, kw_only=True, gc=False):
    """How one object fared on one side. ``finding`` is the code that says why, "" where none does."""

    uid: str
    outlook: Outlook
    finding: str = ""
    grpc_code: GrpcCode | None = None
    cause: Cause | None = None
    attempts: int | None = None
    since: datetime | None = None
    waits_on: Ref | None = None

    @property
    def reason(self) -> tuple[object, ...]:
        """Its outlook, and what stands behind it."""
        return self.outlook, self.finding, self.grpc_code, self.cause


class Difference(Struct, frozen=True, kw_only=True, gc=False):
    """One object; ``was`` is None where OLD has it not, ``now`` where NEW has it not. ``why`` says more in words."""

    change: Change
    ref: Ref
    was: State | None
    now: State | None
    why: str = ""

    @property
    def moved(self) -> bool:
        """Whether it fares otherwise or for another reason; attempts go on by themselves."""
        return self.was is None or self.now is None or self.was.reason != self.now.reason

    @property
    def state(self) -> State:
        """How it fares now, else how it did."""
        found = self.now or self.was
        assert found is not None
        return found


class Differences(Struct, frozen=True, kw_only=True):
    """All differences, by kind of change and by name. ``same`` counts the objects that fare as they did, stuck none."""

    old: Side
    new: Side
    changes: tuple[Difference, ...]
    same: int

    @property
    def counts(self) -> Mapping[Change, int]:
        """How many there are of each kind of change."""
        return {change: sum(one.change is change for one in self.changes) for change in Change}
