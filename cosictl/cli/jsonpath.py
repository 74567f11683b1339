"""JSONPath templates and custom columns, as ``kubectl get -o jsonpath=`` and ``-o custom-columns=`` read them.

In: a template, then plain documents. Out: text in which every value is escaped; what the template itself says is not.
Supported is what kubectl's documentation lists: fields, ``[*]``, indexes, slices, lists of them, ``..``, filters,
``range``/``end`` and quoted literals. Fields that are missing print nothing.
"""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from cosictl.errors import UsageError
from cosictl.render.safe import escape

Step = Callable[[Any], list[Any]]
Select = Callable[[Any], list[Any]]
Write = Callable[[Any], str]
NOTHING: Final = "<none>"
_BLOCK: Final = re.compile(r"""\{((?:[^{}"']|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')*)\}""", re.DOTALL)
_NAME: Final = r"(?:[^.\[\]\\\s{}()'\"]|\\.)+"
_STEP: Final = re.compile(
    rf"""\.\.(?P<deep>{_NAME}|\*) | \.?(?P<field>{_NAME}) | \[\?\((?P<filter>(?:[^"'()]|"[^"]*"|'[^']*')+)\)\]"""
    rf""" | \[(?P<quoted>'[^']*'|"[^"]*")\] | \[(?P<places>[-\d:,*\s]+)\]""",
    re.VERBOSE,
)
_COMPARISON: Final = re.compile(r"""((?:[^"'=!<>]|"[^"]*"|'[^']*')+?)\s*(==|!=|<=|>=|<|>)\s*(.+)""", re.DOTALL)


def compile_path(text: str) -> Select:
    """Return what finds the values of a path: ``.a.b``, ``a.b`` or ``{.a.b}``; raises UsageError."""
    stripped = text.strip()
    inner = stripped[1:-1] if stripped.startswith("{") and stripped.endswith("}") else stripped
    return _path(inner, text)


def compile_template(template: str) -> Write:
    """Return what writes a document by a JSONPath template; raises UsageError."""
    pieces = _pieces(template)
    writers, rest = _body(pieces, template, nested=False)
    assert not rest
    return lambda document: "".join(write(document) for write in writers)


def compile_columns(spec: str) -> tuple[tuple[str, ...], Callable[[Any], list[str]]]:
    """Return the headings of ``HEAD:path,HEAD:path``, and what writes the cells of a document; raises UsageError."""
    pairs = [column.partition(":") for column in spec.split(",")]
    if not all(head.strip() and path.strip() for head, _, path in pairs):
        raise UsageError(
            f"custom-columns={spec}: is no list of HEAD:path", next_step="write it like NAME:.metadata.name"
        )
    paths = [compile_path(path) for _, _, path in pairs]
    return (
        tuple(head.strip() for head, _, _ in pairs),
        lambda document: [",".join(_text(value) for value in path(document)) or NOTHING for path in paths],
    )


def _pieces(template: str) -> list[str]:
    """Cut a template into literal texts and ``{…}`` blocks; a template without blocks is one path."""
    if "{" not in template and "}" not in template:
        return [f"{{{template}}}"]
    pieces, end = [], 0
    for block in _BLOCK.finditer(template):
        pieces += [template[end : block.start()], block[0]]
        end = block.end()
    pieces.append(template[end:])
    if any("{" in text or "}" in text for text in pieces[::2]):
        raise _unreadable(template, "a brace is not closed")
    return [piece for piece in pieces if piece]


def _body(pieces: list[str], template: str, *, nested: bool) -> tuple[list[Write], list[str]]:
    """Read pieces up to the end, or to ``{end}`` of the range they stand in; also return what is left."""
    writers: list[Write] = []
    while pieces:
        piece, pieces = pieces[0], pieces[1:]
        block = piece[1:-1].strip() if piece.startswith("{") else None
        if block is None:
            writers.append(_literal(piece))
        elif block == "end":
            if not nested:
                raise _unreadable(template, "{end} without {range}")
            return writers, pieces
        elif block.startswith("range "):
            inner, pieces = _body(pieces, template, nested=True)
            writers.append(_range(_path(block.removeprefix("range "), template), inner))
        elif block[:1] in ("'", '"'):
            writers.append(_literal(_unquoted(block, template)))
        else:
            writers.append(_values(_path(block, template)))
    if nested:
        raise _unreadable(template, "{range} without {end}")
    return writers, []


def _literal(text: str) -> Write:
    return lambda _: text


def _range(select: Select, inner: Sequence[Write]) -> Write:
    return lambda value: "".join(write(item) for item in select(value) for write in inner)


