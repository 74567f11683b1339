"""Chains: what hangs together, what is left over, and what a neighbour names but nobody found."""

from datetime import UTC, datetime
from typing import Any

from cosictl.diagnosis.chains import chains
from cosictl.diagnosis.graph import link
from cosictl.model.account import Chain
from cosictl.model.objects import Access, Bucket, Claim, ClaimLink, Meta, Stateful
from cosictl.model.refs import Api, Ref
from cosictl.model.snapshot import Snapshot, TimeBasis

API = Api.V1ALPHA2


def claim(name: str, **given: Any) -> Claim:
    return Claim(api=API, meta=Meta(name=name, namespace="n", uid=f"uid-{name}"), **given)


def bucket(name: str, owner: str) -> Bucket:
    return Bucket(api=API, meta=Meta(name=name), claim=ClaimLink(namespace="n", name=owner, uid=f"uid-{owner}"))


def access(name: str, *claims: str) -> Access:
    return Access(api=API, meta=Meta(name=name, namespace="n"), claim_names=claims)


def chains_of(*, wanted: set[Ref] | None = None, **objects: Any) -> tuple[Chain, ...]:
    snapshot = Snapshot(taken_at=datetime(2026, 1, 1, tzinfo=UTC), basis=TimeBasis.DUMP, source="x", **objects)
    items: tuple[Stateful, ...] = (*snapshot.buckets, *snapshot.claims, *snapshot.accesses)
    return chains(link(snapshot), {item.ref for item in items} if wanted is None else wanted)


def test_a_claim_its_bucket_and_its_accesses_are_one_chain() -> None:
    (chain,) = chains_of(
        claims=(claim("c", bucket_name="b"),),
        buckets=(bucket("b", "c"),),
        accesses=(access("a", "c"), access("z", "c")),
    )
    assert [ref.name for ref in chain.refs] == ["c", "b", "a", "z"]
    assert (chain.claim_named, chain.bucket_named) == ("", "")


def test_an_access_to_two_claims_is_in_both_chains() -> None:
    both = chains_of(claims=(claim("c"), claim("d")), accesses=(access("a", "c", "d"),))
    assert [[ref.name for ref in chain.refs] for chain in both] == [["c", "a"], ["d", "a"]]


def test_what_was_not_found_is_named() -> None:
    named = chains_of(
        claims=(claim("c", bucket_name="gone"),), buckets=(bucket("b", "lost"),), accesses=(access("a", "x"),)
    )
    assert named == (
        Chain(claim=Ref("BucketClaim", "n", "c"), bucket_named="gone"),
        Chain(bucket=Ref("Bucket", "", "b"), claim_named="n/lost"),
        Chain(accesses=(Ref("BucketAccess", "n", "a"),), claim_named="n/x"),
    )


def test_chains_are_whole_and_only_those_that_are_wanted() -> None:
    objects: dict[str, Any] = {
        "claims": (claim("c", bucket_name="b"), claim("d")),
        "buckets": (bucket("b", "c"),),
    }
    (chain,) = chains_of(wanted={Ref("Bucket", "", "b")}, **objects)
    assert [ref.name for ref in chain.refs] == ["c", "b"]
    assert chains_of(wanted=set(), **objects) == ()
