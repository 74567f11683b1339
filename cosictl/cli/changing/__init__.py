"""In: a verb that changes things, and its options. Out: a plan, or a run of it. Never here: what may be changed.

The verbs themselves are one file each beside this folder; what they share is here.
"""
