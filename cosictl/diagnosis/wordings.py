"""Texts of one wording: they begin alike and end alike, and only what stands between has to be looked at. Pure.

In: texts, many at a time, and what gives them keys by their words. Out: keys that are equal only where those of the
whole texts are. Nobody has to write a wording down: two texts with one key, asked about together, show it.
"""

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Final, TypeVar

from cosictl.diagnosis.alike import IN_WORDS

K = TypeVar("K", bound=Hashable)

# Wordings are looked up by so many letters at their begin.
_HEAD: Final = 8
# A short text is sooner taken apart than compared with more than these.
_MOST_OF_A_HEAD: Final = 8
_MOST_HEADS: Final = 256
# Where most texts are of none, wordings cost more than they save: for so many times they are not looked for.
_PAUSE: Final = 32
_NONE: Final = 0
# Begin, end, the length of each, and a number; a plain tuple is taken apart at once.
_Wording = tuple[str, str, int, int, int]


class Wordings:
    """The wordings that were met so far."""

    def __init__(self) -> None:
        self._of_head: dict[str, tuple[_Wording, ...]] = {}
        self._last = _NONE
        self._pause = 0

    def keys(self, texts: Sequence[str], keys_of: Callable[[Sequence[str]], Sequence[K]]) -> list[tuple[int, K]]:
        """Return the key of each of some texts; later it may be another one, as wordings come and go.

        ``keys_of`` gives the keys of texts, or of parts of them, by their words: a word adds the same to a key whatever
        is around it; texts of one key are equally long; one with more than plain letters has a key of its own.
        """
        if self._pause:
            self._pause -= 1
            return [(_NONE, key) for key in keys_of(texts)]
        middles, numbers = self._parted(texts)
        keys = keys_of(middles)
        if _NONE in numbers:
            asked = zip(keys, texts, numbers, strict=True)
            if self._learn((key, text) for key, text, number in asked if number == _NONE):
                middles, numbers = self._parted(texts)
                keys = keys_of(middles)
            if numbers.count(_NONE) > len(texts) / 2:
                self._of_head.clear()
                self._pause = _PAUSE
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
                # The last one: what stands side by side in a sorted file has more in common than the wording.
                pairs[key] = other, text
        learnt = [self._remember(pair) for pair in pairs.values()]
        return any(learnt)

    def _has_room(self, head: str) -> bool:
        known = self._of_head.get(head)
        return len(self._of_head) < _MOST_HEADS if known is None else len(known) < _MOST_OF_A_HEAD

    def _remember(self, pair: tuple[str, str]) -> bool:
        """Remember the wording of two texts, in place of narrower ones; tell whether there is one, and room for it."""
        begin = _common(*pair).rstrip(IN_WORDS)
        head = begin[:_HEAD]
        if len(begin) < _HEAD or not self._has_room(head):
            return False
        # A word is cut nowhere: its key is that of the whole word.
        one, other = (text[: len(begin) - 1 : -1] for text in pair)
        end = _common(one, other)[::-1].lstrip(IN_WORDS)
        known = [row for row in self._of_head.get(head, ()) if not (row[0].startswith(begin) and row[1].endswith(end))]
        self._last += 1
        self._of_head[head] = (*known, (begin, end, len(begin), len(end), self._last))
        return True


def _common(one: str, other: str) -> str:
    """Return how two texts begin that differ, and are equally long."""
    pairs = enumerate(zip(one, other, strict=True))
    return one[: next(place for place, (letter, another) in pairs if letter != another)]
