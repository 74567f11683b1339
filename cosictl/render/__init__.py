"""Everything a person or a machine sees: text, tables, documents.

In: reports, assessments, classifications, pages. Out: characters on a stream. Never here: decisions about objects,
I/O other than the stream handed in, clocks, and text from a cluster that was not escaped first. The only room that
knows ``rich``, which is imported where it is used: ``--help`` must not pay for it.
"""
