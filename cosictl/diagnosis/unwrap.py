"""Find what a failure text says at its core: peel carriers and wrappers, blank out what users control.

In: a redacted text. Out: an :class:`Unwrapped` whose ``masked`` has the very length of the input, so that positions
in it are positions in the text. Only the first 48 KiB and the last 16 KiB of longer texts are looked at.
"""

import re
from collections.abc import Iterator

from ahocorasick_rs import AhoCorasick, Implementation
from msgspec import Struct

from cosictl.diagnosis.literals import clauses_of, holds
from cosictl.model.failures import GRPC_NUMBERS, GrpcCode

_HEAD, _TAIL = 48 * 1024, 16 * 1024
BLANK = "\u00a4"

_BY_UPPER = {code.value.upper(): code for code in GrpcCode} | {"CANCELLED": GrpcCode.CANCELED}
_NAMES = "|".join(sorted((code.value for code in GrpcCode), key=len, reverse=True))
_UPPER_NAMES = "|".join(
    sorted(
        (re.sub(r"(?<!^)(?=[A-Z])", "_", code.value).upper() for code in GrpcCode if code is not GrpcCode.OK),
        key=len,
        reverse=True,
    )
)
_GO = rf"rpc error: code = (?:(?P<go>{_NAMES})|(?:Code\((?P<number>\d{{1,3}})\)))(?: desc = ?)?"
# Nearly all texts spell it as grpc-go does, which is quickly found.
_GO_STATUS = re.compile(_GO)
# grpc-go, tonic, grpc-java, Python, grpc-node and grpcurl, in their own spellings.
_STATUS = re.compile(
    rf"{_GO}"
    rf"|\bstatus: ['\"]?(?P<tonic>{_NAMES})['\"]?, message: \"?"
    rf"|StatusRuntimeException: (?P<java>{_UPPER_NAMES}|CANCELLED|OK)(?:: )?"
    rf"|StatusCode\.(?P<py>{_UPPER_NAMES}|CANCELLED)"
    rf"|\b\d{{1,2}} (?P<node>{_UPPER_NAMES}|CANCELLED): "
    rf"|^\s*(?:ERROR:\s+)?Code: (?P<curl>{_NAMES})\b"
)
# What the spellings other than grpc-go's cannot do without.
_OTHER_SIGNS = (
    *("status: ", "StatusRuntimeException: ", "StatusCode.", "Code: "),
    *(f"{name}: " for name in (*_UPPER_NAMES.split("|"), "CANCELLED")),
)
_FIND_OTHERS = AhoCorasick(_OTHER_SIGNS, implementation=Implementation.DFA).find_matches_as_indexes

