"""Write to the cluster: one request at a time, each on its conditions, none of them sent twice from here.

What became of a request is a value: the caller knows what it wanted and looks it up where no answer came.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import quote

from cosictl.cluster.connect import Connection, Response
from cosictl.cluster.noanswer import NEVER_SENT, NoAnswerError
from cosictl.cluster.reader import ask
from cosictl.cluster.retry import with_retries
from cosictl.cluster.translate import date_of, unauthorized, unreachable, words_about, words_of
from cosictl.errors import ClusterError
from cosictl.intake.redact import redact
from cosictl.model.plan import Fate, Sent

_OK: Final = frozenset({200, 201, 202})
_NOT_FOUND, _CONFLICT, _INVALID, _BUSY = 404, 409, 422, 429
# From here on the server may have carried it out before it failed.
_SERVER: Final = 500
_REVIEW: Final = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
# The Date header has whole seconds: closer than this, two clocks agree.
_CLOSE: Final = timedelta(seconds=2)
# Namespaces that every cluster has; the first that may be read names the cluster.
_ANCHORS: Final = ("kube-system", "default")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where an object is: its apiVersion as in manifests, the API's plural, its namespace and name."""

    api_version: str
    plural: str
    namespace: str
    name: str

    @property
    def group(self) -> str:
        """The API group, empty for the core group."""
        return self.api_version.rpartition("/")[0]

    @property
    def collection(self) -> str:
        """The path of the collection it is in."""
        root = f"/apis/{self.api_version}" if self.group else f"/api/{self.api_version}"
        where = f"/namespaces/{quote(self.namespace, safe='')}" if self.namespace else ""
        return f"{root}{where}/{self.plural}"

    @property
    def path(self) -> str:
        """The path of the object."""
        return f"{self.collection}/{quote(self.name, safe='')}"


def read_object(conn: Connection, place: Place) -> Mapping[str, Any] | None:
    """Return an object exactly as the server has it, None where it does not exist; raises ClusterError."""
    answer = _asked(conn, place.path)
    if answer.status == _NOT_FOUND:
        return None
    if answer.status not in _OK:
        raise ClusterError(f"{place.plural} {place.name} cannot be read: {words_of(answer.status, answer.body)}")
    return _tree(answer, place.path)


def write(
    conn: Connection,
    method: str,
    path: str,
    body: object,
    content_type: str,
    *,
    dry_run: bool = False,
) -> Sent:
    """Send one write once. Raises ClusterError where it certainly was not sent, or nobody is let in."""
    params = {"dryRun": "All"} if dry_run else {}
    if method == "DELETE":
        # A server that finds options in the body looks for none in the query, and deletes (seen on Kubernetes 1.20).
        assert isinstance(body, dict), "a deletion has options, and preconditions in them"
        body = {**body, "dryRun": ["All"]} if dry_run else body
    else:
        params["fieldManager"] = "cosictl"
    data = json.dumps(body).encode()
    try:
        answer = conn.request(method, path, params, body=data, content_type=content_type)
    except NoAnswerError as error:
        if error.trouble in NEVER_SENT:
            raise unreachable(conn.source, error) from error
        return Sent(fate=Fate.LOST, words=words_about(error))
    return _judged(conn, method, answer)


def _judged(conn: Connection, method: str, answer: Response) -> Sent:
    words = words_of(answer.status, answer.body) if answer.status not in _OK else ""
    if answer.status in _OK:
        body = _tree_or_none(answer)
        if body is None:
            return Sent(fate=Fate.LOST, words="the answer is cut off, or no JSON")
        return Sent(fate=Fate.DONE, body=body if body.get("kind") != "Status" else None)
    if answer.status == 401:
        raise unauthorized(conn.source, answer.body)
    if answer.status == _CONFLICT:
        taken = method == "POST" and _reason(answer) == "AlreadyExists"
        return Sent(fate=Fate.TAKEN if taken else Fate.CONFLICT, words=words)
    if answer.status == _INVALID and method == "PATCH" and "the server rejected our request" in words:
        # So a JSON patch says that one of its tests failed.
        return Sent(fate=Fate.CONFLICT, words=words)
    if answer.status == _NOT_FOUND:
        return Sent(fate=Fate.GONE, words=words)
    if answer.status >= _SERVER or answer.status in {_BUSY, 408}:
        return Sent(fate=Fate.LOST, words=words)
    return Sent(fate=Fate.REFUSED, words=words)


def cluster_identity(conn: Connection) -> tuple[str, str]:
    """Return the UID of the first namespace that every cluster has and that may be read, and which that is.

    Both are empty where neither may be read. Raises ClusterError for a server that cannot be talked to.
    """
    for name in _ANCHORS:
        answer = _asked(conn, f"/api/v1/namespaces/{name}")
        if answer.status in _OK:
            meta = _tree(answer, name).get("metadata")
            uid = meta.get("uid") if isinstance(meta, dict) else None
            if isinstance(uid, str) and uid:
                return uid, name
    return "", ""


def may(conn: Connection, verb: str, place: Place, subresource: str = "") -> bool:
    """Whether we have a right, as the server says; raises ClusterError where it does not say."""
    attributes = {
        "verb": verb,
        "group": place.group,
        "resource": place.plural,
        "namespace": place.namespace,
        "name": "" if verb == "create" else place.name,
        **({"subresource": subresource} if subresource else {}),
    }
    body = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": attributes},
    }
    data = json.dumps(body).encode()
    try:
        # It changes nothing, so asking again is safe.
        answer = with_retries(lambda: conn.request("POST", _REVIEW, {}, body=data, content_type="application/json"))
    except NoAnswerError as error:
        raise unreachable(conn.source, error) from error
    if answer.status == 401:
        raise unauthorized(conn.source, answer.body)
    status = (_tree_or_none(answer) or {}).get("status") if answer.status in _OK else None
    if not isinstance(status, dict):
        raise ClusterError(f"whether {verb} {place.plural} is allowed cannot be told: {_said(answer)}")
    return status.get("allowed") is True


def clock_skew(conn: Connection) -> timedelta:
    """Return how far the server's clock is ahead of ours; zero where it does not say. Nothing is raised."""
    try:
        answered = date_of(conn.get("/version", {}).headers)
    except NoAnswerError:
        return timedelta()
    skew = answered - datetime.now(UTC) if answered is not None else timedelta()
    return skew if abs(skew) >= _CLOSE else timedelta()


def who_am_i(conn: Connection) -> str:
    """Return the user name by which the server knows us; "" where it does not say."""
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    path = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
    try:
        answer = conn.request("POST", path, {}, body=json.dumps(body).encode(), content_type="application/json")
    except NoAnswerError:
        return ""
    tree = (_tree_or_none(answer) or {}) if answer.status in _OK else {}
    status = tree.get("status")
    info = status.get("userInfo") if isinstance(status, dict) else None
    name = info.get("username") if isinstance(info, dict) else None
    return redact(name) if isinstance(name, str) else ""


def _asked(conn: Connection, path: str) -> Response:
    try:
        return ask(conn, path, {})
    except NoAnswerError as error:
        raise unreachable(conn.source, error) from error


def _said(answer: Response) -> str:
    return words_of(answer.status, answer.body)


def _tree(answer: Response, what: str) -> Mapping[str, Any]:
    found = _tree_or_none(answer)
    if found is None:
        raise ClusterError(f"{what}: the answer is cut off, or no JSON")
    return found


def _tree_or_none(answer: Response) -> Mapping[str, Any] | None:
    try:
        found = json.loads(answer.body)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _reason(answer: Response) -> str:
    return str((_tree_or_none(answer) or {}).get("reason") or "")
