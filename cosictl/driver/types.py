"""What is said to a driver and what it answers, the same for both API versions of the wire contract.

Fields that a version lacks are empty. Sources: ``proto/`` of both versions.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from cosictl.model.failures import GrpcCode


class DriverError(Exception):
    """The driver's refusal: gRPC code and message."""

    def __init__(self, code: GrpcCode, message: str) -> None:
        super().__init__(f"{code.value}: {message}")
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True, kw_only=True)
class DriverInfo:
    """What a driver says about itself; ``protocols`` (S3, Azure, GCS) only in v1alpha2."""

    name: str
    protocols: tuple[str, ...] = ()


Info = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class BucketReply:
    """A bucket that was made or found: its ID, and what clients need to know of it, by protocol."""

    bucket_id: str
    info: Info = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantReply:
    """A granted access: the account, its credentials by protocol, and (v1alpha2) the buckets it may use, by ID."""

    account_id: str
    credentials: Info = field(default_factory=dict)
    buckets: Mapping[str, Info] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessTerms:
    """What grant and revoke of v1alpha2 both carry; v1alpha1 has only the authentication type and the parameters."""

    protocol: str = ""
    authentication: str = ""
    service_account: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantRequest:
    """Who gets access to which buckets: IDs with their access mode ("" in v1alpha1, where there is one bucket)."""

    account_name: str
    buckets: Mapping[str, str]
    terms: AccessTerms


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokeRequest:
    """Who loses access to which buckets (their IDs)."""

    account_id: str
    buckets: Sequence[str]
    terms: AccessTerms = AccessTerms()


class Driver(Protocol):
    """The calls, of a client to a driver or of a driver to itself. All raise DriverError."""

    async def info(self) -> DriverInfo:
        """DriverGetInfo."""

    async def create(self, name: str, *, parameters: Mapping[str, str], protocols: Sequence[str] = ()) -> BucketReply:
        """DriverCreateBucket."""

    async def get_existing(
        self, bucket_id: str, *, parameters: Mapping[str, str], protocols: Sequence[str] = ()
    ) -> BucketReply:
        """DriverGetExistingBucket; v1alpha2 only."""

    async def delete(self, bucket_id: str, *, parameters: Mapping[str, str]) -> None:
        """DriverDeleteBucket."""

    async def grant(self, request: GrantRequest) -> GrantReply:
        """DriverGrantBucketAccess."""

    async def revoke(self, request: RevokeRequest) -> None:
        """DriverRevokeBucketAccess."""
