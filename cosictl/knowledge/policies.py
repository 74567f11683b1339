"""What each sidecar release does with each answer of its driver, and what the specifications ask for.

Out: one :class:`Policy` per known release and per reference table. A release is what a cluster can run; a reference
is what somebody asked for (a specification, a proposed patch) and can only be assumed.
"""

from collections.abc import Mapping

from cosictl.knowledge.policy import (
    ACCESS_EVENT_GAP,
    EVENT_GAP,
    Backoff,
    EditEffect,
    Effect,
    Effects,
    Hazard,
    Policy,
    Records,
)
from cosictl.knowledge.policy_rows import ROWS
from cosictl.model.failures import GrpcCode
from cosictl.model.refs import Rpc

__all__ = [
    "ACCESS_EVENT_GAP",
    "EVENT_GAP",
    "POLICIES",
    "Backoff",
    "EditEffect",
    "Effect",
    "Effects",
    "Hazard",
    "Policy",
    "Records",
    "effect_of",
]

POLICIES: Mapping[str, Policy] = {row.name: row for row in ROWS}


def effect_of(policy: Policy, rpc: Rpc, code: GrpcCode) -> Effect:
    """What this policy does when this call ends with this code (``OK`` included)."""
    return policy.effects[rpc][code]
