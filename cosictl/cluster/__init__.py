"""The door to a live cluster, and the only room that knows ``kubernetes``.

In: connection options, and what to read. Out: a :class:`~cosictl.model.snapshot.Snapshot` (or names for completion),
with every refusal recorded in the server's own words. Never here: conclusions about what was read, and terminals.
Foreign exceptions are translated at this door (``translate``) and never pass it.
"""
