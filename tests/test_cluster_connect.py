"""What a kubeconfig can say beyond a server and a token: credential plugins, proxies, impersonation."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from cosictl.cluster.connect import ConnectOptions, connect
from cosictl.errors import ConfigError
from tests.apiserver import ApiServer
from tests.recorder import Recorder

PLUGIN = """#!{python}
import json, os
spec = json.loads(os.environ["KUBERNETES_EXEC_INFO"])
print(json.dumps({{"apiVersion": spec["apiVersion"], "kind": "ExecCredential", "status": {{"token": "{token}"}}}}))
"""


def kubeconfig(
    api: ApiServer | Recorder, folder: Path, *, user: dict[str, Any], cluster: Mapping[str, str] | None = None
) -> ConnectOptions:
    path = api.kubeconfig(folder)
    value = json.loads(path.read_text())
    value["users"][0]["user"] = user
    value["clusters"][0]["cluster"] |= cluster or {}
    path.write_text(json.dumps(value))
    return ConnectOptions(kubeconfig=str(path))


def plugin(folder: Path, script: str) -> dict[str, Any]:
    path = folder / "credentials"
    path.write_text(script)
    path.chmod(0o755)
    spec = {"apiVersion": "client.authentication.k8s.io/v1", "command": str(path), "interactiveMode": "Never"}
    return {"exec": spec}


def test_a_credential_plugin_gives_the_token(tmp_path: Path) -> None:
    user = plugin(tmp_path, PLUGIN.format(python=sys.executable, token="fresh"))
    with ApiServer(token="fresh") as server:
        conn = connect(kubeconfig(server, tmp_path, user=user))
        assert conn.get("/apis/objectstorage.k8s.io").status == 200


def test_a_credential_plugin_that_fails_is_said(tmp_path: Path) -> None:
    user = plugin(tmp_path, f"#!{sys.executable}\nimport sys\nsys.exit('log in first')\n")
    with ApiServer() as server, pytest.raises(ConfigError, match="log in first"):
        connect(kubeconfig(server, tmp_path, user=user))


def test_a_proxy_of_the_kubeconfig_is_used(tmp_path: Path) -> None:
    with Recorder() as proxy:
        there = "http://cluster.invalid:8080"
        conn = connect(kubeconfig(proxy, tmp_path, user={}, cluster={"proxy-url": proxy.url, "server": there}))
        assert conn.get("/apis/objectstorage.k8s.io").status == 200
        assert proxy.requests == [f"{there}/apis/objectstorage.k8s.io"]


def test_a_proxy_of_the_environment_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Recorder() as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        conn = connect(kubeconfig(proxy, tmp_path, user={}, cluster={"server": "http://cluster.invalid:8080"}))
        assert conn.get("/apis/objectstorage.k8s.io").status == 200
        assert proxy.requests[0].startswith("http://cluster.invalid:8080/")


def test_a_kubeconfig_can_impersonate_and_an_option_wins(tmp_path: Path) -> None:
    with Recorder() as server:
        options = kubeconfig(server, tmp_path, user={"as": "jane", "as-groups": ["ops"]})
        connect(options).get("/apis/objectstorage.k8s.io")
        asked = ConnectOptions(kubeconfig=options.kubeconfig, as_user="joe")
        connect(asked).get("/apis/objectstorage.k8s.io")
        first, second = server.headers
    assert (first["Impersonate-User"], first["Impersonate-Group"]) == ("jane", "ops")
    assert second["Impersonate-User"] == "joe"
    assert "Impersonate-Group" not in second


def test_inside_a_pod_its_account_is_used_and_outside_it_is_said() -> None:
    with pytest.raises(ConfigError, match="this is no pod") as found:
        connect(ConnectOptions())
    assert "-f" in found.value.next_step