# What a text may carry that somebody chose: UUID-bearing names, quoted values, what follows a noun of a name.
_UUID = re.compile(r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}")
_UUID_DASHES = 4
_NAME_BEFORE, _NAME_BEHIND = 200, 100
# What a Python exception holds is the words of a library, not a value.
_SINGLE_QUOTED = re.compile(r"(?<![\w])(?<!Error\()(?<!Exception\()'(?!\[(?:SSL|Errno))([^'\n]{1,300})'")
_DOUBLE_QUOTED = re.compile(r"(?<!\\)\\?\"([^\"\\\s]{1,300})\\?\"")
# A quotation behind a noun is a value of that noun, unless the noun announces somebody's words.
_VALUE = re.compile(r"\\?\"([^\"\\\n]{1,300})\\?\"")
_BEFORE_VALUE = re.compile(
    r"(?:\b(?:named?|bucket|user|container|class|tags?|value|label|key|account|object|parameter)s?[ "
    r"=:]{1,3}|\b(?!(?:err|errors?|messages?|msg|reason|cause|said|says|desc|details?|with|status|response|body|output)"
    r"\b)[a-z]{2,40} )\Z",
    re.IGNORECASE,
)
_LONGEST_NOUN = 41
_NOUN = (
    r"(?:permissions|endpoint type|authentication schema|(?:bucket|user|container|resource|class|account|claim|"
    r"region|tenant) ?name"
    r"|BucketUnitType|access tier|tag|location constraint|storage class)"
)
_AFTER_NOUN = re.compile(
    rf"\b(?:unknown|invalid|unsupported|illegal|bad) {_NOUN}s?(?:: | )([^\n]{{1,300}})$", re.IGNORECASE | re.MULTILINE
)
_AFTER_NOUN_NEEDS = clauses_of(_AFTER_NOUN.pattern, re.IGNORECASE)
# What a name follows; looking for these is faster than to ask the pattern at every place.
_NAMED_NOUNS = ("bucket", "user", "resource", "container", "key", "class", "account", "label", "name", "parameter")
_FIND_NOUNS = AhoCorasick(_NAMED_NOUNS, implementation=Implementation.DFA).find_matches_as_indexes
_NAMED = re.compile(
    r"\b(?:bucket|user|resource|container|key|class|account|label|named?|parameter)s?[ :=]{1,3}"
    r"((?=[\w.-]*[-_.\d])(?!\w+\.objectstorage\.k8s\.io\b)[\w.-]{3,253})"
    r"(?<![.])"
)
_SCHEME = re.compile(r"\b(?!unix:)[a-z][a-z0-9+]{1,10}(?=://)", re.IGNORECASE)
_LONGEST_SCHEME = 11
_URL_REST = re.compile(r"[^\s\"'<>\\]{1,2000}")
_ANSI = re.compile(
    r"\x1b\[[0-9;?]{0,20}[A-Za-z]|\x1b\][^\x07\x1b]{0,200}(?:\x07|\x1b\\)|"
    r"[\x00-\x08\x0b-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]"
)


class Unwrapped(Struct, frozen=True, kw_only=True):
    """The peeled text: masked copy, the outermost code, where the innermost status starts, and the codes named.

    ``outer`` is None both where no status is named and where its number is no known code (``strange``).
    ``core`` is the position behind the innermost status, 0 where there is none.
    """

    masked: str
    outer: GrpcCode | None
    inner: GrpcCode | None
    core: int
    strange: bool


def unwrap(text: str) -> Unwrapped:
    """Peel one text; never raises."""
    masked = mask(_bounded(text))
    outer: GrpcCode | None = None
    inner: GrpcCode | None = None
    core, first, strange = 0, True, False
    for match in _statuses(masked):
        code = _code(match)
        if first:
            outer, strange, first = code, code is None, False
        if code is not None:
            inner = code
        core = match.end()
    return Unwrapped(masked=masked, outer=outer, inner=inner, core=core, strange=strange)


def _statuses(masked: str) -> Iterator[re.Match[str]]:
    """Every gRPC status a text names, in whatever spelling."""
    return (_STATUS if _FIND_OTHERS(masked) else _GO_STATUS).finditer(masked)


def mask(text: str) -> str:
    """Blank out names and values that a user may have chosen, and invisible characters; the length stays.

    Each pattern is asked only where a sign that it needs stands in the text.
    """
    if not (text.isascii() and text.isprintable()):
        text = _ANSI.sub(_blank, text)
    if "://" in text:
        text = _blank_urls(text)
    if text.count("-") >= _UUID_DASHES:
        text = _blank_uuids(text)
    if not text.isascii() or holds(_AFTER_NOUN_NEEDS, text.lower()):
        text = _AFTER_NOUN.sub(_blank_group, text)
    if "'" in text:
        text = _SINGLE_QUOTED.sub(_blank_group, text)
    if '"' in text:
        text = _DOUBLE_QUOTED.sub(_blank_group, text)
        text = _blank_values(text)
    return _blank_named(text)


def _blank(found: re.Match[str]) -> str:
    return BLANK * len(found[0])


def _blank_urls(text: str) -> str:
    pieces: list[str] = []
    done = 0
    at = text.find("://")
    while at >= 0:
        scheme = _SCHEME.search(text, max(done, at - _LONGEST_SCHEME), at + len("://"))
        rest = _URL_REST.match(text, at + len("://"))
        if scheme is not None and rest is not None:
            pieces += (text[done : scheme.start()], BLANK * (rest.end() - scheme.start()))
            done = rest.end()
        at = text.find("://", max(done, at + len("://")))
    return "".join((*pieces, text[done:])) if pieces else text


