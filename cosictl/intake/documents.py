"""Cuts the bytes of one file into JSON documents, whatever of the usual forms they have.

In: the bytes of a file. Out: the JSON text of each document in it: one JSON value, several after each other,
one a line, or YAML with one or more documents. Byte order marks are honoured, invalid UTF-8 becomes U+FFFD.
"""

import codecs
import json
import re
from collections.abc import Iterator

import msgspec

from cosictl.intake.lenient import CONTENT_ERRORS, UndecodableError, dumps, loads
from cosictl.intake.yamldoc import YamlError, yaml_documents

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark is its beginning
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_SPACE = re.compile(r"[ \t\r\n]*")
# Words by which Kubernetes JSON and YAML is known. Logs and other files are not parsed at all.
_KUBERNETES_JSON = re.compile(rb'"(?:apiVersion|takenAt)"\s*:')
_KUBERNETES_YAML = re.compile(r"^[ ]{0,4}(?:- )?[\"']?(?:apiVersion|kind|takenAt)[\"']?\s*:", re.MULTILINE)


class NoDumpError(ValueError):
    """The bytes are something else than a dump."""


class EmptyDumpError(NoDumpError):
    """There is nothing but white space."""

    def __init__(self) -> None:
        super().__init__("it is empty")


class BrokenDumpError(ValueError):
    """The bytes begin like a dump and cannot be read to their end; says where and why."""


def json_documents(data: bytes) -> Iterator[bytes]:
    """Yield the JSON text of every document; raises ``NoDumpError`` or ``BrokenDumpError``."""
    data = _as_utf8(data).strip(b" \t\r\n")
    if b"\0" in data:
        raise NoDumpError("it is binary")
    if data[:1] in {b"{", b"["}:
        return _json(data)
    return _yaml(data.decode("utf-8", "replace"))


def _as_utf8(data: bytes) -> bytes:
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            text = data[len(mark) :].decode(encoding, "replace")
            return text.encode("utf-8", "replace")
    return data


def _json(data: bytes) -> Iterator[bytes]:
    try:
        msgspec.json.decode(data, type=msgspec.Raw)
        whole = True
    except CONTENT_ERRORS:
        whole = False
    if not _KUBERNETES_JSON.search(data):
        raise NoDumpError("it is JSON, but not of Kubernetes" if whole else "it is no complete JSON of Kubernetes")
    yield from _items(data) if whole else _json_sequence(data.decode("utf-8", "replace"))


def _json_sequence(text: str) -> Iterator[bytes]:
    """Yield JSON values that follow each other, with or without line ends between them."""
    decoder = json.JSONDecoder(strict=False)
    position = 0
    while position < len(text):
        try:
            _, end = decoder.raw_decode(text, position)
        except json.JSONDecodeError as error:
            raise BrokenDumpError(f"line {error.lineno}: {error.msg}") from None
        except RecursionError:
            raise BrokenDumpError("it is nested too deeply") from None
        except ValueError as error:  # a number of more digits than Python reads
            raise BrokenDumpError(str(error)) from None
        yield from _items(text[position:end].encode("utf-8", "replace"))
        space = _SPACE.match(text, end)
        position = space.end() if space else end


def _items(data: bytes) -> Iterator[bytes]:
    """Yield the items of a top-level array, or the document itself."""
    if not data.startswith(b"["):
        yield data
        return
    try:
        yield from map(bytes, msgspec.json.decode(data, type=list[msgspec.Raw]))
    except CONTENT_ERRORS:
        try:
            tree = loads(data)
        except UndecodableError as error:
            raise BrokenDumpError(str(error)) from None
        yield from map(dumps, tree if isinstance(tree, list) else ())


def _yaml(text: str) -> Iterator[bytes]:
    if not _KUBERNETES_YAML.search(text):
        raise NoDumpError("it is neither JSON nor YAML of Kubernetes")
    try:
        for tree in yaml_documents(text):
            for item in tree if isinstance(tree, list) else [tree]:
                yield dumps(item)
    except YamlError as error:
        raise BrokenDumpError(str(error)) from None
