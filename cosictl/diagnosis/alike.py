"""Texts that mean the same because they differ only in what no rule can look at: names, IDs and numbers. Pure.

In: a text. Out: the same text, letter for letter at its place, with every word blanked out that holds no piece of any
pattern. The pieces are read off the patterns themselves, so nothing has to be kept in step with the rules.
"""

import re
from collections.abc import Iterable
from typing import Final

from ahocorasick_rs import AhoCorasick, Implementation

# A number behind a hyphen is part of a name.
_WORD: Final = re.compile(r"([A-Za-z0-9]+|[-_]\d{1,3}(?![A-Za-z0-9]))")
_ADDRESS: Final = re.compile(r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w.])")
# Rules look at numbers of three digits: HTTP statuses, gRPC codes. Longer ones are ports, sizes, IDs.
_ID: Final = re.compile(r"(?![a-fA-F]+$)[0-9a-fA-F]{4,}")
_DIGITS: Final = str.maketrans("123456789", "000000000")
_LETTERS: Final = {code: "A" if chr(code).isupper() else "a" for code in range(128) if chr(code).isalnum()}
# Patterns have pieces this short in every word ("s" of "buckets"); alone they are words like "no" and "is".
_SHORT: Final = 3
# Ceph's transaction IDs, by which its errors are known.
_TRANSACTION: Final = "tx0"
_REMEMBERED: Final = 20_000
_ESCAPE: Final = "\x1b"
# What in a pattern is no letter of a match: escapes, how groups begin, counts.
_SYNTAX: Final = re.compile(r"\\(?:x[0-9a-f]{2}|u[0-9a-f]{4}|.)|\(\?(?:P<\w+>|<?[=!])?|\{[\d,]*\}")
_OPTIONAL: Final = re.compile(r"(\w)(?=[?*{])")


def pieces_of(pattern: str) -> list[str]:
    """Return the letters and digits in a row that stand in a pattern, and perhaps a few more: more does no harm."""
    return re.findall("[A-Za-z0-9]+", _SYNTAX.sub(" ", _OPTIONAL.sub(r" \1 ", pattern)))


class Blanking:
    """Blanks out what is no piece of a pattern: ``pieces`` are the letters and digits in a row that patterns hold."""

    def __init__(self, pieces: Iterable[str]) -> None:
        self._blanked = _Blanked(pieces)

    def alike(self, text: str) -> str:
        """Return the text with what no pattern can look at blanked out; its length stays.

        Other letters than ASCII's have more than two forms, and an escape sequence takes letters along: texts with
        these stay as they are.
        """
        if not text.isascii() or _ESCAPE in text:
            return text
        if text.count(".") >= _SHORT:
            text = _ADDRESS.sub(_zeros, text)
        return "".join(map(self._blanked.__getitem__, _WORD.split(text)))


class _Blanked(dict[str, str]):
    """What words become, found out once for each."""

    def __init__(self, pieces: Iterable[str]) -> None:
        super().__init__()
        lower = {piece.lower() for piece in pieces}
        telling = sorted(piece for piece in lower if len(piece) >= _SHORT or not (piece.isalpha() or piece.isdigit()))
        self._numbers = frozenset(filter(str.isdigit, lower))
        self._find = AhoCorasick(telling, implementation=Implementation.NoncontiguousNFA).find_matches_as_strings

    def __missing__(self, word: str) -> str:
        if _ID.fullmatch(word) and word not in self._numbers:
            found = "0" * len(word)
        else:
            found = self._of(word) if word.isalnum() else word.translate(_DIGITS)
        if len(self) >= _REMEMBERED:
            self.clear()
        self[word] = found
        return found

    def _of(self, word: str) -> str:
        if word.isdigit():
            return word
        lower = word.lower()
        if found := self._find(lower, overlapping=True):
            return word.translate(_DIGITS) if all(map(str.isalpha, found)) else word
        if lower.startswith(_TRANSACTION):
            return word
        letters = sum(map(str.isalpha, word))
        if letters <= _SHORT:
            return word.translate(_DIGITS)
        return word.translate(_LETTERS)


def _zeros(found: re.Match[str]) -> str:
    return found[0].translate(_DIGITS)
