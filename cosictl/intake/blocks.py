"""Takes a long list apart while it arrives, so that it is never in memory as a whole.

In: the bytes of a JSON list as ``kubectl`` or an API server write it, piece by piece. Out: JSON arrays of its items,
each a block of many; and in the end the same document without the items that were taken, which is read as any other.

Where one item ends is guessed by how the first one begins, and proven by decoding: a block that is no JSON array is
not taken, and a document whose items cannot be told apart comes out whole.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import BinaryIO, Final

import msgspec

BLOCK_BYTES: Final = 512 * 1024
# More wrong guesses than this in one block, and the next guess waits for twice as many bytes.
_GUESSES: Final = 8
_ITEMS: Final = re.compile(
    rb'"items"[ \t\r\n]*:[ \t\r\n]*\[(?P<space>[ \t\r\n]*)\{(?P<key>[ \t\r\n]*"[^"\\]{1,64}"[ ]?:)'
)
_FIRST_BYTES: Final = 64 * 1024


class ListHead(msgspec.Struct, rename="camel"):
    """What stands before the items of a list."""

    kind: str = ""
    api_version: str = ""


class ListSplitter:
    """Feed it a document; ``take`` gets blocks of items and says whether it could use them (else they stay)."""

    def __init__(self, take: Callable[[bytes, ListHead], bool], block_bytes: int = BLOCK_BYTES) -> None:
        self._take = take
        self._buffer = b""
        self._block_bytes = self._wanted = block_bytes
        self._start = 0
        self._between = b""
        self._gap = 0
        self._head = ListHead()
        self._is_list: bool | None = None

    def feed(self, data: bytes) -> None:
        """Take the next bytes of the document."""
        self._buffer += data
        if self._is_list is None and len(self._buffer) >= min(_FIRST_BYTES, self._block_bytes):
            self._is_list = self._find_items()
        if self._is_list and len(self._buffer) >= self._wanted:
            self._cut()

    def rest(self) -> bytes:
        """Return what is left of the document: all but the items taken."""
        return self._buffer

    def _find_items(self) -> bool:
        if self._buffer.lstrip(b" \t\r\n")[:1] != b"{":
            return False
        for found in _ITEMS.finditer(self._buffer):
            self._start = found.end("space")
            try:
                # Only with a list of its own is this one complete: a list inside of something would stay open.
                self._head = msgspec.json.decode(self._buffer[: found.start("space")] + b"]}", type=ListHead)
            except msgspec.MsgspecError:
                continue
            self._between, self._gap = self._separator(found["space"], found["key"])
            return True
        return False

    def _separator(self, space: bytes, key: bytes) -> tuple[bytes, int]:
        """Return what stands between two items, and how much of it is before the second."""
        if b"\n" in space:
            # Line ends stand between pretty items, and so far to the left at no other place.
            return b"}," + space + b"{", len(b"},") + len(space)
        # In one line the first key has to tell; some writers leave a blank between items.
        blank = b" " if b"}, {" + key in self._buffer else b""
        return b"}," + blank + b"{" + key, len(b"},") + len(blank)

    def _cut(self) -> None:
        """Take as many whole items off the front as there are."""
        end = len(self._buffer)
        for _ in range(_GUESSES):
            end = self._buffer.rfind(self._between, self._start, end)
            if end < 0:
                break
            if self._take(b"".join((b"[", memoryview(self._buffer)[self._start : end], b"}]")), self._head):
                self._buffer = self._buffer[: self._start] + self._buffer[end + self._gap :]
                self._wanted = self._block_bytes
                return
        self._wanted = len(self._buffer) * 2


def pieces_of(file: BinaryIO) -> Iterator[bytes]:
    """Yield a file in pieces."""
    while piece := file.read(BLOCK_BYTES):
        yield piece


def split(pieces: Iterable[bytes], take: Callable[[bytes, ListHead], bool], *, block_bytes: int = BLOCK_BYTES) -> bytes:
    """Take a whole document apart in blocks of about ``block_bytes``; return what is left of it."""
    splitter = ListSplitter(take, block_bytes)
    for piece in pieces:
        splitter.feed(piece)
    return splitter.rest()
