"""The wire contract: numbers and names, the committed stubs, and both versions in one process over a real socket."""

import importlib
import re
import tempfile
import tomllib
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

import grpc
import pytest

from tests.stubs import PACKAGE, ROOT, generate

VERSIONS: Final = ("v1alpha1", "v1alpha2")
PROTO_PACKAGES: Final = {"v1alpha1": "cosi.v1alpha1", "v1alpha2": "sigs.k8s.io.cosi.v1alpha2"}

# Fields as ``number:name``, ``*`` repeated, ``{}`` a map. From upstream's cosi.proto at v0.2.2 and at ee00c269.
MESSAGES: Final[Mapping[str, Mapping[str, str]]] = {
    "v1alpha1": {
        "DriverGetInfoRequest": "",
        "DriverGetInfoResponse": "1:name",
        "DriverCreateBucketRequest": "1:name 2:parameters{}",
        "DriverCreateBucketResponse": "1:bucket_id 2:bucket_info",
        "DriverDeleteBucketRequest": "1:bucket_id 2:delete_context{}",
        "DriverDeleteBucketResponse": "",
        "DriverGrantBucketAccessRequest": "1:bucket_id 2:name 3:authentication_type 4:parameters{}",
        "DriverGrantBucketAccessResponse": "1:account_id 2:credentials{}",
        "DriverRevokeBucketAccessRequest": "1:bucket_id 2:account_id 3:revoke_access_context{}",
        "DriverRevokeBucketAccessResponse": "",
        "CredentialDetails": "1:secrets{}",
        "Protocol": "1:s3 2:azureBlob 3:gcs",
        "S3": "1:region 2:signature_version",
        "AzureBlob": "1:storage_account",
        "GCS": "1:private_key_name 2:project_id 3:service_account",
    },
    "v1alpha2": {
        "DriverGetInfoRequest": "",
        "DriverGetInfoResponse": "1:name 2:supported_protocols*",
        "DriverCreateBucketRequest": "1:name 2:protocols* 4:parameters{}",
        "DriverCreateBucketResponse": "1:bucket_id 2:protocols",
        "DriverGetExistingBucketRequest": "1:existing_bucket_id 2:protocols* 4:parameters{}",
        "DriverGetExistingBucketResponse": "1:bucket_id 2:protocols",
        "DriverDeleteBucketRequest": "1:bucket_id 4:parameters{}",
        "DriverDeleteBucketResponse": "",
        "DriverGrantBucketAccessRequest": "1:account_name 2:protocol 3:authentication_type 4:service_account_name"
        " 5:parameters{} 6:buckets*",
        "DriverGrantBucketAccessRequest.AccessedBucket": "1:bucket_id 2:access_mode",
        "DriverGrantBucketAccessResponse": "1:account_id 2:buckets* 3:credentials",
        "DriverGrantBucketAccessResponse.BucketInfo": "1:bucket_id 2:bucket_info",
        "DriverRevokeBucketAccessRequest": "1:account_id 2:protocol 3:authentication_type 4:service_account_name"
        " 5:parameters{} 6:buckets*",
        "DriverRevokeBucketAccessRequest.AccessedBucket": "1:bucket_id",
        "DriverRevokeBucketAccessResponse": "",
        "ObjectProtocol": "1:type",
        "AuthenticationType": "1:type",
        "AccessMode": "1:mode",
        "S3AddressingStyle": "1:style",
        "ObjectProtocolAndBucketInfo": "1:s3 2:azure 3:gcs",
        "S3BucketInfo": "1:bucket_id 2:endpoint 3:region 4:addressing_style",
        "AzureBucketInfo": "1:storage_account",
        "GcsBucketInfo": "1:project_id 2:bucket_name",
        "CredentialInfo": "1:s3 2:azure 3:gcs",
        "S3CredentialInfo": "1:access_key_id 2:access_secret_key",
        "AzureCredentialInfo": "1:access_token 2:expiry_timestamp",
        "GcsCredentialInfo": "1:access_id 2:access_secret 3:private_key_name 4:service_account",
    },
}
ENUMS: Final[Mapping[str, Mapping[str, str]]] = {
    "v1alpha1": {
        "S3SignatureVersion": "UnknownSignature S3V2 S3V4",
        "AuthenticationType": "UnknownAuthenticationType Key IAM",
        "AnonymousBucketAccessMode": "UnknownBucketAccessMode Private ReadOnly WriteOnly ReadWrite",
    },
    "v1alpha2": {
        "ObjectProtocol.Type": "UNKNOWN S3 AZURE GCS",
        "AuthenticationType.Type": "UNKNOWN KEY SERVICE_ACCOUNT",
        "AccessMode.Mode": "UNKNOWN READ_WRITE READ_ONLY WRITE_ONLY",
        "S3AddressingStyle.Style": "UNKNOWN PATH VIRTUAL",
    },
}
PROVISIONER: Final = ["DriverCreateBucket", "DriverDeleteBucket", "DriverGrantBucketAccess", "DriverRevokeBucketAccess"]
METHODS: Final = {
    "v1alpha1": {"Identity": ["DriverGetInfo"], "Provisioner": PROVISIONER},
    "v1alpha2": {"Identity": ["DriverGetInfo"], "Provisioner": sorted([*PROVISIONER, "DriverGetExistingBucket"])},
}


