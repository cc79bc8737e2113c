"""All plugins of this repository in one CRM: they share one customer, and hear of each other's records."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from crmkit import SYSTEM, Customer, Handler
from crmkit.core.declare.kinds import RefKind
from crmkit.testing.conformance import PluginConformance
from crmkit.testing.factories import made_up
from crmkit.testing.plugins import make_plugin

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from crmkit import CRM, Record, Session
    from crmkit.core.assemble.model import EntityModel
    from crmkit.core.outbox.occurrence import Occurrence
    from crmkit.testing.fixtures import CRMFactory

pytestmark = pytest.mark.row("M17")
PLUGINS = sorted(file.parent.name for file in Path(__file__).parents[3].glob("plugins/*/pyproject.toml"))
OF_PERSONS = {"email", "phone", "address"}


def fitting() -> Iterator[tuple[str, Mapping[str, object]]]:
    """Yield the values that fit entities, as the plugins' own tests of conformance say."""
    for plugin in PLUGINS:
        for each in vars(import_module(f"plugins.{plugin}.tests.test_conformance")).values():
            if isinstance(each, type) and issubclass(each, PluginConformance) and each is not PluginConformance:
                yield from each.values.items()


FITTING = {**dict(fitting()), "pool_extension": {"activity_kind": "call"}}  # with activities, the kinds are known


def made(session: Session, entity: EntityModel, **values: object) -> Record:
    """Create a record with values that fit."""
    given = {**FITTING.get(entity.name, {}), **values}
    return session.create(entity.declared.declared, **made_up(session, entity, given))


@pytest.fixture
def heard() -> set[str]:
    """The names of the events that a plugin has heard of."""
    return set()


@pytest.fixture
def house(make_crm: CRMFactory, heard: set[str]) -> CRM:
    """A CRM with every plugin, and one more that listens to everything."""

    def hear(session: Session, occurrence: Occurrence) -> None:
        heard.add(occurrence.name)

    listener = make_plugin("listener", Handler(name="hear", events=("*",), run=hear))
    return make_crm([*PLUGINS, listener], settings={"multi_customer_contacts": True})


def test_one_customer_carries_what_every_plugin_adds(house: CRM) -> None:
    """A customer is a record of each extension at once; every entity that refers to customers refers to this one."""
    with house.session(actor=SYSTEM) as session:
        entity = session.model.entity(Customer)
        values = made_up(session, entity, {"type": "organisation"}, everything=True)
        acme = session.create(Customer, **values)
        assert all(isinstance(acme, extension) for extension in entity.extensions)
        added = {name for name in values if entity.fields[name].provider != "core"}
        assert {entity.fields[name].provider for name in added} >= {"activities", "workflow"}
        assert {name for name, value in acme.items() if value is not None} >= added
        for each in session.model.entities.values():
            for name, field in each.writable.items():
                if field.target == "customer" and each.name != "customer":
                    assert dict(made(session, each, **{name: acme}).items())[name] == acme.ref


def test_no_plugin_keeps_persons_of_its_own(house: CRM) -> None:
    """What has addresses of persons is a noun of the core, or refers to one: nobody is entered twice."""
    for entity in house.model.entities.values():
        fields = entity.writable.values()
        if entity.provider != "core" and OF_PERSONS & {each.kind.name for each in fields}:
            targets = {each.kind.target for each in fields if isinstance(each.kind, RefKind)}
            assert targets & {"customer", "contact", "user"}, entity.name


def test_events_of_all_reach_all(house: CRM, heard: set[str]) -> None:
    """A plugin hears of the records of the main line and of every other plugin."""
    entities = [each for each in house.model.entities.values() if each.staged or each.provider != "core"]
    with house.session(actor=SYSTEM) as session:
        for each in entities:
            made(session, each)
    house.worker().run_once()
    assert {"customer", "contact", "opportunity", "order"} <= {each.name for each in entities}
    assert {f"{each.name}.created" for each in entities} <= heard
