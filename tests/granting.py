"""Somebody at a cluster with the rights that ``cosictl rbac print`` prints, or with one less."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

from cosictl.model.rights import Right, Use
from cosictl.sandbox.api.access import ANY, Rule, User
from tests.apiserver import NOON, ApiServer, Object
from tests.cli_process import ROOT
from tests.in_process import Told, typed

TOKEN: Final = "the-token"
TEAM: Final = "team-a"
SAYS_SO: Final = re.compile(r"forbidden|you may not|could not be read|cannot be watched|cannot be told")


def granted(roles: Mapping[str, Any]) -> tuple[Rule, ...]:
    """What printed manifests grant, in the sandbox's terms."""
    items = roles["items"] if roles["kind"] == "List" else [roles]
    return tuple(
        Rule(
            verbs=tuple(rule["verbs"]),
            resources=tuple(rule["resources"]),
            groups=tuple(rule["apiGroups"]),
            names=tuple(rule["resourceNames"]) if "resourceNames" in rule else ANY,
            namespaces=(item["metadata"]["namespace"],) if item["kind"] == "Role" else ANY,
        )
        for item in items
        if item["kind"] in {"Role", "ClusterRole"}
        for rule in item["rules"]
    )


@cache
def printed(use: Use, namespace: str = "") -> tuple[Rule, ...]:
    told = typed("rbac", "print", use, "-o", "json", *(("-n", namespace) if namespace else ()))
    assert (told.code, told.err) == (0, "")
    return granted(json.loads(told.out))


def without(rules: Sequence[Rule], right: Right) -> tuple[Rule, ...]:
    """The rules with one verb on one resource taken away."""
    kept = []
    for rule in rules:
        verbs = rule.verbs
        if rule.resources == (right.resource,) and rule.groups == (right.group,):
            verbs = tuple(verb for verb in verbs if verb != right.verb)
        kept.append(Rule(verbs=verbs, resources=rule.resources, groups=rule.groups, names=rule.names))
    assert kept != list(rules), "the right is among the printed ones"
    return tuple(kept)


def case(name: str, *spared: str) -> list[Object]:
    """The objects of a golden case, without those of some kinds."""
    files = sorted((ROOT / "tests" / "golden" / name / "input").glob("*.yaml"))
    items = [item for path in files for item in yaml.safe_load(path.read_text())["items"]]
    return [item for item in items if item["kind"] not in spared]


@dataclass(slots=True)
class Desk:
    """Somebody at a cluster, whose rights can be changed."""

    server: ApiServer
    folder: Path

    def may(self, rules: tuple[Rule, ...]) -> None:
        self.server.users[TOKEN] = User(name="me", rules=rules)
        self.server.log.clear()

    def types(self, *words: str) -> Told:
        return typed(*words, "--kubeconfig", str(self.server.kubeconfig(self.folder)), "-n", TEAM)

    @property
    def refused(self) -> list[str]:
        return [line for line in self.server.log if " 403 " in line]


@contextmanager
def desk(objects: list[Object], folder: Path) -> Iterator[Desk]:
    folder.mkdir()
    versions = {item["apiVersion"].partition("/")[2] for item in objects if item["kind"].startswith("Bucket")}
    with ApiServer(objects, at=NOON, versions=versions) as server:
        yield Desk(server, folder)


def reports(told: Told, right: Right) -> bool:
    """Whether a command says that it could not do something with a resource."""
    resource = right.resource.partition("/")[0]
    lines = [line for line in told.text.splitlines() if SAYS_SO.search(line) or "not read" in line.casefold()]
    return any(word in line for line in lines for word in (resource, *right.names))
