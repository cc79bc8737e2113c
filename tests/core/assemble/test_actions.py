"""Actions: registered by plugins, found by name, and refused when they speak of what there is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from crmkit import SYSTEM, Action, Customer, Parameter
from crmkit.core.declare.kinds import IntegerKind
from crmkit.core.lifecycle.actions import perform, problems_of
from crmkit.errors import AccessDeniedError, ClashError, DeclarationError, Refused, UnknownNameError
from crmkit.testing.plugins import make_plugin

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crmkit import EntityModel, Record, Session
    from crmkit.testing.fixtures import CRMFactory


def rate(session: Session, record: Record, *, stars: int) -> None:
    """Write twice, and break for six stars after the first."""
    record = session.update(record, website=f"https://example.org/{stars}")
    if stars == 6:
        raise LookupError(stars)


def check(session: Session, entity: EntityModel, values: dict[str, object]) -> Iterator[tuple[str, str]]:
    """Refuse more stars than there are."""
    if session.principal.user is not None and int(str(values["stars"])) > 5:
        yield "stars", f"{entity.name} has at most 5."


STARS = Parameter(name="stars", kind=IntegerKind(min=0), required=True)
ACTION = Action(name="rate", run=rate, check=check, parameters=(STARS,), entities=("customer",))


def refusals(found: object) -> list[tuple[str, str]]:
    """Return paths and texts."""
    return [(each.path, str(each.text)) for each in found]  # type: ignore[attr-defined]


def test_what_is_wrong_with_the_values_is_found_all_at_once(make_crm: CRMFactory) -> None:
    """By kind, by name, by the action's own check with the reach of the actor, and by entity."""
    crm = make_crm([make_plugin("one", ACTION)])
    with crm.session(actor="admin") as session:
        customer, product = session.model.entities["customer"], session.model.entities["product"]
        assert refusals(problems_of(session, ACTION, customer, {"stars": 3})) == []
        assert refusals(problems_of(session, ACTION, customer, {"stars": 7})) == [("stars", "customer has at most 5.")]
        found = refusals(problems_of(session, ACTION, product, {"stars": "many", "moons": 1}))
        assert [path for path, _text in found] == ["entity", "moons", "stars"]


def test_an_action_is_done_whole_or_not_at_all(make_crm: CRMFactory) -> None:
    """It runs with system reach, in a savepoint, with its values read by their kinds."""
    crm = make_crm([make_plugin("one", ACTION)])
    with crm.session(actor=SYSTEM) as session:
        acme = session.create(Customer, name="Acme")
        perform(session, "rate", acme, {"stars": "4"})
        acme = session.get(Customer, acme.id)
        assert acme.website == "https://example.org/4"
        with pytest.raises(LookupError):
            perform(session, "rate", acme, {"stars": 6})
        assert session.get(Customer, acme.id).version == acme.version
        with pytest.raises(Refused, match="stars: A value is required"):
            perform(session, "rate", acme, {})
        with pytest.raises(UnknownNameError, match="Did you mean 'rate'"):
            perform(session, "rates", acme, {})


def test_actions_are_for_programs(make_crm: CRMFactory) -> None:
    """A user's session performs none: it would be a way around permission."""
    crm = make_crm([make_plugin("one", ACTION)])
    with crm.session(actor="admin") as session:
        acme = session.create(Customer, name="Acme")
        with pytest.raises(AccessDeniedError):
            perform(session, "rate", acme, {"stars": 1})


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_actions_speak_of_what_there_is(make_crm: CRMFactory) -> None:
    """An unknown entity is refused with the nearest name, and a second action of one name with both plugins."""
    with pytest.raises(DeclarationError, match="Did you mean 'customer'"):
        make_crm([make_plugin("one", Action(name="x", run=rate, entities=("custoner",)))], upgrade=False)
    with pytest.raises(ClashError, match=r"one.*two"):
        make_crm([make_plugin("one", ACTION), make_plugin("two", Action(name="rate", run=check))], upgrade=False)
