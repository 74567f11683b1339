"""Events: every failure record of the objects asked for and of their relatives, in one timeline."""

from collections.abc import Callable, Iterable, Iterator

from msgspec import Struct

from cosictl.diagnosis.classify import classify
from cosictl.diagnosis.graph import Graph, link, rpc_of_text
from cosictl.diagnosis.heard import failure_of, heard_of
from cosictl.diagnosis.poison import root_of
from cosictl.flows.asked import Asked, check_read, found
from cosictl.model.failures import Carrier, Classification, Failure
from cosictl.model.logs import Crash, LogOrigin, LogTrace, Writer
from cosictl.model.objects import Access, AccessClass, Bucket, BucketClass, Claim, CosiObject, Event, Stateful
from cosictl.model.refs import Api, Kind, Ref
from cosictl.model.snapshot import Snapshot


class Record(Struct, frozen=True, kw_only=True):
    """One failure record: what it is about, and what it means."""

    about: Ref
    failure: Failure
    classification: Classification


def timeline(read: Callable[[], Snapshot], *, asked: Asked) -> tuple[Snapshot, tuple[Record, ...]]:
    """Return what was observed and its failure records, the oldest first, those without a time at the front.

    Relatives are the Bucket, claims and accesses that hang together. Records that belong to no object we know are
    there only when no single object was asked for. Raises NotFoundError, and ClusterError where events could not be
    read and nothing else was found.
    """
    snapshot = read()
    graph = link(snapshot)
    items = found(snapshot, asked)
    if not asked.narrow:
        # Classes belong to every namespace, and would bring in all that uses them.
        items = tuple(item for item in items if not isinstance(item, BucketClass | AccessClass))
    records = [record for item in _with_relatives(graph, items) for record in _records(graph, item)]
    if not asked.narrow:
        records += [_unattached(event) for event in graph.unattached if _is_near(event, asked.namespace)]
        records += _loose(graph, asked.namespace)
    if not records:
        check_read(snapshot, ["events"])
    return snapshot, tuple(sorted(records, key=_oldest_first))


def _with_relatives(graph: Graph, items: Iterable[CosiObject]) -> tuple[Stateful, ...]:
    """The objects, and what they hang together with, each once."""
    family: dict[Ref, Stateful] = {}
    for item in items:
        for claim in _claims_of(graph, item):
            family[claim.ref] = claim
            bucket = graph.bucket_of(claim)
            family |= {bucket.ref: bucket} if bucket is not None else {}
            family |= {access.ref: access for access in _accesses_of(graph, claim)}
        if not isinstance(item, BucketClass | AccessClass):
            family[item.ref] = item
    return tuple(family.values())


def _claims_of(graph: Graph, item: CosiObject) -> Iterator[Claim]:
    match item:
        case Claim():
            yield item
        case Bucket():
            owner = graph.claim_of(item)
            yield from (owner,) if owner is not None else ()
            yield from graph.claims_by_bucket.get(item.meta.name, ())
        case Access():
            found_claims = (graph.claims.get((item.meta.namespace, name)) for name in item.claim_names)
            yield from (claim for claim in found_claims if claim is not None)
        case BucketClass():
            yield from (claim for claim in graph.snapshot.claims if claim.class_name == item.meta.name)
        case AccessClass():
            for access in graph.snapshot.accesses:
                if access.class_name == item.meta.name:
                    yield from _claims_of(graph, access)


def _accesses_of(graph: Graph, claim: Claim) -> Iterator[Access]:
    for access in graph.snapshot.accesses:
        if access.meta.namespace == claim.meta.namespace and claim.meta.name in access.claim_names:
            yield access


def _records(graph: Graph, item: Stateful) -> Iterator[Record]:
    for failure in (*graph.failures_of(item), *heard_of(graph, item).failures):
        yield _record(item.ref, failure, item.api)
    poison = graph.spoken.poison_of(item.ref)
    if poison is not None:
        yield _record(item.ref, _death(poison.crash), item.api)


def _record(about: Ref, failure: Failure, api: Api | None) -> Record:
    meaning = classify(failure.text, rpc=failure.rpc, carrier=failure.carrier, api=api)
    return Record(about=about, failure=failure, classification=meaning)


def _unattached(event: Event) -> Record:
    failure = Failure(
        carrier=Carrier.EVENT,
        text=event.message,
        rpc=rpc_of_text(event.message),
        reason=event.reason,
        component=event.component,
        first=event.first,
        last=event.last,
        count=event.count,
    )
    return _record(Ref(event.about_kind or "Object", event.about_namespace, event.about_name), failure, None)


def _loose(graph: Graph, namespace: str) -> Iterator[Record]:
    """What logs say that belongs to no object we know, or to one of several."""
    for trace in graph.spoken.loose:
        if trace.text and namespace in {"", trace.names.namespace or namespace}:
            yield _record(_about(trace), failure_of(trace), None)
    for crash in graph.snapshot.crashes:
        poisons = [poison for poison in graph.spoken.poisons if poison.crash == crash]
        if not any(poison.is_known for poison in poisons):
            root = root_of(poisons[0]) if poisons else _place(crash.origin)
            yield _record(root, _death(crash), None)


def _about(trace: LogTrace) -> Ref:
    names = trace.names
    name = names.access or names.claim if names.kind != Kind.BUCKET else names.bucket
    name = name or names.bucket or names.account
    if not name:
        return _place(trace.origin)
    return Ref(names.kind or "Object", names.namespace, name)


def _place(origin: LogOrigin) -> Ref:
    """The Pod that wrote a log, else the file it is in."""
    return Ref("Pod", origin.namespace, origin.pod) if origin.pod else Ref("Log", "", origin.file)


def _death(crash: Crash) -> Failure:
    carrier = Carrier.DRIVER_LOG if crash.writer is Writer.DRIVER else Carrier.SIDECAR_LOG
    return Failure(
        carrier=carrier,
        text=crash.words,
        component=crash.origin.words,
        first=crash.at,
        last=crash.at,
        count=crash.count,
    )


def _is_near(event: Event, namespace: str) -> bool:
    """Whether a record without an object concerns a namespace; one about a Bucket that is gone concerns none."""
    return not namespace or event.about_namespace == namespace


def _oldest_first(record: Record) -> tuple[float, float, Ref, str]:
    failure = record.failure
    last = failure.last.timestamp() if failure.last else 0.0
    first = failure.first.timestamp() if failure.first else 0.0
    return (last, first, record.about, failure.text)
