"""Commands about records: find, show, create, update, move."""

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


def test_find_lists_what_tells_records_apart(filled: CommandLine) -> None:
    """A list shows id, name and stage, and of the other fields those with values."""
    lines = filled("find", "customer").stdout.splitlines()
    assert lines[0].split() == ["Id", "Name", "Stage", "Type", "City", "Owner"]
    assert lines[2].split() == ["1", "Acme", "Prospect", "Organisation", "Paris", "admin"]


def test_find_takes_filter_search_fields_order_and_limit(filled: CommandLine) -> None:
    """All that the session's find can do is an option."""
    found = read(filled("find", "customer", "city == 'Lyon'", "--fields", "name,owner.name", "--format", "json"))
    assert found == {"entity": "customer", "records": [{"name": "Bolt", "owner.name": "admin"}], "next": None}
    assert read(filled("find", "customer", "--search", "bol", "--fields", "id", "--format", "json"))["records"] == [
        {"id": 2}
    ]
    first = read(filled("find", "customer", "--order=-name", "--limit", "1", "--fields", "name", "--format", "json"))
    assert first["records"] == [{"name": "Bolt"}]
    rest = filled("find", "customer", "--order=-name", "--fields", "name", "--after", first["next"], "--format", "json")
    assert read(rest)["records"] == [{"name": "Acme"}]


def test_json_holds_exact_numbers_as_texts_and_iso_dates(filled: CommandLine) -> None:
    """Money, dates and references in JSON have the forms that every other door takes again."""
    values = ("expected_close=2026-05-04", "probability=12.5", "customer=1")
    record = read(filled("create", "opportunity", "name=X", "amount=10.50 EUR", *values, "--format", "json"))["record"]
    assert record["amount"] == {"amount": "10.50", "currency": "EUR"}
    assert (record["expected_close"], record["probability"], record["customer"]) == ("2026-05-04", "12.5", 1)
    assert record["created_at"].endswith("Z")
    assert record["description"] is None


def test_show_names_labels_stage_and_references(filled: CommandLine) -> None:
    """A record is shown with labels, its stage's label, and the names of what it refers to."""
    shown = filled("show", "opportunity:1").stdout
    assert "Amount" in shown
    assert "€48,000.00" in shown
    assert "Qualification since" in shown
    assert "Acme (customer:1)" in shown


def test_show_tells_history_and_timeline(filled: CommandLine) -> None:
    """What was changed, and what happened around a record, by whom."""
    filled("update", "customer:1", "city=Nice")
    shown = filled("show", "customer:1", "--history", "--timeline").stdout
    assert "city: Paris > Nice" in shown
    assert "200 seats (opportunity:1)" in shown
    found = read(filled("show", "customer:1", "--history", "--timeline", "--format", "json"))
    assert set(found) == {"entity", "record", "history", "timeline"}
    assert found["history"][0] | {"at": ""} == {
        "version": 2,
        "action": "update",
        "at": "",
        "actor": 1,
        "old": {"city": "Paris"},
        "new": {"city": "Nice"},
        "origin": None,
    }
    assert {each["record"] for each in found["timeline"]} == {"customer:1", "opportunity:1"}


def test_show_names_a_record_by_key_or_title(filled: CommandLine) -> None:
    """A record is named by its id, by a unique key, or by a title that only it has."""
    shown = [
        read(filled("show", f"customer:{name}", "--format", "json"))["record"]["id"] for name in ("2", "C-2", "Bolt")
    ]
    assert shown == [2, 2, 2]


def test_update_changes_and_clears(filled: CommandLine) -> None:
    """`field=value` sets, `field=` clears, and what is the same already is no change."""
    assert filled("update", "customer:1", "city=Nice", "number=").stdout.startswith("Updated customer:1 Acme")
    record = read(filled("show", "customer:1", "--format", "json"))["record"]
    assert (record["city"], record["number"], record["version"]) == ("Nice", None, 2)
    assert filled("update", "customer:1", "city=Nice").stdout.startswith("Unchanged: customer:1")


