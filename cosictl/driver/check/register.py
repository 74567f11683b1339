"""What a check makes, written down before it is made: so that an interrupted one can be cleaned up later.

A file of JSON lines, readable by its owner only; the last line about a name holds. Drivers have no call that lists.
"""

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from cosictl.errors import DumpError

BUCKET, ACCOUNT = "bucket", "account"


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A bucket or account that a check may have made. ``made_id`` is "" until the driver has said it.

    ``buckets`` are the IDs that an account may use. ``gone``: it has been removed.
    """

    kind: str
    name: str
    api: str
    made_id: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)
    buckets: tuple[str, ...] = ()
    gone: bool = False


class Register:
    """The register of one check; entries in the order of their making."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._known: dict[tuple[str, str], Made] = {}

    def note(self, made: Made) -> None:
        """Write an entry down, to the disk; raises OSError."""
        self._known[made.kind, made.name] = made
        if self._path is None:
            return
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(descriptor, "a", encoding="utf-8") as stream:
            stream.write(json.dumps(asdict(made)) + "\n")
            stream.flush()
            os.fsync(stream.fileno())

    def find(self, kind: str, name: str) -> Made | None:
        """Return what is on record under a name and has not been removed."""
        made = self._known.get((kind, name))
        return made if made is not None and not made.gone else None

    def left(self) -> tuple[Made, ...]:
        """Return what has not been removed, the last made first."""
        return tuple(made for made in reversed(self._known.values()) if not made.gone)

    def ids(self) -> Iterator[str]:
        """Yield the IDs of all that was made."""
        yield from (made.made_id for made in self._known.values() if made.made_id)

    def forget(self) -> None:
        """Remove the file, once nothing is left."""
        if self._path is not None:
            self._path.unlink(missing_ok=True)

    @classmethod
    def read(cls, path: Path) -> "Register":
        """Read the register of an earlier check; raises DumpError."""
        found = cls(path)
        try:
            for line in path.read_text("utf-8").splitlines():
                tree = json.loads(line)
                made = Made(**{**tree, "buckets": tuple(tree.get("buckets", ()))})
                found._known[made.kind, made.name] = made
        except FileNotFoundError:
            raise DumpError(
                f"{path}: there is no register of such a check",
                meaning="it left nothing behind, or ran as another user or on another machine",
            ) from None
        except (OSError, ValueError, TypeError) as error:
            raise DumpError(f"{path}: cannot be read: {error}") from None
        return found
