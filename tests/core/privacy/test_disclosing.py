"""A person is told all that is known about it, and nobody else's data."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import pytest

from crmkit import SYSTEM, Customer, User
from crmkit.core.declare.values import ref_class
from crmkit.core.exchange.persons import export_person
from crmkit.errors import AccessDeniedError, NotFoundError, ReadOnlyError
from tests.core.privacy.person import SIGN, Known

if TYPE_CHECKING:
    from pathlib import Path

    from crmkit import CRM

pytestmark = [pytest.mark.row("M16"), pytest.mark.thorough]


def told(crm: CRM, number: int) -> dict[str, Any]:
    """Return what is exported of a person."""
    target = io.StringIO()
    with crm.session(actor="olga") as session:
        export_person(session, ref_class("customer")(number), target, reason="asked")
    found: dict[str, Any] = json.loads(target.getvalue())
    return found


def test_everything_is_told(clinic: CRM, known: Known) -> None:
    """Every personal value of the person, its parts and what is about it is there, with labels and classes."""
    found = told(clinic, known.ann)
    text = json.dumps(found)
    words = ("street", "flu", "tag", "-erp", "-wechat", "unit", "memo", "deal", "lost", "order", "note", "remark")
    for word in (*words, "deleted note", "double"):
        assert f"{SIGN} {word}" in text or f"{SIGN}{word}" in text, word
    kinds = {each["record"].partition(":")[0]: each["is"] for each in found["records"]}
    assert kinds["external_id"] == kinds["channel_identity"] == "part"
    assert kinds["order"] == kinds["order_line"] == kinds["visit"] == "about"
    assert {each["record"] for each in found["records"] if each["is"] == "merged"} == {f"customer:{known.double}"}
    (ann,) = (each for each in found["records"] if each["is"] == "person")
    diagnosis = next(each for each in ann["fields"] if each["field"] == "diagnosis")
    assert diagnosis == {"field": "diagnosis", "label": "Diagnosis", "class": "sensitive", "value": f"{SIGN} flu"}
    assert {each["field"] for each in found["mentions"]} >= {"customer"}
    assert {each["action"] for each in found["changes"]} >= {"create", "update", "move", "merge", "share"}
    assert [each["kind"] for each in found["links"]] == ["became"]
    assert [each["to"] for each in found["shares"]] == ["user:2"]
    assert {each["stage"] for each in found["stages"]} >= {"proposal", "won", "lost"}


def test_nothing_of_others_and_no_secret_is_told(clinic: CRM, known: Known) -> None:
    """The other person isn't in it, nor any secret, which is only named."""
    text = json.dumps(told(clinic, known.ann))
    for words in ("Ann other", "other flu", "other@other", "other deal", "other note", "other-erp"):
        assert words not in text
    assert f"{SIGN} password" not in text
    assert '"field": "portal_password", "label": "Portal password", "class": "secret", "withheld": true' in text


@pytest.mark.row("M2")
def test_telling_is_on_record_and_is_told_the_next_time(clinic: CRM, known: Known) -> None:
    """The audit trail says who told whom's data why, and a program's look at a secret is told to the person."""
    with clinic.session(actor=SYSTEM) as session:
        session.secret(session.get(Customer, known.ann), "portal_password", reason="sign in")
    told(clinic, known.ann)
    accesses = [each for each in told(clinic, known.ann)["accesses"] if each["action"] != "read"]
    assert [(each["action"], each["by"], each["reason"]) for each in accesses] == [
        ("reveal", "system", "sign in"),
        ("disclose", "user:3", "asked"),
        ("disclose", "user:3", "asked"),
    ]
    clinic.audit.seal()
    with clinic.session(actor="olga") as session:
        assert [each.seal for each in session.audit.entries(action="disclose")] == [4, 4]
    assert clinic.audit.verify() == []


@pytest.mark.row("M1")
@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_only_who_has_the_right_tells(clinic: CRM, known: Known) -> None:
    """Without a role for privacy, or in a session that can note nothing, nobody is told anything."""
    with clinic.session(actor="admin") as session:
        session.create(User, name="Dan", external_id="dan", roles=["director", "auditor", "viewer"])
    with clinic.session(actor="dan") as session, pytest.raises(AccessDeniedError, match="may not export"):
        session.disclose(session.get(Customer, known.ann))
    with clinic.session(actor="olga", readonly=True) as session, pytest.raises(ReadOnlyError):
        session.disclose(session.get(Customer, known.ann))
    with clinic.session(actor="olga") as session, pytest.raises(NotFoundError):
        session.disclose(ref_class("customer")(99_999))


def test_of_an_erased_person_nothing_is_left_to_tell(clinic: CRM, known: Known) -> None:
    """After an erasure, the export holds the books, and no canary."""
    with clinic.session(actor="olga") as session:
        session.erase(session.get(Customer, known.ann), reason="asked")
    found = told(clinic, known.ann)
    assert SIGN not in json.dumps(found)
    assert len(found["records"]) > 10


def test_the_file_appears_when_all_is_written(clinic: CRM, known: Known, tmp_path: Path) -> None:
    """What is written to a path is the same document."""
    with clinic.session(actor="olga") as session:
        count = export_person(session, ref_class("customer")(known.ann), tmp_path / "ann.json")
    assert len(json.loads((tmp_path / "ann.json").read_text("utf-8"))["records"]) == count
