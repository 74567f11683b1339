"""Whose a bucket or account of the backend is, as far as the cluster's objects tell."""

from collections.abc import Collection

from cosictl.model.objects import Access, Bucket
from cosictl.model.snapshot import Snapshot


def owners_of(snapshot: Snapshot, keys: Collection[str]) -> tuple[Bucket | Access, ...]:
    """Return the Buckets and accesses that use any of these IDs.

    A Bucket also owns what has its own name: drivers use it as the ID, and it may not have been written down yet.
    """
    buckets = [item for item in snapshot.buckets if {item.bucket_id, item.existing_id, item.meta.name} & {*keys}]
    accesses = [item for item in snapshot.accesses if {item.account_id, f"ba-{item.meta.uid}"} & {*keys}]
    return (*buckets, *accesses)
