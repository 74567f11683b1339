"""The whole diagnosis: assess every object, fold symptoms under their root, add notes, list what was unread."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from cosictl.diagnosis.advice import commands_about, offered
from cosictl.diagnosis.assess import assess_access, assess_bucket, assess_claim
from cosictl.diagnosis.case import Verdict, default_rpc, source_of
from cosictl.diagnosis.fold import fold
from cosictl.diagnosis.graph import Graph, link
from cosictl.diagnosis.heard import Heard, beside, drivers_word, heard_of, words_of
from cosictl.diagnosis.marks import mark_evidence
from cosictl.diagnosis.notes import NOTES, Observed
from cosictl.diagnosis.notes_drivers import DRIVER_NOTES
from cosictl.diagnosis.policy import Policies, apis_in_use, choose, effect_on
from cosictl.knowledge.catalogue import CATALOGUE
from cosictl.model.copying import replace
from cosictl.model.failures import Failure, FixBy
from cosictl.model.refs import RESOURCES, Kind, Ref
from cosictl.model.report import SEVERITY, STUCK, Assessment, Evidence, Finding, Outlook, Report
from cosictl.model.snapshot import ReadOutcome, ReadStatus, Snapshot


def diagnose(snapshot: Snapshot, *, assume: str | None = None) -> Report:
    """Diagnose a snapshot.

    In: the observation, and optionally the name of a policy to assume instead of the one found (a key of
    ``knowledge.policies.POLICIES``; any other raises KeyError). Out: the report; nothing is read or changed.
    """
    graph = link(snapshot)
    return concluded(graph, choose(graph, assume=assume))


def concluded(graph: Graph, policies: Policies) -> Report:
    """Diagnose what is linked already, under policies that were chosen already; nothing is read or changed."""
    snapshot = graph.snapshot
    judged = [
        *(assess_bucket(graph, policies, bucket) for bucket in snapshot.buckets),
        *(assess_claim(graph, policies, claim) for claim in snapshot.claims),
        *(assess_access(graph, policies, access) for access in snapshot.accesses),
    ]
    if graph.spoken.traces:
        judged = [with_logs(graph, policies, item, verdict) for item, verdict in judged]
    assessments = tuple(assessment for assessment, _ in judged)
    findings = _findings(graph, judged)
    for add in (*NOTES, *DRIVER_NOTES):
        findings.extend(add(Observed(graph=graph, policies=policies, assessments=assessments)))
    apis = apis_in_use(graph)
    return Report(
        taken_at=snapshot.taken_at,
        basis=snapshot.basis.value,
        source=snapshot.source,
        policies=policies.shown(apis),
        objects=assessments,
        findings=tuple(sorted(fold(graph, _once(findings), assessments), key=_worst_first)),
        unread=_unread(snapshot, judged),
        drivers=_drivers(snapshot),
        namespaces=snapshot.namespaces,
        skipped_files=snapshot.skipped_files,
    )


def _findings(graph: Graph, judged: Sequence[tuple[Assessment, Verdict]]) -> list[Finding]:
    """One finding per object that carries a cause, with everything that waits for it folded in."""
    held: dict[Ref, list[Ref]] = defaultdict(list)
    waits = {item.ref: item.waits_on for item, _ in judged if item.waits_on is not None}
    for ref in waits:
        held[_root_of(ref, waits)].append(ref)
    found = []
    for item, verdict in judged:
        if verdict.code:
            found.append(_finding(graph, item, verdict, tuple(sorted(held.get(item.ref, ())))))
    return found


def with_logs(graph: Graph, policies: Policies, item: Assessment, verdict: Verdict) -> tuple[Assessment, Verdict]:
    """Add to a verdict what logs counted, and the driver's own words beside what the sidecar recorded."""
    obj = graph.object_of(item.ref)
    heard = heard_of(graph, obj) if obj is not None else Heard()
    if obj is None or heard.most is None or item.outlook is Outlook.READY or item.waits_on is not None:
        return item, verdict
    if heard.most.attempts == 1 and not heard.failures and heard.driver is None:
        # A v1alpha1 sidecar takes up what belongs to others too, once, and passes over it.
        return item, verdict
    tally, refused = heard.most, drivers_word(heard)
    facts: tuple[Evidence, ...] = ()
    if refused is not None:
        found = graph.meaning_of(refused)
        policy = policies.policy(item.api, item.driver)
        effect = effect_on(policy, refused, found, item.api, default_rpc=default_rpc(obj))
        recorded = any(graph.meaning_of(failure).grpc_code is found.grpc_code for failure in graph.failures_of(obj))
        facts = (
            *_own_words(refused, item),
            beside(refused, found, effect, recorded=recorded, attempts=tally.attempts),
        )
    basis = (*verdict.basis, words_of(tally))
    attempts = max(item.attempts or 0, tally.attempts)
    evidence = (*verdict.evidence, *facts)
    return replace(item, attempts=attempts, basis=basis), replace(verdict, basis=basis, evidence=evidence)


