"""``report``: one diagnosis written down for others: a page, a ticket, a pipeline; and two of them compared.

In: command lines. Out: a document on stdout or in a file, and exit codes. Never here: what a format looks like, which
is in ``render``, and what is told in it, which is in ``diagnosis``.
"""
