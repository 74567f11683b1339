"""Which patterns can match a text at all: those whose literals stand in it.

In: patterns. Out: an index that names, for a text, the few patterns worth a search, and of those with alternatives the
ones worth it. The literals are read off the patterns themselves, so nothing has to be kept in step; a pattern without
any is always worth a search. Leaving this out changes no answer, only its price.
"""

import re
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from ahocorasick_rs import AhoCorasick, Implementation

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

# The parser of ``re`` is the only one that reads a pattern as ``re`` does. It has no public name.
op: Any = import_module("re._constants")
parser: Any = import_module("re._parser")
_SHORTEST: Final = 3
_LONG: Final = 7
# Of each clause one literal has to stand in a text that matches.
Clauses = tuple[frozenset[str], ...]


class LiteralIndex:
    """An index of patterns, each known by its place."""

    def __init__(self, patterns: "Iterable[str]", flags: re.RegexFlag) -> None:
        self._parts = [alternatives(pattern) for pattern in patterns]
        self._flags = flags
        self._always: list[tuple[int, int]] = []
        self._needs: dict[tuple[int, int], Clauses] = {}
        self._owners: dict[str, list[tuple[int, int]]] = {}
        for place, parts in enumerate(self._parts):
            for number, part in enumerate(parts):
                self._add((place, number), clauses_of(part, flags))
        self._owned = [*map(tuple, self._owners.values())]
        self._find = AhoCorasick(list(self._owners), implementation=Implementation.DFA).find_matches_as_indexes

    def worth(self, lower: str) -> "Mapping[int, Sequence[re.Pattern[str]]]":
        """Return the places of the patterns that may match, in their order, and what of each may.

        ``lower`` is the text in lower case. Other letters than ASCII's have more than two forms (the Kelvin sign is a
        k to ``re``), so that a text with any of them may match anything.
        """
        if not lower.isascii():
            return {place: [*map(self._compiled, parts)] for place, parts in enumerate(self._parts)}
        owners: set[tuple[int, int]] = set()
        for number, _, _ in self._find(lower, overlapping=True):
            owners.update(self._owned[number])
        telling = [owner for owner in owners if holds(self._needs[owner], lower)]
        found: dict[int, list[re.Pattern[str]]] = {}
        for place, number in sorted((*self._always, *telling)):
            found.setdefault(place, []).append(self._compiled(self._parts[place][number]))
        return found

    def _compiled(self, part: str) -> re.Pattern[str]:
        # Most patterns are never worth it, and compiling takes long: ``re`` forgets, so we remember.
        return _compiled(part, self._flags)

    def _add(self, owner: tuple[int, int], clauses: Clauses) -> None:
        if not clauses:
            self._always.append(owner)
            return
        # Looked for in every text is only what tells most: long literals, and few of them.
        first = max(clauses, key=lambda clause: (min(*map(len, clause), _LONG), -len(clause), min(map(len, clause))))
        for literal in first:
            self._owners.setdefault(literal, []).append(owner)
        self._needs[owner] = tuple(clause for clause in clauses if clause is not first)


@cache
def _compiled(pattern: str, flags: re.RegexFlag) -> re.Pattern[str]:
    return re.compile(pattern, flags)


def holds(clauses: Clauses, lower: str) -> bool:
    """Tell whether of each clause a literal stands in the text."""
    for clause in clauses:
        for literal in clause:
            if literal in lower:
                break
        else:
            return False
    return True


def alternatives(pattern: str) -> list[str]:
    """Cut a pattern at the bars that stand in no group and no class."""
    parts, depth, in_class, start, place = [], 0, False, 0, 0
    while place < len(pattern):
        letter = pattern[place]
        if letter == "\\":
            place += 1
        elif in_class:
            # A bracket that closes at once would be a member; none of ours does.
            in_class = letter != "]"
        elif letter == "[":
            in_class = True
        elif letter == "|" and depth == 0:
            parts.append(pattern[start:place])
            start = place + 1
        else:
            depth += {"(": 1, ")": -1}.get(letter, 0)
        place += 1
    return [*parts, pattern[start:]]


def clauses_of(pattern: str, flags: re.RegexFlag) -> Clauses:
    """Return what every match of a pattern contains: of each clause one literal, in lower case."""
    return tuple(_clauses(parser.parse(pattern, flags)))


def _clauses(sequence: "Iterable[tuple[Any, Any]]") -> "Iterator[frozenset[str]]":
    run = ""
    for kind, value in sequence:
        if kind is op.LITERAL and value < 128:
            run += chr(value).lower()
            continue
        yield from _telling(run)
        run = ""
        yield from _inner(kind, value)
    yield from _telling(run)


def _telling(run: str) -> "Iterator[frozenset[str]]":
    """A few letters stand in every text; a quote or a bracket does not."""
    if len(run) >= _SHORTEST or not all(letter.isalnum() or letter == " " for letter in run):
        yield frozenset({run})


def _inner(kind: Any, value: Any) -> "Iterator[frozenset[str]]":
    """What one part of a pattern contains in every match."""
    if kind is op.SUBPATTERN:
        yield from _clauses(value[3])
    elif kind in {op.MAX_REPEAT, op.MIN_REPEAT} and value[0] > 0:
        yield from _clauses(value[2])
    elif kind is op.BRANCH:
        # Of each branch the clause that tells most: one of their literals is there whichever branch matched.
        parts = [max(_clauses(branch), key=lambda clause: min(map(len, clause)), default=None) for branch in value[1]]
        told = [part for part in parts if part is not None]
        if len(told) == len(parts):
            yield frozenset().union(*told)
