"""A page as Markdown, for a code host."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from cosictl.knowledge.blocks import Block, Kind, blocks
from cosictl.knowledge.pages import Page
from cosictl.render.pages.spans import Role, spans
from cosictl.render.safe import escape

Links = Mapping[str, str]
# What Markdown would take for its own; an underscore inside a word is none.
_MARKUP: Final = re.compile(r"[\\`*\[\]<~|&]|(?<![^\W_])_|_(?![^\W_])")
# What begins a heading, a list or a quotation where it begins a line.
_LEAD: Final = re.compile(r"^(?:(?=[-+#>=])|\d{1,9}(?=[.)](?:\s|$)))")


def markdown(page: Page, links: Links, *, note: str = "") -> str:
    """The page as one Markdown document.

    ``links`` lead from the names of other pages to them, relative to this one. ``note`` is a comment at the top.
    """
    parts = [*([f"<!-- {note} -->"] if note else []), f"# {_plain(page.title.rstrip('.'))}"]
    for heading, text in page.sections:
        parts.append(f"## {_plain(heading)}")
        parts += [_block(block, links) for block in blocks(text)]
    return "\n\n".join(parts) + "\n"


def prose(line: str, links: Links) -> str:
    """One line: a name leads to its page where it first stands, options are set as code, everything else is text."""
    return _LEAD.sub(r"\g<0>\\", "".join(_spans(line, links)))


def table(header: Sequence[str], rows: Sequence[Sequence[str]], links: Links) -> str:
    """A table of lines."""
    lines = [header, ["---"] * len(header), *([prose(cell, links) for cell in cells] for cells in rows)]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def _block(block: Block, links: Links) -> str:
    match block.kind:
        case Kind.PROSE:
            return prose(block.lines[0], links)
        case Kind.LIST:
            return "\n".join(f"- {prose(line, links)}" for line in block.lines)
        case Kind.ROWS:
            return "\n".join(f"- {_term(term, links)}: {prose(meaning, links)}" for term, meaning in block.rows)
        case Kind.AS_IS:
            return "\n".join(["```sh", *(escape(line) for line in block.lines), "```"])


def _term(term: str, links: Links) -> str:
    return f"[{_plain(term)}]({links[term]})" if term in links else code(term)


def code(text: str) -> str:
    """A text set as code; no word in it is markup."""
    runs = re.findall(r"`+", text)
    fence = "`" * (1 + max(map(len, runs), default=0))
    gap = " " if runs else ""
    return f"{fence}{gap}{escape(text)}{gap}{fence}"


def _spans(line: str, links: Links) -> Iterator[str]:
    led: set[str] = set()
    for span in spans(line, links):
        match span.role:
            case Role.NAME:
                place = links[span.text]
                yield _plain(span.text) if place in led else f"[{_plain(span.text)}]({place})"
                led.add(place)
            case Role.OPTION:
                yield code(span.text)
            case Role.PLAIN:
                yield _plain(span.text)


def _plain(text: str) -> str:
    return _MARKUP.sub(lambda found: "&lt;" if found[0] == "<" else f"\\{found[0]}", escape(text))
