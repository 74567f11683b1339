"""The state of an object as its pins see it, from what the server sends. Pure."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from cosictl.knowledge.annotations import MARK, NUDGE
from cosictl.model.masking import MASK
from cosictl.model.objects import Meta
from cosictl.model.plan import Action, Pin, Step
from cosictl.remedy.writes import finalizers_of, uid_of, version_of

Json = Mapping[str, Any]


def pin_of(tree: Json) -> Pin:
    """Return what may not move on an object, its failure aside."""
    meta = tree.get("metadata")
    meta = meta if isinstance(meta, Mapping) else {}
    deleted = meta.get("deletionTimestamp")
    generation = meta.get("generation")
    return Pin(
        uid=uid_of(tree),
        generation=generation if isinstance(generation, int) else 0,
        deleted=datetime.fromisoformat(str(deleted)).astimezone(UTC) if deleted else None,
        finalizers=finalizers_of(tree),
    )


def meta_of(tree: Json) -> Meta:
    """Return the metadata of an object that is no COSI object: of a Secret nothing but that is looked at."""
    pin = pin_of(tree)
    meta = tree.get("metadata")
    meta = meta if isinstance(meta, Mapping) else {}
    return Meta(
        name=str(meta.get("name") or ""),
        namespace=str(meta.get("namespace") or ""),
        uid=pin.uid,
        generation=pin.generation,
        resource_version=version_of(tree),
        deleted=pin.deleted,
        finalizers=pin.finalizers,
    )


def value_words(step: Step, now: Json) -> str:
    """Return what another hand did to the very value a step sets; "" where it is as it was planned on.

    Annotations and status move no generation, so that pins alone would not see it.
    """
    values = step.values
    match step.action:
        case Action.MARK | Action.UNMARK | Action.NUDGE:
            name = values.get("name") or (NUDGE if step.action is Action.NUDGE else MARK)
            found = _part(_part(now, "metadata"), "annotations").get(name)
            # What somebody wrote there is not repeated: it may hold what was masked elsewhere.
            same = is_same_text(found, values.get("before") or None)
            return "" if same else f"annotation {name} was changed by another hand"
        case Action.REPAIR_HANDOFF | Action.RESTORE_STATUS:
            found = _part(now, "status").get(values["field"])
            return _moved(f"status.{values['field']}", found or None, json.loads(values["before"]) or None)
        case Action.QUARANTINE | Action.RESUME:
            wanted = values["original" if step.action is Action.QUARANTINE else "parked"]
            return _moved("spec.driverName", _part(now, "spec").get("driverName"), wanted)
        case Action.SET_RETAIN:
            return _moved("spec.deletionPolicy", _part(now, "spec").get("deletionPolicy"), values["before"])
        case _:
            return ""


def is_same_text(raw: object, seen: object) -> bool:
    """Whether a text is the one that was seen, where credentials in the seen one are masked."""
    if not isinstance(raw, str) or not isinstance(seen, str):
        return raw == seen
    return re.fullmatch(".*".join(map(re.escape, seen.split(MASK))), raw, re.DOTALL) is not None


def _part(tree: Json, name: str) -> Json:
    found = tree.get(name)
    return found if isinstance(found, Mapping) else {}


def _moved(what: str, found: object, wanted: object) -> str:
    return "" if found == wanted else f"{what} was changed by another hand: it is {found or 'not set'}"


def pin_words(pin: Pin | None, now: Json | None) -> str:
    """Return what moved since an object was pinned; "" where nothing did. A pin of None: it must not exist."""
    if pin is None:
        return "" if now is None else "it exists already"
    if now is None:
        return "it does not exist any more"
    seen = pin_of(now)
    pairs = (
        ("UID", pin.uid, seen.uid),
        ("generation", pin.generation, seen.generation),
        ("deletionTimestamp", pin.deleted, seen.deleted),
        ("finalizers", pin.finalizers, seen.finalizers),
    )
    moved = [f"{name} moved from {was or 'none'} to {now or 'none'}" for name, was, now in pairs if was != now]
    return "; ".join(moved)
