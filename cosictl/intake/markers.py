"""Fragments that a text must hold for a pattern to find a credential in it."""

# At least one of them stands in every text that a pattern of ``masking`` could change: one search for all of them makes
# the ordinary case cheap, for a whole block of objects as for one text. Words are looked for in lower case.
AUTHORIZATION = b"authorization"
# What may stand behind the short name, which begins many a word.
_SIG_MARKERS = tuple(b"sig" + bytes([end]) for end in b"\\\"'` \t=:%>")
PAIR_MARKERS = (
    *(b"secret", b"token", b"key", b"passw", b"passp", b"pwd", b"credential", b"signature", AUTHORIZATION),
    *_SIG_MARKERS,
)
SHAPE_MARKERS = (
    *(b"AKIA", b"ASIA", b"AIza", b"GOOG", b"eyJ", b"ya29", b"ghp_", b"gho_", b"ghs_", b"glpat-"),
    *(b"_pat_", b"xox", b"hvs.", b"\\u"),
)
WORD_MARKERS = (*PAIR_MARKERS, b"bearer", b"basic", b"cookie", b"@")
