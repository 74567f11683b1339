"""cosictl: find out why an object-storage bucket is stuck in Kubernetes, and what to do about it.

The rooms follow the steps of a diagnosis: ``intake`` decodes what was observed into a
:class:`~cosictl.model.snapshot.Snapshot`, ``diagnosis`` concludes, ``render`` prints. ``cluster`` and
``driver`` are the doors to the outside worlds. ``tests/test_architecture.py`` enforces who may import whom.
"""

__version__ = "0.1.0"
