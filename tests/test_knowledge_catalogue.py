"""The catalogue is complete, and every word of it can be shown and every command pasted."""

import itertools
import re
import shlex
import string
from pathlib import Path

import pytest

from cosictl.knowledge.catalogue import CATALOGUE, Detect, Entry, entry_by_id
from cosictl.knowledge.commands import BLANKS
from cosictl.knowledge.finalizers import FINALIZERS
from cosictl.model.failures import FixBy
from cosictl.remedy.planners.cleanup import CLEANUPS
from cosictl.remedy.planners.repair import REPAIRS

ENTRIES = list(CATALOGUE.values())
COMMANDS = [(entry.code, command) for entry in ENTRIES for command in entry.commands]
GROUPS = {"C": 1, "H": 2, "D": 3, "A": 4, "S": 5}


@pytest.mark.parametrize(("letter", "digit"), GROUPS.items())
def test_every_id_of_a_group_has_its_number_and_none_is_left_out(letter: str, digit: int) -> None:
    numbered = {entry.id: entry.code for entry in ENTRIES if entry.id[0] == letter and entry.id != "A09b"}
    assert numbered == {f"{letter}{n:02}": f"COSI{digit}{n:02}" for n in range(1, len(numbered) + 1)}


def test_the_codes_beyond_the_groups() -> None:
    extra = {entry.code: entry.id for entry in ENTRIES if entry.code[4] in "69" or entry.id == "A09b"}
    assert extra["COSI419"] == "A09b"
    assert set(extra) == {"COSI419", "COSI601", "COSI602", "COSI603", "COSI901", "COSI902", "COSI903", "COSI904"}


def test_codes_and_ids_are_unique_and_in_order() -> None:
    assert list(CATALOGUE) == sorted({entry.code for entry in ENTRIES})
    assert len({entry.id for entry in ENTRIES}) == len(ENTRIES)
    assert len({entry.title for entry in ENTRIES}) == len(ENTRIES)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.code)
def test_every_text_is_there_and_ends_as_a_sentence(entry: Entry) -> None:
    for text in (entry.symptom, entry.tell_apart, entry.cause, entry.remedy, entry.risk, entry.stuck_hint):
        assert text.endswith("."), text
        assert "  " not in text
    assert entry.source
    assert entry.apis
    assert entry.commands
    assert 10 <= len(entry.title) <= 100
    assert not entry.title.endswith(".")
    assert "\n" not in entry.title
    assert isinstance(entry.fix_by, FixBy)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.code)
def test_codes_named_in_texts_exist(entry: Entry) -> None:
    texts = (entry.tell_apart, entry.cause, entry.remedy, entry.risk, entry.stuck_hint, entry.limits, entry.meanwhile)
    for code in re.findall(r"COSI\d+", " ".join(texts)):
        assert code in CATALOGUE


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.code)
def test_what_cannot_be_found_says_what_is_shown_meanwhile(entry: Entry) -> None:
    if entry.detect is Detect.PROBE:
        assert CATALOGUE[entry.meanwhile].detect is not Detect.NONE
        assert entry.own_finding
    if entry.detect is Detect.NONE or not entry.own_finding:
        assert entry.limits


@pytest.mark.parametrize(("code", "command"), COMMANDS)
def test_a_command_takes_the_agreed_names_and_no_others(code: str, command: str) -> None:
    fields = {field for _, field, _, _ in string.Formatter().parse(command) if field is not None}
    assert fields <= set(BLANKS), code
    assert "{" not in command.format_map(BLANKS).replace('{"', "").replace("{.", "")


@pytest.mark.parametrize(("code", "command"), COMMANDS)
def test_a_hostile_name_stays_one_word_and_never_becomes_an_option(code: str, command: str) -> None:
    evil = "--all; rm -rf $(x) 'y' \"z\"\n"
    filled = command.format_map(dict.fromkeys(BLANKS, shlex.quote(evil)))
    words = shlex.split(filled)
    assert words[0] in {"kubectl", "cosictl"}, code
    for before, word in itertools.pairwise(words):
        if evil in word:
            assert word != evil or before in {"-n", "--"}, command
            assert word.endswith(evil)


@pytest.mark.parametrize(("code", "command"), COMMANDS)
def test_a_command_is_of_a_kind_that_may_be_offered(code: str, command: str) -> None:
    words = command.split()
    verb = words[1]
    if words[0] == "cosictl":
        # Reproducing shows what it would send, says what that can do, and asks; changing verbs only plan.
        reading = {"diagnose", "get", "events", "classify", "explain", "snapshot", "sidecars"}
        planning = {"cleanup", "repair", "resume"}
        assert verb in reading | planning or words[1:3] == ["probe-driver", "reproduce"], code
        assert "--apply" not in words
        assert words[1:3] != ["sidecars", "measure"], "it makes objects"
        assert "--confirm" not in words
    reading = {"get", "logs", "describe", "api-versions", "api-resources", "auth"}
    changing = {"annotate", "patch", "edit", "delete", "create"}
    assert words[0] == "cosictl" or verb in reading | changing, code
    assert "finalizers" not in command.lower() or verb == "get", "no command may touch finalizers"
    assert "--force" not in command
    assert "-o yaml" not in command or "secret" not in command, "no command may print what is in a Secret"


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.code)
def test_reading_comes_before_changing(entry: Entry) -> None:
    changing = [command.split()[1] in {"annotate", "patch", "edit", "delete"} for command in entry.commands]
    assert changing == sorted(changing)
    assert not changing[0]


def test_deleting_is_offered_only_where_it_is_known_to_be_safe() -> None:
    assert not any(command.startswith("kubectl delete") for _, command in COMMANDS)
    cleaning = {code for code, command in COMMANDS if command.startswith("cosictl cleanup")}
    assert cleaning == {*("COSI101", "COSI104", "COSI106", "COSI414"), *("COSI301", "COSI305", "COSI310")}


def test_every_repair_and_clean_up_that_is_offered_exists() -> None:
    for code, command in COMMANDS:
        if command.startswith("cosictl cleanup"):
            assert code in CLEANUPS, code
        elif command.startswith("cosictl repair"):
            assert code in REPAIRS, code


def test_finalizers_named_in_remedies_exist() -> None:
    short = {name.rpartition("/")[2] for name, _ in FINALIZERS}
    for entry in ENTRIES:
        for name in re.findall(r"[a-z]+(?:-[a-z]+)*-protection", entry.remedy + " ".join(entry.commands)):
            assert name in short, entry.code


def test_no_finding_advises_to_clear_all_finalizers() -> None:
    for entry in ENTRIES:
        if "finalizer" in entry.remedy.lower():
            assert entry.risk
            assert "all finalizers" not in entry.remedy


@pytest.mark.parametrize(("term", "code"), [("C07", "COSI107"), ("a09B", "COSI419"), ("cosi503", "COSI503")])
def test_an_entry_is_found_by_id_or_code(term: str, code: str) -> None:
    entry = entry_by_id(term)
    assert entry is not None
    assert entry.code == code
    assert entry_by_id("C99") is None


def test_the_rules_raise_what_the_catalogue_says_they_raise() -> None:
    rules = Path(__file__).parent.parent / "cosictl" / "diagnosis"
    named = set(re.findall(r"COSI\d{3}", "".join(path.read_text(encoding="utf-8") for path in rules.rglob("*.py"))))
    assert named <= set(CATALOGUE)
    for entry in ENTRIES:
        raised = entry.detect is not Detect.NONE and entry.own_finding
        if entry.detect is Detect.PROBE:
            assert entry.meanwhile in named, entry.code
        else:
            assert (entry.code in named) == raised, entry.code
