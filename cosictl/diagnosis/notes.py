"""Findings that no single object's outlook shows: orphans, shared Buckets, components, configuration.

In: the graph, the policies and the verdicts. Out: findings (a note may concern objects that are fine).
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from cosictl.diagnosis.advice import commands_about, offered
from cosictl.diagnosis.graph import Graph
from cosictl.diagnosis.poison import is_of, root_of, strays, with_poison
from cosictl.diagnosis.policy import Policies, apis_in_use
from cosictl.diagnosis.rules.logged import poison_evidence
from cosictl.diagnosis.service import Service, Sidecar, components, driver_of_lease, service_of
from cosictl.knowledge.catalogue import CATALOGUE
from cosictl.knowledge.policies import POLICIES, Records
from cosictl.model.objects import AccessClass, Bucket, BucketClass, Claim
from cosictl.model.refs import Api, Kind, Ref
from cosictl.model.report import Assessment, Evidence, Finding, Flag, Outlook


class Observed(Struct, frozen=True, kw_only=True):
    """What the notes look at: the linked objects, the policies, and the verdict on every object."""

    graph: Graph
    policies: Policies
    assessments: Sequence[Assessment]


def note(
    graph: Graph,
    code: str,
    root: Ref,
    outlook: Outlook,
    evidence: Iterable[Evidence],
    *,
    symptoms: Iterable[Ref] = (),
    candidates: tuple[str, ...] = (),
    facts: Mapping[str, str] | None = None,
) -> Finding:
    """A finding whose words all come from the catalogue; ``facts`` are names for its commands."""
    entry = CATALOGUE[code]
    return Finding(
        code=code,
        title=entry.title,
        root=root,
        outlook=outlook,
        fix_by=entry.fix_by,
        symptoms=tuple(symptoms),
        evidence=tuple(evidence),
        explanation=entry.cause,
        remedy=entry.remedy,
        commands=commands_about(graph, offered(entry.commands, outlook), root, facts),
        risk=entry.risk,
        candidates=candidates,
    )


def orphans(seen: Observed) -> list[Finding]:
    """Buckets whose claim is gone and that nothing else complains about."""
    return [
        note(
            seen.graph,
            "COSI305",
            item.ref,
            item.outlook,
            (Evidence(text=_claim_words(seen.graph, item.ref), source="spec of the Bucket"),),
        )
        for item in seen.assessments
        if Flag.ORPHANED in item.flags
        and item.ref.kind == Kind.BUCKET
        and Flag.TERMINATING not in item.flags
        and item.outlook is Outlook.READY
    ]


def _claim_words(graph: Graph, ref: Ref) -> str:
    link = graph.buckets[ref.name].claim
    if link is None:
        return "names no claim"
    return f"names claim {link.namespace}/{link.name} (uid {link.uid or 'not recorded'}), which does not exist"


def shared_buckets(seen: Observed) -> list[Finding]:
    """Two ready claims on one existing Bucket: deleting either deletes the data of both under policy Delete."""
    by_bucket: dict[str, list[Claim]] = defaultdict(list)
    for claim in seen.graph.snapshot.claims:
        if claim.api is Api.V1ALPHA1 and claim.existing_bucket and claim.meta.deleted is None:
            by_bucket[claim.existing_bucket].append(claim)
    found = []
    for name, claims in sorted(by_bucket.items()):
        if len([claim for claim in claims if claim.ready]) < 2:
            continue
        words = ", ".join(str(claim.ref) for claim in claims)
        evidence = (Evidence(text=f"used by {words}", source="spec.existingBucketName of the claims"),)
        root = Ref(Kind.BUCKET, "", name)
        found.append(
            note(seen.graph, "COSI207", root, Outlook.READY, evidence, symptoms=(claim.ref for claim in claims))
        )
    return found


def components_down(seen: Observed) -> list[Finding]:
    """Sidecars and controllers that keep ending (S01, S02), and deaths that only a log tells of."""
    found = []
    unplaced = strays(seen.graph)
    ends: dict[Ref, list[Evidence]] = defaultdict(list)
    for part in components(seen.graph):
        container = part.container
        if not container.restarts or container.ready or container.exit_code is None:
            continue
        text = container.exit_text
        code = "COSI501"
        candidates: tuple[str, ...] = ("COSI501", "COSI502")
        if "unknown service" in text:
            code, candidates = "COSI502", ()
        elif container.exit_code == 2:
            code, candidates = "COSI406", ("COSI406", "COSI501")
        words = f"ended {container.restarts} times, last with exit code {container.exit_code} {container.exit_reason}"
        evidence = [Evidence(text=words.strip(), source=_where(part))]
        if text:
            evidence.append(Evidence(text=text, source="its last words", quoted=True))
        mine = [poison for poison in unplaced if code == "COSI406" and is_of(poison, part)]
        for poison in mine:
            ends[root_of(poison)] += evidence
        if mine:
            continue
        found.append(note(seen.graph, code, _pod_ref(part), Outlook.LOOPING, evidence, candidates=candidates))
    for poison in unplaced:
        root, origin = root_of(poison), poison.crash.origin
        facts = {"pod": origin.pod, "sidecar_namespace": origin.namespace} if origin.pod else None
        made = note(seen.graph, "COSI406", root, Outlook.LOOPING, poison_evidence(poison), facts=facts)
        found.append(with_poison(seen.graph, made, poison, ends[root]))
    return found


def version_skew(seen: Observed) -> list[Finding]:
    """A sidecar or controller of one API version where all objects are of the other (S03): healthy and idle."""
    apis = apis_in_use(seen.graph)
    if not seen.graph.snapshot.buckets and not seen.graph.snapshot.claims:
        return []
    return [
        note(
            seen.graph,
            "COSI503",
            _pod_ref(part),
            Outlook.STALLED,
            (
                Evidence(
                    text=f"{part.container.image} speaks {part.match.api}, objects are {apis[0]}",
                    source=_where(part),
                ),
            ),
        )
        for part in components(seen.graph)
        if part.match.api is not None and part.match.api not in apis
    ]


def mute_sidecars(seen: Observed) -> list[Finding]:
    """image-60 outside ``default`` cannot write a Bucket's events, so loops look like nothing (S06)."""
    mute = [
        part
        for part in components(seen.graph)
        if part.match.role == "sidecar"
        and part.match.policy
        and POLICIES[part.match.policy].records is Records.EVENTS_POD_NAMESPACE
        and part.pod.meta.namespace != "default"
    ]
    if not mute:
        return []
    unready = [
        item.ref
        for item in seen.assessments
        if item.outlook is not Outlook.READY and item.api is Api.V1ALPHA1 and item.ref.kind == Kind.BUCKET
    ]
    return [
        note(
            seen.graph,
            "COSI506",
            _pod_ref(part),
            Outlook.UNKNOWN,
            (Evidence(text=f"{part.container.image} in namespace {part.pod.meta.namespace}", source=_where(part)),),
            symptoms=unready,
        )
        for part in mute
        if unready
    ]


