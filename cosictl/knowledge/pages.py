"""One page of plain text per row: what ``cosictl explain`` shows."""

from collections.abc import Iterable

from msgspec import Struct

from cosictl.knowledge.annotations import Annotation
from cosictl.knowledge.backend_codes import BackendCode
from cosictl.knowledge.commands import BLANKS
from cosictl.knowledge.entry import Detect, Entry
from cosictl.knowledge.finalizers import Finalizer
from cosictl.knowledge.grpc_codes import GrpcCodeRow
from cosictl.knowledge.images import ImageMatch
from cosictl.knowledge.policies import POLICIES, EditEffect, Effect, Policy, Records, effect_of
from cosictl.knowledge.vocabulary import CAUSES, FIXERS
from cosictl.model.failures import GrpcCode
from cosictl.model.refs import Rpc


class Page(Struct, frozen=True, kw_only=True):
    """One topic: its title, and sections of a heading and a text each (a text may have several lines)."""

    title: str
    sections: tuple[tuple[str, str], ...]


_FOUND = {
    Detect.OBJECTS: "from objects, events, Leases and Pods",
    Detect.PROBE: "only with a log or a call to the driver",
    Detect.NONE: "not at all",
}
_RECORDS = {
    Records.EVENTS: "as events on the object",
    Records.EVENTS_POD_NAMESPACE: "as events, but only about objects whose events belong in the pod's own namespace",
    Records.STATUS: "in status.error of the object; no events",
    Records.NOTHING: "nowhere on the object",
}
_EDITS = {
    EditEffect.RETRIES_NOW: "causes one retry at once; the loop goes on",
    EditEffect.ENDS_LOOP: "ends a failing loop without a word, until the sidecar restarts",
    EditEffect.NOTHING: "does nothing",
}
_RETRYABLE = {
    True: "yes, it can pass by itself",
    False: "no, somebody has to change something",
    None: "the code alone does not tell",
}


def found_how(entry: Entry) -> str:
    """How a situation is found, in one sentence."""
    parts = [_FOUND[entry.detect]]
    if entry.limits:
        parts.append(entry.limits)
    if entry.meanwhile and entry.detect is not Detect.OBJECTS:
        own = entry.meanwhile == entry.code
        parts.append("until then raised as a candidate" if own else f"until then {entry.meanwhile} is raised")
    return "; ".join(parts)


def entry_page(entry: Entry) -> Page:
    """The page of a finding code."""
    commands = "\n".join(command.format_map(BLANKS) for command in entry.commands)
    return Page(
        title=f"{entry.code} ({entry.id})  {entry.title}",
        sections=(
            ("What you see", entry.symptom),
            ("Will waiting help?", entry.stuck_hint),
            ("Why", entry.cause),
            ("Tell it apart", entry.tell_apart),
            ("Who fixes it", FIXERS[entry.fix_by]),
            ("What to do, best first", entry.remedy),
            ("What could be lost", entry.risk),
            ("Commands", commands),
            ("How it is found", found_how(entry)),
            ("API versions", ", ".join(entry.apis)),
            ("Source", entry.source),
        ),
    )


def grpc_page(row: GrpcCodeRow) -> Page:
    """The page of a gRPC code: what the specifications ask for, and what every release does."""
    effects = tuple((rpc.value, _by_effect(rpc, row.code)) for rpc in Rpc)
    return Page(
        title=f"{row.code} (gRPC code {row.number})",
        sections=(
            ("Meaning", row.meaning),
            ("v1alpha1 specification", row.v1alpha1),
            ("v1alpha2 specification", row.v1alpha2),
            *effects,
            ("Source", row.source),
        ),
    )


def policy_page(policy: Policy) -> Page:
    """The page of a policy."""
    calls = tuple((rpc.value, _by_code(policy, rpc)) for rpc in Rpc)
    hazards = "\n".join(f"{hazard.slug}: {hazard.text} ({hazard.source})" for hazard in policy.hazards)
    backoff = f"{policy.backoff.base:g} s, doubling, at most {policy.backoff.cap:g} s; no end"
    return Page(
        title=f"{policy.name}: {policy.title}",
        sections=(
            ("What it is", policy.note),
            *calls,
            ("Delay between retries", backoff),
            ("Failures are recorded", _RECORDS[policy.records]),
            ("An edit of the object", _EDITS[policy.edit]),
            *((("Hazards", hazards),) if hazards else ()),
            ("Source", policy.source),
        ),
    )


def finalizer_page(row: Finalizer) -> Page:
    """The page of a finalizer on one kind of object."""
    return Page(
        title=f"Finalizer {row.name} on {row.kind} ({row.api})",
        sections=(
            ("Added", row.added),
            ("Removed", row.removed),
            ("What is left behind when a person removes it", row.leaks),
            ("Source", row.source),
        ),
    )


def annotation_page(row: Annotation) -> Page:
    """The page of an annotation."""
    return Page(
        title=f"Annotation {row.name} on {', '.join(row.kinds)}",
        sections=(("Written by", row.writer), ("Meaning", row.meaning), ("Source", row.source)),
    )


def backend_page(row: BackendCode) -> Page:
    """The page of an error code of a storage backend."""
    return Page(
        title=f"{row.code} (error code of a storage backend)",
        sections=(
            ("Meaning", row.meaning),
            ("Will waiting help?", _RETRYABLE[row.retryable]),
            ("Cause", f"{row.cause}: {CAUSES[row.cause]}"),
            ("Who fixes it", FIXERS[row.fix_by]),
            ("Source", row.source),
        ),
    )


def word_page(word: str, role: str, meaning: str) -> Page:
    """The page of a word of the vocabulary."""
    return Page(title=f"{word} ({role})", sections=(("Meaning", meaning),))


def image_page(image: str, match: ImageMatch) -> Page:
    """The page of a container image."""
    sections = [("What it is", f"COSI {match.role}: {match.why}")]
    if match.policy:
        sure = "certain" if match.certain else "a guess"
        sections.append(("Policy", f"{match.policy} ({sure}): {POLICIES[match.policy].title}"))
    elif match.role == "sidecar":
        sections.append(("Policy", "not known; name one with --assume-sidecar to see what would follow"))
    return Page(title=f"Image {image}", sections=tuple(sections))


def _by_effect(rpc: Rpc, code: GrpcCode) -> str:
    """Policies grouped by what they do with this code: releases first, as the rows are."""
    groups: dict[Effect, list[str]] = {}
    for policy in POLICIES.values():
        groups.setdefault(effect_of(policy, rpc, code), []).append(policy.name)
    return _grouped((effect, names) for effect, names in groups.items())


def _by_code(policy: Policy, rpc: Rpc) -> str:
    groups: dict[Effect, list[str]] = {}
    for code in GrpcCode:
        groups.setdefault(effect_of(policy, rpc, code), []).append(code)
    if len(groups) == 1:
        return str(next(iter(groups)))
    most = max(groups, key=lambda effect: len(groups[effect]))
    return _grouped((effect, ["every other code"] if effect is most else names) for effect, names in groups.items())


def _grouped(groups: Iterable[tuple[Effect, list[str]]]) -> str:
    return "\n".join(f"{effect}: {', '.join(names)}" for effect, names in groups)
