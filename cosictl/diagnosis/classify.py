"""What one failure text means, remembered: texts that differ only in names, IDs and numbers are judged once. Pure.

IDs and long numbers are quickly made alike; a text that is new even so is made alike in all that no rule can look at.
The judging is in ``meaning``, which is loaded with the first text: a healthy cluster has none.
"""

# ruff: noqa: PLC0415 - some 200 patterns, for the first failure

import re
from functools import lru_cache

from cosictl.model.failures import Carrier, Classification
from cosictl.model.refs import Api, Rpc

# Longer texts are rare, and would fill the memory with copies.
_LONGEST_REMEMBERED = 4096
_REMEMBERED = 8192
# Where of so many texts fewer than one in five was like another, making them alike costs more than it saves.
_TRIED, _PAYS = 4096, 4
# Numbers that decide have three digits at most: HTTP statuses, gRPC codes.
_ID = re.compile(r"[0-9a-fA-F]{4,}(?:-[0-9a-fA-F]{4,})*")
_UUID = "00000000-0000-0000-0000-000000000000"


def classify(
    text: str, *, rpc: Rpc | None = None, carrier: Carrier | None = None, api: Api | None = None
) -> Classification:
    """Classify one failure text.

    In: the (redacted) text; where known the call that failed, where the text stood, and the API version. Out: the
    classification; an empty or meaningless text gives ``unknown``. Never raises.
    """
    del carrier, api  # the text itself carries what these would say; kept so that callers need not know that
    return classify_alike(text, without_ids(text), rpc=rpc)


def classify_alike(text: str, alike: str, *, rpc: Rpc | None = None) -> Classification:
    """Classify a text that has been made alike by ``without_ids``; for those who need both."""
    if len(text) > _LONGEST_REMEMBERED:
        return _meaning(text, rpc)
    found = _remembered(alike, rpc)
    if found.backend_code is not None and found.backend_code not in text:
        return _meaning(text, rpc)
    return found


def without_ids(text: str) -> str:
    """Return a text with zeros for IDs and long numbers: texts that differ in nothing else mean the same.

    Everything stays at its place. No word that decides, and none that announces a credential, is a number.
    """
    return _ID.sub(_zeros, text)


def _zeros(found: re.Match[str]) -> str:
    run, text = found[0], found.string
    inside = found.start() > 0 and text[found.start() - 1].isalnum()
    goes_on = found.end() < len(text) and text[found.end()].isalnum()
    if len(run) == len(_UUID) and run[8] == run[13] == run[18] == run[23] == "-" and not inside and not goes_on:
        return _UUID
    parts = run.split("-")
    for place in range(int(inside), len(parts) - int(goes_on)):
        # Without a digit it may be a word.
        if not parts[place].isalpha():
            parts[place] = "0" * len(parts[place])
    return "-".join(parts)


@lru_cache(maxsize=_REMEMBERED)
def _remembered(text: str, rpc: Rpc | None) -> Classification:
    """Judge a text that is new but for its IDs: perhaps only its names and small numbers are."""
    from cosictl.diagnosis.meaning import blanking

    info = _judged.cache_info()
    if info.misses > _TRIED and info.hits * _PAYS < info.misses:
        return _meaning(text, rpc)
    found = _judged(blanking.alike(text), rpc)
    if found.backend_code is not None and found.backend_code not in text:
        return _meaning(text, rpc)
    return found


@lru_cache(maxsize=2 * _REMEMBERED)
def _judged(alike: str, rpc: Rpc | None) -> Classification:
    return _meaning(alike, rpc)


def _meaning(text: str, rpc: Rpc | None) -> Classification:
    from cosictl.diagnosis.meaning import meaning_of

    return meaning_of(text, rpc)