def test_a_value_may_hold_equals_signs_and_spaces(filled: CommandLine) -> None:
    """Only the first equals sign divides field and value."""
    filled("update", "customer:1", "description= a = b ")
    assert read(filled("show", "customer:1", "--format", "json"))["record"]["description"] == " a = b "


def test_update_sends_stages_to_move(filled: CommandLine) -> None:
    """A stage is not a field to be set, and the error says what to call instead."""
    result = filled("update", "opportunity:1", "stage=won", code=2)
    assert "crmkit move opportunity:1 won" in result.stderr


def test_move_takes_names_and_labels(filled: CommandLine) -> None:
    """A stage is named by its name or its label; a plugin's stage is like any other."""
    assert "Proposal" in filled("move", "opportunity:1", "proposal").stdout
    assert "On trial" in filled("move", "opportunity:1", "On trial", "amount=50000").stdout
    record = read(filled("move", "opportunity:1", "Won", "--format", "json"))["record"]
    assert (record["stage"], record["stage_kind"], record["amount"]["amount"]) == ("won", "won", "50000.00")


def test_a_gate_that_is_not_met_is_a_refusal(filled: CommandLine) -> None:
    """What a stage requires is said, field by field, and nothing is changed."""
    filled("update", "opportunity:1", "amount=")
    result = filled("move", "opportunity:1", "trial", code=1)
    assert "amount: A value is required in the stage 'On trial'." in result.stderr
    assert read(filled("show", "opportunity:1", "--format", "json"))["record"]["stage"] == "qualification"


@pytest.mark.parametrize(
    "reference", ["customer=2", "customer=customer:2", "customer=Bolt", "customer=C-2", "customer=customer:Bolt"]
)
def test_a_reference_is_an_id_a_key_or_a_title(filled: CommandLine, reference: str) -> None:
    """References are given as people know them."""
    record = read(filled("create", "opportunity", "name=X", reference, "--format", "json"))["record"]
    assert record["customer"] == 2


def test_an_ambiguous_reference_lists_the_candidates(filled: CommandLine) -> None:
    """A name that two records have is refused, and both are named."""
    filled("create", "customer", "name=Acme")
    result = filled("create", "opportunity", "name=X", "customer=Acme", code=1)
    assert (
        result.stderr == "Error: 'Acme' could be any of: customer:1 Acme; customer:3 Acme. Say which one by its id.\n"
    )


def test_an_unknown_reference_suggests_what_search_finds(filled: CommandLine) -> None:
    """A name that no record has is refused with those that look like it."""
    result = filled("create", "opportunity", "name=X", "customer=acm", code=1)
    assert result.stderr == "Error: There is no customer 'acm'. Did you mean customer:1 Acme?\n"


def test_a_reference_to_any_entity_names_it(filled: CommandLine) -> None:
    """Where several entities may be referred to, the entity comes before the id or the name."""
    values = ("user=admin", "record=opportunity:200 seats")
    record = read(filled("create", "assignment", *values, "--format", "json"))["record"]
    assert (record["record"], record["user"]) == ("opportunity:1", 1)


@pytest.mark.parametrize(
    "text", ["'; DROP TABLE crm_customer; --", "\x1b[31mred", "a" * 10_000, "名字", "%", "given.x"]
)
def test_hostile_names_find_nothing_and_break_nothing(filled: CommandLine, text: str) -> None:
    """Whatever is given as a name is a value, and what is printed can't steer a terminal."""
    result = filled("show", f"customer:{text}", code=1)
    assert "\x1b[31mred" not in result.output
    assert read(filled("find", "customer", "--format", "json"))["records"][0]["name"] == "Acme"


def test_control_characters_of_records_are_not_printed(filled: CommandLine) -> None:
    """What a record holds can't steer the terminal of who looks at it."""
    filled("create", "customer", "name=Evil", "description=a\u202eb")
    assert "\u202e" not in filled("show", "customer:Evil").stdout
