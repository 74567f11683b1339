"""The v1alpha2 contract (package ``sigs.k8s.io.cosi.v1alpha2``): six calls, several buckets for each access."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from cosictl.driver.generated.v1alpha2 import cosi_pb2 as pb
from cosictl.driver.requests import BucketRequest, InfoRequest
from cosictl.driver.types import (
    AccessTerms,
    BucketReply,
    DriverInfo,
    GrantReply,
    GrantRequest,
    Info,
    RevokeRequest,
)
from cosictl.driver.wire import GET_INFO, IDENTITY, PROVISIONER, Method, Wire
from cosictl.model.refs import Api, Rpc

# Our words (those of the API objects) and the numbers of the enums.
_PROTOCOLS: Final = {"S3": 1, "Azure": 2, "GCS": 3}
_AUTHENTICATION: Final = {"Key": 1, "ServiceAccount": 2}
_MODES: Final = {"ReadWrite": 1, "ReadOnly": 2, "WriteOnly": 3}
_STYLES: Final = {"path": 1, "virtual": 2}
_FIELDS: Final = {"S3": "s3", "Azure": "azure", "GCS": "gcs"}


def _name(names: Mapping[str, int], number: int) -> str:
    return next((name for name, value in names.items() if value == number), "")


def _protocols(names: Sequence[str]) -> list[Any]:
    return [pb.ObjectProtocol(type=_PROTOCOLS.get(name, 0)) for name in names]


def _protocol_names(messages: Sequence[Any]) -> tuple[str, ...]:
    return tuple(_name(_PROTOCOLS, message.type) for message in messages)


def _fill(message: Any, info: Info) -> Any:
    """Write fields by protocol into a message that has one field for each protocol."""
    for protocol, fields in info.items():
        part = getattr(message, _FIELDS[protocol])
        part.SetInParent()
        for name, value in fields.items():
            if name == "addressing_style":
                part.addressing_style.style = _STYLES.get(value, 0)
            else:
                setattr(part, name, value)
    return message


def _read(message: Any) -> Info:
    """Read the fields of every protocol that is set."""
    found: dict[str, dict[str, str]] = {}
    for protocol, field in _FIELDS.items():
        if message.HasField(field):
            part = getattr(message, field)
            found[protocol] = {
                descriptor.name: _name(_STYLES, value.style) if descriptor.name == "addressing_style" else str(value)
                for descriptor, value in part.ListFields()
            }
    return found


def _bucket(message: Any) -> BucketReply:
    return BucketReply(bucket_id=message.bucket_id, info=_read(message.protocols))


def _terms(message: Any) -> AccessTerms:
    return AccessTerms(
        protocol=_name(_PROTOCOLS, message.protocol.type),
        authentication=_name(_AUTHENTICATION, message.authentication_type.type),
        service_account=message.service_account_name,
        parameters=dict(message.parameters),
    )


def _term_fields(terms: AccessTerms) -> dict[str, Any]:
    return {
        "protocol": pb.ObjectProtocol(type=_PROTOCOLS.get(terms.protocol, 0)),
        "authentication_type": pb.AuthenticationType(type=_AUTHENTICATION.get(terms.authentication, 0)),
        "service_account_name": terms.service_account,
        "parameters": dict(terms.parameters),
    }


def _grant(value: GrantRequest) -> Any:
    bucket = pb.DriverGrantBucketAccessRequest.AccessedBucket
    modes = {key: pb.AccessMode(mode=_MODES.get(mode, 0)) for key, mode in value.buckets.items()}
    buckets = [bucket(bucket_id=key, access_mode=mode) for key, mode in modes.items()]
    return pb.DriverGrantBucketAccessRequest(
        account_name=value.account_name, buckets=buckets, **_term_fields(value.terms)
    )


def _granted(message: Any) -> GrantRequest:
    buckets = {entry.bucket_id: _name(_MODES, entry.access_mode.mode) for entry in message.buckets}
    return GrantRequest(account_name=message.account_name, buckets=buckets, terms=_terms(message))


def _grant_reply(value: GrantReply) -> Any:
    reply = pb.DriverGrantBucketAccessResponse(account_id=value.account_id)
    _fill(reply.credentials, value.credentials)
    for key, info in value.buckets.items():
        entry = reply.buckets.add(bucket_id=key)
        _fill(entry.bucket_info, info)
    return reply


def _grant_read(message: Any) -> GrantReply:
    buckets = {entry.bucket_id: _read(entry.bucket_info) for entry in message.buckets}
    return GrantReply(account_id=message.account_id, credentials=_read(message.credentials), buckets=buckets)


def _revoke(value: RevokeRequest) -> Any:
    bucket = pb.DriverRevokeBucketAccessRequest.AccessedBucket
    return pb.DriverRevokeBucketAccessRequest(
        account_id=value.account_id,
        buckets=[bucket(bucket_id=key) for key in value.buckets],
        **_term_fields(value.terms),
    )


def _revoked(message: Any) -> RevokeRequest:
    keys = tuple(entry.bucket_id for entry in message.buckets)
    return RevokeRequest(account_id=message.account_id, buckets=keys, terms=_terms(message))


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
        answer=lambda value: pb.DriverGetInfoResponse(name=value.name, supported_protocols=_protocols(value.protocols)),
        read=lambda message: DriverInfo(name=message.name, protocols=_protocol_names(message.supported_protocols)),
        call=lambda driver, _: driver.info(),
    ),
    Method(
        name=Rpc.CREATE.value,
        service=PROVISIONER,
        request=pb.DriverCreateBucketRequest,
        reply=pb.DriverCreateBucketResponse,
        encode=lambda value: pb.DriverCreateBucketRequest(
            name=value.key, parameters=dict(value.parameters), protocols=_protocols(value.protocols)
        ),
        decode=lambda message: BucketRequest(
            key=message.name, parameters=dict(message.parameters), protocols=_protocol_names(message.protocols)
        ),
        answer=lambda value: _bucket_reply(pb.DriverCreateBucketResponse, value),
        read=_bucket,
        call=lambda driver, value: driver.create(value.key, parameters=value.parameters, protocols=value.protocols),
    ),
    Method(
        name=Rpc.GET_EXISTING.value,
        service=PROVISIONER,
        request=pb.DriverGetExistingBucketRequest,
        reply=pb.DriverGetExistingBucketResponse,
        encode=lambda value: pb.DriverGetExistingBucketRequest(
            existing_bucket_id=value.key, parameters=dict(value.parameters), protocols=_protocols(value.protocols)
        ),
        decode=lambda message: BucketRequest(
            key=message.existing_bucket_id,
            parameters=dict(message.parameters),
            protocols=_protocol_names(message.protocols),
        ),
        answer=lambda value: _bucket_reply(pb.DriverGetExistingBucketResponse, value),
        read=_bucket,
        call=lambda driver, value: driver.get_existing(
            value.key, parameters=value.parameters, protocols=value.protocols
        ),
    ),
    Method(
        name=Rpc.DELETE.value,
        service=PROVISIONER,
        request=pb.DriverDeleteBucketRequest,
        reply=pb.DriverDeleteBucketResponse,
        encode=lambda value: pb.DriverDeleteBucketRequest(bucket_id=value.key, parameters=dict(value.parameters)),
        decode=lambda message: BucketRequest(key=message.bucket_id, parameters=dict(message.parameters)),
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
        encode=_revoke,
        decode=_revoked,
        answer=lambda _: pb.DriverRevokeBucketAccessResponse(),
        read=_nothing,
        call=lambda driver, value: driver.revoke(value),
    ),
)


def _bucket_reply(message: Any, value: BucketReply) -> Any:
    reply = message(bucket_id=value.bucket_id)
    _fill(reply.protocols, value.info)
    return reply


WIRE: Final = Wire(api=Api.V1ALPHA2, package="sigs.k8s.io.cosi.v1alpha2", methods={row.name: row for row in _ROWS})
