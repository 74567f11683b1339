"""Masking of values by the name that stands before them: ``secretKey="…"``, ``token: …``, ``--password …``.

In: text, or one key and its value. Out: the same with the value replaced by ``***`` where the name says that
it is a credential. Prose must survive: "invalid token: expired" names no credential, ``token: 9f3a77c1`` does.
So an equals sign or a quoted name always decides, and a bare colon only together with a value that does not
read like a word. Linear in the length of the text: what is scanned is either consumed or at most 256 long.
"""

import re
from bisect import bisect_left
from functools import lru_cache

from ahocorasick_rs import AhoCorasick, Implementation

from cosictl.model.masking import MASK

_WORDS = r"secret|token|credentials?|signature|(?<![A-Za-z])sig|authorization"
_PASSWORDS = r"passw(?:or)?d|passphrase|(?<![A-Za-z])pwd"
_NAMES = (
    r"secret[_ -]?(?:access[_ -]?)?key(?:[_ -]?id)?"
    r"|access[_ -]?key(?:[_ -]?(?:id|secret))?"
    r"|access[_ -]?secret(?:[_ -]?key)?"
    r"|(?:api|account|storage|private|encryption)[_ -]?key"
    r"|signatureprovided"
)
_WORD = re.compile(_WORDS)
_CORE = rf"(?P<core>{_NAMES}|{_PASSWORDS}|{_WORDS})"
_QUOTE = r"\\*[\"'`]"
_FLAGS = re.ASCII | re.IGNORECASE

_PAIR = re.compile(
    _CORE + r"(?:"
    rf"(?P<quoted>{_QUOTE})(?:[ \t]*(?:=>|:=|[:=])[ \t]*\[?[ \t]*"
    r"|\s{0,20},?\s{0,20}\\*[\"']?value\\*[\"']?\s{0,9}[:=][ \t]*)"
    rf"|(?P<listed>{_QUOTE}[ \t]*,[ \t]*)(?={_QUOTE})"
    r"|(?P<equals>[ \t]*(?:=>|:=|={1,2}|%3D)[ \t]*)"
    r"|(?P<colon>:[ \t]*\[?)"
    r"|(?P<verb>[ \t]+(?:is|was)[ \t]+)"
    r"|(?P<element>>)"
    r"|(?P<blank>[ \t]+)(?=[^\s-])"
    r")",
    _FLAGS,
)
# What the names of _CORE begin with: to look for these is much faster than to ask the pattern everywhere.
_FIRST_WORDS = (
    *("secret", "access", "api", "account", "storage", "private", "encryption", "sig"),
    *("passw", "passphrase", "pwd", "token", "credential", "authorization"),
)
_FIND_FIRST = AhoCorasick(_FIRST_WORDS, implementation=Implementation.DFA).find_matches_as_indexes
_KEY = re.compile(rf".*?{_CORE}", _FLAGS | re.DOTALL)
_IDENTIFIER_END = re.compile(r"[\w.-]*$", re.ASCII)
_FLAG_BEFORE = re.compile(r"(?:^|[\s\"'`,\[])--?[\w.-]*$", re.ASCII)

# Values. Each of these always matches what it scanned, so nothing is scanned twice.
_PLAIN_QUOTED = {
    '"': re.compile(r'"((?:[^"\\\n]|\\.)*)'),
    "'": re.compile(r"'((?:[^'\\\n]|\\.)*)"),
    "`": re.compile(r"`([^`\n]*)"),
}
# Inside an escaped string a quote of the value itself carries three backslashes: \"pass\\\"word\".
_ESCAPED_QUOTED = re.compile(r"\\[\"']((?:[^\"'\\\n]|\\\\(?:\\[\"'\\]|[^\"'\\]))*)")
_DEEPER_QUOTED = re.compile(r"\\{2,}[\"']((?:[^\"'\\\n]|\\+(?![\\\"']))*)")
_BARE = re.compile(r"(?![{\[])[^\s\"'`&,;)}\]<>\\]+")
_BARE_START = re.compile(r"(?![{\[])[^\s\"'`&,;)}\]<>\\]{1,256}")
_ELEMENT = re.compile(r"([^<>\s]*)</")

_LITERALS = frozenset(
    {"", MASK, "null", "nil", "<nil>", "none", "true", "false", "undefined", "redacted", "<redacted>"}
)
_PROSE = frozenset(
    {"cannot", "denied", "disabled", "empty", "expired", "failed", "incorrect", "invalid", "malformed", "mismatch"}
    | {"missing", "must", "not", "required", "rejected", "unknown", "unset", "unsupported", "wrong"}
)
_OBJECT_NAME = re.compile(r"[a-z0-9]+(?:[./-][a-z0-9]+)+")
_SCHEME_NAME = re.compile(
    r"bearer|basic|token|digest|negotiate|ntlm|aws|sharedkey(?:lite)?|(?:aws4|goog[14])-[a-z0-9-]+", _FLAGS
)
_LONG_RUN = re.compile(r"[A-Za-z0-9+/_=]{16,}")
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_SHORTEST_RANDOM = 6
_LONGEST_PROSE = 32


def looks_random(value: str) -> bool:
    """Tell whether a value reads like a credential and not like a word: letters with digits, or very long."""
    if len(value) < _SHORTEST_RANDOM:
        return False
    has_digit = any(letter.isdigit() for letter in value)
    has_letter = any(letter.isalpha() for letter in value)
    return (has_digit and has_letter) or len(value) >= _LONGEST_PROSE


