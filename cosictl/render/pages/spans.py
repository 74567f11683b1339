"""What in a line of prose is more than prose: the names of other pages, and options."""

import re
from collections.abc import Collection, Iterator
from enum import StrEnum
from functools import lru_cache
from typing import Final

from msgspec import Struct

_PROGRAM: Final = "cosictl"
_OPTION: Final = r"(?:(?<=[\s(])|^)--?[A-Za-z][\w-]*(?!\w)"


class Role(StrEnum):
    """What a piece of a line is."""

    PLAIN = "plain"
    NAME = "name"
    OPTION = "option"


class Span(Struct, frozen=True, kw_only=True):
    """A piece of a line."""

    role: Role
    text: str


def spans(line: str, names: Collection[str]) -> Iterator[Span]:
    """Take a line apart; ``names`` are the names of other pages. The texts of all pieces together are the line.

    The name of the program alone, which half of all lines have, is plain.
    """
    end = 0
    for match in _pattern(frozenset(names)).finditer(line):
        if match.start() > end:
            yield Span(role=Role.PLAIN, text=line[end : match.start()])
        yield Span(role=Role.NAME if match["name"] else Role.OPTION, text=match[0])
        end = match.end()
    if end < len(line):
        yield Span(role=Role.PLAIN, text=line[end:])


@lru_cache(maxsize=8)
def _pattern(names: frozenset[str]) -> re.Pattern[str]:
    # A longer name wins over one that it begins with; no name is found inside a word.
    longest_first = sorted(names - {_PROGRAM}, key=lambda name: (-len(name), name))
    found = "|".join(map(re.escape, longest_first)) or r"(?!)"
    return re.compile(rf"(?<![\w./-])(?P<name>{found})(?![\w-]|\.\w)|{_OPTION}")
