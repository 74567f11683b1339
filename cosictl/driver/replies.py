"""What a sidecar finds missing in an OK: the fields without which it fails, and calls again. Pure.

Sources: v0.2.2 bucket_controller.go:148, bucketaccess_controller.go:190 and :198; main sidecar/pkg/reconciler
bucket.go (created bucket ID, protocol response) and bucketaccess.go (granted access response is invalid).
"""

from google.protobuf.message import DecodeError

from cosictl.driver.methods import Call
from cosictl.driver.types import BucketReply, GrantReply
from cosictl.driver.wire import GET_INFO
from cosictl.model.refs import Api

UNREADABLE = "a readable reply"


def lacking(call: Call, content: bytes) -> tuple[str, ...]:
    """Return what is missing in the reply to a call, by the names of its fields."""
    try:
        reply = call.method.read(call.method.reply.FromString(content))
    except DecodeError:
        return (UNREADABLE,)
    match reply:
        case BucketReply():
            missing = () if reply.bucket_id else ("bucket_id",)
            return missing if reply.info or call.api is Api.V1ALPHA1 else (*missing, "protocols")
        case GrantReply():
            return _lacking_in_grant(call, reply)
        case _:
            return () if call.method.name != GET_INFO or reply.name else ("name",)


def _lacking_in_grant(call: Call, reply: GrantReply) -> tuple[str, ...]:
    missing = [] if reply.account_id else ["account_id"]
    if call.api is Api.V1ALPHA1:
        if len(reply.credentials) != 1:
            missing.append(f"exactly one entry in credentials (there are {len(reply.credentials)})")
        return tuple(missing)
    if not reply.credentials:
        missing.append("credentials")
    asked = [entry["bucket_id"] for entry in call.document.get("buckets", ())]
    missing += [f"buckets[{key}]" for key in asked if key not in reply.buckets]
    return tuple(missing)
