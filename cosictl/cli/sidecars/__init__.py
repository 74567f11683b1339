"""``sidecars``: who serves which driver, what another release would do, how to change it, and what one really does.

In: command lines. Out: tables, documents and exit codes; the verbs are one file each. Never here: what a release
does, which is in ``knowledge``, and what follows from it, which is in ``diagnosis``.
"""
