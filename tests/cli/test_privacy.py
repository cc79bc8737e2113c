"""`crmkit privacy`: persons are planned and erased from the command line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import CommandLine

pytestmark = pytest.mark.row("M16")


def test_a_person_is_planned_and_erased(filled: CommandLine, tmp_path: Path) -> None:
    """The plan says what becomes of what; the erasure asks first, and leaves no byte in the file."""
    before = b"".join(each.read_bytes() for each in tmp_path.glob("crm*.db*"))
    assert b"info@bolt.example" in before
    plan = json.loads(filled("privacy", "plan", "customer:Bolt", "--format", "json").output)
    assert (plan["person"], plan["problems"]) == ("customer:2", [])
    assert plan["steps"][0]["fate"] == "person"
    assert "email" in filled("privacy", "plan", "customer:2").output
    erasing = ("privacy", "erase", "customer:Bolt", "--reason", "asked")
    assert "Aborted" in filled(*erasing, stdin="n\n", code=1).output
    assert "Bolt" in filled("show", "customer:2").output
    assert "is erased" in filled(*erasing, stdin="y\n").output
    assert "Erased customer 2" in filled("show", "customer:2").output
    after = b"".join(each.read_bytes() for each in tmp_path.glob("crm*.db*"))
    assert b"bolt.example" not in after.lower()
    assert "All is well" in filled("verify").output


def test_who_may_not_erase_is_told_so(filled: CommandLine) -> None:
    """A user without the right gets one line that says so, and nothing is changed."""
    filled("create", "user", "name=Cid", "external_id=cid", "roles=director")
    refused = filled("--as", "cid", "privacy", "erase", "customer:2", "--yes", "--reason", "x", code=1)
    assert "may not erase" in refused.output
    assert "Bolt" in filled("show", "customer:2").output


def test_erasing_without_asking_answers_programs(filled: CommandLine) -> None:
    """With --yes and --format json, the answer is the plan that was carried out."""
    done = filled("privacy", "erase", "customer:2", "--reason", "asked", "--yes", "--format", "json")
    assert json.loads(done.output)["person"] == "customer:2"


def test_a_person_is_exported(filled: CommandLine, tmp_path: Path) -> None:
    """All that is known of a person is written to a file, and the trail says so."""
    assert "Wrote 1 record" in filled("privacy", "export", "customer:Bolt", str(tmp_path / "bolt.json")).output
    told = json.loads((tmp_path / "bolt.json").read_text("utf-8"))
    assert told["person"] == "customer:2"
    assert "disclose" in filled("audit", "list").output


def test_consents_are_given_listed_and_withdrawn(filled: CommandLine) -> None:
    """What a person agreed to is recorded with its source; withdrawn, it stays listed with its end."""
    given = filled("privacy", "consents", "customer:2", "--give", "marketing", "--source", "phone", "--format", "json")
    (consent,) = json.loads(given.output)["consents"]
    assert (consent["purpose"], consent["source"], consent["withdrawn_at"]) == ("marketing", "phone", None)
    filled("privacy", "consents", "customer:2", "--withdraw", "marketing")
    listed = filled("privacy", "consents", "customer:Bolt", "--format", "json")
    assert json.loads(listed.output)["consents"][0]["withdrawn_at"].endswith("Z")
    assert "There is no purpose" in filled("privacy", "consents", "customer:2", "--give", "spam", code=1).output
    assert json.loads(filled("privacy", "ungrounded", "--format", "json").output) == {"records": []}
    assert "marketing" in filled("privacy", "consents", "customer:2").output
