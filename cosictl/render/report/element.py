"""Elements of HTML and SVG that are escaped by construction: what is not markup already becomes text.

In: names of elements, attributes, and children. Out: markup. Nothing made here can name an address outside the page,
carry a script, or run one.
"""

import html
from collections.abc import Iterable
from typing import Final

from cosictl.render.safe import escape

Value = str | int | float | bool | None

_VOID: Final = frozenset({"meta", "br"})
_NEVER: Final = frozenset({"script", "iframe", "object", "embed", "link", "base", "form", "img", "image", "use"})
_TARGETS: Final = frozenset({"href", "src", "action", "data", "poster", "srcset"})


class Markup(str):
    """Text that is finished markup. Joined with plain text, or formatted into it, it becomes plain text again."""

    __slots__ = ()


NOTHING: Final = Markup("")


def tag(name: str, /, *children: str, **attributes: Value) -> Markup:
    """Return an element. Children that are not markup are escaped, and so are the values of attributes.

    Of an attribute's name a last underscore goes, and others are hyphens; None and False leave it out, True gives it no
    value. Raises ValueError for an element that could load or run something, and for a target outside the page.
    """
    if name in _NEVER:
        raise ValueError(f"<{name}> has no place on a page that only shows")
    given = "".join(_attribute(key.rstrip("_").replace("_", "-"), value) for key, value in attributes.items())
    if name in _VOID:
        return Markup(f"<{name}{given}>")
    return Markup(f"<{name}{given}>{each(children)}</{name}>")


def each(children: Iterable[str]) -> Markup:
    """Return children in a row, each escaped that is not markup."""
    return Markup("".join(child if isinstance(child, Markup) else text(child) for child in children))


def text(words: str) -> Markup:
    """Return words as text: nothing in it is markup, and what is invisible is spelled out."""
    return Markup(html.escape(escape(words)))


def link(target: str, *children: str, **attributes: Value) -> Markup:
    """Return a link to a place on this page, given by its id."""
    return tag("a", *children, href=f"#{target}", **attributes)


def style(sheet: str) -> Markup:
    """Return a style element with our own style sheet, which is not escaped: raises ValueError where it could end."""
    if "<" in sheet or not sheet.isascii():
        raise ValueError("a style sheet is plain ASCII without <")
    return Markup(f"<style>{sheet}</style>")


def _attribute(name: str, value: Value) -> str:
    if value is None or value is False:
        return ""
    if name in _TARGETS and not str(value).startswith("#"):
        raise ValueError(f"{name}={value}: leads off the page")
    if name.startswith("on") or name == "style":
        raise ValueError(f"{name}: neither scripts nor styles stand in attributes")
    if value is True:
        return f" {name}"
    shown = f"{value:g}" if isinstance(value, float) else str(value)
    return f' {name}="{html.escape(escape(shown))}"'