def messages_of(version: str) -> Any:
    return importlib.import_module(f"cosictl.driver.generated.{version}.cosi_pb2")


def services_of(version: str) -> Any:
    return importlib.import_module(f"cosictl.driver.generated.{version}.cosi_pb2_grpc")


def walk(prefix: str, messages: Any) -> Iterator[tuple[str, Any]]:
    """Yield every message with its dotted name, but not the entries that protoc makes for maps."""
    for message in messages:
        if not message.options.map_entry:
            yield prefix + message.name, message
            yield from walk(f"{prefix}{message.name}.", message.nested_type)


def spell(message: Any) -> str:
    """Spell a message's fields as the table above does."""
    maps = {nested.name for nested in message.nested_type if nested.options.map_entry}

    def mark(field: Any) -> str:
        if field.type_name.rpartition(".")[2] in maps:
            return "{}"
        return "*" if field.label == field.LABEL_REPEATED else ""

    return " ".join(f"{field.number}:{field.name}{mark(field)}" for field in message.field)


def described(version: str) -> Any:
    """Give the committed stubs' own description of their .proto file."""
    descriptors = importlib.import_module("google.protobuf.descriptor_pb2")
    return descriptors.FileDescriptorProto.FromString(messages_of(version).DESCRIPTOR.serialized_pb)


@pytest.mark.parametrize("version", VERSIONS)
def test_messages_have_the_names_and_numbers_of_the_contract(version: str) -> None:
    found = {name: spell(message) for name, message in walk("", described(version).message_type)}
    assert found == MESSAGES[version]


@pytest.mark.parametrize("version", VERSIONS)
def test_enums_count_from_zero_in_the_order_of_the_contract(version: str) -> None:
    file = described(version)
    enums = {enum.name: enum for enum in file.enum_type}
    for name, message in walk("", file.message_type):
        enums |= {f"{name}.{enum.name}": enum for enum in message.enum_type}
    found = {name: {value.name: value.number for value in enum.value} for name, enum in enums.items()}
    expected = {
        name: {word: number for number, word in enumerate(words.split())} for name, words in ENUMS[version].items()
    }
    assert found == expected


@pytest.mark.parametrize("version", VERSIONS)
def test_services_have_the_calls_of_the_contract(version: str) -> None:
    file = described(version)
    assert file.package == PROTO_PACKAGES[version]
    assert {s.name: sorted(m.name for m in s.method) for s in file.service} == METHODS[version]
    for method in (method for service in file.service for method in service.method):
        assert method.input_type == f".{file.package}.{method.name}Request"
        assert method.output_type == f".{file.package}.{method.name}Response"


def test_only_plain_strings_maps_enums_and_messages_are_used() -> None:
    for version in VERSIONS:
        for name, message in walk("", described(version).message_type):
            for field in message.field:
                allowed = {field.TYPE_STRING, field.TYPE_MESSAGE, field.TYPE_ENUM}
                assert field.type in allowed, f"{version} {name}.{field.name}"


