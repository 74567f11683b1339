"""Documents for programs: JSON, JSON lines, YAML. What is printed always parses, and holds no raw control character."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TextIO, TypeVar

import msgspec

from cosictl.render.safe import json_safe

T = TypeVar("T")


class Rows:
    """Documents of many things, each made when it is written: a list of all would not fit beside them."""

    def __init__(self, items: Sequence[T], document: Callable[[T], object]) -> None:
        self._items = items
        self._document = document

    def __iter__(self) -> Iterator[object]:
        return map(self._document, self._items)

    def __len__(self) -> int:
        return len(self._items)


def dump_json(value: object, stream: TextIO) -> None:
    """Write one JSON document. Long lists of a top-level object are written item by item."""
    if not isinstance(value, Mapping):
        stream.write(json_text(value, indent=2) + "\n")
        return
    stream.write("{")
    for position, (key, entry) in enumerate(value.items()):
        stream.write(f"{',' if position else ''}\n  {json_text(key)}: ")
        if isinstance(entry, list | Rows) and entry:
            stream.write("[")
            lead = "\n    "
            for item in entry:
                stream.write(lead + json_text(item, indent=2).replace("\n", "\n    "))
                lead = ",\n    "
            stream.write("\n  ]")
        else:
            stream.write(json_text(entry, indent=2).replace("\n", "\n  "))
    stream.write("\n}\n" if value else "}\n")


def dump_jsonl(value: object, stream: TextIO) -> None:
    """Write one JSON value on a line of its own."""
    stream.write(json_text(value) + "\n")


def dump_yaml(value: object, stream: TextIO) -> None:
    """Write one YAML document."""
    import yaml  # noqa: PLC0415 - only -o yaml needs it

    # The detour makes plain lists and dicts of everything, and escapes what YAML would print raw.
    plain = json.loads(json.dumps(value, ensure_ascii=False, default=list))
    yaml.safe_dump(plain, stream, sort_keys=False, allow_unicode=False, width=1000, default_flow_style=False)


def json_text(value: object, *, indent: int | None = None) -> str:
    """Return a value as JSON text without invisible characters."""
    try:
        data = msgspec.json.encode(value, enc_hook=list)
    except UnicodeEncodeError:
        # Half of a surrogate pair is no UTF-8, and JSON all the same.
        return json_safe(json.dumps(value, ensure_ascii=False, indent=indent, default=list))
    if not data.isascii() or b"\x7f" in data:
        data = json_safe(data.decode()).encode()
    return msgspec.json.format(data, indent=indent or 0).decode()
