"""Levels and categories: computed by rules, given by hand, seen in history, and asked for in filters."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from crmkit import CRM, Category, Contact, Customer, LevelRule, User
from crmkit.errors import AccessDeniedError, DeclarationError, Refused
from crmkit.testing.plugins import make_plugin

if TYPE_CHECKING:
    from crmkit.testing.clock import FrozenClock
    from crmkit.testing.fixtures import CRMFactory

GRADED = str(Path(__file__).with_name("graded.py"))


@pytest.fixture
def crm(make_crm: CRMFactory) -> CRM:
    """A CRM with rules."""
    return make_crm([GRADED])


@pytest.mark.row("B5")
def test_the_first_rule_that_holds_gives_the_level(crm: CRM) -> None:
    """A new record gets its level, and another one when what the rule asks about changes; the history says so."""
    with crm.session(actor="admin") as session:
        acme = session.create(Customer, name="Acme", employees=70)
        assert (acme.level, acme.level_by, session.levels.explain(acme, "level")) == ("b", "rule", "medium")
        acme = session.update(acme, employees=5000)
        assert (acme.level, acme.level_by) == ("a", "rule")
        entry = session.history(acme)[0]
        assert (entry.old["level"], entry.new["level"]) == ("b", "a")
        assert session.update(acme, employees=None).level == "c"
        assert session.create_many(Customer, [{"name": "Beta", "employees": 1000}, {"name": "Gamma"}])[0].level == "a"
        assert session.count(Customer, "level == 'c' and level_by == 'rule'") == 2


@pytest.mark.row("B5")
def test_a_level_given_by_hand_stays_until_it_is_taken_back(crm: CRM) -> None:
    """It survives changes and recomputation, shows as given by hand, and ends when emptied or said to be by rule."""
    with crm.session(actor="admin") as session:
        acme = session.create(Customer, name="Acme", employees=70, level="a")
        assert (acme.level, acme.level_by, session.levels.explain(acme, "level")) == ("a", "hand", None)
        acme = session.update(acme, employees=60)
        assert session.levels.recompute(Customer) == 0
        assert session.get(Customer, acme.id).level == "a"
        acme = session.update(acme, level=None)
        assert (acme.level, acme.level_by) == ("b", "rule")
        acme = session.update(acme, level="c")
        assert (acme.level, acme.level_by) == ("c", "hand")
        assert session.history(acme)[0].new == {"level": "c", "level_by": "hand"}
        acme = session.update(acme, level_by="rule")
        assert (acme.level, acme.level_by) == ("b", "rule")


@pytest.mark.row("B5")
def test_recomputing_asks_about_time_and_other_records(crm: CRM, clock: FrozenClock) -> None:
    """What no write of the record brings up is found when the rules are asked again; twice changes nothing more."""
    with crm.session(actor="admin") as session:
        for code in ("lost", "key"):
            session.create(Category, name=code.title(), code=code)
        parent = session.create(Customer, name="Parent", employees=70)
        child = session.create(Customer, name="Child", parent=parent)
        by_hand = session.create(Customer, name="By hand", parent=parent, category=session.find(Category)[0])
        assert child.category is None
        session.update(parent, employees=2000)
        assert session.levels.recompute(Customer) == 1
        assert session.levels.recompute(Customer) == 0
        assert session.find(Customer, "category.code == 'key'") == (session.get(Customer, child.id),)
    clock.advance(days=366)
    with crm.session(actor="admin") as session:
        assert session.levels.recompute(Customer) == 2
        assert {each.name for each in session.find(Customer, "category.path == 'Lost' and category_by == 'rule'")} == {
            "Parent",
            "Child",
        }
        assert session.get(Customer, by_hand.id).category_by == "hand"


def test_recomputing_is_within_the_actors_rights(crm: CRM) -> None:
    """Who may not change a record that would get another level is refused, and nothing is changed."""
    with crm.session(actor="admin") as session:
        session.create(User, name="rep", external_id="rep", roles=["member"])
        parent = session.create(Customer, name="Parent", employees=2000)
        session.create(Category, name="Key", code="key")
        child = session.create(Customer, name="Child")
        session.update(child, parent=parent)
    with crm.session(actor="admin") as session:
        session.delete(session.find(Category)[0])
        session.create(Category, name="Key accounts", code="key")
    with crm.session(actor="rep") as session, pytest.raises(AccessDeniedError):
        session.levels.recompute(Customer)


def test_rules_must_fit_their_field() -> None:
    """A rule about an unknown field, one without `_by` beside it, or a wrong condition is refused."""

    def assembled(**given: object) -> CRM:
        rule = LevelRule(name="odd", entity="customer", **({"field": "level", "value": "a"} | given))  # type: ignore[arg-type]
        return CRM("sqlite://", [make_plugin("odd", rule)])

    with pytest.raises(DeclarationError, match="levle"):
        assembled(field="levle")
    with pytest.raises(DeclarationError, match="industry_by"):
        assembled(field="industry")
    with pytest.raises(DeclarationError, match="not one of"):
        assembled(value="z")
    with pytest.raises(DeclarationError, match="employes"):
        assembled(when="employes > 5").upgrade()


@pytest.mark.row("B5")
def test_categories_stand_in_trees_for_each_entity(crm: CRM) -> None:
    """A category's path follows its place; a record gets one of its entity's only; branches are found by path."""
    with crm.session(actor="admin") as session:
        trade = session.create(Category, name="Trade")
        retail = session.create(Category, name="Retail", parent=trade)
        food = session.create(Category, name="Food", parent=retail)
        assert food.path == "Trade / Retail / Food"
        acme = session.create(Customer, name="Acme", category=food)
        assert (acme.category, acme.category_by) == (food.ref, "hand")
        assert session.find(Customer, "starts(category.path, 'trade / ')") == (acme,)
        session.update(trade, name="Commerce")
        assert session.get(Category, food.id).path == "Commerce / Retail / Food"
        session.delete(session.get(Category, retail.id))
        assert session.get(Category, food.id).path == "Commerce / Food"
        with pytest.raises(Refused, match="own ancestor"):
            session.update(session.get(Category, trade.id), parent=food)
        with pytest.raises(Refused, match="such a category already"):
            session.create(Category, name="commerce")
        people = session.create(Category, name="Commerce", entity="contact")
        with pytest.raises(Refused, match="for contact"):
            session.create(Customer, name="Beta", category=people)
        with pytest.raises(Refused, match="is for contact"):
            session.create(Category, name="Below", parent=people)
        with pytest.raises(Refused, match="no entity"):
            session.create(Category, name="Odd", entity="custmer")
        session.create(Contact, name="Bea", category=people)


@pytest.mark.row("B5")
def test_tags_and_category_are_separate(crm: CRM) -> None:
    """A customer has one category and any number of tags, and both are asked for in one filter."""
    with crm.session(actor="admin") as session:
        key = session.create(Category, name="Key", code="key")
        session.create(Customer, name="Acme", category=key, tags=["vip", "export"])
        session.create(Customer, name="Beta", tags=["vip"])
        found = session.find(Customer, "category.code == 'key' and 'vip' in tags and 'export' in tags")
        assert [each.name for each in found] == ["Acme"]
