"""Planners, one file per verb. In: a world, and what was asked for. Out: steps, or the reason why there are none.

Never here: a write, a clock, a file.

A planner takes its sentences from ``knowledge`` and from the diagnosis; guards decide whether a step may be.
"""
