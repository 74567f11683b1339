"""Methods by any name, requests from JSON, templates, replies as JSON with their credentials masked."""

import json

import pytest

from cosictl.driver.methods import parsed, planned, reply_document, resolve, template, without_secrets
from cosictl.driver.replies import UNREADABLE, lacking
from cosictl.driver.requests import BucketRequest, InfoRequest
from cosictl.driver.types import (
    AccessTerms,
    BucketReply,
    DriverInfo,
    GrantReply,
    GrantRequest,
    RevokeRequest,
)
from cosictl.driver.wires import WIRES
from cosictl.errors import UsageError
from cosictl.model.refs import Api

V1, V2 = Api
TERMS = AccessTerms(authentication="Key", protocol="S3")


@pytest.mark.parametrize(
    ("word", "api", "found"),
    [
        ("DriverCreateBucket", None, [(V1, "DriverCreateBucket"), (V2, "DriverCreateBucket")]),
        ("drivercreatebucket", V1, [(V1, "DriverCreateBucket")]),
        ("create", V2, [(V2, "DriverCreateBucket")]),
        ("get", None, [(V2, "DriverGetExistingBucket")]),
        ("info", V1, [(V1, "DriverGetInfo")]),
        ("/cosi.v1alpha1.Provisioner/DriverDeleteBucket", None, [(V1, "DriverDeleteBucket")]),
        ("sigs.k8s.io.cosi.v1alpha2.Identity/DriverGetInfo", None, [(V2, "DriverGetInfo")]),
    ],
)
def test_methods_are_found(word: str, api: Api | None, found: list[tuple[Api, str]]) -> None:
    assert [(wire.api, method.name) for wire, method in resolve(word, api)] == found


@pytest.mark.parametrize(
    ("word", "api"),
    [
        ("DriverListBuckets", None),
        ("get", V1),
        ("cosi.v1alpha1.Identity/DriverCreateBucket", None),
        ("cosi.v1alpha3.Identity/DriverGetInfo", None),
        ("", None),
    ],
)
def test_what_is_no_method_is_said_with_those_there_are(word: str, api: Api | None) -> None:
    with pytest.raises(UsageError) as found:
        resolve(word, api)
    assert "DriverGrantBucketAccess" in found.value.next_step


@pytest.mark.parametrize("api", Api)
def test_every_template_is_a_request(api: Api) -> None:
    wire = WIRES[api]
    for method in wire.methods.values():
        blank = template(method)
        assert set(blank) == {field.name for field in method.request.DESCRIPTOR.fields}
        assert parsed(wire, method, json.dumps(blank)).content is not None


def test_a_template_shows_what_stands_in_lists() -> None:
    (_, method), *_ = resolve("grant", V2)
    assert template(method) == {
        "account_name": "",
        "protocol": {"type": "UNKNOWN"},
        "authentication_type": {"type": "UNKNOWN"},
        "service_account_name": "",
        "parameters": {},
        "buckets": [{"bucket_id": "", "access_mode": {"mode": "UNKNOWN"}}],
    }


@pytest.mark.parametrize("text", ['{"name": "n", "parameters": {"a": "b"}}', '{"parameters": {"a": "b"}, "name": "n"}'])
def test_a_request_from_json_is_the_request(text: str) -> None:
    for wire, method in resolve("create", None):
        expected = planned(wire.api, method.name, BucketRequest(key="n", parameters={"a": "b"}))
        assert parsed(wire, method, text).content == expected.content


def test_maps_are_shown_in_one_order() -> None:
    keys = [f"k{number}" for number in range(30)]
    call = planned(V1, "DriverCreateBucket", BucketRequest(key="n", parameters=dict.fromkeys(reversed(keys), "v")))
    assert list(call.document["parameters"]) == sorted(keys)
    assert list(call.document) == ["name", "parameters"]


