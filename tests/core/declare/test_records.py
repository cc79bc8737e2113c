"""Records and their declarations: names, annotations, values that can't be changed, and what is hidden."""

from __future__ import annotations

import copy
import pickle
from typing import TYPE_CHECKING, Optional

import pytest
from attrs.exceptions import FrozenInstanceError

from crmkit import CRM, Customer, Opportunity, Record, Ref, Staged, User, extend, hookimpl, integer, record, ref, text
from crmkit.core.assemble.classes import builder
from crmkit.core.declare.values import ref_class
from crmkit.errors import DeclarationError, FieldHidden
from crmkit.testing.plugins import make_plugin

if TYPE_CHECKING:
    from collections.abc import Callable

    from crmkit.core.assemble.model import EntityModel


@extend(Customer)
class Recall:
    """An extension at the top of a module, so that its records can be pickled."""

    recall_months: int | None = integer(min=1)

    def is_due(self) -> bool:
        """Say something about the record."""
        return (self.recall_months or 0) > 6


def entity_of(*plugins: object) -> EntityModel:
    """Return the assembled customer."""
    return CRM("sqlite://", plugins).model.entity(Customer)


def made(entity: EntityModel, **values: object) -> Record:
    """Return a record with these values, all others being unset."""
    fields = [entity.fields[name] for name in values]
    columns = [raw for each in fields for raw in each.kind.dump(values[each.name])]
    return builder(entity.record_class, fields)(columns)


def test_records_are_of_the_entity_and_of_every_extension() -> None:
    """A record is an instance of its entity, of `Staged` and of its extensions, and has their methods."""
    one = made(entity_of(make_plugin("recalling", Recall)), id=1, version=1, recall_months=12)
    assert isinstance(one, Customer)
    assert isinstance(one, Staged)
    assert isinstance(one, Recall)
    assert one.is_due()
    assert not isinstance(made(entity_of(), id=1, version=1), Recall)


def test_records_can_not_be_changed() -> None:
    """Neither fields nor anything else can be set on a record or taken off it."""
    one = made(entity_of(), id=1, version=1, name="Acme")
    changes: tuple[Callable[[], None], ...] = (
        lambda: setattr(one, "name", "x"),
        lambda: delattr(one, "name"),
        lambda: setattr(one, "city", "x"),
        lambda: setattr(one, "anything", "x"),
        lambda: setattr(one, "__dict__", {}),
    )
    for change in changes:
        with pytest.raises((FrozenInstanceError, AttributeError)):
            change()
    assert not hasattr(one, "__dict__")
    assert dict(one.items())["name"] == "Acme"


def test_a_hidden_field_is_never_a_none() -> None:
    """Reading a field that wasn't loaded raises; an unknown one is no attribute; `items` leaves it out."""
    one = made(entity_of(), id=1, version=1, name="Acme")
    with pytest.raises(FieldHidden, match="'city'"):
        _ = one.city
    with pytest.raises(AttributeError, match="no field 'ctiy'"):
        _ = one.ctiy
    assert dict(one.items()) == {"id": 1, "version": 1, "name": "Acme"}
    assert repr(one) == "Customer(id=1, version=1, name='Acme')"


@pytest.mark.parametrize("plugins", [[], [make_plugin("recalling", Recall)]], ids=["plain", "extended"])
def test_records_survive_pickling_and_copying(plugins: list[object]) -> None:
    """A pickled or copied record is equal, of the same class, and hides the same fields."""
    one = made(entity_of(*plugins), id=1, version=3, name="Acme", owner=ref_class("user")(7))
    for again in (pickle.loads(pickle.dumps(one)), copy.copy(one), copy.deepcopy(one)):  # noqa: S301  (our own)
        assert again == one
        assert hash(again) == hash(one)
        assert type(again) is type(one)
        assert repr(again.owner) == "<user 7>"
        with pytest.raises(FieldHidden):
            _ = again.city


