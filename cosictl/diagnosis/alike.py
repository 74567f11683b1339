"""Texts that mean the same because they differ only in what no rule can look at: names, IDs and numbers. Pure.

In: texts. Out: the same texts, letter for letter at their places, with every word blanked out that holds no piece of
any pattern; or keys, equal where that would make texts equal. The pieces are read off the patterns themselves, so
nothing has to be kept in step with the rules.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Final

from ahocorasick_rs import BytesAhoCorasick, Implementation

from cosictl.model.among import holding

# A number behind a hyphen is part of a name, and so is what Kubernetes puts behind a name to make it another one.
_PART: Final = re.compile(rb"([A-Za-z0-9]+|[-_]\d{1,3}(?![A-Za-z0-9])|-[a-z0-9]{5}(?![A-Za-z0-9]))")
_SUFFIX: Final = re.compile(rb"-[a-z0-9]{5}")
_UUID: Final = re.compile(rb"(?<![A-Za-z0-9])[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}(?![A-Za-z0-9])")
_ANY_UUID: Final = b"00000000-0000-0000-0000-000000000000"
_DOTS: Final = 3
_ADDRESS: Final = re.compile(rb"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w.])")
# Where in a name its hyphens stand tells nothing.
_CHAIN: Final = re.compile(rb"(?<![A-Za-z0-9_])a{3,}+(?:-a{3,}+)++(?![A-Za-z0-9_])")
_DIGITS: Final = bytes.maketrans(b"123456789", b"000000000")
_SHAPES: Final = re.sub(rb"[0-9]", b"0", re.sub(rb"[a-z]", b"a", re.sub(rb"[A-Z]", b"A", bytes(range(256)))))
_LETTERS: Final = _SHAPES.replace(b"0", b"a")
# Names in one piece: nothing that is looked at together stands across their ends.
_IN_WORDS: Final = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-")
_APART: Final = bytes(code if code in _IN_WORDS else ord(" ") for code in range(256))
_BETWEEN: Final = bytes(ord("x") if code in _IN_WORDS else code for code in range(256))
_WORD: Final = re.compile(rb"x+")
# Patterns have pieces this short in every word ("s" of "buckets"); alone they are words like "no" and "is".
_SHORT: Final = 3
# With a number a short piece is a unit or a version ("30s", "v1", "k8s"); more changes between the two are chance.
_UNIT: Final = re.compile(rb"[A-Za-z]{1,3}\d*|\d*[A-Za-z]{1,3}|[A-Za-z0-9]{1,4}")
# Ceph's transaction IDs, by which its errors are known.
_TRANSACTION: Final = b"tx0"
_REMEMBERED: Final = 20_000
_ESCAPE: Final = b"\x1b"
# What in a pattern is no letter of a match: escapes, how groups begin, counts.
_SYNTAX: Final = re.compile(r"\\(?:x[0-9a-f]{2}|u[0-9a-f]{4}|.)|\(\?(?:P<\w+>|<?[=!])?|\{[\d,]*\}")
_OPTIONAL: Final = re.compile(r"(\w)(?=[?*{])")

# The words of a text as they are made alike, and what stands between them.
Key = tuple[bytes, bytes]


def pieces_of(pattern: str) -> list[str]:
    """Return the letters and digits in a row that stand in a pattern, and perhaps a few more: more does no harm."""
    return re.findall("[A-Za-z0-9]+", _SYNTAX.sub(" ", _OPTIONAL.sub(r" \1 ", pattern)))


class Blanking:
    """Blanks out what is no piece of a pattern: ``pieces`` are the letters and digits in a row that patterns hold."""

    def __init__(self, pieces: Iterable[str]) -> None:
        self._parts = _Parts(pieces)
        self._words: dict[bytes, bytes] = {}

    def alike(self, text: str) -> str:
        """Return the text with what no pattern can look at blanked out; its length stays.

        Other letters than ASCII's have more than two forms, and an escape sequence takes letters along: texts with
        these stay as they are.
        """
        (words, between), *_ = self.keys([text])
        apart = iter(words.split(b" "))
        return _WORD.sub(lambda _: next(apart), between).decode() if between else text

    def keys(self, texts: Sequence[str]) -> list[Key]:
        """Return of each of some texts what is equal for two texts that ``alike`` makes equal, and for no others."""
        whole = [text.encode("utf-8", "surrogatepass") for text in texts]
        apart = [text.translate(_APART).split() if _is_plain(text) else [] for text in whole]
        if len(self._words) > _REMEMBERED:
            self._words.clear()
        # Learnt together: a name of its own in every text is the usual case, and one step for all of them is cheap.
        self._learn([*set[bytes]().union(*apart).difference(self._words)])
        of = self._words.__getitem__
        return [
            (b" ".join(map(of, words)), text.translate(_BETWEEN)) if words else (text, b"")
            for words, text in zip(apart, whole, strict=True)
        ]

    def _learn(self, words: Sequence[bytes]) -> None:
        plain = [_ADDRESS.sub(_address, word) if word.count(b".") >= _DOTS else word for word in words]
        parts = _PART.split(_UUID.sub(_ANY_UUID, b"\n".join(plain)))
        self._parts.learn(parts)
        blanked = _CHAIN.sub(_one_joint, b"".join(map(self._parts.__getitem__, parts)))
        self._words.update(zip(words, blanked.split(b"\n"), strict=bool(words)))


def _one_joint(found: re.Match[bytes]) -> bytes:
    return b"aaa-" + b"a" * (len(found[0]) - len(b"aaa-"))


def _is_plain(text: bytes) -> bool:
    return text.isascii() and _ESCAPE not in text


class _Parts(dict[bytes, bytes]):
    """What parts of words become, found out once for each."""

    def __init__(self, pieces: Iterable[str]) -> None:
        super().__init__()
        lower = {piece.lower() for piece in pieces}
        telling = sorted(piece for piece in lower if len(piece) >= _SHORT or not (piece.isalpha() or piece.isdigit()))
        self._telling = [piece.encode() for piece in telling]
        self._numbers = frozenset(piece.encode() for piece in lower if piece.isdigit())
        self._find = BytesAhoCorasick(
            self._telling, implementation=Implementation.NoncontiguousNFA
        ).find_matches_as_indexes

    def learn(self, parts: Iterable[bytes]) -> None:
        """Find out what these become, as far as they are new."""
        if len(self) > _REMEMBERED:
            self.clear()
        letters, mixed = [], []
        for part in set(parts).difference(self):
            if part.isalpha() and len(part) >= _SHORT:
                letters.append(part)
            elif part.isalpha() or (part.isdigit() and (len(part) <= _SHORT or part in self._numbers)):
                self[part] = part
            elif part.isalnum() or _SUFFIX.fullmatch(part):
                mixed.append(part)
            else:
                self[part] = part.translate(_DIGITS)
        # Names are mostly letters; all of them together cost little more than one.
        self.update(zip(letters, b"\n".join(letters).translate(_LETTERS).split(b"\n"), strict=bool(letters)))
        self.update((letters[place], letters[place]) for place in self._telling_among(letters))
        self.update((word, _without_pieces(word)) for word in mixed)
        self.update((mixed[place], self._with_pieces(mixed[place])) for place in self._telling_among(mixed))

    def _telling_among(self, words: Sequence[bytes]) -> list[int]:
        return holding(self._find, words, b"\n".join(words).lower())

    def _with_pieces(self, word: bytes) -> bytes:
        found = self._find(word.lower(), overlapping=True)
        return word.translate(_DIGITS) if all(self._telling[number].isalpha() for number, _, _ in found) else word


def _without_pieces(part: bytes) -> bytes:
    """Return what letters and digits become: with what they begin and end, and that there is a digit, is kept."""
    word = part.removeprefix(b"-")
    if word[: len(_TRANSACTION)].lower() == _TRANSACTION:
        return part
    if word.isdigit() or (word is part and _UNIT.fullmatch(word)):
        return part.translate(_DIGITS)
    if word.isalpha():
        return part.translate(_LETTERS)
    shape = part.translate(_SHAPES)
    return shape[: 1 - len(word)] + b"0" + b"a" * (len(word) - 3) + shape[-1:]


def _address(found: re.Match[bytes]) -> bytes:
    """Return an address of the same length: which of its numbers is how long tells nothing."""
    digits = len(found[0]) - len(b"...")
    numbers = []
    for behind in (3, 2, 1, 0):
        numbers.append(b"0" * min(_SHORT, digits - behind))
        digits -= len(numbers[-1])
    return b".".join(numbers)
