"""The v1alpha1 contract (package ``cosi.v1alpha1``): five calls, one bucket for each access."""

from typing import Any, Final

from cosictl.driver.generated.v1alpha1 import cosi_pb2 as pb
from cosictl.driver.requests import BucketRequest, InfoRequest
from cosictl.driver.types import AccessTerms, BucketReply, DriverInfo, GrantReply, GrantRequest, RevokeRequest
from cosictl.driver.wire import GET_INFO, IDENTITY, PROVISIONER, Method, Wire
from cosictl.model.refs import Api, Rpc

_AUTHENTICATION: Final = {"Key": 1, "IAM": 2}


def _grant(value: GrantRequest) -> Any:
    return pb.DriverGrantBucketAccessRequest(
        bucket_id=next(iter(value.buckets), ""),
        name=value.account_name,
        authentication_type=_AUTHENTICATION.get(value.terms.authentication, 0),
        parameters=dict(value.terms.parameters),
    )


def _granted(message: Any) -> GrantRequest:
    kinds = {number: name for name, number in _AUTHENTICATION.items()}
    terms = AccessTerms(authentication=kinds.get(message.authentication_type, ""), parameters=dict(message.parameters))
    return GrantRequest(account_name=message.name, buckets={message.bucket_id: ""}, terms=terms)


def _bucket_reply(value: BucketReply) -> Any:
    reply = pb.DriverCreateBucketResponse(bucket_id=value.bucket_id)
    s3 = value.info.get("S3")
    if s3 is not None:
        reply.bucket_info.s3.region = s3.get("region", "")
        reply.bucket_info.s3.signature_version = pb.S3V4
    return reply


def _bucket(message: Any) -> BucketReply:
    kind = message.bucket_info.WhichOneof("type") if message.HasField("bucket_info") else None
    info = {"S3": {"region": message.bucket_info.s3.region}} if kind == "s3" else {}
    return BucketReply(bucket_id=message.bucket_id, info=info)


def _grant_reply(value: GrantReply) -> Any:
    reply = pb.DriverGrantBucketAccessResponse(account_id=value.account_id)
    for protocol, secrets in value.credentials.items():
        reply.credentials[protocol].secrets.update(secrets)
    return reply


def _grant_read(message: Any) -> GrantReply:
    found = {protocol: dict(details.secrets) for protocol, details in message.credentials.items()}
    return GrantReply(account_id=message.account_id, credentials=found)


def _nothing(_: object) -> None:
    return None


_ROWS: Final = (
    Method(
        name=GET_INFO,
        service=IDENTITY,
        request=pb.DriverGetInfoRequest,
        reply=pb.DriverGetInfoResponse,
        encode=lambda _: pb.DriverGetInfoRequest(),
        decode=lambda _: InfoRequest(),
        answer=lambda value: pb.DriverGetInfoResponse(name=value.name),
        read=lambda message: DriverInfo(name=message.name),
        call=lambda driver, _: driver.info(),
    ),
    Method(
        name=Rpc.CREATE.value,
        service=PROVISIONER,
        request=pb.DriverCreateBucketRequest,
        reply=pb.DriverCreateBucketResponse,
        encode=lambda value: pb.DriverCreateBucketRequest(name=value.key, parameters=dict(value.parameters)),
        decode=lambda message: BucketRequest(key=message.name, parameters=dict(message.parameters)),
        answer=_bucket_reply,
        read=_bucket,
        call=lambda driver, value: driver.create(value.key, parameters=value.parameters),
    ),
    Method(
        name=Rpc.DELETE.value,
        service=PROVISIONER,
        request=pb.DriverDeleteBucketRequest,
        reply=pb.DriverDeleteBucketResponse,
        encode=lambda value: pb.DriverDeleteBucketRequest(bucket_id=value.key, delete_context=dict(value.parameters)),
        decode=lambda message: BucketRequest(key=message.bucket_id, parameters=dict(message.delete_context)),
        answer=lambda _: pb.DriverDeleteBucketResponse(),
        read=_nothing,
        call=lambda driver, value: driver.delete(value.key, parameters=value.parameters),
    ),
    Method(
        name=Rpc.GRANT.value,
        service=PROVISIONER,
        request=pb.DriverGrantBucketAccessRequest,
        reply=pb.DriverGrantBucketAccessResponse,
        encode=_grant,
        decode=_granted,
        answer=_grant_reply,
        read=_grant_read,
        call=lambda driver, value: driver.grant(value),
    ),
    Method(
        name=Rpc.REVOKE.value,
        service=PROVISIONER,
        request=pb.DriverRevokeBucketAccessRequest,
        reply=pb.DriverRevokeBucketAccessResponse,
        encode=lambda value: pb.DriverRevokeBucketAccessRequest(
            bucket_id=next(iter(value.buckets), ""), account_id=value.account_id
        ),
        decode=lambda message: RevokeRequest(account_id=message.account_id, buckets=(message.bucket_id,)),
        answer=lambda _: pb.DriverRevokeBucketAccessResponse(),
        read=_nothing,
        call=lambda driver, value: driver.revoke(value),
    ),
)

WIRE: Final = Wire(api=Api.V1ALPHA1, package="cosi.v1alpha1", methods={row.name: row for row in _ROWS})
