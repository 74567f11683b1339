"""What a watch sends, line by line, as far as it has to be understood before the object in it is decoded.

In: a body in pieces. Out: lines, and what they say: which object, which version, that all there is was sent, a refusal.
Source: Kubernetes API concepts, "watch bookmarks" and "streaming lists". What cannot be read raises ``CONTENT_ERRORS``.
"""

from collections.abc import Iterator
from typing import Final

import msgspec

from cosictl.cluster.lists import ListCall
from cosictl.intake.blocks import BLOCK_BYTES
from cosictl.intake.builder import SnapshotBuilder
from cosictl.intake.lenient import CONTENT_ERRORS

_ALL_SENT: Final = "k8s.io/initial-events-end"
# The status of a version that is forgotten.
GONE: Final = 410


class Meta(msgspec.Struct, rename="camel"):
    """Which object it is, and in which version."""

    uid: str = ""
    resource_version: str = ""


class _About(msgspec.Struct):
    metadata: Meta = msgspec.field(default_factory=Meta)


class _Mark(msgspec.Struct):
    """Of a bookmark, what it says besides its version."""

    annotations: dict[str, str] = msgspec.field(default_factory=dict)


class _Bookmark(msgspec.Struct):
    metadata: _Mark = msgspec.field(default_factory=_Mark)


class _Refusal(msgspec.Struct):
    code: int = GONE
    message: str = ""


class Line(msgspec.Struct):
    """ADDED, MODIFIED, DELETED, BOOKMARK or ERROR, and the object as it is now, or was last."""

    type: str
    object: msgspec.Raw


def lines_of(pieces: Iterator[bytes]) -> Iterator[Line]:
    """Yield a body's lines as they come; half a line at its end is none."""
    rest = b""
    for piece in pieces:
        *lines, rest = (rest + piece).split(b"\n")
        for line in lines:
            if line:
                yield msgspec.json.decode(line, type=Line)


def about(line: Line) -> Meta:
    """Return which object a line is about; of a bookmark only the version tells."""
    return msgspec.json.decode(line.object, type=_About).metadata


def refusal(line: Line) -> tuple[int, str]:
    """Return the status that an ERROR line has in place of an object, and its words."""
    found = msgspec.json.decode(line.object, type=_Refusal)
    return found.code or GONE, found.message


def is_end(line: Line) -> bool:
    """Tell whether a bookmark says that all there is was sent."""
    try:
        annotations = msgspec.json.decode(line.object, type=_Bookmark).metadata.annotations
    except CONTENT_ERRORS:
        return False
    return annotations.get(_ALL_SENT) == "true"


def take_in(part: SnapshotBuilder, call: ListCall, data: bytes, *, is_gone: bool) -> bool:
    """Put one object of a list into what is known of it, or take it out; returns whether that changed anything."""
    take = part.remove if is_gone else part.renew
    return take(data, origin=call.path, kind=call.kind, api_version=call.api_version)


class Block:
    """Objects of a list that wait to be decoded, many in one step, and then are taken by ``part``."""

    def __init__(self, call: ListCall, part: SnapshotBuilder) -> None:
        self._call = call
        self._part = part
        self._items: list[msgspec.Raw] = []
        self._bytes = 0

    def add(self, item: msgspec.Raw) -> None:
        """Let one object wait, until they are enough."""
        self._items.append(item)
        self._bytes += len(memoryview(item))
        if self._bytes >= BLOCK_BYTES:
            self.empty()

    def empty(self) -> None:
        """Let what waits be taken."""
        items, self._items, self._bytes = self._items, [], 0
        call, part = self._call, self._part
        block = b"[" + b",".join(items) + b"]"
        if items and not part.add_block(block, origin=call.path, kind=call.kind, api_version=call.api_version):
            for item in items:
                take_in(part, call, bytes(item), is_gone=False)
