"""Which of some texts hold a word: one search through all of them. Pure."""

from collections.abc import Callable, Iterable, Sequence, Sized
from itertools import accumulate

# What an index of words (Aho-Corasick) finds: the word's number, where it begins and where it ends.
Find = Callable[[bytes], Iterable[tuple[int, int, int]]]


def holding(find: Find, texts: Sequence[Sized], joined: bytes) -> list[int]:
    """Return the places of the texts in which something is found, in their order.

    ``joined`` are the texts, one byte between each, as they are searched; no word holds that byte. Of ``texts`` only
    the lengths are looked at, in bytes.
    """
    places = [*find(joined)]
    if not places:
        return []
    ends = [*accumulate(len(text) + 1 for text in texts)]
    found: list[int] = []
    place = 0
    for _, start, _ in places:
        while ends[place] <= start:
            place += 1
        if not found or found[-1] != place:
            found.append(place)
    return found


def among(find: Find, joined: bytes, end: bytes) -> list[int]:
    """Return the places of the texts in which something is found; ``end`` stands between each two, and in none."""
    found: list[int] = []
    place = at = 0
    for _, start, _ in find(joined):
        place += joined.count(end, at, start)
        at = start
        if not found or found[-1] != place:
            found.append(place)
    return found
