"""A list that is taken apart while it arrives holds what it holds as a whole, however it is written and cut."""

import json
from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cosictl.intake.blocks import ListHead, split
from cosictl.intake.builder import SnapshotBuilder
from cosictl.intake.files import read_dump
from cosictl.model.snapshot import TimeBasis
from tests.apiserver import NOON
from tests.cli_process import ROOT

API: Final = "objectstorage.k8s.io/v1alpha1"
Json = dict[str, Any]


def claim(number: int, text: str = "") -> Json:
    """A claim with what could be taken for the end of an item: lists of objects, and hostile text."""
    managers = [{"apiVersion": API, "kind": "BucketClaim", "manager": name} for name in ("a", "b")]
    notes = {"note": text, "items": '"items": [{"apiVersion": 1'}
    names = {"name": f"c{number}", "namespace": "n", "uid": str(number)}
    metadata = {**names, "managedFields": managers, "annotations": notes}
    return {"apiVersion": API, "kind": "BucketClaim", "metadata": metadata, "spec": {"bucketClassName": "k"}}


def bucket(number: int) -> Json:
    return {"apiVersion": API, "kind": "Bucket", "metadata": {"name": f"b{number}", "uid": f"b{number}"}}


WRITTEN: Final[dict[str, Callable[[Json], str]]] = {
    "as kubectl prints it": lambda tree: json.dumps(tree, indent=4),
    "in one line": lambda tree: json.dumps(tree, separators=(",", ":")),
    "in one line with blanks": json.dumps,
    "sorted": lambda tree: json.dumps(tree, sort_keys=True, separators=(",", ":")),
    "with tabs": lambda tree: json.dumps(tree, indent="\t", sort_keys=True),
}


def pieces(data: bytes, size: int) -> Iterator[bytes]:
    return (data[start : start + size] for start in range(0, len(data), size))


def taken(data: bytes, *, size: int, block: int) -> tuple[list[str], int]:
    """Take a document apart; returns the UIDs in it, and how many blocks were taken before its end."""
    builder = SnapshotBuilder(source="test")
    blocks = 0

    def take(found: bytes, head: ListHead) -> bool:
        nonlocal blocks
        kind = head.kind.removesuffix("List") if head.kind != "List" else ""
        done = builder.add_block(found, origin="test", kind=kind, api_version=head.api_version if kind else "")
        blocks += done
        return done

    builder.add_list(split(pieces(data, size), take, block_bytes=block), origin="test")
    snapshot = builder.build(taken_at=NOON, basis=TimeBasis.DUMP)
    assert snapshot.undecoded == ()
    uids = [item.meta.uid for item in snapshot.claims] + [item.meta.uid for item in snapshot.buckets]
    return sorted(uids), blocks


@pytest.mark.parametrize("written", WRITTEN)
@pytest.mark.parametrize("size", [1, 7, 64, 1000, 100_000])
def test_nothing_is_lost_between_two_blocks(written: str, size: int) -> None:
    items = [claim(number, "}, {") for number in range(40)] + [bucket(number) for number in range(40)]
    tree = {"apiVersion": "v1", "kind": "List", "metadata": {"resourceVersion": ""}, "items": items}
    uids, blocks = taken(WRITTEN[written](tree).encode(), size=size, block=1500)
    assert uids == sorted(item["metadata"]["uid"] for item in items)
    assert blocks > (0 if size == 100_000 else 5)


@pytest.mark.parametrize("written", WRITTEN)
def test_a_typed_list_says_the_kind_for_its_items(written: str) -> None:
    items = [
        {key: value for key, value in claim(number).items() if key not in {"apiVersion", "kind"}}
        for number in range(30)
    ]
    tree = {"kind": "BucketClaimList", "apiVersion": API, "metadata": {}, "items": items}
    uids, blocks = taken(WRITTEN[written](tree).encode(), size=500, block=1500)
    assert uids == sorted(str(number) for number in range(30))
    # Sorted, the kind stands behind the items: nothing can be taken before it is known.
    assert (blocks > 3) is (written not in {"sorted", "with tabs"})