def test_camel_case_is_read_too() -> None:
    (wire, method), *_ = resolve("delete", V1)
    assert parsed(wire, method, '{"bucketId": "x"}').document == {"bucket_id": "x"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "is no JSON"),
        ("[1]", "no JSON object"),
        ('{"nmae": "x"}', "nmae"),
        ('{"name": 1}', "name"),
        ('{"parameters": []}', "parameters"),
    ],
)
def test_what_is_no_request_is_said_with_the_field(text: str, words: str) -> None:
    (wire, method), *_ = resolve("create", V1)
    with pytest.raises(UsageError, match=words):
        parsed(wire, method, text)


GRANTED = {
    V1: GrantReply(account_id="a", credentials={"s3": {"accessKeyID": "AK", "accessSecretKey": "SK", "region": "eu"}}),
    V2: GrantReply(
        account_id="a",
        credentials={"S3": {"access_key_id": "AK", "access_secret_key": "SK"}},
        buckets={"b": {"S3": {"endpoint": "e"}}},
    ),
}


@pytest.mark.parametrize("api", Api)
def test_credentials_in_replies_are_masked(api: Api) -> None:
    call = planned(api, "DriverGrantBucketAccess", GrantRequest(account_name="n", buckets={"b": ""}, terms=TERMS))
    document = reply_document(call, call.method.answer(GRANTED[api]).SerializeToString())
    assert document is not None
    assert "SK" in str(document)
    masked = without_secrets(document)
    assert "SK" not in str(masked)
    assert "AK" not in str(masked)
    assert masked["account_id"] == "a"
    assert ("eu" in str(masked)) is (api is V1)


def test_bytes_that_are_no_reply() -> None:
    call = planned(V1, "DriverGetInfo", InfoRequest())
    assert reply_document(call, b"\xff\xff") is None
    assert lacking(call, b"\xff\xff") == (UNREADABLE,)


BUCKET = BucketRequest(key="n")
GRANT = GrantRequest(account_name="n", buckets={"b": "ReadWrite"}, terms=TERMS)
S3 = {"S3": {"region": "eu"}}


@pytest.mark.parametrize(
    ("api", "method", "request_", "reply", "missing"),
    [
        (V1, "DriverGetInfo", InfoRequest(), DriverInfo(name="x"), ()),
        (V1, "DriverGetInfo", InfoRequest(), DriverInfo(name=""), ("name",)),
        (V1, "DriverCreateBucket", BUCKET, BucketReply(bucket_id="b"), ()),
        (V1, "DriverCreateBucket", BUCKET, BucketReply(bucket_id=""), ("bucket_id",)),
        (V2, "DriverCreateBucket", BUCKET, BucketReply(bucket_id="b", info=S3), ()),
        (V2, "DriverCreateBucket", BUCKET, BucketReply(bucket_id="b"), ("protocols",)),
        (V2, "DriverGetExistingBucket", BUCKET, BucketReply(bucket_id=""), ("bucket_id", "protocols")),
        (V1, "DriverDeleteBucket", BUCKET, None, ()),
        (V2, "DriverRevokeBucketAccess", RevokeRequest(account_id="a", buckets=()), None, ()),
        (V1, "DriverGrantBucketAccess", GRANT, GRANTED[V1], ()),
        (
            V1,
            "DriverGrantBucketAccess",
            GRANT,
            GrantReply(account_id=""),
            ("account_id", "exactly one entry in credentials (there are 0)"),
        ),
        (V2, "DriverGrantBucketAccess", GRANT, GRANTED[V2], ()),
        (V2, "DriverGrantBucketAccess", GRANT, GrantReply(account_id="a"), ("credentials", "buckets[b]")),
    ],
)
def test_what_a_sidecar_misses_in_an_ok(
    api: Api, method: str, request_: object, reply: object, missing: tuple[str, ...]
) -> None:
    call = planned(api, method, request_)
    assert lacking(call, call.method.answer(reply).SerializeToString()) == missing
