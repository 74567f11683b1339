"""Planners, one file per verb: in a world and what was asked for, out steps or the reason why there are none. Pure.

A planner takes its sentences from ``knowledge`` and from the diagnosis; guards decide whether a step may be.
"""
