"""Frozen nouns: what is observed and what is concluded.

In: nothing. Out: dataclasses and closed vocabularies, version-neutral. Never here: I/O, clocks, decoding,
decisions, any import but the standard library's.
"""
