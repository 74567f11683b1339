"""The rules that decide an object's outlook, one file per kind and phase; the first that speaks wins.

In: a :class:`~cosictl.diagnosis.case.Case`. Out: a :class:`~cosictl.diagnosis.case.Verdict`, or None for "not
mine". The order is part of the meaning: a rule may rely on every rule before it having declined. Never here:
text from the cluster that decides anything but through the classifier or a template COSI itself writes.
"""
