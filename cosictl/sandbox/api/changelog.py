"""The store's memory of recent changes: bounded, so that old versions expire as they do in a real cluster."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from cosictl.sandbox.api.refusals import too_old
from cosictl.sandbox.ports import Resource

Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Entry:
    """One change: its version, what happened, to which object, and the object before and after it as JSON text.

    ``object`` of a deletion is the object as it was last, with the version of its deletion.
    """

    version: int
    type: Literal["ADDED", "MODIFIED", "DELETED"]
    resource: Resource
    key: Key
    before: bytes | None
    object: bytes


class ChangeLog:
    """Entries by position; the oldest are dropped once there are twice as many as ``kept``."""

    def __init__(self, *, kept: int, version: int) -> None:
        self._kept = kept
        self._entries: list[Entry] = []
        self._dropped = 0
        # Changes after this version are all here.
        self._oldest = version

    @property
    def end(self) -> int:
        """The position after the newest entry."""
        return self._dropped + len(self._entries)

    def append(self, entry: Entry) -> None:
        """Remember one change; versions never go down."""
        self._entries.append(entry)
        if len(self._entries) >= 2 * self._kept:
            surplus = len(self._entries) - self._kept
            self._oldest = self._entries[surplus - 1].version
            del self._entries[:surplus]
            self._dropped += surplus

    def position(self, version: int) -> int:
        """Return where the changes after a version begin. Raises ApiError 410 for a forgotten one."""
        if version < self._oldest:
            raise too_old(version, self._oldest)
        low, high = 0, len(self._entries)
        while low < high:
            middle = (low + high) // 2
            if self._entries[middle].version <= version:
                low = middle + 1
            else:
                high = middle
        return self._dropped + low

    def since(self, position: int) -> tuple[Entry, ...]:
        """Return the entries from a position on. Raises ApiError 410 where some are forgotten already."""
        if position < self._dropped:
            raise too_old(self._oldest - 1, self._oldest)
        return tuple(self._entries[position - self._dropped :])

    def undo(self, resource: Resource, version: int) -> Iterator[Entry]:
        """Yield the changes of a resource after a version, newest first. Raises ApiError 410 as above."""
        start = self.position(version) - self._dropped
        for entry in reversed(self._entries[start:]):
            if entry.resource == resource:
                yield entry
