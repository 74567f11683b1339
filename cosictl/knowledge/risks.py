"""What one call to a driver can do, by method: rows for the questions that come before it is made."""

from enum import IntEnum
from typing import Final

from msgspec import Struct

from cosictl.model.refs import Rpc


class Risk(IntEnum):
    """How much a call can do; each needs what is before it, and more."""

    FREE = 0
    REPEATS = 1
    MINTS = 2
    DESTROYS = 3


class CallRisk(Struct, frozen=True, kw_only=True):
    """``does``: what the call can do, in a sentence that comes before it is made."""

    risk: Risk
    does: str
    source: str


# Idempotence: both versions of the specification; what drivers do instead: the drivers named.
CALL_RISKS: Final = {
    "DriverGetInfo": CallRisk(risk=Risk.FREE, does="It changes nothing.", source="specification, DriverGetInfo"),
    Rpc.CREATE.value: CallRisk(
        risk=Risk.REPEATS,
        does="It asks for the bucket, as the sidecar does at every attempt: where it succeeds, a bucket is made.",
        source="specification, DriverCreateBucket is idempotent",
    ),
    Rpc.GET_EXISTING.value: CallRisk(
        risk=Risk.REPEATS,
        does="It looks the bucket up, as the sidecar does at every attempt; a correct driver changes nothing.",
        source="specification of v1alpha2, DriverGetExistingBucket",
    ),
    Rpc.GRANT.value: CallRisk(
        risk=Risk.MINTS,
        does="It mints credentials: a user or a key is made at the backend, with some drivers one more at each call.",
        source="specification, DriverGrantBucketAccess; linode, seaweedfs and versitygw make new ones each time",
    ),
    Rpc.DELETE.value: CallRisk(
        risk=Risk.DESTROYS,
        does="It deletes the bucket at the backend, with some drivers all the data in it. There is no way back.",
        source="specification, DriverDeleteBucket; seaweedfs deletes recursively",
    ),
    Rpc.REVOKE.value: CallRisk(
        risk=Risk.DESTROYS,
        does="It takes the account's access away and may delete the account. New credentials are the only way back.",
        source="specification, DriverRevokeBucketAccess",
    ),
}
