"""Who may do what: tokens, rules, impersonation and access reviews over HTTP."""

import asyncio
import json
import ssl

import urllib3

from cosictl.sandbox.api.access import Access, Rule, User, new_token
from cosictl.sandbox.api.resources import BUCKETS_V1
from cosictl.sandbox.api.server import ApiServer
from cosictl.sandbox.api.store import Store
from cosictl.sandbox.clock import Clock
from tests.sandbox_server import COSI, VIEWER_TOKEN, Answer, Sandbox, bucket

BUCKETS = f"{COSI}/buckets"
REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
WHO = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
MERGE = {"Content-Type": "application/merge-patch+json"}


def reason(answer: Answer) -> tuple[int, str]:
    return answer.status, answer.json["reason"]


def test_rights_are_those_of_the_token() -> None:
    with Sandbox() as sandbox:
        there, elsewhere = f"{COSI}/namespaces/team-a/bucketclaims", f"{COSI}/namespaces/default/bucketclaims"
        assert sandbox.ask("GET", there, token=VIEWER_TOKEN).status == 200
        refused = sandbox.ask("GET", elsewhere, token=VIEWER_TOKEN)
        assert 'cannot list resource "bucketclaims"' in refused.json["message"]
        assert 'in the namespace "default"' in refused.json["message"]
        assert reason(sandbox.ask("GET", there, token="forged")) == (401, "Unauthorized")
        assert sandbox.ask("GET", "/apis", token=VIEWER_TOKEN).status == 200
        assert sandbox.ask("GET", "/version", token=None).status == 200
        assert 'cannot get path "/apis"' in sandbox.ask("GET", "/apis", token=None).json["message"]


def test_somebody_who_may_can_be_somebody_else() -> None:
    with Sandbox() as sandbox:
        viewer = {"Impersonate-User": "viewer"}
        assert reason(sandbox.ask("GET", BUCKETS, headers=viewer)) == (403, "Forbidden")
        admin = {"Impersonate-User": "sandbox-admin"}
        refused = sandbox.ask("GET", BUCKETS, headers=admin, token=VIEWER_TOKEN)
        assert 'cannot impersonate resource "users"' in refused.json["message"]


def test_rules_may_name_objects_and_subresources() -> None:
    token = new_token()
    rules = (Rule(verbs=("patch",), resources=("buckets/status",), names=("a",)),)
    clock = Clock()
    access = Access({token: User(name="sidecar", rules=rules)})

    async def run() -> list[int]:
        store = Store(clock)
        for name in "ab":
            store.create(BUCKETS_V1, "", bucket(name))
        server = ApiServer(store, clock, access=access)
        await server.start()
        trusted = ssl.create_default_context(cadata=server.certificate)

        def ask() -> list[int]:
            headers = MERGE | {"Authorization": f"Bearer {token}"}
            body = json.dumps({"status": {"bucketReady": True}})
            with urllib3.PoolManager(retries=False, ssl_context=trusted) as pool:
                paths = ("a/status", "b/status", "a")
                return [
                    pool.request("PATCH", f"{server.url}{BUCKETS}/{path}", body=body, headers=headers).status
                    for path in paths
                ]

        found = await asyncio.to_thread(ask)
        await server.stop()
        return found

    assert asyncio.run(run()) == [200, 403, 403]


def field(number: int, value: bytes) -> bytes:
    return bytes([number << 3 | 2, len(value)]) + value


def test_a_review_may_come_in_protobuf_as_from_kubectl() -> None:
    attributes = b"".join(field(n, text) for n, text in ((1, b"team-a"), (2, b"list"), (5, b"bucketclaims")))
    inner = field(1, b"") + field(2, field(1, attributes + field(3, b"objectstorage.k8s.io")))
    body = b"k8s\0" + field(1, field(1, b"v1")) + field(2, inner)
    sent = {"Content-Type": "application/vnd.kubernetes.protobuf"}
    with Sandbox() as sandbox:
        assert sandbox.ask("POST", REVIEWS, body, headers=sent, token=VIEWER_TOKEN).json["status"] == {"allowed": True}
        assert reason(sandbox.ask("POST", REVIEWS, body[:-3], headers=sent)) == (400, "BadRequest")
        assert reason(sandbox.ask("POST", REVIEWS, b"k8s\0\x0a", headers=sent)) == (400, "BadRequest")
        assert reason(sandbox.ask("POST", REVIEWS, {"spec": {"nonResourceAttributes": {}}}))[0] == 501
        assert reason(sandbox.ask("POST", REVIEWS, {"spec": {}}, token=None)) == (403, "Forbidden")


def test_who_asks_is_told() -> None:
    with Sandbox() as sandbox:
        assert sandbox.ask("POST", WHO, {}, token=VIEWER_TOKEN).json["status"]["userInfo"]["username"] == "viewer"
        assert reason(sandbox.ask("POST", WHO, {}, token=None)) == (403, "Forbidden")
        names = [item["name"] for item in sandbox.ask("GET", "/apis/authentication.k8s.io/v1").json["resources"]]
        assert names == ["selfsubjectreviews"]


def test_a_command_in_a_container_takes_get_and_create() -> None:
    path = "/api/v1/namespaces/default/pods/p/exec?command=true"
    users = {
        verb: User(name=verb, rules=(Rule(verbs=(verb,), resources=("pods/exec",)),)) for verb in ("get", "create")
    }
    both = User(name="both", rules=tuple(rule for user in users.values() for rule in user.rules))
    with Sandbox(users={**users, "both": both}) as sandbox:
        refused = {token: sandbox.ask("GET", path, token=token) for token in users}
        assert 'cannot create resource "pods/exec"' in refused["get"].json["message"]
        assert 'cannot get resource "pods/exec"' in refused["create"].json["message"]
        # There is no such Pod, and no containers are run here.
        assert sandbox.ask("GET", path, token="both").status in {404, 501}
