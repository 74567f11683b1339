"""The chain claim → Bucket → access as pictures: one for each way in which chains of this cluster are stuck."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from msgspec import Struct

from cosictl.model.account import Account, Chain
from cosictl.model.refs import Kind, Ref
from cosictl.model.report import SEVERITY, Assessment, Outlook
from cosictl.render.lines import many
from cosictl.render.report.element import NOTHING, Markup, each, link, tag
from cosictl.render.report.pieces import cut_middle, note, path_of

PICTURES: Final = 24
# Of one picture: units of its own, which the page scales to the width it has.
_WIDE: Final = 320
_BOX: Final = 46
_GAP: Final = 34
_NEAR: Final = 8
_TRUNK: Final = 16
_INDENT: Final = 34
_USED: Final = "is used by"
_NAME: Final = 36
_ACCESSES: Final = 3


class Box(Struct, frozen=True, kw_only=True):
    """One box of a picture: an object, or (without an outlook) the place where one is missing.

    ``arrow`` are the words beside the arrow that leads to it; ``beside``: it hangs where the box before it hangs.
    """

    kind: str
    name: str
    outlook: Outlook | None
    code: str = ""
    arrow: str = ""
    beside: bool = False


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
    return sorted(looks, key=lambda look: (SEVERITY.index(look.worst), -len(look.alike))), ready


def _worst(boxes: Sequence[Box]) -> Outlook:
    return min((box.outlook for box in boxes if box.outlook is not None), key=SEVERITY.index, default=Outlook.UNKNOWN)


def _boxes(chain: Chain, items: Mapping[Ref, Assessment], codes: Mapping[Ref, str]) -> Iterator[Box]:
    if chain.claim is not None:
        yield _box(chain.claim, items, codes, "")
    elif chain.claim_named:
        yield Box(kind=Kind.CLAIM, name=chain.claim_named, outlook=None)
    if chain.bucket is not None:
        yield _box(chain.bucket, items, codes, "has the Bucket" if chain.claim or chain.claim_named else "")
    elif chain.bucket_named:
        yield Box(kind=Kind.BUCKET, name=chain.bucket_named, outlook=None, arrow="names the Bucket")
    worst = sorted(chain.accesses, key=lambda ref: SEVERITY.index(_outlook(ref, items)))
    for place, ref in enumerate(worst[:_ACCESSES]):
        yield _box(ref, items, codes, _USED, beside=place > 0)


def _outlook(ref: Ref, items: Mapping[Ref, Assessment]) -> Outlook:
    item = items.get(ref)
    return item.outlook if item is not None else Outlook.UNKNOWN


def _box(
    ref: Ref, items: Mapping[Ref, Assessment], codes: Mapping[Ref, str], arrow: str, *, beside: bool = False
) -> Box:
    outlook = _outlook(ref, items)
    return Box(kind=ref.kind, name=path_of(ref), outlook=outlook, code=codes.get(ref, ""), arrow=arrow, beside=beside)


def _figure(place: int, look: Look) -> Markup:
    codes = list(dict.fromkeys(box.code for box in look.boxes if box.code))
    links = [each((" ", link(f"page-{code}", code))) for code in codes]
    more = max(len(chain.accesses) for chain in look.alike) - _ACCESSES
    most = "up to " if len(look.alike) > 1 else ""
    users = f" · {most}{many(more, 'more access', 'more accesses')} not drawn" if more > 0 else ""
    alike = f" · this one and {len(look.alike) - 1} alike" if len(look.alike) > 1 else ""
    caption = tag("figcaption", f"{look.worst.value}:" if links else look.worst.value, *links, alike, users)
    return tag("figure", _picture(place, look), caption, class_="chain")


def _picture(place: int, look: Look) -> Markup:
    top, trunk = 0, 0
    drawn: list[Markup] = []
    for box in look.boxes:
        if drawn:
            # Several accesses hang from one trunk, which begins at what they use.
            trunk = trunk if box.beside else top
            gap = _NEAR if box.beside else _GAP
            drawn.append(_branch(trunk, top + gap) if box.beside else _arrow(top, box.arrow))
            top += gap
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
    # What several use hangs to the right of the trunk.
    left = _INDENT if box.kind == Kind.ACCESS else 1
    return tag(
        "g",
        tag("rect", x=left, y=top + 1, width=_WIDE - left - 1, height=_BOX - 2, rx=6),
        tag("rect", x=left, y=top + 1, width=5, height=_BOX - 2, rx=2, class_="edge"),
        tag("text", box.kind, x=left + 15, y=top + 18, class_="kind"),
        tag("text", right, x=_WIDE - 12, y=top + 18, class_="state", text_anchor="end"),
        tag("text", cut_middle(box.name, _NAME), x=left + 15, y=top + 36, class_="name"),
        class_=f"box {state}",
    )


def _arrow(top: int, words: str) -> Markup:
    """Draw an arrow from the box above to the one below, with words beside it."""
    end = top + _GAP - 2 if words != _USED else top + _GAP + _BOX // 2
    return each((_line(top, end, bent=words == _USED), tag("text", words, x=30, y=top + 21, class_="why")))


def _branch(top: int, below: int) -> Markup:
    """Draw an arrow from a trunk that begins at ``top`` to the box that begins at ``below``."""
    return _line(top, below + _BOX // 2, bent=True)


def _line(top: int, end: int, *, bent: bool) -> Markup:
    x = _TRUNK
    head = f"H{_INDENT - 2}M{_INDENT - 8} {end - 5}L{_INDENT - 2} {end}L{_INDENT - 8} {end + 5}"
    tip = head if bent else f"M{x - 5} {end - 6}L{x} {end}L{x + 5} {end - 6}"
    return tag("path", d=f"M{x} {top}V{end}{tip}", class_="arrow")
