"""Measuring a sidecar: objects are made, its driver is played, and what follows each answer is watched.

In: ports to a cluster, to a stage where the sidecar runs, and a clock; or the calls a driver recorded. Out: trials,
which ``diagnosis.measured`` judges. Never here: what an effect means, how a sidecar is started, how a cluster is asked.
"""
