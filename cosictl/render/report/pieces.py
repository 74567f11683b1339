"""Small pieces that several sections of the page are made of."""

from collections.abc import Iterable, Sequence
from typing import Final

from cosictl.model.refs import Ref
from cosictl.model.report import Flag, Outlook
from cosictl.render.report.element import Markup, each, tag
from cosictl.render.safe import ELLIPSIS, escape

# A longer message is cut on the page; the object itself has the rest.
_LONGEST: Final = 2000


def badge(outlook: Outlook) -> Markup:
    """Return an outlook as a word in its colour and with its sign."""
    return tag("span", outlook.value, class_=f"outlook {outlook.value}")


def name_of(ref: Ref) -> Markup:
    """Return an object's kind and name."""
    return each((f"{ref.kind} ", tag("code", path_of(ref))))


def path_of(ref: Ref) -> str:
    """Return an object's name, after its namespace where it is in one."""
    return f"{ref.namespace}/{ref.name}" if ref.namespace else ref.name


def flags_of(flags: Iterable[Flag]) -> Markup:
    """Return the flags of an object as small words."""
    return each(each((" ", tag("span", flag.value, class_="flag"))) for flag in flags)


def quoted(words: str) -> Markup:
    """Return foreign words as a quotation, cut where they are endless."""
    shown = escape(words)
    if len(shown) <= _LONGEST:
        return tag("q", shown)
    more = tag("span", f" ({len(shown) - _LONGEST} more characters)", class_="note")
    return each((tag("q", shown[:_LONGEST] + ELLIPSIS), more))


def cut_middle(words: str, most: int) -> str:
    """Cut words that are wider than ``most`` letters, in the middle: names differ at their ends."""
    shown = escape(words)
    if _cells(shown) <= most:
        return shown
    front, back = shown[: most // 2], shown[-(most // 2) :]
    while _cells(front) + _cells(back) >= most:
        front, back = (front, back[1:]) if _cells(front) < _cells(back) else (front[:-1], back)
    return f"{front}{ELLIPSIS}{back}"


def _cells(words: str) -> int:
    # What is not ASCII may be twice as wide.
    return sum(1 if char.isascii() else 2 for char in words)


def facts(pairs: Iterable[tuple[str, str]]) -> Markup:
    """Return labels with what belongs to them; a label that is empty goes on with the one before."""
    rows = [each((tag("dt", label) if label else Markup(""), tag("dd", what))) for label, what in pairs]
    return tag("dl", *rows, class_="facts") if rows else Markup("")


def table(
    heads: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    caption: str,
    numbers: Sequence[int] = (),
    dense: bool = False,
) -> Markup:
    """Return a table with a head over each column; on a narrow screen each row becomes a block of labelled lines.

    ``numbers`` are the places of columns that hold numbers; ``dense``: it has many columns. The first cell of each row
    is its head.
    """

    def cell(place: int, content: str) -> Markup:
        kind = "number" if place in numbers else None
        if place == 0:
            return tag("th", content, scope="row", role="rowheader", data_label=heads[0])
        return tag("td", content, role="cell", class_=kind, data_label=heads[place])

    head = tag(
        "tr",
        *(
            tag("th", words, scope="col", role="columnheader", class_="number" if place in numbers else None)
            for place, words in enumerate(heads)
        ),
        role="row",
    )
    body = [tag("tr", *(cell(place, content) for place, content in enumerate(row)), role="row") for row in rows]
    return tag(
        "table",
        tag("caption", caption),
        tag("thead", head, role="rowgroup"),
        tag("tbody", *body, role="rowgroup"),
        role="table",
        class_="dense" if dense else None,
    )


def section(anchor: str, title: str, *children: str, level: int = 2) -> Markup:
    """Return a section with a heading, to be led to by its anchor."""
    return tag(
        "section",
        tag(f"h{level}", title, id=f"{anchor}-title"),
        *children,
        id=anchor,
        tabindex="-1",
        aria_labelledby=f"{anchor}-title",
    )


def note(words: str) -> Markup:
    """Return a remark in small print."""
    return tag("p", words, class_="note")
