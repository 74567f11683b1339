"""Changing a live sandbox from tests: other hands at the API server, and the command line with its plans."""

import json
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from cosictl.cli.changing.options import Ask
from cosictl.cli.changing.ports import LivePorts, live_ports
from cosictl.cli.options import Shared
from cosictl.cluster.writer import Place, read_object, write
from cosictl.model.plan import Fate
from cosictl.model.refs import Api
from cosictl.sandbox.objects import TEAM
from cosictl.sandbox.run import Sandbox
from tests.cli_process import cosictl

MERGE: Final = "application/merge-patch+json"
GROUP: Final = "objectstorage.k8s.io"
PLURALS: Final = {"bucket": "buckets", "claim": "bucketclaims", "access": "bucketaccesses", "secret": "secrets"}
PATIENCE_SECONDS: Final = 20.0


class Hands:
    """Another person at the cluster, with every right."""

    def __init__(self, sandbox: Sandbox, api: Api = Api.V1ALPHA1) -> None:
        self.sandbox = sandbox
        self.api = api
        self.shared = Shared(kubeconfig=str(sandbox.kubeconfig), all_namespaces=True)
        self.ports: LivePorts = live_ports(self.shared, Ask())

    def place(self, what: str) -> Place:
        """``bucket/NAME``, ``claim/NAME`` and so on; all but Buckets are in the team's namespace."""
        kind, _, name = what.partition("/")
        version = "v1" if kind == "secret" else f"{GROUP}/{self.api.value}"
        return Place(api_version=version, plural=PLURALS[kind], namespace="" if kind == "bucket" else TEAM, name=name)

    def get(self, what: str) -> Mapping[str, Any] | None:
        return read_object(self.ports.conn, self.place(what))

    def patch(self, what: str, change: Mapping[str, Any], part: str = "") -> None:
        path = self.place(what).path + (f"/{part}" if part else "")
        done = write(self.ports.conn, "PATCH", path, change, MERGE)
        assert done.fate is Fate.DONE, done.words

    def delete(self, what: str) -> None:
        done = write(self.ports.conn, "DELETE", self.place(what).path, {}, "application/json")
        assert done.fate is Fate.DONE, done.words

    def create(self, tree: Mapping[str, Any], kind: str) -> None:
        place = self.place(f"{kind}/{tree['metadata']['name']}")
        done = write(self.ports.conn, "POST", place.collection, tree, "application/json")
        assert done.fate is Fate.DONE, done.words

    def free(self, what: str) -> None:
        """Take every finalizer off, as somebody in a hurry does."""
        self.patch(what, {"metadata": {"finalizers": None}})

    def name_of_bucket(self, claim: str) -> str:
        tree = self.get(f"claim/{claim}")
        assert tree is not None
        return str(tree["status"]["bucketName"])

    def findings(self) -> set[str]:
        return {finding.code for finding in self.ports.observe().report.findings}

    def until(self, holds: Callable[[], bool], what: str) -> None:
        """Wait for the loops to do something."""
        ends = time.monotonic() + PATIENCE_SECONDS
        while not holds():
            assert time.monotonic() < ends, f"{what} did not happen; findings: {sorted(self.findings())}"
            time.sleep(0.1)

    def gone(self, what: str) -> None:
        self.until(lambda: self.get(what) is None, f"the end of {what}")


class Person:
    """Somebody with a shell: the command line against the sandbox, with a journal folder of its own."""

    def __init__(self, sandbox: Sandbox, folder: Path) -> None:
        self.sandbox = sandbox
        self.journals = folder / "journals"

    def types(self, *words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        kube = ("--kubeconfig", str(self.sandbox.kubeconfig))
        journal = ("--journal-dir", str(self.journals))
        known = words[0] in {"get", "diagnose"}
        return cosictl(*words, *kube, *(() if known else journal), stdin=stdin)

    def plans(self, *words: str) -> dict[str, Any]:
        told = self.types(*words, "-o", "json")
        assert told.returncode == 0, told.stderr
        found: dict[str, Any] = json.loads(told.stdout)
        return found

    def does(self, *words: str, code: int = 0, wait: str = "20s") -> dict[str, Any]:
        """Plan, agree, carry out; returns what became of it."""
        digest = self.plans(*words)["digest"]
        told = self.types(*words, "--confirm", digest, "--wait", wait, "-o", "json")
        assert told.returncode == code, told.stdout + told.stderr
        found: dict[str, Any] = json.loads(told.stdout)
        return found