def _own_words(refused: Failure, item: Assessment) -> tuple[Evidence, ...]:
    """The driver's own words, where the record has not quoted them already."""
    words = refused.text.partition(" desc = ")[2].strip()
    if item.failure is not None and (item.failure is refused or words in item.failure.text):
        return ()
    return (Evidence(text=refused.text, source=source_of(refused), at=refused.last, quoted=True),)


def _root_of(ref: Ref, waits: Mapping[Ref, Ref | None]) -> Ref:
    """Follow the chain of waiting to its end; a chain is at most access, claim, Bucket."""
    for _ in range(4):
        further = waits.get(ref)
        if further is None:
            return ref
        ref = further
    return ref


def _finding(graph: Graph, item: Assessment, verdict: Verdict, symptoms: tuple[Ref, ...]) -> Finding:
    entry = CATALOGUE[verdict.code]
    return Finding(
        code=verdict.code,
        title=verdict.title or entry.title,
        root=item.ref,
        outlook=verdict.outlook,
        fix_by=_fix_by(verdict, item),
        symptoms=symptoms,
        evidence=(*verdict.evidence, *_marks(graph, item.ref), *_marks_on_symptoms(graph, symptoms)),
        explanation="; ".join(verdict.basis),
        remedy=verdict.remedy or entry.remedy,
        commands=commands_about(
            graph,
            offered((*verdict.commands, *entry.commands), verdict.outlook),
            item.ref,
            {"driver": item.driver, **verdict.facts},
        ),
        risk=entry.risk,
        candidates=verdict.candidates,
        since=item.since,
    )


def _marks(graph: Graph, ref: Ref) -> tuple[Evidence, ...]:
    """What somebody wrote on the object."""
    item = graph.object_of(ref)
    return mark_evidence(item.meta, graph.snapshot.taken_at) if item is not None else ()


def _marks_on_symptoms(graph: Graph, symptoms: tuple[Ref, ...]) -> tuple[Evidence, ...]:
    """What somebody wrote on objects that the cause holds up: people mark the claim that they know."""
    return tuple(
        replace(fact, source=f"{ref.kind} {ref.namespace}/{ref.name}, {fact.source}")
        for ref in symptoms  # a Bucket waits for nothing: these are claims and accesses
        for fact in _marks(graph, ref)
    )


def _fix_by(verdict: Verdict, item: Assessment) -> FixBy:
    """Who has to act: what the rule says, else what the message says, else the catalogue."""
    if verdict.fix_by is not None:
        return verdict.fix_by
    usual = CATALOGUE[verdict.code].fix_by
    found = item.classification
    if found is not None and any(fact.quoted for fact in verdict.evidence) and found.fix_by is not FixBy.UNKNOWN:
        # "Nobody" stands for what passes by itself, and what is stuck does not.
        return usual if found.fix_by is FixBy.NOBODY and verdict.outlook in STUCK else found.fix_by
    named = {CATALOGUE[code].fix_by for code in verdict.candidates}
    return FixBy.UNKNOWN if len(named) > 1 else usual


def _once(findings: Sequence[Finding]) -> list[Finding]:
    """Every (code, root) once; the first, which an object's own verdict gave, wins."""
    seen: dict[tuple[str, Ref], Finding] = {}
    for finding in findings:
        seen.setdefault((finding.code, finding.root), finding)
    return list(seen.values())


def _worst_first(finding: Finding) -> tuple[int, str, Ref]:
    return (SEVERITY.index(finding.outlook), finding.code, finding.root)


_OBJECTS = frozenset({RESOURCES[Kind.BUCKET], RESOURCES[Kind.CLAIM], RESOURCES[Kind.ACCESS]})


def _unread(snapshot: Snapshot, judged: Sequence[tuple[Assessment, Verdict]]) -> tuple[ReadStatus, ...]:
    """What could not be read: always where somebody refused, and where a dump lacks it only if a verdict needed it.

    Where nothing was there to judge, the whole verdict needed the objects.
    """
    needed = {name for _, verdict in judged for name in verdict.needs} if judged else _OBJECTS
    return tuple(
        status
        for status in snapshot.reads
        if status.outcome in {ReadOutcome.FORBIDDEN, ReadOutcome.FAILED, ReadOutcome.ABSENT}
        or (status.outcome is ReadOutcome.NOT_IN_DUMP and status.resource in needed)
    )


def _drivers(snapshot: Snapshot) -> tuple[str, ...]:
    return tuple(sorted({owner.driver for owner in snapshot.of_drivers if owner.driver}))
