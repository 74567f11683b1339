"""What hangs together: each claim with its Bucket and its accesses, and what is left over.

In: the linked objects. Out: chains, in the order of Bucket, claim, access names. Pure.
"""

from collections import defaultdict
from collections.abc import Iterator
from collections.abc import Set as AbstractSet

from cosictl.diagnosis.graph import Graph
from cosictl.model.account import Chain
from cosictl.model.objects import Access, Bucket, Claim
from cosictl.model.refs import Ref


def chains(graph: Graph, wanted: AbstractSet[Ref]) -> tuple[Chain, ...]:
    """Return every chain that has one of the wanted objects in it, whole; an object stands in one chain or more.

    A claim begins each; then come Buckets without a claim that was found, and accesses of claims that were not.
    """
    return tuple(chain for chain in _all(graph) if not wanted.isdisjoint(chain.refs)) if wanted else ()


def _all(graph: Graph) -> Iterator[Chain]:
    users: dict[tuple[str, str], list[Access]] = defaultdict(list)
    for access in graph.snapshot.accesses:
        for name in access.claim_names:
            users[access.meta.namespace, name].append(access)
    held: set[str] = set()
    for claim in graph.snapshot.claims:
        bucket = graph.bucket_of(claim)
        if bucket is not None:
            held.add(bucket.meta.name)
        accesses = users.pop((claim.meta.namespace, claim.meta.name), [])
        yield _of_claim(claim, bucket, accesses)
    for bucket in graph.snapshot.buckets:
        if bucket.meta.name not in held:
            yield Chain(bucket=bucket.ref, claim_named=_claim_name(bucket))
    for (namespace, name), accesses in users.items():
        yield Chain(accesses=tuple(access.ref for access in accesses), claim_named=f"{namespace}/{name}")


def _of_claim(claim: Claim, bucket: Bucket | None, accesses: list[Access]) -> Chain:
    return Chain(
        claim=claim.ref,
        bucket=bucket.ref if bucket is not None else None,
        accesses=tuple(access.ref for access in accesses),
        bucket_named=claim.bucket_name or claim.existing_bucket if bucket is None else "",
    )


def _claim_name(bucket: Bucket) -> str:
    link = bucket.claim
    return f"{link.namespace}/{link.name}" if link is not None and link.name else ""