def _blank_values(text: str) -> str:
    """Blank out quotations behind a noun: from each quote it is a short way back to the word before it."""
    pieces: list[str] = []
    done = free = 0
    quote = text.find('"')
    while quote >= 0:
        start = quote - 1 if quote > free and text[quote - 1] == "\\" else quote
        if start > free and text[start - 1] in " =:":
            value = _VALUE.match(text, start)
            noun = _BEFORE_VALUE.search(text, max(free, start - _LONGEST_NOUN), start)
            if value is not None and noun is not None and "rpc error: code" not in value[1]:
                pieces += (text[done : value.start(1)], BLANK * (value.end(1) - value.start(1)))
                done, free = value.end(1), value.end()
        quote = text.find('"', max(quote + 1, free))
    return "".join((*pieces, text[done:])) if pieces else text


def _blank_named(text: str) -> str:
    starts = (match[1] for match in _FIND_NOUNS(text, overlapping=True))
    pieces: list[str] = []
    done = free = 0
    for start in sorted(starts):
        found = _NAMED.match(text, start) if start >= free else None
        if found is not None and "rpc error: code" not in found[1]:
            pieces += (text[done : found.start(1)], BLANK * (found.end(1) - found.start(1)))
            done, free = found.end(1), found.end()
    return "".join((*pieces, text[done:])) if pieces else text


def _blank_uuids(text: str) -> str:
    """Blank out every UUID with the name around it: at most 200 characters before it and 100 behind."""
    pieces: list[str] = []
    done = 0
    for found in _UUID.finditer(text):
        if found.end() <= done:
            continue
        start, end = max(found.start(), done), found.end()
        while start > done and found.start() - start < _NAME_BEFORE and _is_of_name(text[start - 1]):
            start -= 1
        while end < len(text) and end - found.end() < _NAME_BEHIND and _is_of_name(text[end]):
            end += 1
        pieces += (text[done:start], BLANK * (end - start))
        done = end
    return "".join((*pieces, text[done:])) if pieces else text


def _is_of_name(letter: str) -> bool:
    return letter.isalnum() or letter in "_./%-"


def _blank_group(found: re.Match[str]) -> str:
    start, end = found.span(1)
    start, end = start - found.start(), end - found.start()
    whole = found[0]
    if found.re is _DOUBLE_QUOTED and _speaks(found):
        return whole
    # A status inside the blanked part is the driver's own nesting, not a value.
    if "rpc error: code" in found[1] and found.re is not _SINGLE_QUOTED:
        return whole
    return whole[:start] + BLANK * (end - start) + whole[end:]


_CODE_KEYS = ('"code":', '"code": ', '"Code":', "Code=", "code: ", "Code: ")


_SPOKEN_KEYS = frozenset({"code", "Code", "error", "message"})
# What is looked for in a text without a pattern.
PLAIN_WORDS = (*_OTHER_SIGNS, *_NAMED_NOUNS, *_CODE_KEYS, *_SPOKEN_KEYS)


def _speaks(found: re.Match[str]) -> bool:
    """Whether a quoted word is the key, or the value, of an error code in JSON rather than somebody's value."""
    before = found.string[max(0, found.start() - 12) : found.start()].replace("\\", "")
    return found[1] in _SPOKEN_KEYS or before.endswith(_CODE_KEYS)


def _bounded(text: str) -> str:
    """Cut the middle out of a huge text without moving positions in its head; blanks keep the length bounded."""
    if len(text) <= _HEAD + _TAIL:
        return text
    return text[:_HEAD]


def _code(match: re.Match[str]) -> GrpcCode | None:
    spelling = match.lastgroup or ""
    if spelling == "number":
        return GRPC_NUMBERS.get(int(match[spelling]))
    return _BY_UPPER.get(match[spelling].replace("_", "").upper())
