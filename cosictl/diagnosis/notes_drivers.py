"""Findings about drivers and their sidecars as a whole: served twice, codes that say nothing, codes that mislead.

In: the linked objects and the verdict on each. Out: findings whose root is the driver. Pure.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Final

from cosictl.diagnosis.graph import Graph
from cosictl.diagnosis.notes import Observed, note
from cosictl.diagnosis.policy import apis_in_use
from cosictl.diagnosis.service import Service, components, lease_state, leases_of
from cosictl.diagnosis.whatif import Trouble, troubles
from cosictl.knowledge.policies import POLICIES
from cosictl.model.failures import Cause, GrpcCode
from cosictl.model.refs import Api, Ref
from cosictl.model.report import Evidence, Finding, Outlook

DRIVER: Final = "Driver"
_SAYS_NOTHING: Final = frozenset({GrpcCode.INTERNAL, GrpcCode.UNKNOWN})
# Fewer errors than this show no habit; from this share on, "everything" is a fair word.
_ENOUGH: Final = 3
_NEARLY_ALL: Final = 0.8
# Causes that AlreadyExists stands for, or that the text does not tell.
_CONFLICTS: Final = frozenset({Cause.ALREADY_EXISTS, Cause.UNKNOWN, Cause.INTERNAL_MASKED})


def served_twice(seen: Observed) -> list[Finding]:
    """More than one living sidecar for a driver, none of which waits for the other (S09)."""
    found = []
    for api in apis_in_use(seen.graph):
        for driver in sorted(_drivers(seen.graph, api)):
            words = _rival_leases(seen.graph, driver, api) or _rival_pods(seen.graph, driver, api)
            if words:
                evidence = (Evidence(text=words, source="leases and pods"),)
                found.append(note(seen.graph, "COSI509", _driver(driver), Outlook.READY, evidence))
    return found


def _drivers(graph: Graph, api: Api) -> set[str]:
    snapshot = graph.snapshot
    return {owner.driver for owner in snapshot.of_drivers if owner.api is api and owner.driver}


def _rival_leases(graph: Graph, driver: str, api: Api) -> str:
    """A Lease is in its Pod's namespace: two that live mean two that work."""
    alive = [lease for lease in leases_of(graph, driver, api) if lease_state(graph, lease) is Service.ALIVE]
    if len(alive) < 2:
        return ""
    return "living leases of this driver: " + ", ".join(
        f"{lease.meta.namespace}/{lease.meta.name} held by {lease.holder}" for lease in alive
    )


def _rival_pods(graph: Graph, driver: str, api: Api) -> str:
    """v1alpha2 takes a Lease only when told to: every replica then works at once."""
    if api is not Api.V1ALPHA2 or not graph.was_read("leases") or leases_of(graph, driver, api):
        return ""
    if len(_drivers(graph, api)) != 1:
        # Which Pod serves which driver is not known without Leases.
        return ""
    ready = [
        f"{part.pod.meta.namespace}/{part.pod.meta.name}"
        for part in components(graph)
        if part.match.role == "sidecar" and part.match.api is api and part.container.ready
    ]
    return f"sidecars without a lease: {', '.join(ready)}" if len(ready) > 1 else ""


def masking_drivers(seen: Observed) -> list[Finding]:
    """Drivers whose errors carry no cause, and the call to mend first (S10)."""
    found = []
    for driver, all_of_it in _by_driver(seen).items():
        blank = [one for one in all_of_it if one.code in _SAYS_NOTHING]
        if len(all_of_it) < _ENOUGH or len(blank) < _NEARLY_ALL * len(all_of_it):
            continue
        masked = [one for one in blank if one.cause is Cause.INTERNAL_MASKED]
        first, count = Counter(one.rpc for one in masked or blank).most_common(1)[0]
        codes = ", ".join(f"{code.value} {number}" for code, number in Counter(one.code for one in blank).most_common())
        evidence = (
            Evidence(
                text=f"{len(blank)} of {len(all_of_it)} have a code that says nothing ({codes}); "
                f"{len(masked)} of them tell no cause in their text either",
                source="events, status.error and logs",
            ),
            Evidence(
                text=f"to mend first: {first.value}, with {count} of them", source="events, status.error and logs"
            ),
        )
        found.append(note(seen.graph, "COSI510", _driver(driver), Outlook.UNKNOWN, evidence, facts={"driver": driver}))
    return found


def misused_already_exists(seen: Observed) -> list[Finding]:
    """Drivers that say AlreadyExists about something else (S11)."""
    found = []
    for driver, all_of_it in _by_driver(seen).items():
        odd = [one for one in all_of_it if one.code is GrpcCode.ALREADY_EXISTS and one.cause not in _CONFLICTS]
        if not odd:
            continue
        evidence = [Evidence(text=odd[0].text, source=f"about {odd[0].ref}", quoted=True)]
        evidence.append(Evidence(text=f"the text says {odd[0].cause.value}", source="classification"))
        found.append(
            note(
                seen.graph,
                "COSI511",
                _driver(driver),
                Outlook.LOOPING if any(_is_retried(seen, one) for one in odd) else Outlook.PARKED,
                evidence,
                symptoms=(one.ref for one in odd),
                facts={"driver": driver},
            )
        )
    return found


def _is_retried(seen: Observed, trouble: Trouble) -> bool:
    return POLICIES[seen.policies.choice(trouble.api, trouble.driver).policy].api is Api.V1ALPHA1


def _by_driver(seen: Observed) -> Mapping[str, Sequence[Trouble]]:
    found: dict[str, list[Trouble]] = defaultdict(list)
    for trouble in troubles(seen.assessments):
        if trouble.driver:
            found[trouble.driver].append(trouble)
    return dict(sorted(found.items()))


def _driver(name: str) -> Ref:
    return Ref(DRIVER, "", name)


DRIVER_NOTES = (served_twice, masking_drivers, misused_already_exists)