def mask_value(key: str, value: str) -> str:
    """Mask the whole of ``value`` where its key names a credential, as in a map of parameters."""
    core = _core_of(key)
    return MASK if core and _hidden(core, value) else value


@lru_cache(maxsize=1024)
def _core_of(key: str) -> str:
    """The part of a key that says it names a credential; "" for every other key."""
    match = _KEY.fullmatch(key)
    return match["core"].lower() if match else ""


def mask_pairs(text: str) -> str:
    """Mask the value of every pair in ``text`` whose name says that it is a credential."""
    starts = sorted({match[1] for match in _FIND_FIRST(text.lower(), overlapping=True)}) if text.isascii() else None
    pieces: list[str] = []
    done = position = 0
    while match := _next_pair(text, starts, position):
        position = match.end()
        span = _value_span(text, match)
        if span is not None:
            pieces += (text[done : span[0]], MASK)
            done = position = span[1]
    return "".join((*pieces, text[done:])) if pieces else text


def _next_pair(text: str, starts: list[int] | None, position: int) -> re.Match[str] | None:
    """Find the next pair; ``starts`` is where one can begin, None where only the pattern knows (letters of others)."""
    if starts is None:
        return _PAIR.search(text, position)
    for place in range(bisect_left(starts, position), len(starts)):
        match = _PAIR.match(text, starts[place])
        if match is not None:
            return match
    return None


def _value_span(text: str, match: re.Match[str]) -> tuple[int, int] | None:
    """Return where the value after a name stands, or None where there is nothing to mask."""
    core = match["core"].lower()
    if match["colon"] is not None:
        return _after_colon(text, match, core)
    if match["verb"] is not None:
        span = _unlike_prose(text, match.end())
    elif match["blank"] is not None or match["listed"] is not None:
        span = _after_blank(text, match, core)
    elif match["element"] is not None:
        found = _ELEMENT.match(text, match.end())
        span = found.span(1) if found else None
    else:
        span = _quoted_span(text, match.end()) or _bare_span(text, match.end())
    return span if span and _hidden(core, text[span[0] : span[1]]) else None


def _after_blank(text: str, match: re.Match[str], core: str) -> tuple[int, int] | None:
    """Judge ``--password value``, ``"--password","value"`` and ``token 9f3a77c1d2e34b5a``."""
    before = text[max(0, match.start() - 60) : match.start()]
    if "-" in before and _FLAG_BEFORE.search(before):
        return _quoted_span(text, match.end()) or _bare_span(text, match.end())
    if match["listed"] is not None or (core != "token" and _WORD.fullmatch(core)):
        return None
    span = _unlike_prose(text, match.end())
    return span if span and _LONG_RUN.fullmatch(text, *span) else None


def _after_colon(text: str, match: re.Match[str], core: str) -> tuple[int, int] | None:
    """Judge ``name: value`` and ``name:value``, which prose uses too."""
    start = match.start()
    before = text[max(0, start - 1) : start]
    plain_word = " " in core or (_WORD.fullmatch(core) is not None and before not in {"-", "_"})
    span = _quoted_span(text, match.end())
    if span:
        value = text[span[0] : span[1]]
        return span if _hidden(core, value) and (not plain_word or looks_random(value)) else None
    span = _unlike_prose(text, match.end())
    if span is None and not plain_word:
        short = _BARE_START.match(text, match.end())
        tight = match["colon"] == ":" and not before.isalpha()
        if short and (tight or _ends_line(text, match, short)):
            span = _bare_span(text, match.end())
    return span if span and _hidden(core, text[span[0] : span[1]]) else None


def _unlike_prose(text: str, start: int) -> tuple[int, int] | None:
    """Return the bare value at ``start`` if it does not read like a word."""
    short = _BARE_START.match(text, start)
    return _bare_span(text, start) if short and looks_random(short.group()) else None


def _ends_line(text: str, match: re.Match[str], value: re.Match[str]) -> bool:
    """Tell ``password: word`` as the last thing of its line or list from the start of a sentence."""
    following = text[value.end() : value.end() + 1]
    if following not in {"", "\n", "\r", ",", ";", "}"} or value.group().lower() in _PROSE:
        return False
    line = text[max(0, match.start() - 60) : match.start()].rpartition("\n")[2]
    first_word = _IDENTIFIER_END.sub("", line).strip(" \t-{[(,") == ""
    return first_word or re.fullmatch(_PASSWORDS, match["core"], _FLAGS) is not None


def _quoted_span(text: str, start: int) -> tuple[int, int] | None:
    pattern = _PLAIN_QUOTED.get(text[start : start + 1])
    found = pattern.match(text, start) if pattern else None
    found = found or _ESCAPED_QUOTED.match(text, start) or _DEEPER_QUOTED.match(text, start)
    return found.span(1) if found else None


def _bare_span(text: str, start: int) -> tuple[int, int] | None:
    found = _BARE.match(text, start)
    return found.span() if found else None


def _hidden(core: str, value: str) -> bool:
    """Tell whether a value is hidden: not where it is empty, a literal, or the name of a Secret object."""
    if value.lower() in _LITERALS or (core == "authorization" and _SCHEME_NAME.fullmatch(value)):
        return False
    if core == "secret" and _OBJECT_NAME.fullmatch(value):
        return _UUID.fullmatch(value) is not None
    return True
