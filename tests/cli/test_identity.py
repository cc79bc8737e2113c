"""`crmkit duplicates`, `merge` and `unmerge`: what a session knows of who is who, on the command line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from click.testing import Result

    from tests.cli.conftest import CommandLine


def read(result: Result) -> Any:
    """Return the JSON that a command printed."""
    return json.loads(result.stdout)


@pytest.fixture
def doubled(filled: CommandLine) -> CommandLine:
    """A folder in which Bea is there twice, as contact:1 and contact:2, and Cid is somebody else."""
    filled("create", "contact", "name=Bea Martin", "email=bea@acme.example", "birthday=1980-02-01", "customer=Acme")
    filled("create", "contact", "name=MARTIN, Béa", "email=Bea+news@acme.example", "birthday=1990-12-24", "title=CEO")
    filled("create", "contact", "name=Cid Lopez")
    return filled


def test_likely_duplicates_are_listed(doubled: CommandLine) -> None:
    """All pairs of an entity, or what one record looks like; with the likelihood, and what they are alike in."""
    shown = doubled("duplicates", "list", "contact").stdout
    assert "contact:1 Bea Martin" in shown
    assert "Email, Name" in shown
    (pair,) = read(doubled("duplicates", "list", "contact:2", "--format", "json"))["pairs"]
    assert (pair["first"], pair["second"], pair["rule"]) == ("contact:2", "contact:1", "same_contact")
    assert 0.9 < pair["score"] < 1
    assert pair["reasons"][0]["fields"] == ["email", "other_email"]
    assert read(doubled("duplicates", "list", "contact:3", "--format", "json")) == {"pairs": []}
    least = str(pair["score"] * 100 + 0.01)
    assert read(doubled("duplicates", "list", "contact", "--least", least, "--format", "json")) == {"pairs": []}


def test_a_likeness_is_explained(doubled: CommandLine) -> None:
    """What speaks for it has a weight above 0, what speaks against it one below; no value is quoted."""
    (found,) = read(doubled("duplicates", "explain", "contact:1", "contact:2", "--format", "json"))["comparisons"]
    assert [each["fields"][0] for each in found["reasons"]] == ["email", "name"]
    assert [each["fields"][0] for each in found["against"]] == ["birthday"]
    assert found["against"][0]["weight"] < 0
    assert (found["share_key"], found["is_dismissed"]) == (True, False)
    shown = doubled("duplicates", "explain", "contact:1", "contact:2").stdout
    assert "By the rule same_contact" in shown
    assert "1980" not in shown
    assert "They share no key" in doubled("duplicates", "explain", "contact:1", "contact:3").stdout
    for name in ("Pump", "Pump 2"):
        doubled("create", "product", f"name={name}")
    assert "no duplicate rule" in doubled("duplicates", "explain", "product:1", "product:2").stdout
    assert "Two different records" in doubled("duplicates", "explain", "contact:1", "customer:1", code=1).stderr


def test_two_who_are_not_the_same_are_dismissed(doubled: CommandLine) -> None:
    """They are not listed any more, and the explanation says so."""
    assert "Not the same" in doubled("duplicates", "dismiss", "contact:1", "contact:2").stdout
    assert read(doubled("duplicates", "list", "contact", "--format", "json")) == {"pairs": []}
    assert "not the same" in doubled("duplicates", "explain", "contact:1", "contact:2").stdout


def test_records_are_merged_and_taken_apart(doubled: CommandLine) -> None:
    """The survivor keeps what it has, gets what it lacks, and what --keep and --set say; undone, both are there."""
    told = ("--keep", "email=contact:2", "--set", "level=a", "--format", "json")
    record = read(doubled("merge", "contact:1", "contact:2", *told))["record"]
    assert (record["name"], record["title"]) == ("Bea Martin", "CEO")
    assert (record["email"], record["level"]) == ("Bea+news@acme.example", "a")
    (merge,) = read(doubled("unmerge", "contact:1", "--list", "--format", "json"))["merges"]
    assert (merge["merged"], merge["undone_at"]) == (["contact:2"], None)
    assert "contact:2" in doubled("unmerge", "contact:1", "--list").stdout
    assert "There again: contact:2 MARTIN, Béa" in doubled("unmerge", "contact:1").stdout
    assert read(doubled("show", "contact:1", "--format", "json"))["record"]["title"] is None
    assert "merge" in doubled("unmerge", "contact:1", code=1).stderr
    assert "merge" in doubled("unmerge", "contact:1", "--merge", "7", code=1).stderr


def test_one_merge_of_several_is_chosen_by_number(doubled: CommandLine) -> None:
    """An earlier merge is refused while a later one stands, and the message says so."""
    doubled("merge", "contact:1", "contact:2")
    assert "Merged into contact:1 Bea Martin" in doubled("merge", "contact:1", "contact:3").stdout
    assert "later" in doubled("unmerge", "contact:1", "--merge", "1", code=1).stderr
    assert read(doubled("unmerge", "contact:1", "--merge", "2", "--format", "json")) == {"back": ["contact:3"]}
