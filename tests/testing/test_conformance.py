"""The conformance suite finds what it looks for: for each check, a plugin that breaks just that."""

from __future__ import annotations

import inspect
import itertools
from typing import TYPE_CHECKING, Any

import pytest
from attrs import evolve

from crmkit import (
    AddStage,
    Column,
    Customer,
    Pipeline,
    Ref,
    Report,
    Setting,
    Stage,
    Staged,
    Table,
    email,
    extend,
    hookimpl,
    integer,
    record,
    ref,
    text,
)
from crmkit.core.declare.kinds import TextKind
from crmkit.core.declare.manifest import Manifest
from crmkit.testing.conformance import PluginConformance
from crmkit.testing.plugins import make_plugin

if TYPE_CHECKING:
    from types import ModuleType

    from crmkit import Batch, CreateDraft, Session

MANIFEST = Manifest(name="rental", version="1.0", crmkit=">=0.1", summary="Rents things out.")


@extend(Customer)
class Licence:
    """A field that is as it should be."""

    licence: str | None = text(max=40)


@record
class Bicycle(Staged):
    """An entity that is as it should be."""

    name: str = text()
    frame: str | None = text()
    renter: Ref[Customer] | None = ref()


WHEELS = Pipeline(name="bicycle", entity="bicycle", stages=(Stage("in"), Stage("out"), Stage("sold", kind="done")))


def rented(session: Session) -> Table:
    """Count what is rented out."""
    return Table([Column("number", "Number", "integer")], [(session.count(Bicycle),)], title="Rented")


RENTED = Report(name="rented", run=rented, reads=("bicycle",), help="What is rented out.")
SOUND = (Licence, Bicycle, WHEELS, RENTED)


def plugin(*declarations: object, manifest: Manifest = MANIFEST, **hooks: Any) -> ModuleType:
    """Return the plugin, with some more in it."""
    made = make_plugin("rental", *SOUND, *declarations, **hooks)
    vars(made)["manifest"] = manifest
    return made


def named(label: str = "Name", *, field: object = None, entity: type = Customer) -> type:
    """Return an extension with one field."""
    made = text(label=label) if field is None else field
    return extend(entity)(type("More", (), {"__annotations__": {"more": "object | None"}, "more": made}))


numbers = itertools.count()


def unsteady() -> ModuleType:
    """Return a plugin that says something else every time."""
    made = plugin()

    def crmkit_declare() -> object:
        return [*SOUND, Setting(name=f"setting{next(numbers)}", kind=TextKind(), help="A setting.")]

    vars(made)["crmkit_declare"] = hookimpl(crmkit_declare)
    return made


def only_alone(session: Session, drafts: Batch[CreateDraft]) -> None:
    """Clear a field of the first record of a batch only."""
    for draft in list(drafts.of(Bicycle))[:1]:
        draft.set("frame", None)


def failing(session: Session) -> Table:
    """Run into an empty list."""
    return Table([Column("name", "Name")], [(session.find(Bicycle)[0].name,)])


def nothing(session: Session) -> None:
    """Do nothing."""


BROKEN: dict[str, ModuleType] = {
    "test_it_has_a_version": plugin(manifest=evolve(MANIFEST, version="one")),
    "test_it_says_what_it_is": plugin(manifest=evolve(MANIFEST, summary="")),
    "test_it_fits_this_crmkit": plugin(manifest=evolve(MANIFEST, crmkit="")),
    "test_it_says_the_same_every_time": unsteady(),
    "test_everything_has_a_label": plugin(named(" ")),
    "test_reports_and_commands_say_what_they_do": plugin(evolve(RENTED, name="silent", help="")),
    "test_personal_data_are_marked": plugin(named(field=email())),
    "test_it_asks_nothing_of_others_records": plugin(
        extend(Customer)(type("More", (), {"__annotations__": {"more": "int"}, "more": integer()}))
    ),
    "test_its_stages_can_be_reached_and_left": plugin(
        Pipeline(
            name="second",
            entity="bicycle",
            stages=(Stage("one"), Stage("two"), Stage("three")),
            forward="next",
            back="none",
        )
    ),
    "test_its_stages_say_what_becomes_of_their_records": plugin(
        AddStage("opportunity", Stage("reserved"), after="proposal", on_remove="map:parked"),
        AddStage("opportunity", Stage("parked"), after="reserved", on_remove="map:proposal"),
    ),
    "test_its_reports_run_on_nothing": plugin(evolve(RENTED, name="failing", run=failing)),
    "test_who_has_no_role_sees_nothing": plugin(evolve(RENTED, name="open", reads=(), roles=(), public=False)),
    "test_many_are_made_as_one": plugin(before_create=only_alone),
}


def suite(subject: ModuleType) -> PluginConformance:
    """Return the suite for a plugin."""

    class Suite(PluginConformance):
        plugin = subject

    return Suite()


def checks() -> list[str]:
    """Return the names of all checks."""
    return [name for name, _ in inspect.getmembers(PluginConformance, inspect.isfunction) if name.startswith("test_")]


def test_there_are_at_least_thirty_checks() -> None:
    """Each has a docstring that says the rule."""
    assert len(checks()) >= 30
    assert all(getattr(PluginConformance, name).__doc__ for name in checks())


@pytest.mark.parametrize("check", checks())
def test_a_sound_plugin_passes(check: str) -> None:
    """A plugin with an entity, a field, a pipeline and a report has nothing to fear."""
    getattr(suite(plugin()), check)()


@pytest.mark.parametrize("check", BROKEN)
def test_a_broken_plugin_is_found(check: str) -> None:
    """The check for what is broken fails."""
    with pytest.raises(BaseException) as caught:  # noqa: PT011  (an assertion, or what the plugin raises)
        getattr(suite(BROKEN[check]), check)()
    assert not isinstance(caught.value, (KeyboardInterrupt, SystemExit))
