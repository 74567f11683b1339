"""The cluster's objects: the contract of ``ports.Api``, kept in memory as JSON text, each object once.

Whoever reads gets a copy, because reading is parsing. One thread (one event loop) uses a store.
"""

import json
import uuid
from bisect import bisect_right
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Final

from cosictl.sandbox.api import refusals, writes
from cosictl.sandbox.api.changelog import Entry, Key
from cosictl.sandbox.api.core_kinds import completed, core_errors, event_core, event_v1
from cosictl.sandbox.api.patches import MERGE_PATCH, patched
from cosictl.sandbox.api.resources import NAMESPACES, Served, served
from cosictl.sandbox.api.schema import schema_errors, shaped
from cosictl.sandbox.api.selectors import field_test, label_test
from cosictl.sandbox.api.shelves import Shelves
from cosictl.sandbox.clock import Clock
from cosictl.sandbox.ports import Change, Json, Resource

# A real API server has done some work before anybody writes, so that version 1 is always too old.
FIRST_VERSION: Final = 200
EVERY_CLUSTER: Final = ("default", "kube-node-lease", "kube-public", "kube-system")
_UNDELETABLE: Final = frozenset({"default", "kube-public", "kube-system"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A part of a list: the version it shows, the key of its last object where more follow, and how many."""

    items: tuple[Json, ...]
    version: int
    last: Key | None = None
    remaining: int = 0


class Store:
    """All objects of one cluster, and the last ``history`` changes to them."""

    def __init__(self, clock: Clock, cosi_versions: Iterable[str] = ("v1alpha1",), *, history: int = 10_000) -> None:
        self.clock = clock
        self.cosi_versions = tuple(cosi_versions)
        self.rows: Mapping[Resource, Served] = {row.resource: row for row in served(self.cosi_versions)}
        kept = [resource for resource, row in self.rows.items() if not row.view_of]
        self._shelves = Shelves(kept, version=FIRST_VERSION, history=history)
        for name in EVERY_CLUSTER:
            self.create(NAMESPACES, "", {"metadata": {"name": name}})

    @property
    def version(self) -> int:
        """The newest resource version."""
        return self._shelves.version

    # --- reading ----------------------------------------------------------------------------------------------------

    def get(self, resource: Resource, namespace: str, name: str) -> Json:
        """Return one object; 404 NotFound."""
        row, kept = self._row(resource)
        return _shown(row, self._read(kept, _key(row, namespace, name)))

    def list(
        self, resource: Resource, namespace: str = "", *, labels: str = "", fields: str = ""
    ) -> tuple[list[Json], str]:
        """Return objects by name ("" is every namespace), and the resource version of the list."""
        page = self.page(resource, namespace, labels=labels, fields=fields)
        return [*page.items], str(page.version)

    def page(
        self,
        resource: Resource,
        namespace: str = "",
        *,
        labels: str = "",
        fields: str = "",
        limit: int = 0,
        after: Key | None = None,
        version: int = 0,
    ) -> Page:
        """Return up to ``limit`` objects (0: all) behind a key, as they were at a version (0: now); 410 Expired."""
        row, kept = self._row(resource)
        selected = self.selected(resource, labels=labels, fields=fields)
        objects, keys = self._shelves.at(kept, version)
        start = bisect_right(keys, after) if after else 0
        found: list[Json] = []
        for place in range(start, len(keys)):
            key = keys[place]
            if namespace and key[0] != namespace:
                continue
            value = json.loads(objects[key])
            if not selected(value):
                continue
            if limit and len(found) == limit:
                last = (str(found[-1]["metadata"].get("namespace", "")), str(found[-1]["metadata"]["name"]))
                left = sum(not namespace or key[0] == namespace for key in keys[place:])
                return Page(items=tuple(found), version=version or self.version, last=last, remaining=left)
            found.append(_shown(row, value))
        return Page(items=tuple(found), version=version or self.version)

    def selected(self, resource: Resource, *, labels: str = "", fields: str = "") -> Callable[[Json], bool]:
        """Return the test of selectors on objects as they are kept; 400 where they cannot be read."""
        tests = [test for test in (label_test(labels), field_test(resource, fields)) if test]
        return lambda value: all(test(value) for test in tests)

    def shown(self, resource: Resource, value: Json) -> Json:
        """Return an object as it is kept in the words of the resource it is asked for."""
        return _shown(self.rows[resource], value)

    def snapshot(self) -> tuple[Json, ...]:
        """Return every object there is, by resource, namespace and name."""
        return tuple(self._read(kept, key) for kept, key in self._shelves.everything())

    # --- writing ----------------------------------------------------------------------------------------------------

    def create(self, resource: Resource, namespace: str, value: Mapping[str, Any], *, dry_run: bool = False) -> Json:
        """Store a new object and return it; 409 AlreadyExists, 422 Invalid, 404 for a missing namespace."""
        row, kept = self._row(resource)
        new = shaped(resource, _copy(value))
        _generate_name(new)
        new = writes.created(row, new, namespace, uid=str(uuid.uuid4()), now=self._now())
        new = self._checked(self.rows[kept], _kept_form(row, new), None)
        self._admit(row, namespace)
        key = (namespace if resource.namespaced else "", str(new["metadata"]["name"]))
        if self._shelves.read(kept, key):
            raise refusals.already_exists(resource, key[1])
        return _shown(row, new if dry_run else self._shelves.save(kept, key, new))

    def update(
        self,
        resource: Resource,
        namespace: str,
        name: str,
        value: Mapping[str, Any],
        *,
        subresource: str = "",
        dry_run: bool = False,
    ) -> Json:
        """Replace an object (or, with ``subresource`` "status", its status alone); 409 Conflict on an old version."""
        row, kept = self._row(resource, subresource)
        key = _key(row, namespace, name)
        old = self._read(kept, key)
        new = shaped(resource, _copy(value))
        new = writes.updated(row, _shown(row, old), new, subresource=subresource, patched=False)
        return _shown(row, self._replace(kept, key, old, _kept_form(row, new), dry_run=dry_run))

    def patch(
        self,
        resource: Resource,
        namespace: str,
        name: str,
        patch: Any,
        *,
        content_type: str = MERGE_PATCH,
        subresource: str = "",
        dry_run: bool = False,
    ) -> Json:
        """Apply a merge, JSON or (core kinds) strategic merge patch."""
        row, kept = self._row(resource, subresource)
        key = _key(row, namespace, name)
        old = self._read(kept, key)
        shown = _copy(_shown(row, old))
        new = shaped(resource, _copy(patched(shown, patch, content_type, custom=row.custom)))
        new = writes.updated(row, _shown(row, old), new, subresource=subresource, patched=True)
        return _shown(row, self._replace(kept, key, old, _kept_form(row, new), dry_run=dry_run))

    def delete(
        self,
        resource: Resource,
        namespace: str,
        name: str,
        *,
        uid: str = "",
        resource_version: str = "",
        dry_run: bool = False,
    ) -> Json:
        """Delete, or mark as terminating while finalizers hold it; return the object. 409 on a wrong precondition."""
        row, kept = self._row(resource)
        key = _key(row, namespace, name)
        old = self._read(kept, key)
        writes.check_preconditions(row, old, uid=uid, resource_version=resource_version)
        if resource == NAMESPACES and name in _UNDELETABLE:
            raise refusals.forbidden(resource, name, "this namespace may not be deleted")
        going = writes.marked(row, old, self._now())
        if dry_run:
            return _shown(row, going if not writes.is_done(going) else old)
        if writes.is_done(going):
            return _shown(row, self._remove(kept, key, old))
        if going is not old:
            going = self._shelves.save(kept, key, going)
        if resource == NAMESPACES:
            self._empty(name)
        return _shown(row, going)

    def put(self, resource: Resource, value: Mapping[str, Any]) -> Json:
        """Take over an object of a dump as it is: uid, versions, times, status; nothing is checked.

        A missing uid, version or time is filled in, and so is a missing namespace.
        """
        row, kept = self._row(resource)
        new = _kept_form(row, _copy(value)) | {"apiVersion": kept.api_version, "kind": kept.kind}
        meta = new.setdefault("metadata", {})
        meta.setdefault("uid", str(uuid.uuid4()))
        meta.setdefault("creationTimestamp", self._now())
        home = str(meta.get("namespace", ""))
        if resource.namespaced and not self._shelves.read(NAMESPACES, ("", home)):
            self.create(NAMESPACES, "", {"metadata": {"name": home}})
        key = (home if resource.namespaced else "", str(meta["name"]))
        return _shown(row, self._shelves.save(kept, key, new, keep_version=str(meta.get("resourceVersion", ""))))

    # --- watching ---------------------------------------------------------------------------------------------------

    def watch(self, resource: Resource, namespace: str = "", *, since: str = "") -> AsyncGenerator[Change, None]:
        """Yield changes after a resource version ("" is from now on) until the iterator is closed; 410 Expired."""
        row, kept = self._row(resource)
        return self._changes(row, self.follow(kept, namespace, since=since))

    def follow(self, resource: Resource, namespace: str = "", *, since: str = "") -> AsyncGenerator[Entry, None]:
        """Yield the same as entries of the change log, with what was before. Raises at once where 410 is due."""
        _, kept = self._row(resource)
        return self._shelves.follow(kept, namespace, self._shelves.position(since))

    async def _changes(self, row: Served, entries: AsyncGenerator[Entry, None]) -> AsyncGenerator[Change, None]:
        async with aclosing(entries):
            async for entry in entries:
                yield Change(entry.type, _shown(row, json.loads(entry.object)))

    # --- inside -----------------------------------------------------------------------------------------------------

    def _row(self, resource: Resource, subresource: str = "") -> tuple[Served, Resource]:
        """Return how a resource is served and where its objects are kept."""
        row = self.rows.get(resource)
        if row is None or (subresource and not (subresource == "status" and row.has_status)):
            raise refusals.not_served()
        return row, row.view_of or resource

    def _read(self, kept: Resource, key: Key) -> Json:
        value = self._shelves.read(kept, key)
        if value is None:
            raise refusals.not_found(kept, key[1])
        return value

    def _replace(self, kept: Resource, key: Key, old: Json, new: Json, *, dry_run: bool) -> Json:
        new = self._checked(self.rows[kept], new, old)
        if new == old:
            return old
        if dry_run:
            return new
        if writes.is_done(new):
            return self._remove(kept, key, new)
        return self._shelves.save(kept, key, new)

    def _checked(self, row: Served, new: Json, old: Json | None) -> Json:
        """Complete and validate what is about to be stored."""
        name = str(new["metadata"].get("name", ""))
        metadata = writes.metadata_errors(row, new, old)
        writes.refuse_if_any(row, name, metadata, twice=row.custom and old is not None)
        new = completed(row.resource, new)
        errors = core_errors(row.resource, new) + schema_errors(row.resource, new, old)
        writes.refuse_if_any(row, name, errors, twice=False)
        return new

    def _admit(self, row: Served, namespace: str) -> None:
        """Refuse new content in a namespace that is missing or on its way out."""
        if not row.resource.namespaced:
            return
        home = self._read(NAMESPACES, ("", namespace))
        if "deletionTimestamp" in home["metadata"]:
            why = f"unable to create new content in namespace {namespace} because it is being terminated"
            raise refusals.forbidden(row.resource, "", why)

    def _remove(self, kept: Resource, key: Key, last: Json) -> Json:
        gone = self._shelves.remove(kept, key, last)
        if kept.namespaced:
            self._finish(key[0])
        return gone

    def _empty(self, namespace: str) -> None:
        """Delete what a terminating namespace holds; the namespace goes when nothing is left."""
        for kept in [row.resource for row in self.rows.values() if row.resource.namespaced and not row.view_of]:
            for key in self._shelves.keys(kept, namespace):
                self.delete(kept, *key)
        self._finish(namespace)

    def _finish(self, namespace: str) -> None:
        home = self._shelves.read(NAMESPACES, ("", namespace))
        if home and "deletionTimestamp" in home["metadata"] and self._shelves.is_empty(namespace):
            self._remove(NAMESPACES, ("", namespace), home)

    def _now(self) -> str:
        return self.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")


def _generate_name(value: Json) -> None:
    meta = value.get("metadata")
    if isinstance(meta, dict) and meta.get("generateName") and not meta.get("name"):
        meta["name"] = f"{meta['generateName']}{uuid.uuid4().hex[:5]}"


def _key(row: Served, namespace: str, name: str) -> Key:
    return (namespace if row.resource.namespaced else "", name)


def _copy(value: Mapping[str, Any]) -> Json:
    copied: Json = json.loads(json.dumps(value))
    return copied


def _shown(row: Served, value: Json) -> Json:
    return event_v1(value) if row.view_of else value


def _kept_form(row: Served, value: Json) -> Json:
    return event_core(value) if row.view_of else value
