r"""A page as a manual page: roff with the macros of ``man``.

Only ASCII leaves here: everything else is spelled ``\[uXXXX]``, which every formatter knows whatever the locale. A
hyphen is ``\-``, so that what is copied from the page is what a shell wants.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from cosictl.knowledge.blocks import Block, Kind, blocks
from cosictl.knowledge.pages import Page
from cosictl.render.pages.spans import Role, spans
from cosictl.render.safe import escape

# The names that readers of manual pages look for.
_HEADINGS: Final = {
    "Usage": "SYNOPSIS",
    "What it does": "DESCRIPTION",
    "Exit codes": "EXIT STATUS",
    "Environment": "ENVIRONMENT",
}
# Characters that roff, or the font of a formatter, makes others of.
_SPELLED: Final = {
    "\\": r"\e",
    "-": r"\-",
    "'": r"\(aq",
    "`": r"\(ga",
    "^": r"\(ha",
    "~": r"\(ti",
    '"': r"\(dq",
}
_VALUE: Final = re.compile(r"[^\s,]+")
_OTHER: Final = re.compile(r"[^\x20-\x7e]")


def roff(page: Page, manuals: Mapping[str, str], *, release: str, date: str, note: str) -> str:
    """The manual page, section 1.

    ``manuals`` are the names of manual pages by the names of pages. ``date`` is that of the release, empty where it
    has none; ``note`` a comment at the top.
    """
    name, _, summary = page.title.partition(": ")
    title = name.replace(" ", "-")
    lines = [
        rf".\" {note}",
        f'.TH {_plain(title.upper())} 1 "{_plain(date)}" "{_plain(release)}" "{_plain("Manual of cosictl")}"',
        # No word is broken and no line stretched: what is copied stays what it is.
        ".nh",
        ".ad l",
        ".SH NAME",
        _begun(rf"{_plain(title)} \- {_plain(summary.rstrip('.'))}"),
    ]
    for heading, text in page.sections:
        lines.append(f".SH {_plain(_HEADINGS.get(heading, heading.upper()))}")
        for number, block in enumerate(blocks(text)):
            lines += _block(block, manuals, first=number == 0, usage=heading == "Usage")
    return "\n".join(lines) + "\n"


def _block(block: Block, manuals: Mapping[str, str], *, first: bool, usage: bool) -> Iterator[str]:
    match block.kind:
        case Kind.PROSE:
            yield from [] if first else [".PP"]
            yield _line(block.lines[0], manuals)
        case Kind.LIST:
            for line in block.lines:
                yield from (r".IP \(bu 2", _line(line, manuals))
        case Kind.ROWS:
            for term, meaning in block.rows:
                yield from (".TP", rf"\fB{_plain(manuals[term])}\fR(1)" if term in manuals else _term(term))
                yield _line(meaning, manuals)
        case Kind.AS_IS:
            yield from [] if first else [".PP"]
            yield from [".nf"] if usage else [".RS 2", ".nf"]
            yield from (_begun(_plain(line)) for line in block.lines)
            yield from [".fi"] if usage else [".fi", ".RE"]


def _term(term: str) -> str:
    """An option in bold with its value in italics; anything else in bold."""
    if not term.startswith("-"):
        return rf"\fB{_plain(term)}\fR"
    pieces = (
        rf"\fB{_plain(span.text)}\fR"
        if span.role is Role.OPTION
        else _VALUE.sub(lambda found: rf"\fI{_plain(found[0])}\fR", span.text)
        for span in spans(term, ())
    )
    return "".join(pieces)


def _line(text: str, manuals: Mapping[str, str]) -> str:
    return _begun("".join(_spans(text, manuals)))


def _spans(text: str, manuals: Mapping[str, str]) -> Iterator[str]:
    for span in spans(text, manuals):
        yield _plain(span.text) if span.role is Role.PLAIN else rf"\fB{_plain(span.text)}\fR"


def _begun(line: str) -> str:
    """A line that cannot be taken for a request, nor for an empty one."""
    return rf"\&{line}" if not line or line[0] in ". " else line


def _plain(text: str) -> str:
    spelled = "".join(_SPELLED.get(letter, letter) for letter in escape(text))
    return _OTHER.sub(lambda found: rf"\[u{ord(found[0]):04X}]", spelled)
