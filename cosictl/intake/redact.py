"""Masking of credentials in free text.

In: any text. Out: the same text with access keys, secret keys, tokens, passwords, signatures, authorisation
values, cookies, private keys and URL passwords replaced by ``***``; everything else byte for byte. Masking
twice changes nothing. The patterns are in ``masking``; here is what tells that none of them can find anything.
"""

import re
from collections.abc import Callable, Sequence
from functools import cache

from ahocorasick_rs import BytesAhoCorasick, Implementation, MatchKind

from cosictl.intake.markers import SHAPE_MARKERS, WORD_MARKERS
from cosictl.model.among import Find, holding

_FIND_WORDS = BytesAhoCorasick(WORD_MARKERS, implementation=Implementation.DFA).find_matches_as_indexes
_FIND_SHAPES = BytesAhoCorasick(SHAPE_MARKERS, implementation=Implementation.DFA).find_matches_as_indexes
# In lower case, where more is found than is there.
_ANY_MARKERS = (*WORD_MARKERS, *map(bytes.lower, SHAPE_MARKERS))
_FIND_ANY = BytesAhoCorasick(_ANY_MARKERS, implementation=Implementation.DFA).find_matches_as_indexes
# Leftmost matches of three letters or more are looked for many bytes at a time (aho-corasick's packed searchers): five
# times as fast.
_LONG = 3
_FIND_LONG = BytesAhoCorasick(
    [marker for marker in _ANY_MARKERS if len(marker) >= _LONG], matchkind=MatchKind.LeftmostFirst
).find_matches_as_indexes
# Without one of these letters no shorter marker is there.
_SHORT_BEGIN = frozenset(marker[:1] for marker in _ANY_MARKERS if len(marker) < _LONG)


def suspicious(data: bytes, *, names: re.Pattern[bytes] | None = None) -> bool:
    r"""Tell whether JSON or other text may hold a credential (a necessary condition; ``\\u`` may hide a letter).

    ``names`` finds, in lower case, what holds suspicious words although it is a name.
    """
    lower = data.lower()
    if not _search_for(lower)(lower):
        return False
    if names is not None:
        lower = names.sub(b"", lower)
    return bool(_FIND_WORDS(lower) or _FIND_SHAPES(data))


def _search_for(lower: bytes) -> Find:
    """Return what finds whatever marker stands in ``lower``."""
    return _FIND_ANY if any(letter in lower for letter in _SHORT_BEGIN) else _FIND_LONG


def redact_all(texts: Sequence[str]) -> list[str]:
    """Mask every credential in each of some texts, in less time than one by one."""
    found, joined = [*texts], "\n".join(texts)
    measured = texts if joined.isascii() else [text.encode("utf-8", "replace") for text in texts]
    lower = joined.encode("utf-8", "replace").lower()
    for place in holding(_search_for(lower), measured, lower):
        found[place] = redact(texts[place])
    return found


def redact(text: str) -> str:
    """Mask every credential in ``text``; see the module for what counts as one."""
    data = text.encode("utf-8", "replace")
    there = {WORD_MARKERS[match[0]] for match in _FIND_WORDS(data.lower(), overlapping=True)}
    there.update(SHAPE_MARKERS[match[0]] for match in _FIND_SHAPES(data, overlapping=True))
    if not there:
        return text
    return _masked()(text, there)


@cache
def _masked() -> Callable[[str, set[bytes]], str]:
    """Return what masks; to import it takes long for every text."""
    from cosictl.intake.masking import masked  # noqa: PLC0415 - many patterns, for texts that may call for one

    return masked
