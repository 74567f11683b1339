"""Masking of credentials in free text.

In: any text. Out: the same text with access keys, secret keys, tokens, passwords, signatures, authorisation
values, cookies, private keys and URL passwords replaced by ``***``; everything else byte for byte. Masking
twice changes nothing. Every pattern is linear in the length of the text.
"""

import re
from collections.abc import Callable

from ahocorasick_rs import BytesAhoCorasick, Implementation

from cosictl.intake.keyvalue import looks_random, mask_pairs
from cosictl.model.masking import MASK

# Fragments of which at least one stands in every text that any rule below could change: one search for all of them
# makes the ordinary case cheap, for a whole block of objects as for one text. Words are looked for in lower case.
_PAIR_MARKERS = (b"secret", b"token", b"key", b"passw", b"passp", b"pwd", b"cred", b"sig", b"authoriz")
_SHAPE_MARKERS = (
    *(b"AKIA", b"ASIA", b"AIza", b"GOOG", b"yJ", b"ya29", b"ghp_", b"gho_", b"ghs_", b"glpat-"),
    *(b"_pat_", b"xox", b"hvs.", b"\\u"),
)
_MARKERS = (*_PAIR_MARKERS, b"bearer", b"basic", b"cookie", b"@")
_FIND_WORDS = BytesAhoCorasick(_MARKERS, implementation=Implementation.DFA).find_matches_as_indexes
_FIND_SHAPES = BytesAhoCorasick(_SHAPE_MARKERS, implementation=Implementation.DFA).find_matches_as_indexes

_FLAGS = re.ASCII | re.IGNORECASE
# A token starts where no longer word is running; an escape sequence (%3D, \n) before it does not count.
_START = r"(?:(?<![A-Za-z0-9_-])|(?<=%[0-9A-Fa-f]{2})|(?<=\\[nrt]))"

# Credentials that are known by their own shape, whatever stands around them.
_SHAPES = re.compile(
    _START + r"(?:"
    r"AKIA[A-Z0-9]{12,}|ASIA[A-Z0-9]{16,}"  # AWS access key ids, long-lived and temporary
    r"|GOOG[A-Z0-9]{20,}"  # Google Cloud Storage HMAC ids
    r"|eyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)?"  # JSON web tokens, those of service accounts included
    r"|gh[pos]_[A-Za-z0-9]{20,}|github_pat_\w{20,}|glpat-[\w-]{20,}"
    r"|xox[abeprs]-[\w-]{10,}|hvs\.[\w-]{20,}|AIza[\w-]{35}|ya29\.[\w-]{20,}"
    r")",
    re.ASCII,
)
_PEM = re.compile(
    r"(-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY-----)"
    r"(?:((?:(?!-----)[\s\S])*)(?=-----END)|(?:\s|\\[nr]|[A-Za-z0-9+/=]{16,})+)",
    re.ASCII,
)
# Image references such as docker-pullable://name@sha256:… are no user information.
_USERINFO = re.compile(r"(?<=://)[^\s/\"'<>\\?#`]+@(?!sha256:)", re.ASCII)
_AUTHORIZATION = re.compile(
    r"(authorization\\*[\"']?[ \t]*[:=][ \t]*\[?\\*[\"']?"
    r"(?:bearer|basic|token|digest|negotiate|ntlm|aws|sharedkey(?:lite)?|goog1|apikey)[ \t]+)"
    r"[^\s\"'\\\]},]+",
    _FLAGS,
)
_SCHEME = re.compile(r"(?<![A-Za-z0-9])((bearer|basic)[ \t]+)([A-Za-z0-9._~+/=-]{6,})", _FLAGS)
_COOKIE = re.compile(
    r"(cookie\\*[\"']?[ \t]*[:=][ \t]*\[?\\*[\"']?)[^\s\"\\\]=;]{1,256}=[^\n\r\"\\\]]*",
    _FLAGS,
)
_LONGEST_WORD = 16
# One mask can uncover the next ("Basic key=…"); real text is stable after the first round, and two are usual
# for text made up to confuse.
_MOST_ROUNDS = 10


def suspicious(data: bytes) -> bool:
    r"""Tell whether JSON or other text may hold a credential (a necessary condition; ``\\u`` may hide a letter)."""
    return bool(_FIND_WORDS(data.lower()) or _FIND_SHAPES(data))


def redact(text: str) -> str:
    """Mask every credential in ``text``; see the module for what counts as one."""
    data = text.encode("utf-8", "replace")
    there = {_MARKERS[match[0]] for match in _FIND_WORDS(data.lower(), overlapping=True)}
    there.update(_SHAPE_MARKERS[match[0]] for match in _FIND_SHAPES(data, overlapping=True))
    if not there:
        return text
    # Masking takes letters away, and adds none: a step that nothing calls for now is not called for later.
    steps = [step for step, markers in _STEPS if not there.isdisjoint(markers)]
    for _ in range(_MOST_ROUNDS):
        masked = text
        for step in steps:
            masked = step(masked)
        if masked == text:
            break
        text = masked
    return text


def _pem(text: str) -> str:
    return _PEM.sub(rf"\1{MASK}", text)


def _userinfo(text: str) -> str:
    return _USERINFO.sub(f"{MASK}@", text)


def _cookies(text: str) -> str:
    return _COOKIE.sub(rf"\1{MASK}", text)


def _authorization(text: str) -> str:
    return _AUTHORIZATION.sub(rf"\1{MASK}", text)


def _scheme(text: str) -> str:
    return _SCHEME.sub(_scheme_value, text)


def _scheme_value(match: re.Match[str]) -> str:
    # Outside an Authorization header the next word is often prose: "bearer token", "basic authentication".
    prefix, scheme, value = match.groups()
    if scheme.lower() == "basic":
        secret = value.endswith("=") or (len(value) % 4 == 0 and any(letter.isdigit() for letter in value))
    else:
        secret = looks_random(value) or len(value) >= _LONGEST_WORD
    return prefix + MASK if secret else match.group()


def _shapes(text: str) -> str:
    return _SHAPES.sub(MASK, text)


# What each step needs to find anything at all.
_STEPS: tuple[tuple[Callable[[str], str], tuple[bytes, ...]], ...] = (
    (_pem, (b"key",)),
    (_userinfo, (b"@",)),
    (_cookies, (b"cookie",)),
    (_authorization, (b"authoriz",)),
    (_scheme, (b"bearer", b"basic")),
    (_shapes, _SHAPE_MARKERS),
    (mask_pairs, _PAIR_MARKERS),
)
