"""Everything a report tells, in one noun: the diagnosis, who serves whom, what hangs together, what was recorded.

Made from one observation; every format of ``cosictl report`` is written from it alone.
"""

from collections.abc import Mapping

from msgspec import Struct

from cosictl.model.failures import Cause, Failure, GrpcCode
from cosictl.model.fleet import Comparison, Fleet
from cosictl.model.refs import Ref, Rpc
from cosictl.model.report import Report


class Chain(Struct, frozen=True, kw_only=True, gc=False):
    """What hangs together: a claim, its Bucket, and the accesses that use the claim.

    ``claim_named`` is the claim that the Bucket names, or an access does, and ``bucket_named`` the Bucket that the
    claim's status names, where they were not found among what was read ("" where nothing is missing).
    """

    claim: Ref | None = None
    bucket: Ref | None = None
    accesses: tuple[Ref, ...] = ()
    claim_named: str = ""
    bucket_named: str = ""

    @property
    def refs(self) -> tuple[Ref, ...]:
        """Its objects that were found, in the order in which COSI makes them ready."""
        return tuple(ref for ref in (self.claim, self.bucket, *self.accesses) if ref is not None)


class WhatIf(Struct, frozen=True, kw_only=True, gc=False):
    """Objects whose driver gave the same answer to the same call, and what each policy does after it.

    ``codes`` are the findings about them, ``effects`` has the word of the effect for each policy's name.
    """

    codes: tuple[str, ...]
    rpc: Rpc
    answer: GrpcCode
    cause: Cause
    refs: tuple[Ref, ...]
    effects: Mapping[str, str]


class Account(Struct, frozen=True, kw_only=True, gc=False):
    """All of it. ``records`` has the failure records of every object that has any, the newest first."""

    report: Report
    fleet: Fleet
    comparison: Comparison
    what_ifs: tuple[WhatIf, ...]
    chains: tuple[Chain, ...]
    records: Mapping[Ref, tuple[Failure, ...]]
