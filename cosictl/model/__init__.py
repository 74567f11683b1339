"""Frozen nouns: what is observed and what is concluded.

In: nothing. Out: frozen structs and closed vocabularies, version-neutral. Never here: I/O, clocks, decoding,
decisions, any import but msgspec and the standard library's.
"""
