"""The options of every command: kubectl's spellings, before or after the verb."""

import json
from pathlib import Path

import pytest

from cosictl.cli.argv import respell
from cosictl.cli.options import Shared, parse_duration
from cosictl.cli.types import WORDS, Resource, Target, parse_resource, parse_targets
from cosictl.cli.verbs import VERBS
from cosictl.cli.wiring import parse_moment
from cosictl.errors import UsageError
from cosictl.flows.labels import parse_selector
from cosictl.sandbox.api.access import Rule, User
from tests.apiserver import LISTED, ApiServer, Object
from tests.cli_process import V1, cosictl

OPTIONS = (
    *("--kubeconfig", "--context", "--cluster", "--user", "--as", "--as-group", "-s, --server", "--token"),
    *("--request-timeout", "-n, --namespace", "-A, --all-namespaces", "-l, --selector", "-o, --output"),
    *("--no-headers", "--chunk-size", "--color", "-v"),
)


@pytest.mark.parametrize("verb", ["", *(name for name, verb in VERBS.items() if not verb.below)])
def test_every_command_has_every_option(verb: str) -> None:
    text = cosictl(*[verb][: bool(verb)], "--help").stdout
    assert [option for option in OPTIONS if option not in text] == []


@pytest.mark.parametrize(
    "words",
    [
        ("-o", "json", "-n", "team-a", "get", "claims", "-f", V1),
        ("get", "-o=json", "claims", "-n=team-a", "-f", V1),
        ("get", "claims", "-f", V1, "-ojson", "-nteam-a"),
        ("--output=json", "--namespace=team-b", "get", "claims", "--namespace", "team-a", "-f", V1),
        ("-v", "-n", "team-a", "get", "claims", "-f", V1, "-o", "json", "--no-headers=true"),
    ],
    ids=" ".join,
)
def test_options_stand_before_or_after_the_verb(words: tuple[str, ...]) -> None:
    done = cosictl(*words)
    assert done.returncode == 0
    assert {item["metadata"]["namespace"] for item in json.loads(done.stdout)["items"]} == {"team-a"}


@pytest.mark.parametrize(
    ("words", "plain"),
    [
        (["-n=a", "get"], ["-n", "a", "get"]),
        (["-o=jsonpath={.a=1}"], ["-o", "jsonpath={.a=1}"]),
        (["-v"], ["-v", "1"]),
        (["-vv", "get"], ["-v", "2", "get"]),
        (["-v", "6"], ["-v", "6"]),
        (["-v=6"], ["-v", "6"]),
        (["-A=true", "--no-headers=false"], ["-A"]),
        (["--no-headers=maybe"], ["--no-headers=maybe"]),
        (["classify", "--", "-n=a", "-v"], ["classify", "--", "-n=a", "-v"]),
    ],
    ids=str,
)
def test_spellings_of_kubectl_are_understood(words: list[str], plain: list[str]) -> None:
    assert respell(words) == plain


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("0", 0), ("10", 10), ("1.5", 1.5), ("10s", 10), ("1m", 60), ("1h2m3s", 3723), ("250ms", 0.25)],
)
def test_timeouts_are_durations_or_seconds(text: str, seconds: float) -> None:
    assert parse_duration(text, "--request-timeout") == seconds


@pytest.mark.parametrize("text", ["", "-1", "1d", "s", "1s1m", "inf", "nan"])
def test_other_timeouts_are_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse_duration(text, "--request-timeout")


def test_what_stands_after_the_verb_wins_and_groups_add_up() -> None:
    before = Shared(namespace="a", chunk_size=7, all_namespaces=True, as_group=["x"], verbosity=2)
    after = Shared(namespace="b", chunk_size=0, as_group=["y"], verbosity=0)
    assert after.over(before) == Shared(
        namespace="b", chunk_size=0, all_namespaces=True, as_group=["x", "y"], verbosity=0
    )


@pytest.mark.parametrize("resource", Resource)
def test_a_type_has_a_plural_a_singular_and_short_names(resource: Resource) -> None:
    for word in WORDS[resource]:
        assert parse_resource(word) is resource
        assert parse_resource(word.upper()) is resource


