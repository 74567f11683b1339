"""A benchmark, not a timed test: how offline diagnosis and classification grow with the cluster.

Run with ``make bench`` or ``python -m tests.bench``. Each measurement is a process of its own, so that its peak
memory is its own too.
"""
