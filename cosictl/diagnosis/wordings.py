"""Texts of one wording: they begin alike and end alike, and only what stands between has to be looked at. Pure.

In: texts, and what gives them keys by their words alone. Out: keys that are equal only where those of the whole texts
are. Nobody has to write a wording down: two texts with one key show it.
"""

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Final, TypeVar

K = TypeVar("K", bound=Hashable)

# Wordings are looked up by so many letters at their begin.
_HEAD: Final = 8
# To compare a text with more than these takes as long as to take it apart.
_MOST_OF_A_HEAD: Final = 16
_MOST_HEADS: Final = 256
# A word is cut nowhere: its key is that of the whole word.
_IN_WORDS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"
_NONE: Final = 0
# Begin, end, the length of each, and a number; a plain tuple is taken apart at once.
_Wording = tuple[str, str, int, int, int]


class Wordings:
    """The wordings that were met so far."""

    def __init__(self) -> None:
        self._of_head: dict[str, tuple[_Wording, ...]] = {}
        self._last = _NONE

    def keys(self, texts: Sequence[str], keys_of: Callable[[Sequence[str]], Sequence[K]]) -> list[tuple[int, K]]:
        """Return the key of each of some texts; ``keys_of`` gives those of texts, or parts of them, by their words."""
        middles, numbers = self._parted(texts)
        keys = keys_of(middles)
        if _NONE in numbers:
            whole = [(key, text) for key, text, number in zip(keys, texts, numbers, strict=True) if number == _NONE]
            if self._learn(whole):
                middles, numbers = self._parted(texts)
                keys = keys_of(middles)
        return [*zip(numbers, keys, strict=True)]

    def _parted(self, texts: Iterable[str]) -> tuple[list[str], list[int]]:
        """Return what stands in the middle of each text, and the number of its wording; all where none is known."""
        middles, numbers = [], []
        of_head = self._of_head.get
        for text in texts:
            for begin, end, start, behind, number in of_head(text[:_HEAD], ()):
                if text.startswith(begin) and text.endswith(end) and (stop := len(text) - behind) > start:
                    middles.append(text[start:stop])
                    numbers.append(number)
                    break
            else:
                middles.append(text)
                numbers.append(_NONE)
        return middles, numbers

    def _learn(self, texts: Iterable[tuple[Hashable, str]]) -> bool:
        """Find out what texts of one key have in common; tell whether that was anything new."""
        first: dict[Hashable, str] = {}
        pairs: dict[Hashable, tuple[str, str]] = {}
        for key, text in texts:
            other = first.setdefault(key, text)
            if other != text and other[:_HEAD] == text[:_HEAD] and self._has_room(text[:_HEAD]):
                pairs.setdefault(key, (other, text))
        return sum(self._remember(*pair) for pair in pairs.values()) > 0

    def _has_room(self, head: str) -> bool:
        known = self._of_head.get(head)
        return len(self._of_head) < _MOST_HEADS if known is None else len(known) < _MOST_OF_A_HEAD

    def _remember(self, one: str, other: str) -> bool:
        """Remember the wording of two texts, in place of those that are narrower; tell whether they have one."""
        begin = _common(one, other).rstrip(_IN_WORDS)
        end = _common(one[: len(begin) - 1 : -1], other[: len(begin) - 1 : -1])[::-1].lstrip(_IN_WORDS)
        head = begin[:_HEAD]
        if len(begin) < _HEAD or not self._has_room(head):
            return False
        known = [row for row in self._of_head.get(head, ()) if not (row[0].startswith(begin) and row[1].endswith(end))]
        self._last += 1
        self._of_head[head] = (*known, (begin, end, len(begin), len(end), self._last))
        return True


def _common(one: str, other: str) -> str:
    """Return how both begin."""
    for place, (letter, another) in enumerate(zip(one, other, strict=False)):
        if letter != another:
            return one[:place]
    return min(one, other, key=len)