def test_no_short_name_means_two_types() -> None:
    words = [word for words in WORDS.values() for word in words]
    assert len(words) == len(set(words))


@pytest.mark.parametrize("word", ["buckets.objectstorage.k8s.io", "BucketClaim.v1alpha1.objectstorage.k8s.io"])
def test_a_type_may_be_spelled_with_its_group(word: str) -> None:
    assert parse_resource(word) in {Resource.BUCKETS, Resource.CLAIMS}


def test_a_type_of_another_group_is_not_ours() -> None:
    with pytest.raises(UsageError):
        parse_resource("buckets.s3.aws.upbound.io")


def test_targets_are_written_as_for_kubectl() -> None:
    claim, bucket = Resource.CLAIMS, Resource.BUCKETS
    assert parse_targets(["bc/a", "bucket/b"]) == (Target(resource=claim, name="a"), Target(resource=bucket, name="b"))
    assert parse_targets(["claims", "a", "b"]) == (Target(resource=claim, name="a"), Target(resource=claim, name="b"))
    assert parse_targets(["claims,buckets"]) == (Target(resource=claim), Target(resource=bucket))
    assert parse_targets([]) == ()


@pytest.mark.parametrize(
    ("selector", "matches"),
    [
        ("", True),
        ("app=web", True),
        ("app==web", True),
        ("app=db", False),
        ("app!=db", True),
        ("tier!=x", True),
        ("app", True),
        ("!app", False),
        ("!tier", True),
        ("app in (web, db)", True),
        ("app notin (web,db)", False),
        ("tier notin (x)", True),
        ("app=web,env=", True),
        ("app=web,env=prod", False),
        ("example.com/owner in (a.b_c-d)", True),
    ],
)
def test_labels_select_as_on_the_server(selector: str, *, matches: bool) -> None:
    labels = {"app": "web", "env": "", "example.com/owner": "a.b_c-d"}
    assert parse_selector(selector)(labels) is matches


@pytest.mark.parametrize("selector", ["a=b=c", "in (a)", "a in", "a in (b", ",", "a,,b", "a>1", "-a"])
def test_other_selectors_are_refused(selector: str) -> None:
    with pytest.raises(UsageError):
        parse_selector(selector)


def test_a_moment_without_a_zone_is_utc() -> None:
    assert parse_moment("2026-01-31T12:00:00").isoformat() == "2026-01-31T12:00:00+00:00"
    assert parse_moment("2026-01-31T12:00:00+02:00").isoformat() == "2026-01-31T10:00:00+00:00"


def test_labels_narrow_what_is_listed(tmp_path: Path) -> None:
    items: list[Object] = [
        {
            "apiVersion": "objectstorage.k8s.io/v1alpha1",
            "kind": "BucketClaim",
            "metadata": {"name": name, "namespace": "a", "uid": name, "labels": {"app": name}},
            "spec": {"bucketClassName": "c", "protocols": ["S3"]},
        }
        for name in ("web", "db")
    ]
    (tmp_path / "claims.json").write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))
    done = cosictl("get", "claims", "-l", "app in (db)", "-o", "name", "-f", str(tmp_path))
    assert done.stdout == "bucketclaim.objectstorage.k8s.io/db\n"


def test_options_reach_the_server(tmp_path: Path) -> None:
    jane = User(name="jane", rules=(Rule(verbs=("list",)),))
    with ApiServer(token="right-one", also={"of-jane": jane}, forbidden=LISTED) as server:
        config = str(server.kubeconfig(tmp_path, token="wrong"))
        words = ("--token", "right-one", "--as", "jane", "get", "claims", "--as-group", "dev", "--as-group=ops")
        done = cosictl("--kubeconfig", config, *words, "--chunk-size", "9", "-n", "team-z")
        assert (done.returncode, done.stderr) == (0, "No resources found in team-z namespace.\n")
        assert "/apis/objectstorage.k8s.io/v1alpha1/namespaces/team-z/bucketclaims?limit=9" in server.requests
