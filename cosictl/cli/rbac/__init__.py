"""``cosictl rbac``: the rights that commands take.

In: the command line. Out: roles as manifests, and what somebody has of them. Never here: which rights these are.
"""
