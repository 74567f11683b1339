import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cosictl.intake.keyvalue import mask_value
from cosictl.intake.markers import SHAPE_MARKERS, WORD_MARKERS
from cosictl.intake.masking import masked
from cosictl.intake.redact import redact, redact_all, suspicious
from cosictl.intake.scrub import scrub

CORPUS = Path(__file__).parents[2] / "shared" / "corpus" / "recorded-errors.jsonl"

MASKED = [
    ('"secretKey"="hunter2hunter2" "endpoint"=""', '"secretKey"="***" "endpoint"=""'),
    ("AWS_SECRET_ACCESS_KEY=abc/def+ghi next", "AWS_SECRET_ACCESS_KEY=*** next"),
    ('["X=1","GARAGE_ADMIN_TOKEN=fake-77c1"]', '["X=1","GARAGE_ADMIN_TOKEN=***"]'),
    ('{"accessKeyID": "minio", "region": "us"}', '{"accessKeyID": "***", "region": "us"}'),
    (r"{\"accessSecretKey\": \"a\\\"b/c\", \"y\": 1}", r"{\"accessSecretKey\": \"***\", \"y\": 1}"),
    (r"\\\"secretKey\\\":\\\"a/b\\\",\\\"x\\\":1", r"\\\"secretKey\\\":\\\"***\\\",\\\"x\\\":1"),
    ("map[accessKeyID:a1 accessSecretKey:foo/bar endpoint:x]", "map[accessKeyID:*** accessSecretKey:*** endpoint:x]"),
    ('secrets:{key:"accessSecretKey"  value:"sup3r"}', 'secrets:{key:"accessSecretKey"  value:"***"}'),
    ('{"name":"ADMIN_PASSWORD","value":"x"}', '{"name":"ADMIN_PASSWORD","value":"***"}'),
    ("login as a, password: correcthorse, host b", "login as a, password: ***, host b"),
    ("accessKey: minio\nsecretKey: minio\n", "accessKey: ***\nsecretKey: ***\n"),
    ("--secret-key abc --access-key=def -v", "--secret-key *** --access-key=*** -v"),
    ('["--secret-key","abc"]', '["--secret-key","***"]'),
    ("Authorization: Bearer abc.def rest", "Authorization: Bearer *** rest"),
    ("Authorization: AWS4-HMAC-SHA256 Credential=A/2/s3, SignedHeaders=host, Signature=0b", None),
    ("map[Authorization:[Basic eHl6OnE=] Accept:[a]]", "map[Authorization:[Basic ***] Accept:[a]]"),
    ("retry with bearer 9f8e7d6c5b4a now", "retry with bearer *** now"),
    ("X-Auth-Token: gAAAAABf\nHost: a", "X-Auth-Token: ***\nHost: a"),
    ("Set-Cookie: session=abcd; Path=/\nHost: a", "Set-Cookie: ***\nHost: a"),
    ("https://h/c?sv=2020&sp=rw&sig=abc%2Bdef%3D&se=1", "https://h/c?sv=2020&sp=rw&sig=***&se=1"),
    ("https://h/?X-Amz-Credential=AK%2F2&X-Amz-Signature=fe&x=1", None),
    ("AccountName=foo;AccountKey=abc==;Suffix=net", "AccountName=foo;AccountKey=***;Suffix=net"),
    ("dial redis://:p4ss@host:6379/1", "dial redis://***@host:6379/1"),
    ("<SecretAccessKey>abc</SecretAccessKey>", "<SecretAccessKey>***</SecretAccessKey>"),
    ("key AKIAIOSFODNN7EXAMPLE is unknown", "key *** is unknown"),
    (r"line\nAKIAIOSFODNN7EXAMPLE", r"line\n***"),
    ("sa eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJrdWJl.c2ln end", "sa *** end"),
    ("the secret access key is wJalrXUtnFEMI/K7MDENG", "the secret access key is ***"),
    ("using token 0123456789abcdef", "using token ***"),
    ('"secretKey"="cut off', '"secretKey"="***'),
    (
        "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA\n-----END RSA PRIVATE KEY----- after",
        "-----BEGIN RSA PRIVATE KEY-----***-----END RSA PRIVATE KEY----- after",
    ),
    ("-----BEGIN PRIVATE KEY-----\nMIIEpAIBAAKCAQEA7x", "-----BEGIN PRIVATE KEY-----***"),
]

KEPT = [
    "InvalidAccessKeyId: The AWS Access Key Id you provided does not exist in our records.",
    "ExpiredToken: The provided token has expired.",
    "SignatureDoesNotMatch: The request signature we calculated does not match the signature you provided.",
    'failed to fetch secrets: secrets "app-creds" not found',
    '"Failed to get" secret="team-a/app-creds-1"',
    "invalid password: expired",
    "token is expired",
    "invalid bearer token, [invalid bearer token, token lookup failed]",
    "basic authentication required; bearer token missing",
    "rpc error: code = Unauthenticated desc = invalid authentication credentials for bucket gold17c43a20-6097",
    "docker-pullable://nginx@sha256:abcdef",
    '{"key":"secretKey","name":"x"}',
    "serviceAccountToken: true",
    "credentials: get identity: no EC2 IMDS role found",
    "bucket-019f5614-6124-4b86-b43c-c272ba30eefb",
    "arn:aws:iam::123456789012:user/cosi",
    "The authorization header is malformed; the region is wrong; expecting 'eu-central-1'.",
    "accessKey, secretKey and endpoint are required data in the secret",
    '"accessKey"="" "secretKey"="" password=null token=<nil>',
]


