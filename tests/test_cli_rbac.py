"""``cosictl rbac``: manifests as they are printed, and what the server says somebody may."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from cosictl.knowledge.rights import READ_ONLY
from cosictl.model.rights import Use
from cosictl.sandbox.api.access import ADMIN, Rule, User
from tests.apiserver import ApiServer
from tests.granting import TOKEN, printed, without
from tests.in_process import Told, typed

COSI = "objectstorage.k8s.io"
RBAC = "rbac.authorization.k8s.io"


def items(told: Told) -> list[Any]:
    document = json.loads(told.out)
    found: list[Any] = document["items"] if document["kind"] == "List" else [document]
    return found


@pytest.mark.parametrize("use", Use)
@pytest.mark.parametrize("place", [(), ("-n", "team-a"), ("-n", "default"), ("-n", "true")], ids=str)
@pytest.mark.parametrize("bound", [(), ("--bind-to", "group:system:on-call")], ids=["alone", "bound"])
def test_yaml_and_json_are_the_same(use: Use, place: tuple[str, ...], bound: tuple[str, ...]) -> None:
    words = ("rbac", "print", use, *place, *bound)
    told = typed(*words)
    assert list(yaml.safe_load_all(told.out)) == items(typed(*words, "-o", "json"))
    for role in told.out.split("---\n"):
        rules = [line for line in role.splitlines() if line.startswith("  - apiGroups")]
        lines = role.splitlines()
        assert all(lines[lines.index(rule) - 1].startswith("  #") for rule in rules)


def test_one_namespace_takes_roles_and_what_no_role_can_grant() -> None:
    found = items(typed("rbac", "print", "read-only", "-n", "team-a", "-o", "json"))
    places = [(item["kind"], item["metadata"]["name"], item["metadata"].get("namespace")) for item in found]
    assert places == [
        ("Role", "cosictl-read-only", "team-a"),
        ("Role", "cosictl-read-only-events", "default"),
        ("ClusterRole", "cosictl-read-only-shared", None),
    ]
    granted = [{rule["resources"][0] for rule in item["rules"]} for item in found]
    assert granted[0] == {"bucketclaims", "bucketaccesses", "events"}
    assert granted[1] == {"events"}
    assert granted[2] == {"buckets", "bucketclasses", "bucketaccessclasses", "leases", "pods", "pods/log"}
    assert "no Role can grant" in typed("rbac", "print", "read-only", "-n", "team-a").out
    home = items(typed("rbac", "print", "read-only", "-n", "default", "-o", "json"))
    assert [item["kind"] for item in home] == ["Role", "ClusterRole"]


@pytest.mark.parametrize(
    ("whom", "subject"),
    [
        ("user:jo", {"kind": "User", "name": "jo", "apiGroup": RBAC}),
        ("group:system:on-call", {"kind": "Group", "name": "system:on-call", "apiGroup": RBAC}),
        ("serviceaccount:ops/bot", {"kind": "ServiceAccount", "name": "bot", "namespace": "ops"}),
    ],
)
def test_roles_are_bound_to_whom_was_named(whom: str, subject: dict[str, str]) -> None:
    found = items(typed("rbac", "print", "probe", "-n", "team-a", "--bind-to", whom, "-o", "json"))
    roles, bindings = found[:3], found[3:]
    assert [item["kind"] for item in bindings] == ["RoleBinding", "RoleBinding", "ClusterRoleBinding"]
    for role, binding in zip(roles, bindings, strict=True):
        assert binding["metadata"] == role["metadata"]
        assert binding["roleRef"] == {"apiGroup": RBAC, "kind": role["kind"], "name": role["metadata"]["name"]}
        assert binding["subjects"] == [subject]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("print", "everything"), "give one of read-only, probe, remedy"),
        (("print", "probe", "--bind-to", "jo"), "write user:NAME"),
        (("print", "probe", "--bind-to", "serviceaccount:bot"), "serviceaccount:NAMESPACE/NAME"),
        (("print", "probe", "-o", "wide"), "no such output format"),
        (("print", "remedy", "-n", ""), "leave -n out for every namespace"),
        (("print", "remedy", "-n", "Team: x"), "is no name of a namespace"),
        (("check", "-n", ""), "leave -n out for every namespace"),
        (("check", "everything"), "give one of read-only, probe, remedy"),
    ],
)
def test_usage_errors(words: tuple[str, ...], says: str) -> None:
    told = typed("rbac", *words)
    assert (told.code, told.out) == (2, "")
    assert says in told.err


def check(folder: Path, rules: tuple[Rule, ...], *words: str) -> Told:
    with ApiServer([]) as server:
        server.users[TOKEN] = User(name="me", rules=rules)
        return typed("rbac", "check", *words, "--kubeconfig", str(server.kubeconfig(folder)))


def test_the_printed_rights_are_complete(tmp_path: Path) -> None:
    for use in Use:
        told = check(tmp_path, printed(use), use)
        assert told.code == 0
        assert f"{use}: complete" in told.out
        assert "missing" not in told.out
        told = check(tmp_path, printed(use, "team-a"), use, "-n", "team-a")
        assert f"{use}: complete" in told.out


def test_a_server_that_does_not_say_who_asks_is_no_name(tmp_path: Path) -> None:
    with ApiServer([], faults=("404:create:selfsubjectreviews",)) as server:
        words = ("rbac", "check", "read-only", "--kubeconfig", str(server.kubeconfig(tmp_path)))
        assert typed(*words).out.startswith("you (the server does not say who that is) on context cosictl-sandbox")
        assert json.loads(typed(*words, "-o", "json").out)["user"] == ""


def test_what_is_missing_is_told_with_what_is_lost(tmp_path: Path) -> None:
    right = next(one for one in READ_ONLY if (one.resource, one.verb) == ("pods", "watch"))
    rules = without(printed(Use.READ_ONLY), right)
    told = check(tmp_path, rules, "read-only")
    assert told.code == 0
    for words in (
        "me on context cosictl-sandbox",
        "read-only: incomplete",
        "watch pods in the whole cluster",
        "diagnose -w, wait, get -w",
        "the list is read again every 5 s instead",
        "cosictl rbac print read-only prints what grants the rest",
    ):
        assert words in told.out
    document = json.loads(check(tmp_path, rules, "read-only", "-o", "json").out)
    assert (document["kind"], document["user"], document["namespace"]) == ("RightsCheck", "me", "")
    (use,) = document["uses"]
    lacking = {entry["command"]: entry["missing"] for entry in use["commands"] if not entry["complete"]}
    assert lacking == {command: ["watch pods"] for command in ("diagnose -w", "wait", "get -w")}
    refused = [(entry["verb"], entry["resource"]) for entry in use["rights"] if entry["refused"]]
    assert refused == [("watch", "pods")]


def test_rights_in_one_namespace_only_are_told_as_such(tmp_path: Path) -> None:
    told = check(tmp_path, printed(Use.READ_ONLY, "team-a"), "read-only")
    assert "list bucketclaims (only in namespace team-a)" in told.out
    assert "list events (only in namespace team-a, default)" in told.out
    assert "missing         list buckets" not in told.out


def test_somebody_else_can_be_asked_about(tmp_path: Path) -> None:
    with ApiServer([], also={"other": User(name="jo")}) as server:
        server.users[TOKEN] = ADMIN
        config = str(server.kubeconfig(tmp_path))
        told = typed("rbac", "check", "remedy", "--as", "jo", "--kubeconfig", config)
        assert told.out.startswith("jo on ")
        assert "remedy: incomplete" in told.out


def test_a_server_that_does_not_say_is_an_error(tmp_path: Path) -> None:
    with ApiServer([]) as server:
        path = server.kubeconfig(tmp_path)
        config = yaml.safe_load(path.read_text())
        config["users"][0]["user"] = {}
        path.write_text(yaml.safe_dump(config))
        told = typed("rbac", "check", "probe", "--kubeconfig", str(path))
    assert (told.code, told.out) == (1, "")
    assert "whether get pods is allowed cannot be told" in told.err
