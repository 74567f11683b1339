"""The letters and digits that a pattern looks at, and whether they are words of their own there. Pure.

In: a pattern of ``re`` as the rules write them. Out: its runs of letters and digits. One that stands between blanks or
other signs in the pattern is nothing inside of a longer word of a text. Where that is not plain to see it is not told.
"""

import re
import string
from collections.abc import Iterator
from functools import cache
from typing import Final, NamedTuple

_TOKEN: Final = re.compile(
    r"(?P<edge>\\b|[\^$])"
    r"|(?P<some>\\(?:x[0-9a-f]{2}|u[0-9a-f]{4}|[A-Za-z0-9])|\[\^?\]?(?:\\.|[^\]\\])*\]|\.)"
    r"|(?P<look>\(\?<?[=!])"
    r"|(?P<open>\((?:\?(?:P<\w+>|:))?)"
    r"|(?P<close>\))"
    r"|(?P<bar>\|)"
    r"|(?P<count>[?*+]|\{\d*,?\d*\})"
    # The last letter may be optional.
    r"|(?P<run>[A-Za-z0-9]+?(?=[A-Za-z0-9][?*{])|[A-Za-z0-9]+)"
    r"|(?P<sign>\\.|.)",
    re.DOTALL,
)
_WORDLY: Final = string.ascii_letters + string.digits


class Run(NamedTuple):
    """Letters and digits in a row; ``begins`` and ``ends``: neither letter nor digit can stand before, or behind."""

    text: str
    begins: bool = False
    ends: bool = False


def runs_of(pattern: str) -> Iterator[Run]:
    """Yield every run of a pattern."""
    tokens = [_Token(found.lastgroup or "", found[0]) for found in _TOKEN.finditer(pattern)]
    groups = _groups(tokens)
    for place, token in enumerate(tokens):
        if token.kind == "run":
            yield Run(token.text, _is_apart(tokens, groups, place, -1), _is_apart(tokens, groups, place, 1))


class _Token(NamedTuple):
    kind: str
    text: str


def _groups(tokens: list[_Token]) -> dict[int, tuple[int, int]]:
    """Return for each token the ends of the group that it stands in, or that it opens or closes."""
    found: dict[int, tuple[int, int]] = {}
    stack: list[list[int]] = []
    for place, token in enumerate(tokens):
        if token.kind in {"open", "look"}:
            stack.append([place])
        elif stack:
            stack[-1].append(place)
        if token.kind == "close" and stack:
            members = stack.pop()
            found.update(dict.fromkeys(members, (members[0], place)))
    return found


def _is_apart(tokens: list[_Token], groups: dict[int, tuple[int, int]], place: int, step: int) -> bool:
    """Tell whether what stands beside a token (before it with -1, behind it with 1) is no letter and no digit."""
    while 0 <= place + step < len(tokens):
        place += step
        token = tokens[place]
        if token.kind in {"bar", "open" if step < 0 else "close"} and place in groups:
            # Beside a group stands what stands beside its first or last branch, unless it is repeated.
            first, last = groups[place]
            count = _count(tokens, last)
            if tokens[first].kind == "look" or count not in {"", "?"}:
                return False
            place = first if step < 0 else last + bool(count)
        elif token.kind == "edge":
            return True
        elif token.kind == "count" and step < 0:
            # What it counts comes next, and may be absent.
            place -= 1
            if not _is_sign(tokens[place]):
                return False
            if token.text == "+":
                return True
        elif not _is_sign(token):
            return False
        elif step < 0 or not (count := _count(tokens, place)) or count == "+":
            return True
        else:
            place += 1
    return False


def _count(tokens: list[_Token], place: int) -> str:
    """Return how often a token may occur, "" for once."""
    behind = tokens[place + 1] if place + 1 < len(tokens) else None
    return behind.text if behind is not None and behind.kind == "count" else ""


def _is_sign(token: _Token) -> bool:
    return token.kind == "sign" or (token.kind == "some" and not _may_be_wordly(token.text))


@cache
def _may_be_wordly(pattern: str) -> bool:
    return any(re.fullmatch(pattern, letter) for letter in _WORDLY)
