"""Foreign failures in our words: HTTP answers and connection errors become errors or read statuses.

The server's own words are kept (redacted and cut), because they name the verb, the resource and the user.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from cosictl.cluster.noanswer import NoAnswerError, Trouble
from cosictl.errors import ClusterError
from cosictl.intake.redact import redact
from cosictl.model.snapshot import ReadOutcome, ReadStatus

_LONGEST = 500


def words_of(status: int, body: bytes) -> str:
    """Return the message of a Kubernetes Status, else the beginning of the body, else the status number."""
    try:
        decoded = json.loads(body)
    except (ValueError, RecursionError):
        decoded = None
    message = decoded.get("message") if isinstance(decoded, dict) else None
    text = message if isinstance(message, str) and message else body[:_LONGEST].decode("utf-8", "replace").strip()
    return redact(text)[:_LONGEST] or f"HTTP status {status} without a message"


def outcome_of(status: int) -> ReadOutcome:
    """Return how a refused list is recorded."""
    if status == 403:
        return ReadOutcome.FORBIDDEN
    return ReadOutcome.ABSENT if status == 404 else ReadOutcome.FAILED


def unauthorized(source: str, body: bytes) -> ClusterError:
    """Return the error for a 401: nobody is let in with these credentials."""
    return ClusterError(
        f"{source} does not accept these credentials: {words_of(401, body)}",
        meaning="the token or certificate is missing, wrong or expired",
        next_step="log in again, or name another user with --user or --token",
    )


def unreachable(source: str, error: NoAnswerError) -> ClusterError:
    """Return the error for a server that cannot be talked to."""
    words = words_about(error)
    if error.trouble is Trouble.UNTRUSTED or "certificate" in words.lower():
        return ClusterError(
            f"{source} cannot be trusted: {words}",
            meaning="its certificate is not signed by the authority in the kubeconfig",
            next_step="check certificate-authority-data of the cluster in the kubeconfig",
        )
    if error.trouble in {Trouble.SLOW_CONNECT, Trouble.SLOW_ANSWER}:
        return ClusterError(
            f"{source} did not answer in time: {words}",
            meaning="the server is down, overloaded, or not reachable from here",
            next_step="check the network, or allow more with --request-timeout",
        )
    return ClusterError(
        f"{source} cannot be reached: {words}",
        meaning="nothing listens there, it breaks off, or the network between does not let you through",
        next_step="check the server of the current context: kubectl config view --minify",
    )


def words_about(error: NoAnswerError) -> str:
    """Return in one line what became of a request that got no whole answer."""
    return redact(error.words)[:_LONGEST]


def date_of(headers: Mapping[str, str]) -> datetime | None:
    """Return when the server answered, by its own clock; ``headers`` are the answer's."""
    try:
        return parsedate_to_datetime(headers.get("date", "")).astimezone(UTC)
    except (ValueError, TypeError):
        return None


_BADNESS = (ReadOutcome.OK, ReadOutcome.ABSENT, ReadOutcome.FORBIDDEN, ReadOutcome.FAILED)


def keep_worst(statuses: dict[tuple[str, str], ReadStatus], status: ReadStatus) -> None:
    """One status for a resource and scope: several lists make up the events, and one that failed spoils them.

    A COSI version that lacks a kind spoils nothing where the other version has it.
    """
    key = (status.resource, status.scope)
    known = statuses.get(key)
    if known is None:
        statuses[key] = status
        return
    pair = {known.outcome, status.outcome}
    if pair == {ReadOutcome.OK, ReadOutcome.ABSENT}:
        statuses[key] = known if known.outcome is ReadOutcome.OK else status
    elif _BADNESS.index(status.outcome) > _BADNESS.index(known.outcome):
        statuses[key] = status