def test_the_committed_stubs_are_up_to_date(tmp_path: Path) -> None:
    """Descriptions are compared, not texts: another release of protoc writes another header."""
    descriptors = importlib.import_module("google.protobuf.descriptor_pb2")
    generate(tmp_path, f"--descriptor_set_out={tmp_path / 'set'}")
    fresh = descriptors.FileDescriptorSet.FromString((tmp_path / "set").read_bytes())
    for version, file in zip(VERSIONS, fresh.file, strict=True):
        for _, message in walk("", file.message_type):
            for field in [*message.field, *(f for nested in message.nested_type for f in nested.field)]:
                field.ClearField("json_name")  # protoc adds it to a descriptor set and leaves it out of stubs
        assert described(version) == file, f"run `make stubs`: {version} differs from proto/"
        paths = re.compile(r"'(/[\w.]+/\w+)'")
        stub = f"{PACKAGE}/{version}/cosi_pb2_grpc.py"
        assert paths.findall((ROOT / stub).read_text()) == paths.findall((tmp_path / stub).read_text())


@pytest.mark.parametrize("version", VERSIONS)
def test_the_lower_bounds_of_the_project_admit_no_runtime_older_than_the_stubs(version: str) -> None:
    folder = ROOT / PACKAGE / version
    needs = {
        "grpcio": re.search(r"GRPC_GENERATED_VERSION = '([\d.]+)'", (folder / "cosi_pb2_grpc.py").read_text()),
        "protobuf": re.search(r"# Protobuf Python Version: ([\d.]+)", (folder / "cosi_pb2.py").read_text()),
    }
    dependencies = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    bounds = dict(re.findall(r"^([\w-]+)>=([\d.]+)", "\n".join(dependencies), re.MULTILINE))
    for package, need in needs.items():
        assert need is not None
        assert as_numbers(bounds[package]) >= as_numbers(need[1])


def as_numbers(version: str) -> tuple[int, ...]:
    """Give a version as numbers, filled up to three."""
    parts = tuple(int(part) for part in version.split("."))
    return parts + (0,) * (3 - len(parts))


class Servicer:
    """Answers every call of a service with an empty reply, and remembers what it was asked."""

    def __init__(self, messages: Any, methods: list[str]) -> None:
        self.asked: list[Any] = []
        for name in methods:
            setattr(self, name, self._answer(getattr(messages, f"{name}Response")))

    def _answer(self, reply: Any) -> Any:
        def answer(request: Any, context: Any) -> Any:
            assert context.is_active()
            self.asked.append(request)
            return reply(name="cosi.example.com") if "name" in reply.DESCRIPTOR.fields_by_name else reply()

        return answer


@pytest.fixture
def endpoint() -> Iterator[str]:
    """A socket path short enough for the kernel (about 100 characters), wherever pytest keeps its files."""
    with tempfile.TemporaryDirectory(prefix="cosi", dir="/tmp") as folder:
        yield f"unix://{folder}/s"


def test_both_versions_answer_on_one_socket_in_one_process(endpoint: str) -> None:
    server = grpc.server(ThreadPoolExecutor(max_workers=2))
    servicers: dict[tuple[str, str], Servicer] = {}
    for version in VERSIONS:
        for service, methods in METHODS[version].items():
            servicers[version, service] = Servicer(messages_of(version), methods)
            register = getattr(services_of(version), f"add_{service}Servicer_to_server")
            register(servicers[version, service], server)
    server.add_insecure_port(endpoint)
    server.start()
    try:
        with grpc.insecure_channel(endpoint) as channel:
            for (version, service), servicer in servicers.items():
                call_every_method(channel, version, service, servicer)
    finally:
        server.stop(None).wait()


def call_every_method(channel: Any, version: str, service: str, servicer: Servicer) -> None:
    """Call each method once; the reply and what the server saw have the types of that version."""
    stub = getattr(services_of(version), f"{service}Stub")(channel)
    for method in METHODS[version][service]:
        request = getattr(messages_of(version), f"{method}Request")()
        for field in ("name", "existing_bucket_id", "account_name", "account_id", "bucket_id"):
            if field in request.DESCRIPTOR.fields_by_name:
                setattr(request, field, f"{version}-{method}")
        reply = getattr(stub, method)(request, timeout=10)
        assert servicer.asked.pop() == request
        assert reply.DESCRIPTOR.full_name == f"{PROTO_PACKAGES[version]}.{method}Response"
        assert getattr(reply, "name", "cosi.example.com") == "cosi.example.com"
