"""Sidecars, comparisons and fixes as documents for machines: one versioned object each."""

from collections.abc import Sequence
from typing import Any

from cosictl.knowledge.policies import POLICIES
from cosictl.model.fleet import Comparison, Component, DriverLine, Fix, Fleet, LeaseView, Prospect
from cosictl.model.refs import Ref
from cosictl.model.report import Report
from cosictl.render.document import API_VERSION
from cosictl.render.fix_forms import can_be_written, kustomize, patch, set_image

Json = dict[str, Any]


def fleet_document(fleet: Fleet, report: Report) -> Json:
    """Return ``kind: SidecarList``."""
    return {
        "apiVersion": API_VERSION,
        "kind": "SidecarList",
        "items": [_driver(line) for line in fleet.drivers],
        "unmatched": [_component(part) for part in fleet.unmatched],
        "unnamedLeases": [_lease(lease) for lease in fleet.unnamed],
        "findings": [
            {"code": finding.code, "title": finding.title, "root": _ref(finding.root)}
            for finding in report.findings
            if finding.code.startswith(("COSI5", "COSI6", "COSI406"))
        ],
    }


def _driver(line: DriverLine) -> Json:
    return {
        "driver": line.driver,
        "api": line.api.value,
        "sidecars": [_component(part) for part in line.sidecars],
        "matched": line.matched,
        "controllers": [_component(part) for part in line.controllers],
        "controllerLease": _lease(line.controller_lease) if line.controller_lease is not None else None,
        "leases": [_lease(lease) for lease in line.leases],
        "served": line.served,
        "policy": line.choice.policy,
        "certainty": line.choice.certainty.value,
        "why": line.choice.why,
        "candidates": list(line.choice.candidates),
        "stopsOnFinalErrors": line.stops,
        "hazards": [
            {"slug": note.slug, "text": note.text, "source": note.source, "seen": list(note.seen)}
            for note in line.hazards
        ],
        "buckets": {outlook.value: count for outlook, count in sorted(line.outlooks.items())},
        "wastedCallsPerHour": round(line.calls, 1),
    }


def _component(part: Component) -> Json:
    return {
        "namespace": part.namespace,
        "pod": part.pod,
        "container": part.container,
        "node": part.node,
        "ready": part.ready,
        "restarts": part.restarts,
        "lastEnd": part.ended,
        "image": part.image,
        "imageID": part.image_id,
        "release": part.release,
        "policy": part.policy,
        "api": part.api.value if part.api is not None else None,
        "certain": part.certain,
        "why": part.why,
        "owner": {"kind": part.owner_kind, "name": part.owner_name},
    }


def _lease(lease: LeaseView) -> Json:
    return {"lease": lease.place, "holder": lease.holder, "renewedSecondsAgo": lease.age, "state": lease.state}


def comparison_document(found: Comparison) -> Json:
    """Return ``kind: SidecarComparison``."""
    return {
        "apiVersion": API_VERSION,
        "kind": "SidecarComparison",
        "now": {
            "policies": [
                {"api": c.api.value, "driver": c.driver, "policy": c.policy, "certainty": c.certainty.value}
                for c in found.now
            ],
            "loops": found.loops_now,
            "callsPerHour": round(found.calls_now, 1),
        },
        "counted": found.counted,
        "withoutAnswer": found.silent,
        "policies": [_prospect(item) for item in found.prospects],
    }


def _prospect(item: Prospect) -> Json:
    row = POLICIES[item.policy]
    return {
        "policy": item.policy,
        "title": row.title,
        "api": row.api.value,
        "reference": row.reference,
        "loopsEnd": _refs(item.ends),
        "parked": _refs(item.parks),
        "inVain": _refs(item.hopeless),
        "stranded": _refs(item.strands),
        "againstSpecification": _refs(item.against_spec),
        "crashes": _refs(item.crashes),
        "leftOpen": _refs(item.open),
        "callsPerHour": round(item.calls, 1),
        "why": row.note,
    }


def fixes_document(found: Sequence[Fix]) -> Json:
    """Return ``kind: SidecarFixList``."""
    return {"apiVersion": API_VERSION, "kind": "SidecarFixList", "items": [_fix(fix) for fix in found]}


def _fix(fix: Fix) -> Json:
    part = fix.component
    written = can_be_written(fix)
    return {
        "namespace": part.namespace,
        "kind": fix.kind,
        "name": fix.name,
        "container": part.container,
        "from": part.image or part.image_id,
        "fromPolicy": part.policy,
        "to": fix.to or None,
        "toPolicy": fix.to_policy or None,
        "whyNone": fix.why_none or None,
        "drivers": list(fix.drivers),
        "loopingBuckets": fix.looping,
        "gains": list(fix.gains),
        "stuckObjects": list(fix.stuck),
        "warnings": list(fix.warnings),
        "setImage": set_image(fix) if written else None,
        "patch": "\n".join(patch(fix)) if written else None,
        "kustomize": "\n".join(kustomize(fix)) if written else None,
    }


def _refs(refs: Sequence[Ref]) -> list[Json]:
    return [_ref(ref) for ref in refs]


def _ref(ref: Ref) -> Json:
    return {"kind": str(ref.kind), "namespace": ref.namespace, "name": ref.name}
