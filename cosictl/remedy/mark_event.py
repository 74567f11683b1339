"""What a mark writes: the annotation, and the Event that goes with it, so that kubectl describe shows it. Pure.

The Event is of type Normal and from component cosictl: diagnosis reads Warnings only, so it never becomes evidence of a
failure.
"""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from cosictl.model.plan import Step, Target
from cosictl.model.refs import Ref
from cosictl.remedy.world import World
from cosictl.remedy.writes import Body, Write


def mark_text(values: Mapping[str, str], now: datetime) -> str:
    """Return the text of the annotation: the one that is to be put back, else new JSON."""
    if text := values.get("text"):
        return text
    lasts = int(values.get("lasts") or 0)
    tree: dict[str, Any] = {key: values[key] for key in ("reason", "finding", "by", "ticket") if values.get(key)}
    tree["at"] = now.isoformat(timespec="seconds")
    if lasts:
        tree["expires"] = (now + timedelta(seconds=lasts)).isoformat(timespec="seconds")
    if values.get("hold"):
        tree["hold"] = True
    return json.dumps(tree, ensure_ascii=False, sort_keys=True)


def event_write(step: Step, values: Mapping[str, str], world: World, name: str, now: datetime) -> Write:
    """Return the request that writes the Event; those about cluster-scoped objects live in ``default``."""
    ref = step.target.ref
    place = ref.namespace or "default"
    stamp = now.isoformat(timespec="seconds").replace("+00:00", "Z")
    meta = world.meta(ref)
    about = {
        "apiVersion": step.target.api_version,
        "kind": str(ref.kind),
        "name": ref.name,
        "uid": step.pin.uid if step.pin is not None else "",
        "resourceVersion": meta.resource_version if meta is not None else "",
        **({"namespace": ref.namespace} if ref.namespace else {}),
    }
    words = [values.get("reason", ""), values.get("finding", ""), values.get("ticket", "")]
    said = ", ".join(word for word in words if word)
    hold = " on hold" if values.get("hold") else ""
    body = {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": f"cosictl.{name}", "namespace": place},
        "involvedObject": about,
        "reason": "Marked",
        "type": "Normal",
        "message": f"marked{hold} by {values.get('by') or 'somebody'}: {said}",
        "firstTimestamp": stamp,
        "lastTimestamp": stamp,
        "count": 1,
        "source": {"component": "cosictl"},
        "reportingComponent": "cosictl",
    }
    target = Target(ref=Ref("Event", place, f"cosictl.{name}"), api_version="v1")
    return Write(verb="create", target=target, body=body, content=Body.JSON)