def misfits(seen: Observed) -> list[Finding]:
    """What the objects show does not fit the release the image claims (S08)."""
    found = []
    wrote = any(e.component == "cosi" and e.about_kind == "Bucket" for e in seen.graph.snapshot.events)
    for part in components(seen.graph):
        policy = POLICIES[part.match.policy] if part.match.policy else None
        mute = policy is not None and policy.records is Records.EVENTS_POD_NAMESPACE
        if part.match.role == "sidecar" and mute and wrote and part.pod.meta.namespace != "default":
            text = f"{part.container.image} cannot write Bucket events from here, yet such events exist"
            found.append(
                note(
                    seen.graph, "COSI508", _pod_ref(part), Outlook.UNKNOWN, (Evidence(text=text, source=_where(part)),)
                )
            )
        if part.match.role == "controller" and part.match.release.startswith("v0.2.2"):
            odd = next((b for b in seen.graph.snapshot.buckets if _old_name(b)), None)
            if odd is not None:
                text = f"{part.container.image} would name Buckets bucket-<uid>, but {odd.meta.name} is <class><uid>"
                evidence = (Evidence(text=text, source=_where(part)),)
                found.append(note(seen.graph, "COSI508", _pod_ref(part), Outlook.READY, evidence))
    return found


def _old_name(bucket: Bucket) -> bool:
    """Whether the controller that named it is older than the ``bucket-<uid>`` form."""
    link = bucket.claim
    return (
        bucket.api is Api.V1ALPHA1
        and link is not None
        and bool(link.uid)
        and (bucket.meta.name == f"{bucket.class_name}{link.uid}" and bucket.class_name != "bucket-")
    )