def _values(select: Select) -> Write:
    return lambda value: " ".join(_text(found) for found in select(value))


def _unquoted(text: str, template: str) -> str:
    try:
        return str(json.loads(f'"{text[1:-1]}"')) if text[0] == text[-1] and len(text) > 1 else _fail(template)
    except ValueError:
        return _fail(template)


def _fail(template: str) -> str:
    raise _unreadable(template, "a quoted text is not closed or holds an unknown escape")


def _path(text: str, template: str) -> Select:
    """Read ``$``, ``@`` or nothing, then steps."""
    rest = text.strip()
    rest = rest[1:] if rest[:1] in ("$", "@") else rest
    if rest in ("", "."):
        return lambda value: [value]
    steps = list(_steps(rest, template))

    def select(value: Any) -> list[Any]:
        found = [value]
        for step in steps:
            found = [result for item in found for result in step(item)]
        return found

    return select


def _steps(text: str, template: str) -> Iterator[Step]:
    place = 0
    while place < len(text):
        match = _STEP.match(text, place)
        if match is None:
            raise _unreadable(template, f"at {text[place:]}")
        place = match.end()
        if match["deep"]:
            yield _deep(_plain(match["deep"]))
        elif match["field"]:
            yield _field(_plain(match["field"]))
        elif match["quoted"]:
            yield _field(match["quoted"][1:-1])
        elif match["filter"]:
            yield _filter(match["filter"], template)
        else:
            yield _places(match["places"], template)


def _plain(name: str) -> str:
    return re.sub(r"\\(.)", r"\1", name)


def _field(name: str) -> Step:
    if name == "*":
        return _children
    return lambda value: [value[name]] if isinstance(value, dict) and name in value else []


def _children(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return list(value) if isinstance(value, list) else []


def _deep(name: str) -> Step:
    step = _field(name)

    def select(value: Any) -> list[Any]:
        return [*step(value), *(found for child in _children(value) for found in select(child))]

    return select


def _places(text: str, template: str) -> Step:
    """Read what stands in brackets: ``*``, ``0``, ``-1``, ``1:3``, ``0,2``."""
    if text.strip() == "*":
        return _children
    try:
        slices = [_slice(part) for part in text.split(",")]
    except ValueError:
        raise _unreadable(template, f"[{text}] is no index") from None
    return lambda value: [item for part in slices for item in value[part]] if isinstance(value, list) else []


def _slice(text: str) -> slice:
    numbers = [int(part) if part.strip() else None for part in text.split(":")]
    if len(numbers) == 1:
        if numbers[0] is None:
            raise ValueError(text)
        return slice(numbers[0], numbers[0] + 1 or None)
    if len(numbers) > 3 or numbers[2:] == [0]:
        raise ValueError(text)
    return slice(*numbers)


def _filter(text: str, template: str) -> Step:
    """Read ``@.a == "b"`` or ``@.a``: the items of a list for which it holds."""
    comparison = _COMPARISON.fullmatch(text.strip())
    if comparison is None:
        if set(text) & set("=!<>"):
            raise _unreadable(template, f"at ?({text})")
        select = _path(text, template)
        return lambda value: [item for item in _children(value) if select(item)]
    left, right = _operand(comparison[1], template), _operand(comparison[3], template)
    operator = comparison[2]
    return lambda value: [item for item in _children(value) if _holds(left(item), operator, right(item))]


def _operand(text: str, template: str) -> Select:
    text = text.strip()
    if text.startswith(("@", "$")):
        return _path(text, template)
    if text[:1] in ("'", '"'):
        constant: Any = text[1:-1]
    else:
        try:
            constant = json.loads(text)
        except ValueError:
            raise _unreadable(template, f"{text} is no value") from None
    return lambda _: [constant]


def _holds(left: list[Any], operator: str, right: list[Any]) -> bool:
    if not left or not right:
        return False
    one, other = left[0], right[0]
    if operator in ("==", "!="):
        return (one == other) is (operator == "==")
    if not (isinstance(one, str) and isinstance(other, str)) and not (_is_number(one) and _is_number(other)):
        return False
    order = (one > other) - (one < other)
    return order in {"<": (-1,), "<=": (-1, 0), ">": (1,), ">=": (0, 1)}[operator]


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _text(value: object) -> str:
    """A value as kubectl prints it: texts bare, the rest as JSON; no value is nothing."""
    if value is None:
        return ""
    return escape(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":")))


def _unreadable(template: str, why: str) -> UsageError:
    return UsageError(
        f'JSONPath "{template}" cannot be read: {why}', next_step="write it like {.items[*].metadata.name}"
    )
