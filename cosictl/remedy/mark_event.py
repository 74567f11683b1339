"""The Event that goes with a mark, so that kubectl describe shows it. Pure.

Of type Normal and from component cosictl: diagnosis reads Warnings only, so it never becomes evidence of a failure.
"""

from collections.abc import Mapping
from datetime import datetime

from cosictl.model.plan import Step, Target
from cosictl.model.refs import Ref
from cosictl.remedy.world import World
from cosictl.remedy.writes import Body, Write


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
