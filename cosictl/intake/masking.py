"""The patterns that mask credentials: what each needs to find anything, and what it replaces.

In: a text, and the markers that stand in it. Out: the text with credentials replaced. Loaded with the first text that
may hold one. Every pattern is linear in the length of the text.
"""

import re
from collections.abc import Callable

from cosictl.intake.keyvalue import looks_random, mask_pairs
from cosictl.intake.markers import AUTHORIZATION, PAIR_MARKERS, SHAPE_MARKERS
from cosictl.model.masking import MASK

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


def masked(text: str, there: set[bytes]) -> str:
    """Mask every credential in a text; ``there`` are the markers that stand in it."""
    # Masking takes letters away, and adds none: a step that nothing calls for now is not called for later.
    steps = [step for step, markers in _STEPS if not there.isdisjoint(markers)]
    for _ in range(_MOST_ROUNDS):
        after = text
        for step in steps:
            after = step(after)
        if after == text:
            break
        text = after
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
    (_authorization, (AUTHORIZATION,)),
    (_scheme, (b"bearer", b"basic")),
    (_shapes, SHAPE_MARKERS),
    (mask_pairs, PAIR_MARKERS),
)
