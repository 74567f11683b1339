"""The chain claim → Bucket → access as pictures: one for each way in which chains of this cluster are stuck."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from msgspec import Struct

from cosictl.model.account import Account, Chain
from cosictl.model.refs import Kind, Ref
from cosictl.model.report import Assessment, Outlook
from cosictl.render.lines import many
from cosictl.render.report.element import NOTHING, Markup, each, link, tag
from cosictl.render.report.parts import OUTLOOK_ORDER
from cosictl.render.report.pieces import cut_middle, note

PICTURES: Final = 24
# Of one picture: units of its own, which the page scales to the width it has.
_WIDE: Final = 320
_BOX: Final = 46
_GAP: Final = 34
_NAME: Final = 38
_ACCESSES: Final = 3


class Box(Struct, frozen=True, kw_only=True):
    """One box of a picture: an object, or the place where one is missing."""

    kind: str
    name: str
    outlook: Outlook | None
    code: str
    arrow: str


class Look(Struct, frozen=True, kw_only=True):
    """A picture, and all chains that look like it."""

    boxes: tuple[Box, ...]
    worst: Outlook
    alike: tuple[Chain, ...]


def chain_pictures(told: Account) -> Markup:
    """Return pictures of the chains that are not ready, the worst first, one for each look."""
    looks, ready = _looks(told)
    shown = looks[:PICTURES]
    drawn = sum(len(look.alike) for look in shown)
    total = sum(len(look.alike) for look in looks)
    remarks = [f"{many(ready, 'chain is', 'chains are')} ready and not drawn."] if ready else []
    if total > drawn:
        remarks.append(f"{many(total - drawn, 'more chain')} of other looks not drawn.")
    if not shown:
        return note(" ".join(remarks) or "There is nothing to draw.")
    pictures = tag("div", *(_figure(place, look) for place, look in enumerate(shown, 1)), class_="chains")
    legend = note(
        "Each picture is read from the top: what a user asked for, what COSI made of it, who uses it. A dashed box is "
        "named by its neighbour and was not found. Chains that look alike are drawn once."
    )
    return each((legend, pictures, note(" ".join(remarks)) if remarks else NOTHING))


def _looks(told: Account) -> tuple[list[Look], int]:
    items = {item.ref: item for item in told.report.objects}
    codes = {finding.root: finding.code for finding in reversed(told.report.findings)}
    found: dict[tuple[tuple[str, Outlook | None, str, bool], ...], list[tuple[Chain, tuple[Box, ...]]]] = {}
    ready = 0
    for chain in told.chains:
        boxes = tuple(_boxes(chain, items, codes))
        if all(box.outlook in {Outlook.READY, None} and not box.code for box in boxes) and chain.claim is not None:
            ready += 1
            continue
        key = tuple((box.kind, box.outlook, box.code, box.outlook is None) for box in boxes)
        found.setdefault(key, []).append((chain, boxes))
    looks = [
        Look(boxes=some[0][1], worst=_worst(some[0][1]), alike=tuple(chain for chain, _ in some))
        for some in found.values()
    ]
    return sorted(looks, key=lambda look: (OUTLOOK_ORDER.index(look.worst), -len(look.alike))), ready


def _worst(boxes: Sequence[Box]) -> Outlook:
    return min(
        (box.outlook for box in boxes if box.outlook is not None), key=OUTLOOK_ORDER.index, default=Outlook.UNKNOWN
    )


def _boxes(chain: Chain, items: Mapping[Ref, Assessment], codes: Mapping[Ref, str]) -> Iterator[Box]:
    if chain.claim is not None:
        yield _box(chain.claim, items, codes, "")
    elif chain.claim_named:
        yield Box(kind=Kind.CLAIM, name=chain.claim_named, outlook=None, code="", arrow="")
    if chain.bucket is not None:
        yield _box(chain.bucket, items, codes, "has the Bucket" if chain.claim or chain.claim_named else "")
    elif chain.bucket_named:
        yield Box(kind=Kind.BUCKET, name=chain.bucket_named, outlook=None, code="", arrow="names the Bucket")
    for ref in chain.accesses[:_ACCESSES]:
        yield _box(ref, items, codes, "is used by")
    more = len(chain.accesses) - _ACCESSES
    if more > 0:
        yield Box(kind=Kind.ACCESS, name=f"and {more} more", outlook=None, code="", arrow="is used by")


def _box(ref: Ref, items: Mapping[Ref, Assessment], codes: Mapping[Ref, str], arrow: str) -> Box:
    item = items.get(ref)
    name = f"{ref.namespace}/{ref.name}" if ref.namespace else ref.name
    outlook = item.outlook if item is not None else Outlook.UNKNOWN
    return Box(kind=ref.kind, name=name, outlook=outlook, code=codes.get(ref, ""), arrow=arrow)


def _figure(place: int, look: Look) -> Markup:
    codes = list(dict.fromkeys(box.code for box in look.boxes if box.code))
    links = [each((" ", link(f"page-{code}", code))) for code in codes]
    alike = f" · this one and {len(look.alike) - 1} more" if len(look.alike) > 1 else ""
    caption = tag("figcaption", f"{look.worst.value}:" if links else look.worst.value, *links, alike)
    return tag("figure", _picture(place, look), caption, class_="chain")


def _picture(place: int, look: Look) -> Markup:
    top = 0
    drawn: list[Markup] = []
    for box in look.boxes:
        if drawn:
            drawn.append(_arrow(top, box.arrow))
            top += _GAP
        drawn.append(_drawn(top, box))
        top += _BOX
    words = ", then ".join(_spoken(box) for box in look.boxes)
    return tag(
        "svg",
        tag("title", words, id=f"chain-{place}"),
        *drawn,
        viewBox=f"0 0 {_WIDE} {top + 2}",
        role="img",
        aria_labelledby=f"chain-{place}",
    )


def _spoken(box: Box) -> str:
    state = box.outlook.value if box.outlook is not None else "not found"
    return f"{box.kind} {box.name}: {state}{f', {box.code}' if box.code else ''}"


def _drawn(top: int, box: Box) -> Markup:
    state = box.outlook.value if box.outlook is not None else "missing"
    right = f"{state} · {box.code}" if box.code else state
    return tag(
        "g",
        tag("rect", x=1, y=top + 1, width=_WIDE - 2, height=_BOX - 2, rx=6),
        tag("rect", x=1, y=top + 1, width=5, height=_BOX - 2, rx=2, class_="edge"),
        tag("text", box.kind, x=16, y=top + 18, class_="kind"),
        tag("text", right, x=_WIDE - 12, y=top + 18, class_="state", text_anchor="end"),
        tag("text", cut_middle(box.name, _NAME), x=16, y=top + 36, class_="name"),
        class_=f"box {state}",
    )


def _arrow(top: int, words: str) -> Markup:
    end = top + _GAP - 4
    return tag(
        "g",
        tag("path", d=f"M28 {top + 3}V{end}M23 {end - 6}L28 {end}L33 {end - 6}"),
        tag("text", words, x=44, y=top + 21),
        class_="arrow",
    )
