"""Spellings of options that kubectl's users type and the option parser does not know.

``-n=team-a`` and ``-o=json`` (a short option with ``=``), ``--no-headers=true`` (a switch with a value), and ``-v``
with or without a level. Sources: the flag library of kubectl takes all of them but a ``-v`` without level.
"""

import re
from collections.abc import Sequence
from typing import Final

SHORT_WITH_VALUE: Final = "nlosfvd"
SWITCHES: Final = (
    "--all-namespaces",
    "-A",
    "--no-headers",
    "--all",
    "--no-trunc",
    "--watch",
    "-w",
    "--yes",
    "--dry-run",
)
_TRUE: Final = frozenset({"1", "t", "true"})
_FALSE: Final = frozenset({"0", "f", "false"})
_SHORT: Final = re.compile(rf"-([{SHORT_WITH_VALUE}])=(.*)", re.DOTALL)
_VERBOSE: Final = re.compile(r"-v+")


def respell(words: Sequence[str]) -> list[str]:
    """Return the words with kubectl's spellings replaced by plain ones; everything after ``--`` is left alone."""
    words = list(words)
    end = words.index("--") if "--" in words else len(words)
    spelled: list[str] = []
    for index, word in enumerate(words[:end]):
        following = words[index + 1] if index + 1 < end else ""
        spelled += _respell(word, following)
    return spelled + words[end:]


def _respell(word: str, following: str) -> list[str]:
    if short := _SHORT.fullmatch(word):
        return [f"-{short[1]}", short[2]]
    if _VERBOSE.fullmatch(word) and not following.isdecimal():
        return ["-v", str(len(word) - 1)]
    name, equals, value = word.partition("=")
    if equals and name in SWITCHES:
        if value.lower() in _TRUE:
            return [name]
        if value.lower() in _FALSE:
            return []
    return [word]
