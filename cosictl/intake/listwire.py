"""Lists as the API and kubectl write them.

In: JSON of a list. Out: what it says of itself, and its items, not yet decoded. Raises ``DumpError`` where it is none.
"""

import msgspec

from cosictl.errors import DumpError
from cosictl.intake.lenient import CONTENT_ERRORS, UndecodableError, dumps, loads, salvage
from cosictl.intake.wire import Wire


class Head(Wire):
    """What an object or a list says that it is."""

    api_version: str = ""
    kind: str = ""


class _ListMeta(Wire):
    continue_: str = msgspec.field(default="", name="continue")
    resource_version: str = ""
    remaining_item_count: int | None = None


class ListWire(Head, kw_only=True):
    """A list, its items as they stand there."""

    metadata: _ListMeta = msgspec.field(default_factory=_ListMeta)
    items: list[msgspec.Raw] | None


def decode_list(raw: bytes, origin: str) -> ListWire:
    """Decode a list answer: fast where all is well, item by item where some of it is not.

    ``origin`` names it in a DumpError, which is raised where the bytes are no JSON list.
    """
    try:
        return msgspec.json.decode(raw, type=ListWire)
    except CONTENT_ERRORS:
        pass
    try:
        tree = loads(raw)
    except UndecodableError as error:
        raise DumpError(
            f"{origin}: the list cannot be read: {error}",
            meaning="the answer is cut off or is no JSON",
            next_step="read it again",
        ) from None
    items = tree.get("items") if isinstance(tree, dict) else None
    if not isinstance(tree, dict) or "items" not in tree or not isinstance(items, list | None):
        raise DumpError(f"{origin}: this is no Kubernetes list", meaning="it has no list of items")
    head = salvage({key: value for key, value in tree.items() if key != "items"}, _ListHead)
    raws = [msgspec.Raw(dumps(item)) for item in items or ()]
    return ListWire(kind=head.kind, api_version=head.api_version, metadata=head.metadata, items=raws)


class _ListHead(Head):
    metadata: _ListMeta = msgspec.field(default_factory=_ListMeta)
