"""Texts that mean the same because they differ only in what no rule can look at: names, IDs and numbers. Pure.

In: texts. Out: keys, equal for texts that are equal once every word is blanked out that holds nothing of what patterns
look at. What patterns look at is read off themselves, so nothing has to be kept in step with the rules.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import repeat
from typing import Final

from ahocorasick_rs import BytesAhoCorasick, Implementation

from cosictl.diagnosis.runs import Run
from cosictl.model.among import holding

# A number behind a hyphen is part of a name, and so is what Kubernetes puts behind a name to make it another one.
_PART: Final = re.compile(rb"([A-Za-z0-9]+|[-_]\d{1,3}(?![A-Za-z0-9])|-[a-z0-9]{5}(?![A-Za-z0-9]))")
_SUFFIX: Final = re.compile(rb"-[a-z0-9]{5}")
_UUID: Final = re.compile(rb"[0-9a-f]{8}-(?<![A-Za-z0-9].{9})(?:[0-9a-f]{4}-){3}[0-9a-f]{12}(?![A-Za-z0-9])", re.DOTALL)
_ANY_UUID: Final = b"00000000-0000-0000-0000-000000000000"
# One sign that stands in no word is sooner looked through.
_SHORT_UUID: Final = b"~"
_DECIMAL: Final = re.compile(rb"\d\.\d")
_ADDRESS: Final = re.compile(rb"\d(?<![\w.].)\d{0,2}(?:\.\d{1,3}){3}(?![\w.])", re.DOTALL)
# Where in a name its hyphens stand tells nothing.
_CHAIN: Final = re.compile(rb"a(?<![A-Za-z0-9_].)aa++(?:-aaa++)++(?![A-Za-z0-9_])", re.DOTALL)
_DIGITS: Final = bytes.maketrans(b"123456789", b"000000000")
_SHAPES: Final = re.sub(rb"[0-9]", b"0", re.sub(rb"[a-z]", b"a", re.sub(rb"[A-Z]", b"A", bytes(range(256)))))
# Two words of one shape, with no letter and no number in common, become the same where the shape says all.
_OTHERS: Final = bytes.maketrans(b"aA0", b"bB1")
# There is no end to the shapes of IDs.
_ENDLESS: Final = re.compile(rb"(?<![aA0])(?=[aA0]{6})[aA0]*(?:[aA]0|0[aA])")
# Names in one piece: nothing that is looked at together stands across their ends.
_IN_WORDS: Final = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-")
# Stands between two texts, and is looked up as if it were a word; and between words.
_NEXT: Final = b"\0"
_APART: Final = bytes(code if code in _IN_WORDS or code in _NEXT else ord(" ") for code in range(256))
_BETWEEN: Final = bytes(ord("x") if code in _IN_WORDS else code for code in range(256))
# Patterns have runs this short in every word ("s" of "buckets"); alone they are words like "no" and "is".
_SHORT: Final = 3
# With a number a short run is a unit or a version ("30s", "v1", "k8s"); more changes between the two are chance.
_UNIT: Final = re.compile(rb"[A-Za-z]{1,3}\d*|\d*[A-Za-z]{1,3}|[A-Za-z0-9]{1,4}")
# Ceph's transaction IDs, by which its errors are known.
_TRANSACTION: Final = Run("tx0", begins=True)
# To take these apart is sooner done than to look at them together.
_FEW: Final = 8
# Of so many words, all in all, what they become is remembered; then all are forgotten.
_REMEMBERED_BYTES: Final = 500_000
_ESCAPE: Final = "\x1b"
# The words of a text as they are made alike, and what stands between them; or the text itself.
Key = tuple[bytes, bytes] | str


class Blanking:
    """Blanks out what holds nothing of ``runs``, the letters and digits that patterns look at."""

    def __init__(self, runs: Iterable[Run]) -> None:
        self._parts = _Parts(runs)
        self._words = _Memory({_NEXT: _NEXT})
        self._shapes = _Memory({})

    def keys(self, texts: Sequence[str]) -> list[Key]:
        """Return the key of each of some texts.

        Other letters than ASCII's have more than two forms, and an escape sequence takes letters along: each text with
        these is its own key.
        """
        plain = [text for text in texts if text.isascii() and text and _ESCAPE not in text and "\0" not in text]
        found = self._keys_of_plain(plain)
        if len(plain) == len(texts):
            return found
        known = dict(zip(plain, found, strict=True))
        return [known.get(text, text) for text in texts]

    def _keys_of_plain(self, texts: Sequence[str]) -> list[Key]:
        """All texts are one while they are taken apart: a step for each of many would be what takes most time."""
        whole = " \0 ".join(["", *texts, ""]).encode()
        words = whole.translate(_APART).split()
        if new := self._words.missing(words):
            self._learn(new)
        alike = b" ".join(map(self._words.known.__getitem__, words)).split(_NEXT)
        return [*zip(alike[1:-1], whole.translate(_BETWEEN).split(b" \0 ")[1:-1], strict=True)]

    def _learn(self, words: Sequence[bytes]) -> None:
        """Find out what new words become; those with a UUID are few once it is taken out."""
        known, plain_of = self._words.known, {}
        if long := [word for word in words if len(word) >= len(_ANY_UUID)]:
            plain = _UUID.sub(_SHORT_UUID, _NEXT.join(long)).split(_NEXT)
            plain_of = dict(zip(long, plain, strict=True))
            words = [*{plain_of.get(word, word): None for word in words}]
        self._learn_by_shape(words)
        known.update((word, known[plain]) for word, plain in plain_of.items())

    def _learn_by_shape(self, words: Sequence[bytes]) -> None:
        """Words of one shape become the same; only where something in them tells they are taken apart."""
        if len(words) < _FEW:
            self._learn_by_parts(words)
            return
        joined = _NEXT.join(words)
        shapes = joined.translate(_SHAPES).split(_NEXT)
        of_shape = self._shapes.known
        # What a shape becomes takes longer to find out than what a word does, but for letters.
        often = (shape for shape, count in Counter(shapes).items() if count > 1 or shape.isalpha())
        of_shape.update((shape, _of_shape(shape)) for shape in self._shapes.missing(often))
        found = [*map(of_shape.get, shapes, repeat(b""))]
        for place in self._parts.telling_among(words, joined.lower()):
            found[place] = words[place] if words[place].isalpha() else b""
        self._words.known.update(zip(words, found, strict=True))
        if rest := [word for word, blanked in zip(words, found, strict=True) if not blanked]:
            self._take_apart(rest)

    def _take_apart(self, words: Sequence[bytes]) -> None:
        # Most that has dots is a host, of which one name is new and "cluster" and "local" are not.
        hosts = [word for word in words if b"." in word]
        if _DECIMAL.search(_NEXT.join(hosts)):
            hosts = []
        # A host's name may also be a word of its own.
        if others := [word for word in words if b"." not in word] if hosts else words:
            self._learn_by_parts(others)
        if hosts:
            self._learn_by_dots(hosts)

    def _learn_by_dots(self, words: Sequence[bytes]) -> None:
        known, end = self._words.known, b".%b." % _NEXT
        pieces = end.join(words).split(b".")
        if new := {*pieces}.difference(known):
            self._learn_by_shape([*new])
        known.update(zip(words, b".".join(map(known.__getitem__, pieces)).split(end), strict=True))

    def _learn_by_parts(self, words: Sequence[bytes]) -> None:
        parts = _parts_of(words)
        self._parts.learn(parts)
        self._words.known.update(zip(words, _put_together(map(self._parts.known.__getitem__, parts)), strict=True))


def _one_joint(found: re.Match[bytes]) -> bytes:
    return b"aaa-" + b"a" * (len(found[0]) - len(b"aaa-"))


class _Memory:
    """What words become, found out once for each; from time to time all but ``given`` is forgotten."""

    def __init__(self, given: Mapping[bytes, bytes]) -> None:
        # A plain dict: of a set and any other kind, the difference takes as long as the larger of them.
        self.known = dict(given)
        self._given = given
        self._held = 0

    def missing(self, words: Iterable[bytes]) -> list[bytes]:
        """Return which of these are not known and have to be found out now."""
        if self._held > _REMEMBERED_BYTES:
            self.known.clear()
            self.known.update(self._given)
            self._held = 0
        new = [*{*words}.difference(self.known)]
        self._held += sum(map(len, new))
        return new


class _Parts(_Memory):
    """What parts of words become."""

    def __init__(self, runs: Iterable[Run]) -> None:
        super().__init__({})
        apart: dict[str, tuple[bool, bool]] = {}
        for run in (*runs, _TRANSACTION):
            begins, ends = apart.get(run.text.lower(), (True, True))
            apart[run.text.lower()] = (begins and run.begins, ends and run.ends)
        telling = sorted(run for run in apart if len(run) >= _SHORT or not (run.isalpha() or run.isdigit()))
        self._telling = [(run.encode(), *apart[run]) for run in telling]
        self._search = BytesAhoCorasick(
            [text for text, _, _ in self._telling], implementation=Implementation.NoncontiguousNFA
        ).find_matches_as_indexes

    def learn(self, parts: Iterable[bytes]) -> None:
        """Find out what these become, as far as they are new."""
        new = self.missing(parts)
        self.known.update((part, _without_runs(part)) for part in new)
        words = [part for part in new if _is_word(part)]
        for place in self.telling_among(words, _NEXT.join(words).lower()):
            self.known[words[place]] = self._with_runs(words[place])

    def telling_among(self, words: Sequence[bytes], joined: bytes) -> list[int]:
        """Return the places of the words that hold what tells; ``joined``: all of them, small, a byte between each."""
        return holding(self._find, words, joined)

    def _with_runs(self, word: bytes) -> bytes:
        found = self._find(word.lower())
        return word.translate(_DIGITS) if all(self._telling[number][0].isalpha() for number, _, _ in found) else word

    def _find(self, lower: bytes) -> Iterator[tuple[int, int, int]]:
        """Yield what tells: number, start and end. A run that is a word of its own is nothing in a longer one."""
        for number, start, end in self._search(lower, overlapping=True):
            _, begins, ends = self._telling[number]
            if (begins and lower[start - 1 : start].isalnum()) or (ends and lower[end : end + 1].isalnum()):
                continue
            yield number, start, end


def _is_word(part: bytes) -> bool:
    return part.isalnum() or _SUFFIX.fullmatch(part) is not None


def _without_runs(part: bytes) -> bytes:
    """Return what letters and digits become: with what they begin and end, and that there is a digit, is kept."""
    if not _is_word(part):
        return part.translate(_DIGITS)
    word = part.removeprefix(b"-")
    if word.isalpha() or word.isdigit():
        return part if len(part) <= (_SHORT if word.isdigit() else _SHORT - 1) else part.translate(_SHAPES)
    if word is part and _UNIT.fullmatch(word):
        return part.translate(_DIGITS)
    shape = part.translate(_SHAPES)
    return shape[: 1 - len(word)] + b"0" + b"a" * (len(word) - 3) + shape[-1:]


def _of_shape(shape: bytes) -> bytes:
    """Return what every word of this shape becomes that holds nothing telling; nothing, where that differs."""
    if shape.isalpha():
        return shape if len(shape) >= _SHORT else b""
    if _ENDLESS.search(shape):
        return b""
    one, other = (_put_together(map(_without_runs, _parts_of([word])))[0] for word in (shape, shape.translate(_OTHERS)))
    return one if one == other else b""


def _parts_of(words: Iterable[bytes]) -> list[bytes]:
    return _PART.split(_ADDRESS.sub(_address, _NEXT.join(words)))


def _put_together(parts: Iterable[bytes]) -> list[bytes]:
    return _CHAIN.sub(_one_joint, b"".join(parts)).replace(_SHORT_UUID, _ANY_UUID).split(_NEXT)


def _address(found: re.Match[bytes]) -> bytes:
    return _address_of(len(found[0]))


@cache
def _address_of(length: int) -> bytes:
    """Return an address of this length: which of its numbers is how long tells nothing."""
    digits = length - len(b"...")
    numbers = []
    for behind in (3, 2, 1, 0):
        numbers.append(b"0" * min(_SHORT, digits - behind))
        digits -= len(numbers[-1])
    return b".".join(numbers)