@given(st.lists(st.text(max_size=60), min_size=2, max_size=30), st.integers(1, 3000), st.sampled_from(sorted(WRITTEN)))
def test_no_text_confuses_it(texts: list[str], size: int, written: str) -> None:
    items = [claim(number, text) for number, text in enumerate(texts)]
    data = WRITTEN[written]({"apiVersion": "v1", "kind": "List", "items": items}).encode("utf-8", "replace")
    assert taken(data, size=size, block=700)[0] == sorted(str(number) for number in range(len(texts)))


def test_a_list_inside_of_something_is_none() -> None:
    volumes = [{"configMap": {"items": [{"key": f"k{number}", "path": "p"} for number in range(50)]}}]
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"volumes": volumes}}
    data = json.dumps(pod).encode()
    assert split(pieces(data, 100), lambda _block, _head: pytest.fail("taken"), block_bytes=400) == data


def test_a_block_that_nobody_can_use_stays() -> None:
    data = json.dumps({"kind": "List", "items": [claim(number) for number in range(50)]}, indent=1).encode()
    assert split(pieces(data, 100), lambda _block, _head: False, block_bytes=400) == data


def test_a_large_file_says_what_a_small_one_says(tmp_path: Any) -> None:
    source = ROOT / "tests" / "recorded" / "v1alpha1"
    small = read_dump([str(source)])
    items = [item for path in sorted(source.glob("*.json")) for item in json.loads(path.read_text()).get("items", ())]
    extra = [claim(number, "x" * 2000) for number in range(1000)]
    path = tmp_path / "large.json"
    path.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": [*extra, *items]}, indent=4))
    large = read_dump([str(path)])
    known = {item.meta.uid for item in small.claims}
    assert len(large.claims) == len(small.claims) + len(extra)
    assert tuple(item for item in large.claims if item.meta.uid in known) == small.claims
    assert (large.buckets, large.accesses, large.events) == (small.buckets, small.accesses, small.events)


def access(number: int, secret: str) -> Json:
    metadata = {"name": f"a{number}", "namespace": "n", "uid": f"a{number}"}
    return {
        "apiVersion": API,
        "kind": "BucketAccess",
        "metadata": metadata,
        "spec": {"bucketClaimName": "c", "bucketAccessClassName": "k", "credentialsSecretName": secret},
    }


_DNS: Final = "abcdefghijklmnopqrstuvwxyz0123456789.-"
_WORDS: Final = ("secret", "key-", "token", "password", "credentials", "hvs.", "glpat-", "cookie", "basic", "sig")
SECRETS: Final = st.one_of(
    st.lists(st.one_of(st.sampled_from(_WORDS), st.text(_DNS, max_size=40)), max_size=5).map("".join),
    st.text(max_size=40),
    st.sampled_from(["AKIAIOSFODNN7EXAMPLE", "user:pass@host", "token=abcdefgh12345678", "ghp_" + "a1B2" * 9]),
)


@given(st.lists(SECRETS, min_size=1, max_size=5))
def test_names_of_secrets_come_out_of_a_block_as_they_come_one_by_one(secrets: list[str]) -> None:
    items = [json.dumps(access(number, secret)).encode() for number, secret in enumerate(secrets)]
    block, single = SnapshotBuilder(source="test"), SnapshotBuilder(source="test")
    assert block.add_block(b"[" + b",".join(items) + b"]", origin="test", kind="BucketAccess", api_version=API)
    for item in items:
        single.add(item, origin="test")
    found, wanted = (one.build(taken_at=NOON, basis=TimeBasis.DUMP).accesses for one in (block, single))
    assert found == wanted


def test_a_credential_in_place_of_a_secrets_name_is_masked_in_a_block_too() -> None:
    builder = SnapshotBuilder(source="test")
    item = json.dumps(access(1, "glpat-abcdefghij0123456789")).encode()
    assert builder.add_block(b"[" + item + b"]", origin="test", kind="BucketAccess", api_version=API)
    assert "abcdefghij" not in str(builder.build(taken_at=NOON, basis=TimeBasis.DUMP))