def test_equality_is_of_values() -> None:
    """Records are equal if all their values are; another version, entity or value makes them differ."""
    entity = entity_of()
    one = made(entity, id=1, version=1, name="Acme")
    assert one == made(entity_of(), id=1, version=1, name="Acme")
    assert one != made(entity, id=1, version=1, name="Other")
    assert one != made(entity, id=1, version=2, name="Acme")
    assert one != made(entity, id=1, version=1)
    assert one != made(CRM("sqlite://").model.entity(Opportunity), id=1, version=1, name="Acme")
    assert one != 1
    assert len({one, made(entity, id=1, version=1, name="Acme")}) == 1


def test_references_know_their_entity() -> None:
    """References are integers, but those of two entities are never equal."""
    customer, order = ref_class("customer")(5), ref_class("order")(5)
    assert customer == 5
    assert customer != order
    assert (str(customer), repr(customer), customer.entity) == ("customer:5", "<customer 5>", "customer")
    assert ref_class("customer") is ref_class("customer")
    again = pickle.loads(pickle.dumps(customer))  # noqa: S301  (our own)
    assert (again, type(again)) == (customer, type(customer))


def test_annotations_say_what_is_optional_and_referred_to() -> None:
    """Any way of writing an optional or a reference is understood, quoted, imported under a prefix or local."""

    @record
    class OptionalExtra(Record):
        name: str = text()

    @record
    class NoneSuch(Record):
        name: str = text()
        a: Optional[Ref[OptionalExtra]] = ref()  # noqa: UP045  (people write it so)
        b: Ref[OptionalExtra] = ref()
        c: Ref["NoneSuch"] | None = ref()
        d: Ref[NoneSuch] = ref()
        e: None | Ref[User] = ref()  # noqa: RUF036  (likewise)

    fields = {each.name: each for each in NoneSuch.__crmkit_entity__.fields}
    assert {name: each.required for name, each in fields.items()} == {
        "name": True,
        "a": False,
        "b": True,
        "c": False,
        "d": True,
        "e": False,
    }
    targets = [getattr(fields[name].kind, "target", None) for name in "abcde"]
    assert targets == ["optional_extra", "optional_extra", "none_such", "none_such", "user"]
    model = CRM("sqlite://", [make_plugin("odd", OptionalExtra, NoneSuch)]).model
    assert model.entity("none_such").record_class.__mro__[1] is NoneSuch


@pytest.mark.parametrize(
    "name", ["id", "version", "created_at", "stage", "pipeline", "ref", "items", "Upper", "_x", "x" * 42, "dé"]
)
def test_reserved_and_malformed_names_are_refused(name: str) -> None:
    """A field's name is neither the lifecycle's nor anything but small letters, digits and underscores."""
    with pytest.raises(DeclarationError, match=name):
        record(type("Thing", (Record,), {"__annotations__": {name: "int"}, name: integer()}))
    with pytest.raises(DeclarationError, match=name):
        extend(Customer)(type("Thing", (), {"__annotations__": {name: "int"}, name: integer()}))


def test_mistakes_in_a_declaration_are_told_at_once() -> None:
    """A field without annotation, a reference without target and a bad entity name are errors where they stand."""
    with pytest.raises(DeclarationError, match="annotation"):
        record(type("Thing", (Record,), {"size": integer()}))
    with pytest.raises(DeclarationError, match="Ref"):
        record(type("Thing", (Record,), {"__annotations__": {"other": "int"}, "other": ref()}))
    with pytest.raises(DeclarationError, match="small letter"):
        record(name="Thing!")(type("Thing", (Record,), {}))
    with pytest.raises(DeclarationError, match="owner"):
        CRM(
            "sqlite://",
            [
                make_plugin(
                    "odd",
                    record(owner="name")(
                        type("Thing", (Record,), {"__annotations__": {"name": "str"}, "name": text()})
                    ),
                )
            ],
        )


def test_a_hook_implementation_stays_a_function() -> None:
    """A marked hook can be called like any function, as tests of plugins do."""

    @hookimpl
    def crmkit_declare() -> list[object]:
        return [Recall]

    assert crmkit_declare() == [Recall]
