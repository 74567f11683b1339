"""``objectstorage.k8s.io/v1alpha1``: wire structs and their conversion.

Fields: v0.2.2 client/apis/objectstorage/v1alpha1/{bucket,bucketclaim,bucketaccess}_types.go. The two classes
have no spec: their fields stand at the top level.
"""

from sys import intern

import msgspec

from cosictl.intake.wire import ObjectWire, ReferenceWire, Wire, claim_link, meta, text_map, words
from cosictl.model.objects import Access, AccessClass, Bucket, BucketClass, Claim
from cosictl.model.refs import Api

_API = Api.V1ALPHA1


class BucketSpec(Wire):
    """``spec`` of a Bucket."""

    driver_name: str = ""
    bucket_class_name: str = ""
    bucket_claim: ReferenceWire | None = None
    protocols: list[str] | None = None
    parameters: dict[str, str] | None = None
    deletion_policy: str = ""
    existing_bucket_id: str = msgspec.field(default="", name="existingBucketID")


class BucketStatus(Wire):
    """``status`` of a Bucket."""

    bucket_ready: bool | None = None
    bucket_id: str = msgspec.field(default="", name="bucketID")


class BucketWire(ObjectWire):
    """A Bucket."""

    spec: BucketSpec = msgspec.field(default_factory=BucketSpec)
    status: BucketStatus | None = None


class ClaimSpec(Wire):
    """``spec`` of a BucketClaim."""

    bucket_class_name: str = ""
    protocols: list[str] | None = None
    existing_bucket_name: str = ""


class ClaimStatus(Wire):
    """``status`` of a BucketClaim."""

    bucket_ready: bool | None = None
    bucket_name: str = ""


class ClaimWire(ObjectWire):
    """A BucketClaim."""

    spec: ClaimSpec = msgspec.field(default_factory=ClaimSpec)
    status: ClaimStatus | None = None


class AccessSpec(Wire):
    """``spec`` of a BucketAccess."""

    bucket_claim_name: str = ""
    bucket_access_class_name: str = ""
    credentials_secret_name: str = ""
    protocol: str = ""
    service_account_name: str = ""


class AccessStatus(Wire):
    """``status`` of a BucketAccess."""

    access_granted: bool | None = None
    account_id: str = msgspec.field(default="", name="accountID")


class AccessWire(ObjectWire):
    """A BucketAccess."""

    spec: AccessSpec = msgspec.field(default_factory=AccessSpec)
    status: AccessStatus | None = None


class BucketClassWire(ObjectWire):
    """A BucketClass."""

    driver_name: str = ""
    deletion_policy: str = ""
    parameters: dict[str, str] | None = None


class AccessClassWire(ObjectWire):
    """A BucketAccessClass."""

    driver_name: str = ""
    authentication_type: str = ""
    parameters: dict[str, str] | None = None


def bucket(wire: BucketWire) -> Bucket:
    """Convert a Bucket."""
    spec, status = wire.spec, wire.status or BucketStatus()
    return Bucket(
        api=_API,
        meta=meta(wire.metadata),
        driver=intern(spec.driver_name),
        class_name=intern(spec.bucket_class_name),
        deletion_policy=intern(spec.deletion_policy),
        parameters=text_map(spec.parameters),
        protocols=words(spec.protocols),
        claim=claim_link(spec.bucket_claim),
        existing_id=spec.existing_bucket_id,
        ready=status.bucket_ready,
        bucket_id=status.bucket_id,
        has_status=wire.status is not None,
    )


def claim(wire: ClaimWire) -> Claim:
    """Convert a BucketClaim."""
    spec, status = wire.spec, wire.status or ClaimStatus()
    return Claim(
        api=_API,
        meta=meta(wire.metadata),
        class_name=intern(spec.bucket_class_name),
        existing_bucket=spec.existing_bucket_name,
        protocols=words(spec.protocols),
        ready=status.bucket_ready,
        bucket_name=status.bucket_name,
        has_status=wire.status is not None,
    )


def access(wire: AccessWire) -> Access:
    """Convert a BucketAccess."""
    spec, status = wire.spec, wire.status or AccessStatus()
    return Access(
        api=_API,
        meta=meta(wire.metadata),
        claim_names=(spec.bucket_claim_name,) if spec.bucket_claim_name else (),
        class_name=intern(spec.bucket_access_class_name),
        secret_names=(spec.credentials_secret_name,) if spec.credentials_secret_name else (),
        protocol=intern(spec.protocol),
        service_account=spec.service_account_name,
        ready=status.access_granted,
        account_id=status.account_id,
        has_status=wire.status is not None,
    )


def bucket_class(wire: BucketClassWire) -> BucketClass:
    """Convert a BucketClass."""
    return BucketClass(
        api=_API,
        meta=meta(wire.metadata),
        driver=intern(wire.driver_name),
        deletion_policy=intern(wire.deletion_policy),
        parameters=text_map(wire.parameters),
    )


def access_class(wire: AccessClassWire) -> AccessClass:
    """Convert a BucketAccessClass."""
    return AccessClass(
        api=_API,
        meta=meta(wire.metadata),
        driver=intern(wire.driver_name),
        auth_type=intern(wire.authentication_type),
        parameters=text_map(wire.parameters),
    )
