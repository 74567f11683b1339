"""YAML as Kubernetes writes it, read without recursion and without surprises.

In: text. Out: one plain tree for each document. The parser of the library is used, its object construction is
not: that overflows the C stack on deep nesting, turns times and ``yes`` into other types, and lets a few
lines of aliases grow without end. yaml is imported only when YAML is read.
"""

import re
from collections.abc import Iterator

from msgspec import Struct, field

_DEEPEST = 100
_MOST_REPEATED = 1_000_000
_LONGEST_NUMBER = 19
_INTEGER = re.compile(r"[-+]?[0-9]+")
_FLOAT = re.compile(r"[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+|[0-9]+(?=[eE]))(?:[eE][-+]?[0-9]+)?")
_STRING_TAG = "tag:yaml.org,2002:str"
_WORDS: dict[str, object] = {"": None, "~": None, "null": None, "true": True, "false": False}


class YamlError(ValueError):
    """The text is no YAML, or no YAML that anybody writes about Kubernetes objects; says where and why."""


class _Frame(Struct):
    """A collection under construction; ``size`` counts nodes with aliases spelt out."""

    value: "list[object] | dict[str, object]"
    anchor: str | None
    key: str | None = None
    size: int = 1

    def take(self, item: object, size: int) -> None:
        self.size += size
        if isinstance(self.value, list):
            self.value.append(item)
        elif self.key is not None:
            self.value[self.key] = item
            self.key = None
        elif isinstance(item, list | dict):
            raise YamlError("a mapping has a key that is no text")
        else:
            self.key = str(item)


class _Document(Struct):
    stack: list[_Frame] = field(default_factory=list)
    anchors: dict[str, tuple[object, int]] = field(default_factory=dict)
    root: object = None
    repeated: int = 0

    @property
    def expects_key(self) -> bool:
        return bool(self.stack) and isinstance(self.stack[-1].value, dict) and self.stack[-1].key is None

    def put(self, item: object, size: int, anchor: str | None) -> None:
        if anchor is not None:
            self.anchors[anchor] = (item, size)
        if self.stack:
            self.stack[-1].take(item, size)
        else:
            self.root = item

    def open(self, frame: _Frame) -> None:
        if len(self.stack) >= _DEEPEST:
            raise YamlError("it is nested too deeply")
        self.stack.append(frame)

    def close(self) -> None:
        frame = self.stack.pop()
        self.put(frame.value, frame.size, frame.anchor)

    def repeat(self, anchor: str) -> None:
        if anchor not in self.anchors:
            raise YamlError(f"the alias {anchor} stands for nothing")
        item, size = self.anchors[anchor]
        self.repeated += size
        if self.repeated > _MOST_REPEATED:
            raise YamlError("its aliases expand without end")
        self.put(item, size, None)


def yaml_documents(text: str) -> Iterator[object]:
    """Yield each document as plain values; raises ``YamlError``."""
    import yaml  # noqa: PLC0415 - loading it costs every offline command time that only YAML input is worth

    document = _Document()
    try:
        for event in yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
            match event:
                case yaml.ScalarEvent():
                    is_text = document.expects_key or not (event.implicit[0] or event.tag)
                    document.put(event.value if is_text else _scalar(event.value, event.tag), 1, event.anchor)
                case yaml.MappingStartEvent():
                    document.open(_Frame({}, event.anchor))
                case yaml.SequenceStartEvent():
                    document.open(_Frame([], event.anchor))
                case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                    document.close()
                case yaml.AliasEvent():
                    document.repeat(event.anchor or "")
                case yaml.DocumentEndEvent():
                    yield document.root
                    document = _Document()
                case _:
                    pass
    except yaml.YAMLError as error:
        raise YamlError(" ".join(str(error).split())) from None


def _scalar(text: str, tag: str | None) -> object:
    """Give a plain scalar its JSON type; what only YAML 1.1 knows (yes, times, octals) stays text."""
    if tag == _STRING_TAG:
        return text
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    if _INTEGER.fullmatch(text) and len(text) < _LONGEST_NUMBER:
        return int(text)
    if _FLOAT.fullmatch(text):
        return float(text)
    return text
