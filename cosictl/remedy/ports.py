"""What a run needs from the world outside: plain protocols, so that the rooms that know servers stay apart."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from cosictl.model.plan import ClusterId, Outcome, Sent, Step, Target
from cosictl.remedy.world import World
from cosictl.remedy.writes import Write


@dataclass(frozen=True, slots=True, kw_only=True)
class DriverSaid:
    """A driver's answer to a delete or revoke; ``gone``: the thing is not there any more, by this answer."""

    gone: bool
    words: str


class Ports(Protocol):
    """The outside of a run. ``observe`` and ``read`` raise CosictlError where nothing can be read."""

    def identity(self) -> ClusterId:
        """Return which cluster this is."""

    def missing_rights(self, steps: tuple[Step, ...]) -> tuple[str, ...]:
        """Return the rights that the steps need and that are not there, in words."""

    def observe(self) -> World:
        """Read everything anew and diagnose it."""

    def read(self, target: Target) -> Mapping[str, Any] | None:
        """Return an object exactly as it is now, None where it does not exist."""

    def send(self, write: Write, *, dry_run: bool) -> Sent:
        """Send a write once."""

    def tell_driver(self, step: Step, world: World) -> DriverSaid:
        """Call the driver as a step says."""

    def now(self) -> datetime:
        """Return the time."""

    def sleep(self, seconds: float) -> None:
        """Wait."""

    def progress(self, number: int, step: Step, outcome: Outcome | None) -> None:
        """Say that a step begins (no outcome yet) or how it ended."""
