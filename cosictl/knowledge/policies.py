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
    Release,
)
from cosictl.knowledge.policy_rows import ROWS
from cosictl.model.failures import GrpcCode
from cosictl.model.refs import Api, Rpc

__all__ = [
    "ACCESS_EVENT_GAP",
    "EVENT_GAP",
    "POLICIES",
    "RELEASES",
    "Backoff",
    "EditEffect",
    "Effect",
    "Effects",
    "Hazard",
    "Policy",
    "Records",
    "Release",
    "candidates_of",
    "effect_of",
]

POLICIES: Mapping[str, Policy] = {row.name: row for row in ROWS}
# By number: the policy that a released version has, and what its images are.
RELEASES: Mapping[str, tuple[Policy, Release]] = {made.number: (row, made) for row in ROWS for made in row.releases}
# What most clusters of an API version run.
_USUAL: Mapping[Api, str] = {Api.V1ALPHA1: "v0.2.2", Api.V1ALPHA2: "main-2026-03"}


def candidates_of(api: Api) -> tuple[str, ...]:
    """What a cluster of this version may run where nothing tells, the usual one first, then the newest."""
    newest = [row.name for row in reversed(ROWS) if row.api is api and not row.reference]
    return (_USUAL[api], *(name for name in newest if name != _USUAL[api]))


def effect_of(policy: Policy, rpc: Rpc, code: GrpcCode) -> Effect:
    """What this policy does when this call ends with this code (``OK`` included)."""
    return policy.effects[rpc][code]
