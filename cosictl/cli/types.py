"""``TYPE/NAME``: which words name a type of object, and how several of them are read."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from cosictl.errors import UsageError
from cosictl.model.refs import CLUSTER_SCOPED, Kind

GROUP: Final = ".objectstorage.k8s.io"


class Resource(StrEnum):
    """What can be asked for, by the word that the help uses."""

    BUCKETS = "buckets"
    CLAIMS = "claims"
    ACCESSES = "accesses"
    CLASSES = "classes"
    ACCESS_CLASSES = "accessclasses"
    DRIVERS = "drivers"

    @property
    def kind(self) -> Kind | None:
        """The kind behind it; drivers are no objects and have none."""
        return KINDS.get(self)

    @property
    def namespaced(self) -> bool:
        """Whether objects of this type live in namespaces."""
        return self.kind is not None and self.kind not in CLUSTER_SCOPED

    @property
    def singular(self) -> str:
        """The word for one of them."""
        return WORDS[self][1]


KINDS: Final = {
    Resource.BUCKETS: Kind.BUCKET,
    Resource.CLAIMS: Kind.CLAIM,
    Resource.ACCESSES: Kind.ACCESS,
    Resource.CLASSES: Kind.BUCKET_CLASS,
    Resource.ACCESS_CLASSES: Kind.ACCESS_CLASS,
}

# Our plural and singular first. COSI declares no short names of its own, so these cannot clash with the server's.
WORDS: Final = {
    Resource.BUCKETS: ("buckets", "bucket", "bkt", "bkts"),
    Resource.CLAIMS: ("claims", "claim", "bucketclaims", "bucketclaim", "bc", "bcs"),
    Resource.ACCESSES: ("accesses", "access", "bucketaccesses", "bucketaccess", "ba", "bas"),
    Resource.CLASSES: ("classes", "class", "bucketclasses", "bucketclass", "bcl", "bclass"),
    Resource.ACCESS_CLASSES: (
        *("accessclasses", "accessclass", "bucketaccessclasses", "bucketaccessclass", "bac", "bacs"),
    ),
    Resource.DRIVERS: ("drivers", "driver"),
}
_BY_WORD: Final = {word: resource for resource, words in WORDS.items() for word in words}


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A type, and the name of one object of it; no name means all of them."""

    resource: Resource
    name: str = ""

    def __str__(self) -> str:
        return f"{self.resource.singular}/{self.name}" if self.name else self.resource.value


def parse_resource(word: str) -> Resource:
    """Read a type in any spelling, in any case and with its API group; raises UsageError with suggestions."""
    plain = word.lower().split(".", 1)[0] if GROUP in f".{word.lower()}" else word.lower()
    if resource := _BY_WORD.get(plain):
        return resource
    from difflib import get_close_matches  # noqa: PLC0415 - only who mistypes needs it

    close = get_close_matches(plain, _BY_WORD, n=3)
    meaning = f"did you mean {' or '.join(close)}?" if close else f"known types are {', '.join(Resource)}"
    if Path(word).exists():
        meaning = "it is a file"
        raise UsageError(
            f'unknown type "{word}"', meaning=meaning, next_step=f"to read it instead of a cluster: -f {word}"
        )
    raise UsageError(f'unknown type "{word}"', meaning=meaning, next_step="write TYPE/NAME, for example claim/photos")


def parse_targets(words: Sequence[str]) -> tuple[Target, ...]:
    """Read ``TYPE/NAME …``, ``TYPE NAME …`` or ``TYPE,TYPE``, as kubectl does; raises UsageError."""
    if any("/" in word for word in words):
        return tuple(_typed(word) for word in words)
    if not words:
        return ()
    resources = [parse_resource(word) for word in words[0].split(",")]
    names = words[1:] or ("",)
    return tuple(Target(resource=resource, name=name) for resource in resources for name in names)


def _typed(word: str) -> Target:
    kind, slash, name = word.partition("/")
    if not slash or not name or "/" in name:
        raise UsageError(
            f'"{word}" is not of the form TYPE/NAME',
            meaning="with one TYPE/NAME, all must be written so",
            next_step="a namespace is given with -n",
        )
    return Target(resource=parse_resource(kind), name=name)
