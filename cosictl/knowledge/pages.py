"""One page of plain text per row: what ``cosictl explain`` shows, and what ``docs/`` holds."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from msgspec import Struct

from cosictl.knowledge.annotations import Annotation
from cosictl.knowledge.backend_codes import BackendCode
from cosictl.knowledge.catalogue import CATALOGUE
from cosictl.knowledge.commands import BLANKS
from cosictl.knowledge.entry import Detect, Entry
from cosictl.knowledge.finalizers import Finalizer
from cosictl.knowledge.grpc_codes import GrpcCodeRow
from cosictl.knowledge.images import ImageMatch
from cosictl.knowledge.policies import POLICIES, EditEffect, Effect, Policy, Records, effect_of
from cosictl.knowledge.vocabulary import CAUSES, FIXERS, OUTLOOKS
from cosictl.model.failures import GrpcCode
from cosictl.model.refs import Rpc


class Page(Struct, frozen=True, kw_only=True):
    """One topic: its title (a name, and what it is after ": "), and sections of a heading and a text each.

    What the lines of a text are is told by ``cosictl.knowledge.blocks``.
    """

    title: str
    sections: tuple[tuple[str, str], ...]


# How rows cite the releases that have no tag.
CITED: Final[Mapping[str, str]] = {"main ee00c269": "main-2026-03", "later main": "later-main"}
_TOPIC: Final = re.compile(rf"(?<![\w.-])(COSI\d{{3}}|{'|'.join(map(re.escape, [*POLICIES, *CITED]))})(?![\w-]|\.\w)")
_FOUND = {
    Detect.OBJECTS: "From objects, events, Leases and Pods",
    Detect.PROBE: "Only with a log or a call to the driver",
    Detect.NONE: "Not at all",
}
_RECORDS = {
    Records.EVENTS: "As events on the object.",
    Records.EVENTS_POD_NAMESPACE: "As events, but only about objects whose events belong in the pod's own namespace.",
    Records.STATUS: "In status.error of the object; no events.",
    Records.NOTHING: "Nowhere on the object.",
}
_EDITS = {
    EditEffect.RETRIES_NOW: "Any edit, an annotation too, causes one retry at once; the loop goes on.",
    EditEffect.ENDS_LOOP: "Any edit, an annotation too, silently ends a failing loop until the sidecar restarts.",
    EditEffect.NOTHING: "It does nothing to the loop.",
}
_RETRYABLE = {
    True: "Yes, it can pass by itself.",
    False: "No, somebody has to change something.",
    None: "The code alone does not tell.",
}


def found_how(entry: Entry) -> str:
    """How a situation is found, in one sentence."""
    parts = [_FOUND[entry.detect]]
    if entry.limits:
        parts.append(entry.limits)
    if entry.meanwhile and entry.detect is not Detect.OBJECTS and entry.meanwhile not in entry.limits:
        own = entry.meanwhile == entry.code
        parts.append("until then raised as a candidate" if own else f"until then {entry.meanwhile} is raised")
    return f"{'; '.join(parts)}."


def related(entry: Entry) -> tuple[str, ...]:
    """The findings and then the policies that a finding's rows name, in the order of their tables."""
    texts = (entry.symptom, entry.tell_apart, entry.cause, entry.stuck_hint, entry.remedy, entry.risk, entry.limits)
    named = {CITED.get(name, name) for name in _TOPIC.findall(" ".join((*texts, entry.meanwhile, entry.source)))}
    return tuple(name for name in (*CATALOGUE, *POLICIES) if name in named and name != entry.code)


def entry_page(entry: Entry) -> Page:
    """The page of a finding code."""
    commands = "\n".join(command.format_map(BLANKS) for command in entry.commands)
    more = tuple(_see_also(entry))
    outlooks = "\n".join(f"{outlook}: {OUTLOOKS[outlook]}" for outlook in entry.outlooks)
    return Page(
        title=f"{entry.code} ({entry.id}): {entry.title}",
        sections=(
            ("What you see", entry.symptom),
            ("Will waiting help?", entry.stuck_hint),
            *((("Outlook", outlooks),) if entry.outlooks else ()),
            ("Why", entry.cause),
            ("Tell it apart", entry.tell_apart),
            ("Who fixes it", FIXERS[entry.fix_by]),
            ("What to do, best first", entry.remedy),
            ("What could be lost", entry.risk),
            ("Commands", commands),
            ("How it is found", found_how(entry)),
            ("API versions", ", ".join(entry.apis)),
            ("Source", entry.source),
            *((("See also", "\n".join(more)),) if more else ()),
        ),
    )


def _see_also(entry: Entry) -> Iterator[str]:
    """Other topics with what they are, and where our own commands are described."""
    for name in related(entry):
        yield f"{name}: {CATALOGUE[name].title if name in CATALOGUE else POLICIES[name].title}"
    ours = dict.fromkeys(_name_of(command) for command in entry.commands if command.startswith("cosictl "))
    if ours:
        yield f"The commands in full: {', '.join(ours)}"


def _name_of(command: str) -> str:
    """The words that name a command of ours and its page: ``cosictl probe-driver reproduce``."""
    words = command.split()
    return " ".join(words[: 3 if words[1] in {"probe-driver", "sidecars"} else 2])


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
    backoff = f"{policy.backoff.base:g} s, doubling, at most {policy.backoff.cap:g} s; the retries have no end."
    commands = f"cosictl diagnose --assume-sidecar {policy.name}\ncosictl sidecars compare {policy.name}"
    return Page(
        title=f"{policy.name}: {policy.title}",
        sections=(
            ("What it is", policy.note),
            *calls,
            ("Delay between retries", backoff),
            ("Failures are recorded", _RECORDS[policy.records]),
            ("An edit of the object", _EDITS[policy.edit]),
            *((("Hazards", hazards),) if hazards else ()),
            ("What if it were running?", commands),
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
        only = next(iter(groups))
        return f"{only}: {'this release never makes the call' if only is Effect.NOT_CALLED else 'every code'}"
    most = max(groups, key=lambda effect: len(groups[effect]))
    return _grouped((effect, ["every other code"] if effect is most else names) for effect, names in groups.items())


def _grouped(groups: Iterable[tuple[Effect, list[str]]]) -> str:
    return "\n".join(f"{effect}: {', '.join(names)}" for effect, names in groups)
