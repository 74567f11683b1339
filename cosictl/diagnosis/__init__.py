"""Observations in, verdicts out: the pure heart of the project.

In: a :class:`~cosictl.model.snapshot.Snapshot` and the rows of ``knowledge``. Out: a
:class:`~cosictl.model.report.Report` with an outlook for every Bucket, claim and access, and findings by root
cause. Never here: I/O, clocks (the snapshot's ``taken_at`` is the only "now"), formatting, changes.

``graph`` links the objects, ``policy`` finds the sidecar policy in force, ``case`` gathers what is known about
one object, ``rules`` decide (first rule that speaks wins), ``notes`` add findings that no single object's outlook
shows, ``report`` folds symptoms under their root. A rule may never improve a verdict because data is missing.
"""
