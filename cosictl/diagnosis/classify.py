"""What failure texts mean, remembered: texts that differ only in names, IDs and numbers are judged once. Pure.

The judging is in ``meaning``, which is loaded with the first text: a healthy cluster has none.
"""

# ruff: noqa: PLC0415 - some 200 patterns, for the first failure

from collections.abc import Callable, Container, Sequence
from functools import cache, partial
from typing import TYPE_CHECKING

from cosictl.model.failures import Carrier, Classification
from cosictl.model.refs import Api, Rpc

if TYPE_CHECKING:
    from cosictl.diagnosis.alike import Key

# Messages of events have 1024 letters at most; longer texts would fill the memory with copies.
_LONGEST_REMEMBERED = 1024
_REMEMBERED = 16_384
# To find out what patterns look at takes as long as judging some hundred texts.
_FEW = 64
_Asked = tuple["Key | tuple[int, Key]", Rpc | None]
_judged: dict[_Asked, Classification] = {}


def classify(
    text: str, *, rpc: Rpc | None = None, carrier: Carrier | None = None, api: Api | None = None
) -> Classification:
    """Classify one failure text.

    In: the (redacted) text; where known the call that failed, where the text stood, and the API version. Out: the
    classification; an empty or meaningless text gives ``unknown``. Never raises.
    """
    del carrier, api  # the text itself carries what these would say; kept so that callers need not know that
    return classify_all([text], [rpc])[0]


def classify_all(texts: Sequence[str], rpcs: Sequence[Rpc | None]) -> list[Classification]:
    """Classify some texts, each with its call: as ``classify`` does, in less time than one by one."""
    asked = [*zip(_keys([text[:_LONGEST_REMEMBERED] for text in texts]), rpcs, strict=True)]
    return [
        known if known is not None and len(text) <= _LONGEST_REMEMBERED else _judge(one, text)
        for known, one, text in zip(map(_judged.get, asked), asked, texts, strict=True)
    ]


def _keys(texts: Sequence[str]) -> "Sequence[Key | tuple[int, Key]]":
    if len(_judged) + len(texts) <= _FEW:
        return [*texts]
    return _keys_of()(texts)


@cache
def _keys_of() -> "Callable[[Sequence[str]], Sequence[tuple[int, Key]]]":
    """Return what gives texts that mean the same one key."""
    from cosictl.diagnosis.meaning import blanking
    from cosictl.diagnosis.wordings import Wordings

    return partial(Wordings().keys, keys_of=blanking().keys)


@cache
def _knowledge() -> tuple[Callable[[str, Rpc | None], Classification], Container[str]]:
    """Return what judges a text, and the codes that somebody knows: to import them takes long for every text."""
    from cosictl.diagnosis.meaning import meaning_of
    from cosictl.knowledge.backend_codes import BACKEND_CODES

    return meaning_of, BACKEND_CODES


def _judge(asked: _Asked, text: str) -> Classification:
    meaning_of, codes = _knowledge()
    _, rpc = asked
    if len(text) > _LONGEST_REMEMBERED:
        return meaning_of(text, rpc)
    itself = text, rpc
    found = _judged.get(itself)
    if found is None:
        if len(_judged) >= _REMEMBERED:
            _judged.clear()
        found = meaning_of(text, rpc)
        # A code that nobody knows is a word like any other, and another one in a text that is alike.
        is_known = found.backend_code is None or found.backend_code in codes
        _judged[asked if is_known else itself] = found
    return found
