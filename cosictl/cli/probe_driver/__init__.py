"""``probe-driver``: the verbs that talk to a driver, one file each, and how each of them works.

In: command lines. Out: calls to a driver that were agreed to, what it answered, and exit codes. Never here: what a
sidecar sends, what an answer means, or what is promised by the specification.
"""
