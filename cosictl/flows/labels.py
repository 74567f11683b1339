"""Label selectors, as ``kubectl -l`` reads them.

In: ``a=b,c!=d,e in (f,g),h notin (i),j,!k``. Out: a predicate on labels. The syntax is that of the Kubernetes API
(labels.Parse); numeric comparisons, which no COSI object needs, are refused.
"""

import re
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Final

from msgspec import Struct

from cosictl.errors import UsageError

Matcher = Callable[[Mapping[str, str]], bool]
_KEY: Final = r"[A-Za-z0-9](?:[A-Za-z0-9._/-]{0,315}[A-Za-z0-9])?"
_VALUE: Final = r"[A-Za-z0-9._-]{0,63}"
_EQUALITY: Final = re.compile(rf"({_KEY})\s*(==|=|!=)\s*({_VALUE})")
_MEMBER: Final = re.compile(rf"({_KEY})\s+(in|notin)\s*\(([^()]*)\)")
_EXISTS: Final = re.compile(rf"(!?)\s*({_KEY})")
_COMMA: Final = re.compile(r",(?![^(]*\))")


class _Operator(StrEnum):
    IN = "in"
    NOT_IN = "notin"
    EXISTS = "exists"
    ABSENT = "absent"


class _Requirement(Struct, frozen=True, kw_only=True):
    key: str
    operator: _Operator
    values: frozenset[str] = frozenset()

    def accepts(self, labels: Mapping[str, str]) -> bool:
        match self.operator:
            case _Operator.IN:
                return self.key in labels and labels[self.key] in self.values
            case _Operator.NOT_IN:
                # An object without the label is not in the set, so it matches, as on the server.
                return labels.get(self.key) not in self.values
            case _Operator.EXISTS:
                return self.key in labels
            case _Operator.ABSENT:
                return self.key not in labels


def parse_selector(text: str) -> Matcher:
    """Return the predicate of a selector; an empty one accepts everything. Raises UsageError."""
    requirements = [_requirement(part.strip(), text) for part in _COMMA.split(text)] if text.strip() else []
    return lambda labels: all(requirement.accepts(labels) for requirement in requirements)


def _requirement(part: str, whole: str) -> _Requirement:
    if match := _EQUALITY.fullmatch(part):
        operator = _Operator.NOT_IN if match[2] == "!=" else _Operator.IN
        return _Requirement(key=match[1], operator=operator, values=frozenset({match[3]}))
    if match := _MEMBER.fullmatch(part):
        values = frozenset(value.strip() for value in match[3].split(","))
        return _Requirement(key=match[1], operator=_Operator(match[2]), values=values)
    if match := _EXISTS.fullmatch(part):
        return _Requirement(key=match[2], operator=_Operator.ABSENT if match[1] else _Operator.EXISTS)
    raise UsageError(f'selector "{whole}" cannot be read', next_step="write it like app=web,tier!=test")
