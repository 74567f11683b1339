"""Which port a command reads through: files, or a cluster. The only way to the room ``cluster`` from here.

``kubernetes`` loads when a cluster is read, and never before.
"""

# ruff: noqa: PLC0415 - libraries load when a command needs them, so that --help stays light

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, BinaryIO

from cosictl.cli.options import Shared
from cosictl.cli.types import Target
from cosictl.errors import DumpError, UsageError
from cosictl.flows.asked import Asked, Named
from cosictl.flows.labels import parse_selector
from cosictl.model.refs import Kind
from cosictl.model.snapshot import Snapshot, TimeBasis

if TYPE_CHECKING:
    from cosictl.intake.builder import SnapshotBuilder

Observation = tuple["SnapshotBuilder", Snapshot]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """How to observe, and which of the observed objects were asked for. ``load`` also keeps what a dump needs."""

    load: Callable[[bool], Observation]
    asked: Asked

    def read(self) -> Snapshot:
        """Observe."""
        return self.load(False)[1]  # noqa: FBT003 - a port takes no keywords


def open_source(
    shared: Shared, dumps: Sequence[str] | None, *, as_of: str | None, targets: Sequence[Target], everywhere: bool
) -> Source:
    """Return the source that the options name.

    ``everywhere``: without -n, look at every namespace that may be read, not only at the context's. Files always hold
    what they hold; -n then filters. Raises UsageError, and ConfigError for a kubeconfig that cannot be used.
    """
