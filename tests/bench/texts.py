"""Failure texts to classify: few templates with ever new names, as one broken backend gives, or no two alike."""

import random
from collections.abc import Iterator
from typing import Final

CODES: Final = (
    "InvalidArgument",
    "Unavailable",
    "PermissionDenied",
    "AlreadyExists",
    "Internal",
    "DeadlineExceeded",
    "ResourceExhausted",
    "FailedPrecondition",
)
TEMPLATES: Final = (
    "failed to create bucket: rpc error: code = InvalidArgument desc = invalid bucket name: {name}",
    "rpc error: code = Unavailable desc = create {name}: dial tcp 192.0.2.7:9000: connect: connection refused",
    "rpc error: code = Internal desc = operation error S3: CreateBucket, RequestID: {name}, api error AccessDenied: no",
    "failed to create bucket: rpc error: code = AlreadyExists desc = bucket {name} already exists",
    "rpc error: code = FailedPrecondition desc = bucket {name} is not empty",
    'bucketclasses.objectstorage.k8s.io "{name}" not found',
    'Operation cannot be fulfilled on buckets.objectstorage.k8s.io "{name}": the object has been modified',
    "rpc error: code = DeadlineExceeded desc = context deadline exceeded creating {name}",
    "AccessDenied: User: {name} is not authorized to perform: s3:CreateBucket",
    "tls: failed to verify certificate: x509: certificate signed by unknown authority for {name}",
)
WORDS: Final = (
    "bucket policy quota user key access denied limit region endpoint network lock conflict state tenant volume pool"
    " object version replica zone request token signature owner tag rule lifecycle retention node disk backend"
)


def repeated(count: int) -> Iterator[str]:
    """Yield the templates in turn, each time with another name."""
    for number in range(count):
        yield TEMPLATES[number % len(TEMPLATES)].format(name=f"bucket-{number:08x}-0000-4000-8000-{number:012x}")


def all_new(count: int) -> Iterator[str]:
    """Yield texts of which no two share their wording; the same every run."""
    dice = random.Random(86)
    words = WORDS.split()
    for _ in range(count):
        said = " ".join(dice.choice(words) for _ in range(dice.randint(6, 18)))
        yield f"failed to create bucket: rpc error: code = {dice.choice(CODES)} desc = {said}"