def driver_names(seen: Observed) -> list[Finding]:
    """Driver names that differ only by case (v1alpha2 compares them exactly), and classes nobody serves."""
    snapshot = seen.graph.snapshot
    classes: tuple[BucketClass | AccessClass, ...] = (*snapshot.bucket_classes, *snapshot.access_classes)
    spelled: dict[str, set[str]] = defaultdict(set)
    for owner in snapshot.of_drivers:
        if owner.driver:
            spelled[owner.driver.casefold()].add(owner.driver)
    for name in map(driver_of_lease, seen.graph.leases):
        if name:
            spelled[name.casefold()].add(name)
    found = []
    for cls in classes:
        names = spelled.get(cls.driver.casefold(), set())
        if len(names) > 1:
            text = "the same driver is spelled " + ", ".join(sorted(names))
            found.append(
                note(seen.graph, "COSI601", cls.ref, Outlook.READY, (Evidence(text=text, source="driver names"),))
            )
        elif cls.driver and service_of(seen.graph, cls.driver, cls.api) is Service.ABSENT:
            text = f"no sidecar holds a lease for driver {cls.driver}"
            found.append(note(seen.graph, "COSI602", cls.ref, Outlook.READY, (Evidence(text=text, source="leases"),)))
    return found


def namespaces_going(seen: Observed) -> list[Finding]:
    """Everything of COSI in a namespace is being deleted and an access hangs: the namespace itself is going (D13)."""
    if not (emptying := seen.graph.emptying):
        return []
    by_namespace: dict[str, list[Assessment]] = defaultdict(list)
    for item in seen.assessments:
        if item.ref.namespace in emptying:
            by_namespace[item.ref.namespace].append(item)
    found = []
    for namespace, items in sorted(by_namespace.items()):
        hanging = [i for i in items if i.ref.kind == Kind.ACCESS and i.outlook is not Outlook.RETRYING]
        if len(items) < 2 or not hanging:
            continue
        text = f"all {len(items)} claims and accesses of namespace {namespace} are being deleted"
        root = Ref("Namespace", "", namespace)
        evidence = (Evidence(text=text, source="deletion timestamps"),)
        found.append(note(seen.graph, "COSI313", root, hanging[0].outlook, evidence, symptoms=(i.ref for i in items)))
    return found


def undecoded(seen: Observed) -> list[Finding]:
    """Objects that could not be decoded, by name."""
    return [
        note(
            seen.graph,
            "COSI903",
            Ref(lost.kind or "Object", lost.namespace, lost.name or "(no name)"),
            Outlook.UNKNOWN,
            (Evidence(text=lost.reason, source=lost.source),),
        )
        for lost in seen.graph.snapshot.undecoded
    ]


def _pod_ref(part: Sidecar) -> Ref:
    return Ref("Pod", part.pod.meta.namespace, part.pod.meta.name)


def _where(part: Sidecar) -> str:
    return f"container {part.container.name} of pod {part.pod.meta.namespace}/{part.pod.meta.name}"


NOTES = (
    orphans,
    shared_buckets,
    components_down,
    version_skew,
    mute_sidecars,
    misfits,
    driver_names,
    namespaces_going,
    undecoded,
)
