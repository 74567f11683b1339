"""Controllers and sidecars, played from the rows of ``knowledge``.

In: an ``Api`` and a clock (``sandbox.ports``), a ``Driver``, a policy. Out: calls to the driver, and what is written
on objects and in events. Never here: the server, its store, or the backend behind the driver.
"""