@pytest.mark.parametrize(("text", "expected"), MASKED)
def test_credentials_are_masked_and_the_rest_kept(text: str, expected: str | None) -> None:
    masked = redact(text)
    assert "***" in masked
    if expected is not None:
        assert masked == expected
    assert redact(masked) == masked


@pytest.mark.parametrize("text", KEPT)
def test_prose_names_and_codes_are_kept(text: str) -> None:
    assert redact(text) == text


def test_several_in_one_presigned_url() -> None:
    text = "https://h/b?X-Amz-Credential=AKIAX%2F2&X-Amz-Expires=60&X-Amz-Signature=feed&X-Amz-Security-Token=abc"
    expected = "https://h/b?X-Amz-Credential=***&X-Amz-Expires=60&X-Amz-Signature=***&X-Amz-Security-Token=***"
    assert redact(text) == expected


_FRAGMENTS = st.sampled_from(
    [
        *("secretKey", "token", "password", "sig", "credential", "authorization", "Bearer ", "Basic ", "cookie"),
        *("://", "@", "=", ": ", ":", '"', '\\"', "'", ">", "</", "value", "a1b2c3d4", "AKIAIOSFODNN7EXAMPLE"),
        *("***", "--", " ", "\n", "eyJ", ".", "x", "[", ",", "%3D", "sha256:", "\\n"),
        *("-----BEGIN PRIVATE KEY-----", "-----END PRIVATE KEY-----"),
    ]
)


@settings(max_examples=1500, deadline=None)
@given(st.lists(_FRAGMENTS, max_size=14).map("".join))
def test_masking_twice_changes_nothing(text: str) -> None:
    once = redact(text)
    assert redact(once) == once


@settings(max_examples=1500, deadline=None)
@given(st.lists(_FRAGMENTS, max_size=14).map("".join))
def test_no_pattern_is_left_out_that_would_find_something(text: str) -> None:
    assert redact(text) == masked(text, {*WORD_MARKERS, *SHAPE_MARKERS})
    assert redact_all(["harmless", text, "signed", text]) == ["harmless", redact(text), "signed", redact(text)]


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=80))
def test_any_text_can_be_masked(text: str) -> None:
    once = redact(text)
    assert redact(once) == once
    if not suspicious(text.encode("utf-8", "replace")):
        assert once == text


@pytest.mark.parametrize("unit", ['secret="', "token: ", "eyJ", "a@://", "cookie:", "-----BEGIN PRIVATE KEY-----", "x"])
def test_long_repetitive_text_comes_back(unit: str) -> None:
    text = unit * (1_500_000 // len(unit))
    assert len(redact(text)) <= len(text) * 2


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("secretKey", "abc", "***"),
        ("adminToken", "abc", "***"),
        ("objectStoreUserSecretName", "abc", "abc"),
        ("secret", "team-a/app-creds", "team-a/app-creds"),
        ("secret", "hunter2", "***"),
        ("clientSecret", "3fd2a0f6-0c5f-4c02-9a4e-3a5d1a7c9a10", "***"),
        ("token", "true", "true"),
        ("region", "us-east-1", "us-east-1"),
    ],
)
def test_a_key_tells_whether_its_value_is_a_credential(key: str, value: str, expected: str) -> None:
    assert mask_value(key, value) == expected


def test_objects_are_masked_by_keys_names_and_flags() -> None:
    tree = {
        "env": [{"name": "AWS_SECRET_ACCESS_KEY", "value": "abc"}, {"name": "REGION", "value": "us"}],
        "args": ["--driver-addr=x", "--secret-key", "abc", "--verbose", "5"],
        "parameters": {"accessKey": "abc", "tier": "gold"},
    }
    assert scrub(tree) == {
        "env": [{"name": "AWS_SECRET_ACCESS_KEY", "value": "***"}, {"name": "REGION", "value": "us"}],
        "args": ["--driver-addr=x", "--secret-key", "***", "--verbose", "5"],
        "parameters": {"accessKey": "***", "tier": "gold"},
    }


@pytest.mark.skipif(not CORPUS.exists(), reason="the labelled corpus is not beside this project")
def test_every_secret_of_the_corpus_is_masked_and_little_else() -> None:
    changed_without_secret = []
    for line in CORPUS.read_text("utf-8").splitlines():
        entry = json.loads(line)
        masked = redact(entry["text"])
        for secret in entry.get("secrets", []):
            assert secret not in masked, entry["id"]
        if masked != entry["text"] and not entry.get("secrets"):
            changed_without_secret.append(entry["id"])
    assert changed_without_secret == []
