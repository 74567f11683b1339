"""The kubeconfig of ``cosictl sandbox sidecar``: what it names, and what will not do."""

import base64
import json
from pathlib import Path
from typing import Any, Final

import pytest

from cosictl.sandbox.api.certificate import self_signed
from cosictl.sandbox.remote_config import Server, kubeconfig_paths, server_of

CERTIFICATE: Final = self_signed("127.0.0.1")


def config(**more: Any) -> dict[str, Any]:
    cluster_of = {"server": "https://127.0.0.1:6443/", **more.get("cluster", {})}
    return {
        "current-context": "here",
        "contexts": [{"name": "here", "context": {"cluster": "c", "user": "u"}}],
        "clusters": [{"name": "c", "cluster": cluster_of}],
        "users": [{"name": "u", "user": more.get("user", {"token": "t"})}],
    }


def read(folder: Path, value: Any) -> Server:
    path = folder / "kubeconfig"
    path.write_text(value if isinstance(value, str) else json.dumps(value))
    return server_of([path])


def test_a_kubeconfig_names_server_and_token(tmp_path: Path) -> None:
    found = read(tmp_path, config())
    assert (found.url, found.token) == ("https://127.0.0.1:6443", "t")
    assert "t" not in repr(found).replace("https", "").replace("trust", "")


def test_yaml_and_files_beside_it(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text(CERTIFICATE.pem)
    (tmp_path / "token").write_text("from-a-file\n")
    text = """
current-context: here
contexts: [{name: here, context: {cluster: c, user: u}}]
clusters:
- name: c
  cluster: {server: "https://127.0.0.1:6443", certificate-authority: ca.pem}
users:
- name: u
  user: {tokenFile: token}
"""
    found = read(tmp_path, text)
    assert found.token == "from-a-file"
    assert len(found.trust.get_ca_certs()) == 1


def test_the_first_of_several_files_counts_most(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    first.write_text(json.dumps({"users": [{"name": "u", "user": {"token": "first"}}]}))
    second.write_text(json.dumps(config()))
    assert server_of([tmp_path / "none", first, second]).token == "first"


def test_a_client_certificate_is_shown(tmp_path: Path) -> None:
    data = {
        f"client-{name}-data": base64.b64encode(text.encode()).decode()
        for name, text in (("certificate", CERTIFICATE.pem), ("key", CERTIFICATE.key))
    }
    assert read(tmp_path, config(user=data)).token == ""


WRONG: Final = {
    "no kubeconfig at all": ("- a", "is no kubeconfig"),
    "broken YAML": ("a: [", "is no kubeconfig"),
    "no context": ({"current-context": "x"}, 'has no context "x"'),
    "no cluster": ({**config(), "clusters": []}, 'has no cluster "c"'),
    "no server": (config(cluster={"server": ""}), "names no server"),
    "a program": (config(user={"exec": {"command": "aws"}}), "fetches its credentials with exec"),
    "no certificate": (config(cluster={"certificate-authority-data": "!"}), "no certificate in base64"),
    "a wrong one": (config(cluster={"certificate-authority-data": "eHg="}), "cannot be used"),
    "a file that is missing": (config(cluster={"certificate-authority": "gone.pem"}), "cannot be read"),
    "a wrong client certificate": (config(user={"client-certificate-data": "eHg="}), "cannot be used"),
}


@pytest.mark.parametrize(("value", "said"), WRONG.values(), ids=WRONG.keys())
def test_a_kubeconfig_that_will_not_do_is_said_in_words(value: Any, said: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=said):
        read(tmp_path, value)


def test_where_it_is_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", "/a:/b")
    assert kubeconfig_paths("") == (Path("/a"), Path("/b"))
    assert kubeconfig_paths("/c") == (Path("/c"),)
    monkeypatch.delenv("KUBECONFIG")
    assert kubeconfig_paths("") == (Path.home() / ".kube" / "config",)
