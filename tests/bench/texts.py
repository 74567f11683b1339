"""Failure texts to classify: few templates with ever new names, as one broken backend gives, or no two alike."""

import random
import uuid
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Final

LETTERS: Final = "abcdefghijklmnopqrstuvwxyz"
# What Kubernetes makes names different with.
SUFFIX_LETTERS: Final = "bcdfghjklmnpqrstvwxz2456789"

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


def ids(dice: random.Random) -> str:
    """A name as a controller makes it: with a UUID."""
    return f"bucket-{uuid.UUID(int=dice.getrandbits(128))}"


def names(dice: random.Random) -> str:
    """A name as people and generators choose it: words that nobody knows, numbers, what is put behind a name."""
    word, other = ("".join(dice.choices(LETTERS, k=dice.randint(4, 9))) for _ in range(2))
    suffix = "".join(dice.choices(SUFFIX_LETTERS, k=5))
    return dice.choice((f"{word}-{other}", f"{word}-{dice.randrange(10_000)}", f"{word}-{suffix}", f"{other}/{word}"))


def numbers(dice: random.Random) -> str:
    """A name as scripts count them: a word that rules know, and a number."""
    return f"bucket-{dice.randrange(1_000_000)}"


def addresses(dice: random.Random) -> str:
    """An address and a port, or the name of a host."""
    host = "".join(dice.choices(LETTERS, k=6))
    return dice.choice((f"10.{dice.randrange(256)}.{dice.randrange(256)}.7:9000", f"{host}.svc.cluster.local:9000"))


def repeated(name: Callable[[random.Random], str], count: int) -> Iterator[str]:
    """Yield the templates in turn, each time with another name; the same every run."""
    dice = random.Random(86)
    for number in range(count):
        yield TEMPLATES[number % len(TEMPLATES)].format(name=name(dice))


def all_new(count: int) -> Iterator[str]:
    """Yield texts of which no two share their wording; the same every run."""
    dice = random.Random(86)
    words = WORDS.split()
    for _ in range(count):
        said = " ".join(dice.choice(words) for _ in range(dice.randint(6, 18)))
        yield f"failed to create bucket: rpc error: code = {dice.choice(CODES)} desc = {said}"


KINDS: Final[Mapping[str, Callable[[int], Iterator[str]]]] = {
    "ids": partial(repeated, ids),
    "names": partial(repeated, names),
    "numbers": partial(repeated, numbers),
    "addresses": partial(repeated, addresses),
    "all-new": all_new,
}
