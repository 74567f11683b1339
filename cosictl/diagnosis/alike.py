"""Texts that mean the same because they differ only in what no rule can look at: names, IDs and numbers. Pure.

In: texts. Out: keys, equal for texts that are equal once every word is blanked out that holds nothing of what patterns
look at. What patterns look at is read off themselves, so nothing has to be kept in step with the rules.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache, lru_cache
from itertools import repeat
from typing import Final

from ahocorasick_rs import BytesAhoCorasick, Implementation

from cosictl.diagnosis.runs import Run
from cosictl.model.among import among

# Names are cut before these.
_JOINTS: Final = (b"-", b"_", b".")
# A number behind a hyphen is part of a name, and so is what Kubernetes puts behind a name to make it another one.
_NUMBER: Final = re.compile(rb"[-_][0-9]{1,3}")
_SUFFIX: Final = re.compile(rb"-[a-z0-9]{5}")
_UUID: Final = re.compile(rb"[0-9a-f]{8}-(?<![A-Za-z0-9].{9})(?:[0-9a-f]{4}-){3}[0-9a-f]{12}(?![A-Za-z0-9])", re.DOTALL)
_ANY_UUID: Final = b"00000000-0000-0000-0000-000000000000"
# One sign that stands in no word is sooner looked through.
_SHORT_UUID: Final = b"~"
_DECIMAL: Final = re.compile(rb"[0-9]\.[0-9]")
_ADDRESS: Final = re.compile(rb"[0-9](?<![\w.].)[0-9]{0,2}(?:\.[0-9]{1,3}){3}(?![\w.])", re.DOTALL)
# Where in a name its hyphens stand tells nothing.
_CHAIN: Final = re.compile(rb"a(?<![A-Za-z0-9_].)aa++(?:-aaa++)++(?![A-Za-z0-9_])", re.DOTALL)
_DIGITS: Final = bytes.maketrans(b"123456789", b"000000000")
_SHAPES: Final = re.sub(rb"[0-9]", b"0", re.sub(rb"[a-z]", b"a", re.sub(rb"[A-Z]", b"A", bytes(range(256)))))
# Two words of one shape, with no letter and no number in common, become the same where the shape says all.
_OTHERS: Final = bytes.maketrans(b"aA0", b"bB1")
# There is no end to the shapes of IDs.
_ENDLESS: Final = re.compile(rb"(?<![A-Za-z0-9])(?=[A-Za-z0-9]{6})[A-Za-z0-9]*(?:[A-Za-z][0-9]|[0-9][A-Za-z])")
# Names in one piece: nothing that is looked at together stands across their ends.
IN_WORDS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"
# Stands between two texts, and is looked up as if it were a word.
_NEXT: Final = b"\0"
_APART: Final = bytes(code if chr(code) in IN_WORDS or code in _NEXT else ord(" ") for code in range(256))
_BETWEEN: Final = bytes(ord("x") if chr(code) in IN_WORDS else code for code in range(256))
# Patterns have runs this short in every word ("s" of "buckets"); alone they are words like "no" and "is".
_SHORT: Final = 3
# With a number a short run is a unit or a version ("30s", "v1", "k8s"); more changes between the two are chance.
_UNIT: Final = re.compile(rb"[A-Za-z]{1,3}\d*|\d*[A-Za-z]{1,3}|[A-Za-z0-9]{1,4}")
# Ceph's transaction IDs, by which its errors are known.
_TRANSACTION: Final = Run("tx0", begins=True)
# These few are sooner cut into pieces than looked at together.
_FEW: Final = 8
# Of so many words, all in all, what they become is remembered; then all are forgotten.
_REMEMBERED_BYTES: Final = 500_000
_ESCAPE: Final = "\x1b"
# The words of a text as they are made alike, and what stands between them; or the text itself.
Key = tuple[bytes, bytes] | str


class Blanking:
    """Blanks out what holds nothing of ``runs``, the letters and digits that patterns look at."""

    def __init__(self, runs: Iterable[Run]) -> None:
        self._pieces = _Pieces(runs)
        self._words = _Memory({_NEXT: _NEXT})
        # To find it out takes longer for the shape of a word than for the word, but for letters.
        self._shapes = _Shapes(_taken_apart, worth=_often)

    def keys(self, texts: Sequence[str]) -> list[Key]:
        """Return the key of each of some texts.

        Other letters than ASCII's have more than two forms, and an escape sequence takes letters along: each text with
        these is its own key.
        """
        if _is_plain("".join(texts)):
            return self._keys_of_plain(texts)
        plain = [text for text in texts if _is_plain(text)]
        known = dict(zip(plain, self._keys_of_plain(plain), strict=True))
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
            plain = _UUID.sub(_SHORT_UUID, b" ".join(long)).split(b" ")
            plain_of = dict(zip(long, plain, strict=True))
            words = [*{plain_of.get(word, word): None for word in words}]
        if len(words) >= _FEW:
            words = self._learn_by_shape(words)
        known.update(zip(words, self._by_pieces(words), strict=bool(words)))
        known.update((word, known[plain]) for word, plain in plain_of.items())

    def _learn_by_shape(self, words: Sequence[bytes]) -> list[bytes]:
        """Words of one shape become the same but for what tells in them; return those of which it is not known."""
        joined = b" ".join(words)
        found = self._shapes.of(joined)
        for place in self._pieces.telling_among(joined):
            found[place] = words[place] if words[place].isalpha() else b""
        self._words.known |= {word: blanked for word, blanked in zip(words, found, strict=True) if blanked}
        return [word for word, blanked in zip(words, found, strict=True) if not blanked]

    def _by_pieces(self, words: Sequence[bytes]) -> list[bytes]:
        """Return what words become: "bucket" of "bucket-4711" is known, and the rest is like that of others."""
        pieces = _cut(b" \0 ".join(words))
        return _put_together(self._pieces.alike(pieces)).split(_NEXT)


def _is_plain(text: str) -> bool:
    return text.isascii() and _ESCAPE not in text and "\0" not in text


def _cut(words: bytes) -> bytes:
    """Return words with a blank before each of their pieces; the numbers of an address are changed together."""
    if _DECIMAL.search(words):
        words = _ADDRESS.sub(_address, words)
    for joint in _JOINTS:
        words = words.replace(joint, b" " + joint)
    return words


def _put_together(pieces: Iterable[bytes]) -> bytes:
    return _CHAIN.sub(_one_joint, b"".join(pieces)).replace(_SHORT_UUID, _ANY_UUID)


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


class _Shapes(_Memory):
    """What words become by their shapes: ``blanked`` tells it of one word, ``worth`` which shapes are looked at."""

    def __init__(
        self, blanked: Callable[[bytes], bytes], *, worth: Callable[[Sequence[bytes]], Iterable[bytes]]
    ) -> None:
        super().__init__({})
        self._blanked = blanked
        self._worth = worth

    def of(self, words: bytes) -> list[bytes]:
        """Return what words become, given with a blank between each; nothing where their shape does not say it."""
        shapes = words.translate(_SHAPES).split(b" ")
        new = self.missing(self._worth(shapes))
        self.known.update((shape, _of_shape(shape, self._blanked)) for shape in new)
        return [*map(self.known.get, shapes, repeat(b""))]


def _often(shapes: Sequence[bytes]) -> Iterator[bytes]:
    return (shape for shape, count in Counter(shapes).items() if count > 1 or shape.isalpha())


class _Pieces:
    """What pieces of words become."""

    def __init__(self, runs: Iterable[Run]) -> None:
        self._shapes = _Shapes(_without_runs, worth=iter)
        # Few are looked at for themselves, and the same again and again.
        self._one = lru_cache(maxsize=4096)(self._alone)
        apart: dict[str, tuple[bool, bool]] = {}
        for run in (*runs, _TRANSACTION):
            begins, ends = apart.get(run.text.lower(), (True, True))
            apart[run.text.lower()] = (begins and run.begins, ends and run.ends)
        telling = sorted(run for run in apart if len(run) >= _SHORT or not (run.isalpha() or run.isdigit()))
        self._telling = [(run.encode(), *apart[run]) for run in telling]
        self._search = BytesAhoCorasick(
            [text for text, _, _ in self._telling], implementation=Implementation.NoncontiguousNFA
        ).find_matches_as_indexes

    def alike(self, pieces: bytes) -> list[bytes]:
        """Return what pieces become, given with a blank between each: what their shape says, unless something tells."""
        each = pieces.split(b" ")
        found = self._shapes.of(pieces)
        open_still = [place for place, blanked in enumerate(found) if not blanked]
        for place in (*open_still, *self.telling_among(pieces)):
            found[place] = self._one(each[place])
        return found

    def telling_among(self, words: bytes) -> list[int]:
        """Return the places of the words that hold what tells, given with a blank between each."""
        return among(self._find, words.lower(), b" ")

    def _alone(self, piece: bytes) -> bytes:
        if _NUMBER.fullmatch(piece):
            return piece.translate(_DIGITS)
        found = [self._telling[number][0] for number, _, _ in self._find(piece.lower())]
        if not found:
            return _without_runs(piece)
        return piece.translate(_DIGITS) if all(run.isalpha() for run in found) else piece

    def _find(self, lower: bytes) -> Iterator[tuple[int, int, int]]:
        """Yield what tells: number, start and end. A run that is a word of its own is nothing in a longer one."""
        for number, start, end in self._search(lower, overlapping=True):
            _, begins, ends = self._telling[number]
            if (begins and lower[start - 1 : start].isalnum()) or (ends and lower[end : end + 1].isalnum()):
                continue
            yield number, start, end


def _without_runs(piece: bytes) -> bytes:
    """Return what letters and digits become: with what they begin and end, and that there is a digit, is kept."""
    joint = piece[:1] if piece[:1] in _JOINTS else b""
    word = piece.removeprefix(joint)
    if word.isalpha():
        return piece if len(word) < _SHORT else piece.translate(_SHAPES)
    if word.isdigit():
        return piece if len(word) <= _SHORT and not _NUMBER.fullmatch(piece) else piece.translate(_DIGITS)
    if not word.isalnum():
        return piece
    if _UNIT.fullmatch(word) and not _SUFFIX.fullmatch(piece):
        return piece.translate(_DIGITS)
    shape = word.translate(_SHAPES)
    return joint + shape[:1] + b"0" + b"a" * (len(word) - 3) + shape[-1:]


def _taken_apart(word: bytes) -> bytes:
    # It differs for each of them, as far as anybody cares.
    if _ENDLESS.search(word):
        return word
    return _put_together(map(_without_runs, _cut(word).split(b" ")))


def _of_shape(shape: bytes, blanked: Callable[[bytes], bytes]) -> bytes:
    """Return what all words of this shape become that hold nothing telling; nothing, where that differs."""
    if shape.isalpha():
        return shape if len(shape) >= _SHORT else b""
    one, other = blanked(shape), blanked(shape.translate(_OTHERS))
    return one if one == other else b""


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
