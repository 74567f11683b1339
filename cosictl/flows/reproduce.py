"""Reproduce: find what one call of the sidecar is about, and judge the driver's own answer to it."""

from collections.abc import Mapping
from dataclasses import dataclass

from cosictl.diagnosis.classify import classify
from cosictl.diagnosis.graph import Graph, link
from cosictl.diagnosis.policy import choose
from cosictl.diagnosis.report import diagnose
from cosictl.diagnosis.settle import Comparison, Observed, compared, settled
from cosictl.errors import NothingToSendError, UsageError
from cosictl.flows.asked import Asked, Named, check_read, found
from cosictl.intake.redact import redact
from cosictl.knowledge.policies import Effect, Policy, effect_of
from cosictl.model.failures import Carrier, Classification, Failure, GrpcCode
from cosictl.model.objects import Access, AccessClass, Bucket, Claim
from cosictl.model.refs import Api, Ref, Rpc
from cosictl.model.snapshot import Snapshot

UNKNOWN_SERVICE = "unknown service"
# What a sidecar's request is made of besides the object itself.
_PARTS = {Claim: ("buckets",), Access: ("bucketclaims", "buckets", "bucketaccessclasses")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What a call is about: the object a sidecar reconciles, what it looks at for it, and what is recorded."""

    asked: Ref
    item: Bucket | Access
    driver: str
    policy: Policy
    claims: Mapping[str, Claim]
    buckets: Mapping[str, Bucket]
    access_class: AccessClass | None
    failure: Failure | None
    recorded: Classification | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """A driver's answer in plain values: what ``Observed`` has, and its words, still unmasked."""

    code: GrpcCode
    message: str = ""
    expired: bool = False
    broken: bool = False
    lacks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What an answer means: beside the record, as a finding ("" for none), to the sidecar, and by its words."""

    comparison: Comparison
    finding: str
    meaning: Classification | None
    effect: Effect


def subject_of(snapshot: Snapshot, named: Named, namespace: str) -> Subject:
    """Find the object that a sidecar reconciles for the one asked for: for a claim its Bucket.

    Raises NotFoundError, NothingToSendError for a claim without a Bucket, UsageError for other kinds, and ClusterError
    where what belongs to it could not be read: that it is missing would be a guess.
    """
    item = found(snapshot, Asked(named=(named,), namespace=namespace))[0]
    check_read(snapshot, _PARTS.get(type(item), ()))
    graph = link(snapshot)
    asked = item.ref
    if isinstance(item, Claim):
        bucket = graph.bucket_of(item)
        if bucket is None:
            raise NothingToSendError(
                f"{asked} has no Bucket yet, so no driver is called for it",
                next_step=f"cosictl diagnose claim/{item.meta.name} -n {item.meta.namespace} says what it waits for",
            )
        item = bucket
    if not isinstance(item, Bucket | Access):
        raise UsageError(f"{asked}: no driver is asked about classes", next_step="name a bucket, a claim or an access")
    verdict = next(one for one in diagnose(snapshot).objects if one.ref == item.ref)
    access_class = graph.access_classes.get(item.class_name) if isinstance(item, Access) else None
    driver = item.driver or (access_class.driver if access_class is not None else "")
    return Subject(
        asked=asked,
        item=item,
        driver=driver,
        policy=choose(graph).policy(item.api, driver),
        claims=_claims(graph, item),
        buckets=graph.buckets,
        access_class=access_class,
        failure=verdict.failure,
        recorded=verdict.classification,
    )


def _claims(graph: Graph, item: Bucket | Access) -> Mapping[str, Claim]:
    if not isinstance(item, Access):
        return {}
    place = item.meta.namespace
    found_ones = ((name, graph.claims.get((place, name))) for name in item.claim_names)
    return {name: claim for name, claim in found_ones if claim is not None}


def meaning_of(heard: Heard, *, rpc: Rpc | None, api: Api) -> Classification | None:
    """Return what a driver's refusal means; nothing where it did not refuse."""
    if heard.code is GrpcCode.OK:
        return None
    text = f"rpc error: code = {heard.code.value} desc = {redact(heard.message)}"
    return classify(text, rpc=rpc, carrier=Carrier.GRPC, api=api)


def judge(subject: Subject, rpc: Rpc, heard: Heard) -> Judgement:
    """Return what an answer to the sidecar's own request means."""
    api = subject.item.api
    meaning = meaning_of(heard, rpc=rpc, api=api)
    seen = Observed(
        rpc=rpc,
        api=api,
        code=heard.code,
        expired=heard.expired,
        broken=heard.broken,
        foreign=heard.code is GrpcCode.UNIMPLEMENTED and heard.message.startswith(UNKNOWN_SERVICE),
        lacks=heard.lacks,
        meaning=meaning,
    )
    effect = effect_of(subject.policy, rpc, heard.code)
    return Judgement(
        comparison=compared(seen, subject.recorded),
        finding=settled(seen, stops=effect is Effect.STOPS),
        meaning=meaning,
        effect=effect,
    )
