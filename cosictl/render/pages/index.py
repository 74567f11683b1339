"""The pages that list findings and policies, as Markdown: ``docs/findings.md`` and ``docs/policies.md``."""

from cosictl.knowledge.catalogue import CATALOGUE
from cosictl.knowledge.entry import Detect, Entry
from cosictl.knowledge.policies import POLICIES, Effect, Policy, effect_of
from cosictl.model.failures import GrpcCode
from cosictl.model.refs import Rpc
from cosictl.render.pages.markdown import Links, prose, table

_FOUND = {Detect.OBJECTS: "objects", Detect.PROBE: "logs or probe", Detect.NONE: "not detectable"}
_GROUPS = {
    "1": "Creation",
    "2": "Readiness hand-off",
    "3": "Deletion",
    "4": "Access",
    "5": "Sidecar, driver, controller",
    "6": "Classes and configuration",
    "9": "What could not be read, decoded or told",
}
LETTERS = {
    Effect.SUCCEEDS: "OK",
    Effect.RETRIES: "R",
    Effect.SILENT_RETRY: "L",
    Effect.STOPS: "S",
    Effect.CRASHES: "X",
    Effect.NOT_CALLED: "n",
    Effect.UNSPECIFIED: "u",
}

_FINDINGS_INTRO = """\
# Findings

Every code of the catalogue, and what it takes to find the situation. Each has a page, which `cosictl explain CODE`
prints.

- **objects**: COSI objects, their events, Leases and Pods show it. A code under *meanwhile* is raised where
  they do not.
- **logs or probe**: only a log, or a call to the driver, tells it from its look-alikes. Until then the finding under
  *meanwhile* is raised, and names this code among its candidates (or is this code, marked as a candidate).
- **not detectable**: nothing that cosictl reads is left of it. A code under *meanwhile* is what shows beside or
  before it.

cosictl reads the five COSI kinds, events, Leases and Pods, and logs where it is asked to ([logs.md](logs.md)). It
reads no Secrets, no Namespaces and no managedFields.

An outlook is what is usual where the evidence tells. Where a record is too old for a loop that still runs, the outlook
of any finding is `unknown`.
"""
_POLICIES_INTRO = """\
# Sidecar policies

What a sidecar does after each answer of its driver. Each policy has a page, hazards included, which
`cosictl explain POLICY` prints; `cosictl diagnose --assume-sidecar POLICY` shows what would follow.

**OK** counts as success · **R** retried for ever, recorded · **L** retried for ever, nothing recorded on the object ·
**S** stops, recorded · **X** the sidecar crashes, again after every restart · **n** not called · **u** unspecified.
"""


def findings_page(links: Links, *, note: str) -> str:
    """The table of every finding: how it is found, and what is raised meanwhile."""
    parts = [f"<!-- {note} -->\n\n{_FINDINGS_INTRO}"]
    for digit, heading in _GROUPS.items():
        entries = [entry for code, entry in CATALOGUE.items() if code[4] == digit]
        header = ("code", "id", "what you see", "outlook", "API", "found from", "meanwhile", "remarks")
        rows = [_finding_row(entry) for entry in entries]
        parts.append(f"## {heading}\n\n{table(header, rows, links)}")
    return "\n".join(parts)


def policies_page(links: Links, *, note: str) -> str:
    """The list of policies, and the matrix of call and code for all of them."""
    policies = tuple(POLICIES.values())
    header = ("policy", "what it is", "API", "delays", "recorded in", "an edit")
    parts = [
        f"<!-- {note} -->\n\n{_POLICIES_INTRO}",
        table(header, [_policy_row(policy) for policy in policies], links),
    ]
    for rpc in Rpc:
        rows = [
            (f"{code} {number}", *(LETTERS[effect_of(policy, rpc, code)] for policy in policies))
            for number, code in enumerate(GrpcCode)
        ]
        parts.append(f"## {rpc}\n\n{table(('code', *(policy.name for policy in policies)), rows, links)}")
    sources = "".join(f"- {prose(f'{p.name}: {p.source}. {p.note}', links)}\n" for p in policies)
    parts.append(f"## Sources\n\n{sources}")
    return "\n".join(parts)


def _finding_row(entry: Entry) -> tuple[str, ...]:
    return (
        entry.code,
        entry.id,
        entry.title,
        ", ".join(entry.outlooks),
        ", ".join(entry.apis),
        _FOUND[entry.detect] if entry.own_finding else f"{_FOUND[entry.detect]}, no finding of its own",
        entry.meanwhile,
        entry.limits,
    )


def _policy_row(policy: Policy) -> tuple[str, ...]:
    kind = "reference" if policy.reference else "release"
    delays = f"{policy.backoff.base:g} s to {policy.backoff.cap:g} s"
    return (policy.name, f"{kind}: {policy.title}", policy.api, delays, policy.records, policy.edit)
