"""A plain kubeconfig connects as the official client would; anything else is left to the official client."""

import base64
import json
from pathlib import Path
from typing import Any, Final

import pytest
from kubernetes import client, config

from cosictl.cluster.connect import ConnectOptions, connect
from cosictl.cluster.plainconfig import plain_config
from tests.apiserver import ApiServer

PEM: Final = "-----BEGIN CERTIFICATE-----\nbm9uZQ==\n-----END CERTIFICATE-----\n"
DATA: Final = base64.b64encode(PEM.encode()).decode()
TLS: Final = {"server": "https://example.test:6443/", "certificate-authority": "ca.pem"}


def written(folder: Path, cluster: dict[str, Any], user: dict[str, Any], **more: Any) -> str:
    context = {"cluster": "c", "user": "u", "namespace": "team-a"}
    tree = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "x",
        "contexts": [{"name": "x", "context": context}],
        "clusters": [{"name": "c", "cluster": cluster}],
        "users": [{"name": "u", "user": user}],
    }
    for name in ("ca.pem", "cert.pem", "key.pem"):
        (folder / name).write_text(PEM)
    path = folder / "config"
    path.write_text(json.dumps(tree | more))
    return str(path)


PLAIN: Final[dict[str, tuple[dict[str, Any], dict[str, Any]]]] = {
    "a token": (TLS, {"token": "t0ken"}),
    "certificates in files": (TLS, {"client-certificate": "cert.pem", "client-key": "key.pem"}),
    "certificates inside": (
        {"server": "https://example.test", "certificate-authority-data": DATA},
        {"client-certificate-data": DATA, "client-key-data": DATA},
    ),
    "no verification": ({"server": "https://example.test", "insecure-skip-tls-verify": True}, {"token": "t"}),
    "another name": ({**TLS, "tls-server-name": "other.test"}, {"token": "t"}),
    "no encryption": ({"server": "http://127.0.0.1:8080"}, {}),
    "impersonation": (TLS, {"token": "t", "as": "jane", "as-groups": ["a"]}),
}


def content(path: str | None) -> str | None:
    return Path(path).read_text() if path else None


@pytest.mark.parametrize("name", PLAIN)
def test_it_is_what_the_official_client_makes_of_it(name: str, tmp_path: Path) -> None:
    path = written(tmp_path, *PLAIN[name])
    official = client.Configuration()
    config.load_kube_config(path, client_configuration=official)
    found = plain_config(path)
    assert found is not None
    ours = found.settings
    assert (ours.host, ours.verify_ssl, ours.tls_server_name) == (
        official.host,
        official.verify_ssl,
        official.tls_server_name,
    )
    for field in ("ssl_ca_cert", "cert_file", "key_file"):
        assert content(getattr(ours, field)) == content(getattr(official, field))
    token = official.auth_settings().get("BearerToken", {"value": "Bearer "})["value"]
    assert f"Bearer {ours.token}" == token
    assert (found.context, found.namespace) == ("x", "team-a")


ODD: Final[dict[str, tuple[dict[str, Any], dict[str, Any], dict[str, Any]]]] = {
    "a plugin": (TLS, {"exec": {"command": "x"}}, {}),
    "a password": (TLS, {"username": "a", "password": "b"}, {}),
    "a token file": (TLS, {"tokenFile": "t"}, {}),
    "a proxy": ({**TLS, "proxy-url": "http://p"}, {"token": "t"}, {}),
    "a file that is not there": ({**TLS, "certificate-authority": "gone.pem"}, {"token": "t"}, {}),
    "data that is none": ({"server": "https://x", "certificate-authority-data": "%%"}, {"token": "t"}, {}),
    "no server": ({}, {"token": "t"}, {}),
    "no such context": (TLS, {"token": "t"}, {"current-context": "y"}),
    "contexts that are no list": (TLS, {"token": "t"}, {"contexts": "x"}),
    "a switch that is a word": ({**TLS, "insecure-skip-tls-verify": "yes"}, {"token": "t"}, {}),
}


@pytest.mark.parametrize("name", ODD)
def test_what_is_odd_is_left_to_the_official_client(name: str, tmp_path: Path) -> None:
    cluster, user, more = ODD[name]
    assert plain_config(written(tmp_path, cluster, user, **more)) is None


@pytest.mark.parametrize("text", ["", "no: [yaml", "just words", "[]"])
def test_so_is_a_file_that_is_no_kubeconfig(text: str, tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_text(text)
    assert plain_config(str(path)) is None
    assert plain_config(str(tmp_path / "absent")) is None


def test_both_ways_reach_the_same_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with ApiServer() as server:
        path = str(server.kubeconfig(tmp_path))
        plainly = connect(ConnectOptions(kubeconfig=path))
        # A proxy in the environment, even one that is not used for this host, is the official client's matter.
        monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        officially = connect(ConnectOptions(kubeconfig=path))
        assert type(plainly.settings) is not type(officially.settings)
        answers = [one.get("/apis/objectstorage.k8s.io") for one in (plainly, officially)]
        assert [answer.status for answer in answers] == [200, 200]
        assert (plainly.source, plainly.namespace) == (officially.source, officially.namespace)
