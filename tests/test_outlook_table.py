"""The truth table of API version, gRPC code and policy against the outlook, written out by hand.

One line per call and policy, one letter per code in the order of the gRPC numbers 1 to 16. The letters:
L looping, R retrying, P parked, U unknown, W works (a code that counts as success), S stalled (never called).
The classifier is left out: a bare code's own retryability stands in for it, so the table is about policies.
"""

import pytest

from cosictl.diagnosis.outlook import outlook_of
from cosictl.knowledge.policies import POLICIES, effect_of
from cosictl.model.failures import GrpcCode
from cosictl.model.refs import Rpc
from cosictl.model.report import Outlook

LETTERS = {
    "L": Outlook.LOOPING,
    "R": Outlook.RETRYING,
    "P": Outlook.PARKED,
    "U": Outlook.UNKNOWN,
    "W": Outlook.RETRYING,
    "S": Outlook.STALLED,
}
CODES = tuple(GrpcCode)[1:]
#            Ca Un IA DE NF AE PD RE FP Ab OR Ui In Ua DL Un
MEANING = "R  U  N  R  U  N  N  U  N  R  N  N  U  R  U  N".replace(" ", "")
RETRYABLE: dict[GrpcCode, bool | None] = {
    code: {"R": True, "N": False, "U": None}[letter] for code, letter in zip(CODES, MEANING, strict=True)
}

TABLE = """
image-60            create  R U L R U L L U L R L L U R U L
v0.2.1              create  R U L R U L L U L R L L U R U L
v0.2.2              create  R U L R U L L U L R L L U R U L
main-2026-03        create  R U P R U P L U L R L P U R U L
later-main          create  R U P R U P L U L R L P U R U L
spec-v1alpha2       create  U U P U U P L U U R U P U U U L
cosi-86-as-written  create  R U L R U L L U L R L L U R U L
cosi-86-intent      create  R U P R P P P P P R L P U R U P
v0.2.2              delete  R U L R W L L U L R L L U R U L
cosi-86-intent      delete  R U P R P P P P P R L P U R U P
main-2026-03        delete  S S S S S S S S S S S S S S S S
later-main          delete  R U P R U P L U L R L P U R U L
v0.2.2              grant   R U L R U L L U L R L L U R U L
main-2026-03        grant   R U P R U P L U L R P P U R U L
spec-v1alpha2       grant   U U P U U P L U U R P P U U U L
v0.2.2              revoke  R U L R U L L U L R L L U R U L
main-2026-03        revoke  R U P R U P L U L R L P U R U L
"""
CALLS = {"create": Rpc.CREATE, "delete": Rpc.DELETE, "grant": Rpc.GRANT, "revoke": Rpc.REVOKE}


def rows() -> list[tuple[str, str, GrpcCode, str]]:
    found: list[tuple[str, str, GrpcCode, str]] = []
    for line in TABLE.strip().splitlines():
        policy, call, *letters = line.split()
        found.extend((policy, call, code, letter) for code, letter in zip(CODES, letters, strict=True))
    return found


@pytest.mark.parametrize(("policy", "call", "code", "letter"), rows())
def test_code_under_policy_gives_outlook(policy: str, call: str, code: GrpcCode, letter: str) -> None:
    effect = effect_of(POLICIES[policy], CALLS[call], code)
    assert outlook_of(RETRYABLE[code], effect) is LETTERS[letter]
