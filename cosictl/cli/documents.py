"""Objects as documents: as the cluster has them, masked, with our verdict under ``diagnosis``."""

# ruff: noqa: PLC0415 - libraries load when a command needs them, so that --help stays light

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from cosictl.cli.jsonpath import Select
from cosictl.flows.events import Record
from cosictl.flows.get import Listing

if TYPE_CHECKING:
    from cosictl.intake.builder import SnapshotBuilder

Document = dict[str, Any]


def object_documents(builder: "SnapshotBuilder", listing: Listing) -> list[Document]:
    """The objects as the cluster has them, credentials masked, with our verdict; in the order of the listing."""
    from cosictl.render.document import object_document

    wanted = {item.ref for item in listing.objects}
    raw: dict[tuple[str, str, str], Document] = {}
    for data in builder.raw_items():
        document = json.loads(data)
        meta = document.get("metadata") or {}
        meta.pop("managedFields", None)
        raw[document.get("kind", ""), meta.get("namespace") or "", meta.get("name", "")] = document
    verdicts = {ref: object_document(verdict) for ref, verdict in listing.verdicts.items() if ref in wanted}
    return [
        {**raw[str(item.ref.kind), item.ref.namespace, item.ref.name], "diagnosis": verdicts.get(item.ref)}
        for item in listing.objects
    ]


def record_document(record: Record) -> Document:
    """One failure record and what it means."""
    from cosictl.render.ages import stamp
    from cosictl.render.document import classification_document

    failure = record.failure
    return {
        "kind": str(record.about.kind),
        "namespace": record.about.namespace,
        "name": record.about.name,
        "carrier": failure.carrier.value,
        "first": stamp(failure.first),
        "last": stamp(failure.last),
        "count": failure.count,
        "component": failure.component,
        "reason": failure.reason,
        "rpc": failure.rpc.value if failure.rpc else None,
        "message": failure.text,
        "classification": classification_document(record.classification),
    }


def as_list(documents: Sequence[Document], *, one: bool) -> Document:
    """What kubectl would print: the object itself where one was named, else a List."""
    return documents[0] if one and documents else {"apiVersion": "v1", "kind": "List", "items": list(documents)}


def sorted_places(documents: Sequence[Document], path: Select) -> list[int]:
    """Return the places of the documents in the order of what a path finds in them; nothing comes first."""

    def key(place: int) -> tuple[int, float, str]:
        found = next((value for value in path(documents[place]) if value is not None), None)
        if found is None:
            return (0, 0.0, "")
        if isinstance(found, int | float):
            return (1, float(found), "")
        return (2, 0.0, str(found))

    return sorted(range(len(documents)), key=key)
