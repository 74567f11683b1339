"""Where the store keeps objects: as JSON text, each once, in order, with a memory of recent changes."""

import json
from asyncio import Event
from bisect import bisect_left, insort
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from typing import Literal

from cosictl.sandbox.api.changelog import ChangeLog, Entry, Key
from cosictl.sandbox.ports import Json, Resource


class Shelves:
    """Objects by resource and key. Reading is parsing, so that whoever reads has a copy.

    ``version`` is the newest resource version, one growing number for all; ``history`` changes are remembered.
    """

    def __init__(self, resources: Iterable[Resource], *, version: int, history: int) -> None:
        self.version = version
        self._texts: dict[Resource, dict[Key, bytes]] = {resource: {} for resource in resources}
        self._order: dict[Resource, list[Key]] = {resource: [] for resource in self._texts}
        self._log = ChangeLog(kept=history, version=version)
        self._waiting: set[Event] = set()

    def read(self, resource: Resource, key: Key) -> Json | None:
        """Return an object; None where there is none."""
        text = self._texts[resource].get(key)
        if text is None:
            return None
        value: Json = json.loads(text)
        return value

    def keys(self, resource: Resource, namespace: str = "") -> Sequence[Key]:
        """Return a copy of the keys in order, of one namespace or of all."""
        order = self._order[resource]
        if not namespace:
            return order[:]
        return order[bisect_left(order, (namespace, "")) : bisect_left(order, (namespace + "\0", ""))]

    def is_empty(self, namespace: str) -> bool:
        """Tell whether nothing is left in a namespace."""
        return not any(self.keys(resource, namespace) for resource in self._order if resource.namespaced)

    def everything(self) -> Iterable[tuple[Resource, Key]]:
        """Yield what there is, by resource, namespace and name."""
        return [(resource, key) for resource, order in self._order.items() for key in order]

    def at(self, resource: Resource, version: int) -> tuple[Mapping[Key, bytes], Sequence[Key]]:
        """Return texts and keys in order as they were at a version (0: now). Raises ApiError 410."""
        if not version or version == self.version:
            return self._texts[resource], self._order[resource]
        past = dict(self._texts[resource])
        for entry in self._log.undo(resource, version):
            if entry.before is None:
                past.pop(entry.key, None)
            else:
                past[entry.key] = entry.before
        return past, sorted(past)

    def save(self, resource: Resource, key: Key, value: Json, *, keep_version: str = "") -> Json:
        """Store an object under a new version, or under the one it has; return it with its version."""
        known = int(keep_version) if keep_version.isdigit() else 0
        self.version = max(self.version, known) if known else self.version + 1
        stored = value | {"metadata": value["metadata"] | {"resourceVersion": str(known or self.version)}}
        before = self._texts[resource].get(key)
        if before is None:
            insort(self._order[resource], key)
        self._texts[resource][key] = _text(stored)
        self._note("MODIFIED" if before else "ADDED", resource, key, before, self._texts[resource][key])
        return stored

    def remove(self, resource: Resource, key: Key, value: Json) -> Json:
        """Take an object away; return how it was last, with the version of its deletion."""
        self.version += 1
        gone = value | {"metadata": value["metadata"] | {"resourceVersion": str(self.version)}}
        before = self._texts[resource].pop(key)
        del self._order[resource][bisect_left(self._order[resource], key)]
        self._note("DELETED", resource, key, before, _text(gone))
        return gone

    def position(self, since: str) -> int:
        """Return where the changes after a version ("" is now) begin. Raises ApiError 410."""
        return self._log.position(int(since)) if since else self._log.end

    async def follow(self, resource: Resource, namespace: str, position: int) -> AsyncGenerator[Entry, None]:
        """Yield changes from a position on, until closed. Raises ApiError 410 where the reader is too slow."""
        wake = Event()
        self._waiting.add(wake)
        try:
            while True:
                wake.clear()
                entries = self._log.since(position)
                position += len(entries)
                for entry in entries:
                    if entry.resource == resource and (not namespace or entry.key[0] == namespace):
                        yield entry
                if not entries:
                    await wake.wait()
        finally:
            self._waiting.discard(wake)

    def _note(
        self,
        kind: Literal["ADDED", "MODIFIED", "DELETED"],
        resource: Resource,
        key: Key,
        before: bytes | None,
        text: bytes,
    ) -> None:
        self._log.append(Entry(self.version, kind, resource, key, before, text))
        for wake in self._waiting:
            wake.set()


def _text(value: Json) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()
