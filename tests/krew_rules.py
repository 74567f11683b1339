"""What krew asks of a plugin's manifest and archive, each rule with its source. Pure.

Sources are files of kubernetes-sigs/krew as ``path@commit``; the texts of the sentences are ours.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any, Final

VALIDATE: Final = "internal/index/validation/validate.go@65de93ccbe57"
LINT: Final = "cmd/validate-krew-manifest/main.go@c0e8e8857699"
SEMVER: Final = "internal/installation/semver/version.go@bf6e29d2c6e2"
TYPES: Final = "pkg/index/types.go@0a63f98b7e06"
UNPACK: Final = "internal/download/downloader.go@1273c6493b7e"
NAMING: Final = "site/content/docs/developer-guide/develop/naming-guide.md@1d7b6515de0b"
WRITING: Final = "site/content/docs/developer-guide/plugin-manifest.md@0a63f98b7e06"
OLDER_LINT: Final = "cmd/validate-krew-manifest/main.go@284085eef218"

Json = Mapping[str, Any]
# Semantic versions as k8s.io/apimachinery reads them, and the "v" that krew wants before them.
_SEMVER: Final = re.compile(
    r"v(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?(\+[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?"
)
_RESERVED: Final = {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10))}
_FIELDS: Final = {"version", "shortDescription", "description", "caveats", "homepage", "platforms"}
_PLATFORM_FIELDS: Final = {"uri", "sha256", "selector", "files", "license", "bin"}
PLATFORMS: Final = {
    *(("windows", arch) for arch in ("386", "amd64", "arm64")),
    *(("linux", arch) for arch in ("386", "amd64", "arm", "arm64", "ppc64le")),
    *(("darwin", arch) for arch in ("386", "amd64", "arm64")),
}
_LICENCES: Final = {"license", "licenses", "copying"}


def check_manifest(file_name: str, manifest: Json) -> Iterator[str]:
    """Yield what krew would refuse, or its linter warn of, in a manifest in a file of a name."""
    spec: Json = manifest.get("spec", {})
    name = manifest.get("metadata", {}).get("name", "")
    if manifest.get("apiVersion") != "krew.googlecontainertools.github.com/v1alpha2":
        yield f"apiVersion ({VALIDATE})"
    if manifest.get("kind") != "Plugin":
        yield f"kind ({VALIDATE})"
    yield from _check_name(file_name, name)
    if _SEMVER.fullmatch(str(spec.get("version", ""))) is None:
        yield f"version is no semantic version with a v ({SEMVER})"
    short = spec.get("shortDescription", "")
    if not short or re.search(r"[\r\n]", short):
        yield f"shortDescription is one line ({VALIDATE})"
    if not spec.get("description"):
        yield f"description ({WRITING})"
    for field, most in (("shortDescription", 70), ("description", 80), ("caveats", 80)):
        if any(len(line) > most and " " in line.strip() for line in spec.get(field, "").split("\n")):
            yield f"{field} has a line of more than {most} characters ({OLDER_LINT})"
    if unknown := spec.keys() - _FIELDS:
        yield f"fields {unknown} ({TYPES})"
    yield from _check_platforms(spec.get("platforms") or [])


def _check_name(file_name: str, name: str) -> Iterator[str]:
    if file_name != f"{name}.yaml":
        yield f"the file is called as the plugin ({LINT})"
    if re.fullmatch(r"[\w-]+", name) is None or name.lower() in _RESERVED:
        yield f"name is not safe ({VALIDATE})"
    if name != name.lower() or "_" in name or name.startswith("kube"):
        yield f"name is lower case with hyphens, and does not begin with kube ({NAMING})"


def _check_platforms(platforms: Sequence[Json]) -> Iterator[str]:
    if not platforms:
        yield f"at least one platform ({VALIDATE})"
    for platform in platforms:
        yield from _check_platform(platform)
    for one, other in combinations(platforms, 2):
        if selected(one) & selected(other):
            yield f"two platforms select the same machine ({LINT})"


def _check_platform(platform: Json) -> Iterator[str]:
    if not platform.get("uri", "").startswith("https://"):
        yield f"uri can be fetched by everybody, and safely ({WRITING})"
    if not platform.get("uri", "").endswith((".tar.gz", ".zip")):
        yield f"uri is that of a .tar.gz or .zip ({WRITING})"
    if re.fullmatch("[a-f0-9]{64}", platform.get("sha256", "")) is None:
        yield f"sha256 is 64 lower-case hexadecimal digits ({VALIDATE})"
    if not platform.get("bin"):
        yield f"bin ({VALIDATE})"
    files = platform.get("files")
    if files is not None and not (files and all(entry.get("from") and entry.get("to") for entry in files)):
        yield f"files is absent, or entries of from and to ({VALIDATE})"
    if unknown := platform.keys() - _PLATFORM_FIELDS:
        yield f"fields {unknown} ({TYPES})"
    labels = platform.get("selector", {}).get("matchLabels", {})
    if not labels or not labels.keys() <= {"os", "arch"}:
        yield f"selector is of os and arch ({VALIDATE})"
    elif not selected(platform):
        yield f"selector matches a platform that krew runs on ({LINT})"


def selected(platform: Json) -> set[tuple[str, str]]:
    """Return the platforms that a selector of labels matches."""
    labels = platform.get("selector", {}).get("matchLabels", {})
    wanted = (labels.get("os"), labels.get("arch"))
    return {pair for pair in PLATFORMS if all(want in {None, have} for want, have in zip(wanted, pair, strict=True))}


def check_archive(content: bytes, members: Mapping[str, int], executable: str) -> Iterator[str]:
    """Yield what is wrong with an archive of so many bytes, given the modes of its members by name."""
    if not content.startswith((b"\x1f\x8b\x08", b"PK\x03\x04")):
        yield f"its bytes say that it is a .tar.gz or .zip ({UNPACK})"
    if any(name.startswith(("/", "\\")) or ".." in name for name in members):
        yield f"no member leads outside ({UNPACK})"
    if not members.get(executable, 0) & 0o100:
        yield f"bin is in it, and executable ({WRITING})"
    if not {name.rpartition("/")[2].lower().partition(".")[0] for name in members} & _LICENCES:
        yield f"a licence is in it ({LINT})"
