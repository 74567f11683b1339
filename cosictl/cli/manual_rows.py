"""What the pages of commands say beyond the commands' own descriptions, one row for each command.

A row has examples (what for, and what to type; each is parsed by a test), what the command reads and changes, the exit
codes it has besides 0, 1, 2 and 130, and further topics. The root command has the name "".
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from cosictl.errors import DRIVER_CODES, Exit


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """One row. ``see`` are names of commands, words that ``explain`` knows, and pages below ``docs/`` with a title."""

    examples: tuple[tuple[str, str], ...]
    reads: str
    changes: str
    exits: tuple[int, ...] = ()
    see: tuple[str | tuple[str, str], ...] = ()


_KINDS: Final = "The five COSI kinds, events, Leases and Pods, in one list each"
_OR_FILES: Final = "With -f those files, and no cluster."
_NOTHING: Final = "Nothing."
_PLANNED: Final = (
    "Nothing without --apply. With it, each step is guarded, backed up, written to a journal and looked at afterwards."
)
_FRESH: Final = "The same, read again before every step."
_CHANGING: Final = (Exit.REFUSED,)
_PROBING: Final = (Exit.REFUSED, DRIVER_CODES, Exit.TIMEOUT)
_RULES: Final = ("docs/changing.md", "The rules of changing things, verb by verb.")
_PROBES: Final = ("docs/probe-driver.md", "Ways into a pod, what a call can do, and the cases of the check.")
_RIGHTS: Final = ("docs/rbac.md", "The uses, and what one namespace can grant.")
_SIDECARS: Final = ("docs/sidecars.md", "How to read the tables.")

ENVIRONMENT: Final = (
    ("KUBECONFIG", "The kubeconfig, or several with a colon between them, as for kubectl."),
    ("COSI_ENDPOINT", "Where probe-driver finds the driver, unless an option says it."),
    ("XDG_STATE_HOME", "Where journals and backups are kept, in a folder cosictl; ~/.local/state without it."),
    ("NO_COLOR", "Not empty: no colours. --color says otherwise."),
    ("COLUMNS", "How wide the terminal is taken to be."),
)

ABOUT: Final[Mapping[str, About]] = {
    "": About(
        examples=(
            ("What is stuck in every namespace that you may read, and why", "cosictl diagnose"),
            ("The same for a dump that somebody sent", "cosictl diagnose -f dump.json"),
            ("What a code means", "cosictl explain COSI104"),
            ("As a plugin of kubectl", "kubectl cosi get buckets"),
        ),
        reads="A cluster, or with -f files; explain and classify need neither.",
        changes="Nothing without --apply, where a command has it; probe-driver says what a call can do, and asks.",
        see=(("docs/sandbox.md", "A cluster to try all this on."),),
    ),
    "diagnose": About(
        examples=(
            ("Everything that you may read", "cosictl diagnose"),
            ("One claim, with its Bucket and its accesses", "cosictl diagnose claim/photos -n team-a"),
            ("A dump, in a script: 3 means stuck", "cosictl diagnose -f must-gather/ -o json"),
            ("Every object of one finding", "cosictl diagnose -A --finding COSI104 --all"),
            ("What if another sidecar release were running?", "cosictl diagnose --assume-sidecar main-2026-03"),
            ("Also what sidecars and drivers wrote, before a crash too", "cosictl diagnose --logs --previous"),
            ("Stay, and show what gets stuck and what gets better", "cosictl diagnose -w"),
        ),
        reads=f"{_KINDS}; with --logs also logs of Pods. {_OR_FILES}",
        changes=_NOTHING,
        exits=(Exit.STUCK, Exit.UNKNOWN),
        see=(
            "explain",
            "events",
            ("docs/findings.md", "Every finding."),
            ("docs/policies.md", "What each sidecar release retries."),
            ("docs/logs.md", "What --logs reads and understands."),
        ),
    ),
    "wait": About(
        examples=(
            ("In a pipeline, after kubectl apply", "cosictl wait claim/photos -n team-a --for ready --timeout 5m"),
            ("Until a deletion is done", "cosictl wait claim/photos access/reader -n team-a --for gone --timeout 10m"),
            (
                "Until nothing moves any more, for a program",
                "cosictl wait claims,accesses -A --all --for settled -o json",
            ),
            ("Look once", "cosictl wait claim/photos -n team-a --for ready --timeout 0"),
        ),
        reads=f"{_KINDS}, and what changes in them.",
        changes=_NOTHING,
        exits=(Exit.STUCK, Exit.UNKNOWN, Exit.TIMEOUT),
        see=("diagnose", "looping", ("docs/wait.md", "What holds when, and how it looks.")),
    ),
    "get": About(
        examples=(
            ("The claims of a namespace, with outlook, cause and next try", "cosictl get claims -n team-a"),
            (
                "The Buckets that are stuck, the oldest trouble first",
                "cosictl get buckets --outlook looping,parked --sort-by since",
            ),
            (
                "Two columns for a script",
                "cosictl get accesses -A -o custom-columns=NAME:.metadata.name,OUTLOOK:.diagnosis.outlook",
            ),
            ("Stay, and print what changes", "cosictl get claims -A -w"),
            ("The drivers, from a dump", "cosictl get drivers -f dump.json"),
        ),
        reads=f"{_KINDS}. {_OR_FILES}",
        changes=_NOTHING,
        see=("diagnose", "events", "looping"),
    ),
    "report": About(
        examples=(
            ("One claim, for the ticket of its owner", "cosictl report claim/photos -n team-a"),
            ("A page for a browser", "cosictl report -o html --output-file report.html"),
            ("For a pipeline that must know", "cosictl report -o junit --output-file cosi.xml --force"),
            ("Figures for Prometheus, served", "cosictl report -o prometheus --listen 127.0.0.1:9186"),
            (
                "The same from a dump, over an earlier one",
                "cosictl report -f dump.json -o html --output-file r.html --force",
            ),
        ),
        reads=f"{_KINDS}; with --logs also logs of Pods. {_OR_FILES}",
        changes="Nothing but the file of --output-file.",
        exits=(Exit.REFUSED,),
        see=("report diff", "diagnose", "sidecars compare", ("docs/report.md", "What is in a report, with a picture.")),
    ),
    "report diff": About(
        examples=(
            ("What changed between two dumps", "cosictl report diff monday.json tuesday.json"),
            ("Since a saved diagnosis, for a program", "cosictl report diff before.json after.json -o jsonl"),
        ),
        reads="The two files or folders; no cluster.",
        changes=_NOTHING,
        see=("snapshot", "diagnose", ("docs/metrics.md", "Figures, alerts, and what counts as better.")),
    ),
    "events": About(
        examples=(
            ("A claim, its Bucket and its accesses in one timeline", "cosictl events claim/photos -n team-a"),
            ("With the lines of sidecar and driver about it", "cosictl events claim/photos -n team-a --logs"),
            ("With what each record means, for a program", "cosictl events -A -o json"),
        ),
        reads=f"{_KINDS}; with --logs also logs of Pods. {_OR_FILES}",
        changes=_NOTHING,
        see=("diagnose", "classify", ("docs/logs.md", "What --logs reads and understands.")),
    ),
    "classify": About(
        examples=(
            (
                "One message",
                "cosictl classify 'rpc error: code = Internal desc = api error AccessDenied: Access Denied'",
            ),
            (
                "The log of a sidecar, line by line",
                "kubectl logs -n driver-ns pod/driver-0 -c objectstorage-provisioner-sidecar | cosictl classify -",
            ),
            ("A file, as JSON lines", "cosictl classify -f sidecar.log -o jsonl"),
        ),
        reads="The words, files and standard input that it is given; no cluster.",
        changes=_NOTHING,
        see=("explain", "events"),
    ),
    "explain": About(
        examples=(
            ("A finding", "cosictl explain COSI104"),
            ("A gRPC code, with what each sidecar release does with it", "cosictl explain AlreadyExists"),
            ("A sidecar release", "cosictl explain v0.2.2"),
            ("A finalizer: who takes it off, and what is left if you do", "cosictl explain bucket-protection"),
            ("A command", "cosictl explain probe-driver reproduce"),
            ("Which words there are", "cosictl explain | grep -i bucket"),
        ),
        reads="Nothing: it works offline.",
        changes=_NOTHING,
        see=(("docs/findings.md", "Every finding."), ("docs/policies.md", "What each sidecar release retries.")),
    ),
    "mark": About(
        examples=(
            (
                "Plan a mark on everything with this finding",
                "cosictl mark -A --finding COSI104 --reason 'quota asked for' --ticket OPS-7 --expires 72h",
            ),
            ("Mark one claim, after asking", "cosictl mark claim/photos -n team-a --reason 'wrong class' --apply"),
        ),
        reads=f"{_KINDS}. {_FRESH}",
        changes=f"{_PLANNED} One annotation and an Event are written.",
        exits=_CHANGING,
        see=("unmark", "cosictl.dev/mark", "marked", "get", _RULES),
    ),
    "unmark": About(
        examples=(
            ("Plan to take a mark off", "cosictl unmark claim/photos -n team-a"),
            ("Do it, after asking", "cosictl unmark claim/photos -n team-a --apply"),
        ),
        reads=f"{_KINDS}. {_FRESH}",
        changes=f"{_PLANNED} One annotation is removed, and an Event is written.",
        exits=_CHANGING,
        see=("mark", _RULES),
    ),
    "quarantine": About(
        examples=(
            (
                "Plan to stop the retries of one Bucket",
                "cosictl quarantine bucket/bucket-1234 --reason 'driver is mended on Monday'",
            ),
            (
                "Stop all loops of a driver with this finding, after asking",
                "cosictl quarantine --finding COSI104 --driver cosi.example.com --apply",
            ),
        ),
        reads=f"{_KINDS}. {_FRESH}",
        changes=f"{_PLANNED} The driver's name in the Bucket is changed, and the old one noted in an annotation.",
        exits=_CHANGING,
        see=("resume", "quarantined", "COSI603", _RULES),
    ),
    "resume": About(
        examples=(
            ("Plan to start one loop again", "cosictl resume bucket/bucket-1234"),
            ("Start it, and wait for the next attempt", "cosictl resume bucket/bucket-1234 --apply --wait 2m"),
        ),
        reads=f"{_KINDS}. {_FRESH}",
        changes=f"{_PLANNED} The driver's name is put back, and the annotation removed.",
        exits=_CHANGING,
        see=("quarantine", "COSI603", _RULES),
    ),
    "repair": About(
        examples=(
            ("Plan what COSI forgot to do for a claim", "cosictl repair claim/recovers -n team-a"),
            ("Do it, after asking", "cosictl repair claim/recovers -n team-a --apply"),
            ("A Secret that stays terminating", "cosictl repair secret/creds -n team-a"),
            (
                "A claim whose Bucket is gone: the driver is asked to delete first",
                "cosictl repair claim/photos -n team-a --bucket-id photos-7 --endpoint unix:///var/lib/cosi/cosi.sock",
            ),
        ),
        reads=f"{_KINDS}. {_FRESH} With --endpoint or --pod also what the driver says.",
        changes=f"{_PLANNED} A status, an annotation, an empty Secret, or one finalizer, as the plan says.",
        exits=_CHANGING,
        see=("cleanup", "COSI201", "COSI302", "COSI412", _RULES),
    ),
    "cleanup": About(
        examples=(
            ("Plan what ends the trouble of one claim", "cosictl cleanup claim/reports -n team-a"),
            ("Do it, after asking", "cosictl cleanup claim/reports -n team-a --apply"),
            ("Write the plan down for somebody else", "cosictl cleanup -A --finding COSI104 -o yaml > plan.yaml"),
            ("Let a stuck deletion finish, and keep the data", "cosictl cleanup bucket/bucket-1234 --retain"),
        ),
        reads=f"{_KINDS}. {_FRESH} With --endpoint or --pod also what the driver says.",
        changes=f"{_PLANNED} Objects are deleted, and with --endpoint or --pod buckets and accounts at the driver.",
        exits=_CHANGING,
        see=("repair", "apply", "undo", "COSI104", "COSI301", _RULES),
    ),
    "apply": About(
        examples=(
            ("Ask, then carry out a plan", "cosictl apply plan.yaml"),
            ("Without a terminal: name the plan's digest", "cosictl apply plan.yaml --confirm DIGEST"),
            ("Let the API server check each step, and change nothing", "cosictl apply plan.yaml --dry-run=server"),
            ("Go on with a run that was interrupted", "cosictl apply --resume RUN"),
        ),
        reads=f"The plan. {_KINDS}, again before every step.",
        changes="What the plan says and nothing else, each step guarded, backed up and written to a journal.",
        exits=_CHANGING,
        see=("cleanup", "undo", "journal", _RULES),
    ),
    "undo": About(
        examples=(
            ("Plan how a run is taken back", "cosictl undo RUN"),
            ("Take it back, after asking", "cosictl undo RUN --apply"),
        ),
        reads=f"The journal and the backups of the run. {_KINDS}, again before every step.",
        changes=f"{_PLANNED} What a driver deleted or revoked, and finalizers, do not come back; the plan says so.",
        exits=_CHANGING,
        see=("journal list", "apply", _RULES),
    ),
    "snapshot": About(
        examples=(
            ("A dump of everything that you may read", "cosictl snapshot -o cluster.json"),
            ("One namespace, straight into a diagnosis", "cosictl snapshot -n team-a -o - | cosictl diagnose -f -"),
        ),
        reads=f"{_KINDS}. {_OR_FILES}",
        changes="Nothing in the cluster. The file of -o is written: credentials in it are masked, names are not.",
        see=("diagnose",),
    ),
    "sandbox": About(
        examples=(
            ("Which stories there are", "cosictl sandbox --list-scenarios"),
            ("Look at a stuck cluster, an hour a minute", "cosictl sandbox --speed 60 exec -- cosictl diagnose"),
            ("Rehearse a clean-up on a copy of your cluster", "cosictl sandbox --from cluster.json exec -- sh"),
            (
                "Be one sidecar",
                "cosictl sandbox sidecar --policy v0.2.2 --driver-addr unix:///tmp/cosi.sock --kubeconfig FILE",
            ),
        ),
        reads="The dumps that --from names; no cluster, unless it is one sidecar.",
        changes="Nothing outside its own process, on loopback. With exec the exit code is the command's.",
        see=(("docs/sandbox.md", "Stories, faults, and what is served."), "sidecars measure"),
    ),
    "completion": About(
        examples=(
            ("In bash", "cosictl completion bash > ~/.local/share/bash-completion/completions/cosictl"),
            ("In fish", "cosictl completion fish > ~/.config/fish/completions/cosictl.fish"),
        ),
        reads="Nothing: it works offline.",
        changes="Nothing: it prints a script.",
    ),
    "version": About(
        examples=(
            ("The version", "cosictl version"),
            ("With Python and the libraries it runs on, for a report", "cosictl version -o yaml"),
        ),
        reads="Nothing: it works offline.",
        changes=_NOTHING,
    ),
    "probe-driver": About(
        examples=(
            ("Who is it?", "cosictl probe-driver info --driver cosi.example.com"),
            (
                "Does it still answer so?",
                "cosictl probe-driver reproduce claim/reports -n team-a --driver cosi.example.com",
            ),
        ),
        reads="The driver; from the cluster what a call is about, as each command below says.",
        changes="What a call can do is said before it is made: what creates asks, what deletes needs a digest.",
        exits=_PROBING,
        see=(_PROBES,),
    ),
    "probe-driver info": About(
        examples=(
            ("Through the pod that serves a driver", "cosictl probe-driver info --driver cosi.example.com"),
            ("On the driver's own machine", "cosictl probe-driver info --endpoint unix:///var/lib/cosi/cosi.sock"),
            ("Time a hundred calls", "cosictl probe-driver info --pod driver-ns/driver-0 --count 100"),
        ),
        reads=f"DriverGetInfo of the driver. {_KINDS}, unless --no-cluster or -f is given.",
        changes=_NOTHING,
        exits=_PROBING,
        see=("get", _PROBES),
    ),
    "probe-driver reproduce": About(
        examples=(
            ("Show the request, and send nothing", "cosictl probe-driver reproduce claim/photos -n team-a --dry-run"),
            (
                "Send it, after asking",
                "cosictl probe-driver reproduce claim/photos -n team-a --driver cosi.example.com",
            ),
            (
                "For an object of a dump",
                "cosictl probe-driver reproduce bucket/bucket-1234 -f dump.json --endpoint tcp://127.0.0.1:9000 --yes",
            ),
        ),
        reads="The object, what its sidecar looks at for it, and their events, one by one. With -f it reads files.",
        changes="What the sidecar's own next attempt can do: create a bucket, mint credentials; it deletes or revokes "
        "only with --confirm, and only for an object that is being deleted.",
        exits=_PROBING,
        see=("COSI107", "COSI108", "COSI109", "COSI406", _PROBES),
    ),
    "probe-driver call": About(
        examples=(
            ("An empty request to fill in", "cosictl probe-driver call create --template"),
            ("Send it, after asking", "cosictl probe-driver call create -d @request.json --driver cosi.example.com"),
            (
                "See what would be deleted, and the digest to confirm it with",
                """cosictl probe-driver call delete -d '{"bucketId": "photos-7"}' --driver cosi.example.com""",
            ),
        ),
        reads="The request, the driver's reply, and the Buckets and accesses of the cluster that use what is deleted.",
        changes="What the call does at the driver. Kubernetes objects are not changed.",
        exits=_PROBING,
        see=("probe-driver reproduce", _PROBES),
    ),
    "probe-driver check": About(
        examples=(
            ("Which cases there are", "cosictl probe-driver check --list"),
            ("All of them, after asking", "cosictl probe-driver check --driver cosi.example.com"),
            (
                "In a pipeline",
                "cosictl probe-driver check --endpoint unix:///tmp/cosi.sock --yes --parameter region=eu -o junit",
            ),
            (
                "Remove what an earlier check left",
                "cosictl probe-driver check --clean-up-only PREFIX --driver cosi.example.com",
            ),
        ),
        reads="The driver's answers, and which bucket IDs the Buckets of the cluster use.",
        changes="Buckets and accounts of its own are made at the driver and removed, after an interrupt too.",
        exits=_PROBING,
        see=(_PROBES,),
    ),
    "rbac": About(
        examples=(
            ("The smallest role to look", "cosictl rbac print read-only"),
            ("What you have of all that commands need", "cosictl rbac check"),
        ),
        reads="print nothing; check asks the server.",
        changes=_NOTHING,
        see=(_RIGHTS,),
    ),
    "rbac print": About(
        examples=(
            ("Let people on call look", "cosictl rbac print read-only --bind-to group:on-call | kubectl apply -f -"),
            (
                "A pipeline, in its own namespace",
                "cosictl rbac print read-only -n team-a --bind-to serviceaccount:team-a/pipeline",
            ),
            ("What asking drivers takes", "cosictl rbac print probe"),
        ),
        reads=_NOTHING,
        changes=_NOTHING,
        see=("rbac check", _RIGHTS),
    ),
    "rbac check": About(
        examples=(
            ("Everything, in the whole cluster", "cosictl rbac check"),
            ("Looking, in one namespace", "cosictl rbac check read-only -n team-a"),
            ("What somebody else has, for a program", "cosictl rbac check remedy --as jo -o json"),
        ),
        reads="The server's answers about your rights (SelfSubjectAccessReview).",
        changes=_NOTHING,
        see=("rbac print", _RIGHTS),
    ),
    "journal": About(
        examples=(("What was changed from this machine", "cosictl journal list"),),
        reads="Journals and backups on this machine; no cluster.",
        changes=_NOTHING,
        see=("undo", _RULES),
    ),
    "journal list": About(
        examples=(("Every run, the oldest first", "cosictl journal list"),),
        reads="Journals on this machine; no cluster.",
        changes=_NOTHING,
        see=("undo", "apply", _RULES),
    ),
    "journal show": About(
        examples=(
            ("One run, step by step", "cosictl journal show RUN"),
            ("For a program", "cosictl journal show RUN -o json"),
        ),
        reads="The journal of the run; no cluster.",
        changes=_NOTHING,
        see=("undo", _RULES),
    ),
    "sidecars": About(
        examples=(
            ("Which release serves which driver, and its hazards", "cosictl sidecars"),
            ("From a dump, hazards with their sources", "cosictl sidecars -f dump.json -o wide"),
        ),
        reads=f"{_KINDS}. {_OR_FILES}",
        changes="Nothing; of the commands below only measure makes objects, and removes them.",
        see=(_SIDECARS, ("docs/policies.md", "What each release does.")),
    ),
    "sidecars list": About(
        examples=(("One driver", "cosictl sidecars list --driver cosi.example.com"),),
        reads=f"{_KINDS}. {_OR_FILES}",
        changes=_NOTHING,
        see=("COSI509", _SIDECARS),
    ),
    "sidecars compare": About(
        examples=(
            ("Every release, specification and proposal", "cosictl sidecars compare"),
            ("One of them, with the names of the objects", "cosictl sidecars compare later-main"),
        ),
        reads=f"{_KINDS}. {_OR_FILES}",
        changes=_NOTHING,
        see=("diagnose", "cosi-86-as-written", "cosi-86-intent", _SIDECARS),
    ),
    "sidecars fix": About(
        examples=(
            ("What to change, as kubectl set image", "cosictl sidecars fix"),
            (
                "An image that you have in mind, as a patch",
                "cosictl sidecars fix --to registry.example.com/objectstorage-sidecar:v0.2.2 --form patch",
            ),
        ),
        reads=f"{_KINDS}. {_OR_FILES}",
        changes="Nothing: what it prints is for you to apply.",
        see=(_SIDECARS,),
    ),
    "sidecars measure": About(
        examples=(
            (
                "Say what would be made in the cluster",
                "cosictl sidecars measure --binary ./objectstorage-sidecar --dry-run",
            ),
            ("On an API server of its own", "cosictl sidecars measure --binary ./objectstorage-sidecar --sandbox"),
            ("From calls that a driver noted", "cosictl sidecars measure -f driver-calls.jsonl"),
        ),
        reads="The calls of the sidecar, and what it records on objects. With -f it reads recorded calls.",
        changes="A namespace, Buckets, claims and accesses with a label of its own are made and removed, after an "
        "interrupt too. With --sandbox nothing of this is in your cluster.",
        see=(("docs/measure.md", "What is made, removed and measured."), "sidecars compare"),
    ),
}
