"""Hostile text made harmless: nothing from a cluster reaches a terminal unescaped."""

import re
from functools import lru_cache

# C0 and C1 controls, soft hyphen, Arabic letter mark, zero-width and bidi controls, line and paragraph separators,
# invisible operators, variation selectors' tags, interlinear annotation, shorthand and musical format controls,
# byte order mark, surrogates, non-characters.
_HOSTILE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\u3164\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff\ud800-\udfff\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
ELLIPSIS = "…"


def escape(text: str) -> str:
    r"""Return the text with every control, bidi and invisible character spelled out (``\x1b``, ``\u202e``)."""
    return _HOSTILE.sub(_spell, text)


def clip(text: str, width: int) -> str:
    """Cut a text to a display width in terminal cells, with an ellipsis where something is missing."""
    if width <= 0:
        return text
    from rich.cells import cell_len, set_cell_size  # noqa: PLC0415 - rich loads only where something is drawn

    if cell_len(text) <= width:
        return text
    return set_cell_size(text, width - 1).rstrip() + ELLIPSIS


def wrap(text: str, width: int, lead: str = "", indent: str = "") -> list[str]:
    """Break a text at blanks into lines of a width in cells; words longer than a line stay whole.

    ``lead`` begins the first line, ``indent`` the others. A width of 0 or less breaks nothing.
    """
    if width <= 0:
        return [lead + text]
    from rich.cells import cell_len  # noqa: PLC0415 - rich loads only where something is drawn

    lines: list[str] = []
    line, gap = lead, ""
    for word in text.split():
        if gap and cell_len(line) + 1 + cell_len(word) > width:
            lines.append(line)
            line, gap = indent, ""
        line, gap = line + gap + word, " "
    return [*lines, line]


def json_safe(text: str) -> str:
    """Escape, inside a finished JSON text, the invisible characters that JSON itself leaves as they are."""
    return _HOSTILE.sub(_json_spell, text)


@lru_cache(maxsize=512)
def _point(char: str) -> str:
    number = ord(char)
    if number < 0x100:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"


def _spell(found: re.Match[str]) -> str:
    return _SHORT.get(found[0]) or _point(found[0])


def _json_spell(found: re.Match[str]) -> str:
    char = found[0]
    if char == "\n":
        return char
    number = ord(char)
    if number < 0x10000:
        return f"\\u{number:04x}"
    number -= 0x10000
    return f"\\u{0xD800 + (number >> 10):04x}\\u{0xDC00 + (number & 0x3FF):04x}"
