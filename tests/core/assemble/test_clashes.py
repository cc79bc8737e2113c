"""What several plugins say about one thing: equal declarations merge, different ones are errors naming both."""

from __future__ import annotations

import itertools

import pytest
from attrs import frozen

from crmkit import (
    CRM,
    AddChoice,
    AddStage,
    ChangeStage,
    Choice,
    Command,
    Customer,
    Event,
    Grant,
    Opportunity,
    Parameter,
    Pipeline,
    Record,
    Ref,
    Relabel,
    Report,
    Role,
    Rule,
    Setting,
    Stage,
    Unique,
    extend,
    integer,
    money,
    record,
    ref,
    text,
)
from crmkit.core.assemble.checks import SYSTEM_TABLES
from crmkit.core.declare.kinds import BooleanKind, IntegerKind
from crmkit.errors import AssemblyError, ClashError, DeclarationError
from crmkit.testing.plugins import make_plugin


def extension(**fields: object) -> type:
    """Return an extension of customers with these fields, all optional integers unless they are fields already."""
    made = type("Extra", (), {"__annotations__": dict.fromkeys(fields, "int | None"), **fields})
    return extend(Customer)(made)


def entity(name: str, /, **fields: object) -> type:
    """Return an entity of this name."""
    made = type("Made", (Record,), {"__annotations__": dict.fromkeys(fields, "str | None"), **fields})
    return record(name=name)(made)


def pair(one: object, two: object) -> CRM:
    """Assemble two plugins that say one thing each."""
    return CRM("sqlite://", [make_plugin("first", one), make_plugin("second", two)])


CLASHES = {
    "field": (extension(size=integer(min=1)), extension(size=integer(min=2))),
    "column": (extension(price=money()), extension(price_currency=text())),
    "key column": (extension(nick=text(search=True)), extension(nick_key=text())),
    "entity": (entity("thing", name=text()), entity("thing", name=text(max=5))),
    "pipeline": (
        Pipeline(name="p", entity="customer", stages=(Stage("a"),)),
        Pipeline(name="p", entity="customer", stages=(Stage("b"),)),
    ),
    "stage": (
        AddStage("opportunity", Stage("x", probability=1), after="proposal"),
        AddStage("opportunity", Stage("x", probability=2), after="proposal"),
    ),
    "stage label": (ChangeStage("opportunity", "won", label="A"), ChangeStage("opportunity", "won", label="B")),
    "stage place": (
        ChangeStage("opportunity", "won", after="lost"),
        ChangeStage("opportunity", "won", before="proposal"),
    ),
    "choice": (AddChoice("customer.level", Choice("d", "D")), AddChoice("customer.level", Choice("d", "Other"))),
    "label": (Relabel("customer.city", "Town"), Relabel("customer.city", "Village")),
    "setting": (Setting(name="s", kind=IntegerKind()), Setting(name="s", kind=BooleanKind())),
    "report": (Report(name="r", run="a:b", public=True), Report(name="r", run="a:c", public=True)),
    "role": (Role(name="r"), Role(name="r", grants=(Grant(entity="*"),))),
    "event": (
        Event(name="customer.x", entity="customer", help="1"),
        Event(name="customer.x", entity="customer", help="2"),
    ),
    "command": (Command(name="c", run="a:b", help="", public=True), Command(name="c", run="a:c", help="", public=True)),
    "rule": (
        Rule(name="r", entity="customer", when="name == 'a'", message="A"),
        Rule(name="r", entity="customer", when="name == 'b'", message="A"),
    ),
    "default pipeline": (
        Pipeline(name="p", entity="product_line", stages=(Stage("a"),), is_default=True),
        Pipeline(name="q", entity="product_line", stages=(Stage("a"),), is_default=True),
    ),
}


@pytest.mark.parametrize("subject", CLASHES)
def test_a_clash_names_both_plugins(subject: str) -> None:
    """Two different meanings of one name are a load error with both plugins, whichever was found first."""
    one, two = CLASHES[subject]
    plugins = [make_plugin("first", one), make_plugin("second", two)]
    messages = set()
    for order in itertools.permutations(plugins):
        with pytest.raises(ClashError) as caught:
            CRM("sqlite://", order)
        messages.add(str(caught.value))
    (message,) = messages
    assert "'first'" in message
    assert "'second'" in message or "'core'" in message


EQUAL = [
    lambda: extension(size=integer(min=1)),
    lambda: AddStage("opportunity", Stage("x", probability=1), after="proposal"),
    lambda: ChangeStage("opportunity", "won", label="Done"),
    lambda: AddChoice("customer.level", Choice("d")),
    lambda: Relabel("customer", "Client"),
    lambda: Setting(name="s", kind=IntegerKind()),
    lambda: Rule(name="r", entity="customer", when="name == 'a'", message="A"),
    lambda: Role(name="r", grants=(Grant(entity="*", read="all"),)),
    lambda: Unique(entity="customer", fields=("name", "city")),
]


@pytest.mark.parametrize("make", EQUAL)
def test_equal_declarations_merge(make: object) -> None:
    """Two plugins that say the same say it once."""
    one, two = make(), make()  # type: ignore[operator]
    model = pair(one, two).model
    assert [stage.name for stage in model.pipelines["opportunity"].stages].count("x") <= 1
    customer = model.entities["customer"]
    assert len(set(customer.uniques)) == len(customer.uniques)
    assert [choice.name for choice in customer.fields["level"].kind.choices].count("d") <= 1  # type: ignore[attr-defined]


WRONG = {
    "field of nothing": (Relabel("customer.ctiy", "X"), "city"),
    "entity of nothing": (Relabel("custmer", "X"), "customer"),
    "choice of a text": (AddChoice("customer.name", Choice("x")), "not a choice"),
    "stage of nothing": (AddStage("oportunity", Stage("x"), after="won"), "opportunity"),
    "after nothing": (AddStage("opportunity", Stage("x"), after="wonn"), "won"),
    "change of nothing": (ChangeStage("opportunity", "proposl", label="X"), "proposal"),
    "requires nothing": (AddStage("opportunity", Stage("x", requires=("amuont",)), after="won"), "amount"),
    "maps to nothing": (AddStage("opportunity", Stage("x"), after="won", on_remove="map:nowhere"), "nowhere"),
    "unique of nothing": (Unique(entity="customer", fields=("nmae",)), "name"),
    "role of nothing": (Role(name="r", grants=(Grant(entity="custmer"),)), "customer"),
    "report of nothing": (Report(name="r", run="a:b", reads=("custmer",)), "customer"),
    "report without a policy": (Report(name="r", run="a:b"), "doesn't say who may run it"),
    "command without a policy": (Command(name="c", run="a:b", help=""), "doesn't say who may run it"),
    "report of nobody": (Report(name="r", run="a:b", roles=("amdin",)), "admin"),
    "grant of no report": (Role(name="r", reports=("pipelin",)), "pipelin"),
    "command of nobody": (Command(name="c", run="a:b", help="", roles=("amdin",)), "admin"),
    "event of nothing": (Event(name="custmer.x", entity="custmer"), "customer"),
    "event without a dot": (Event(name="noticed", entity="customer"), "opportunity.won"),
    "pipeline without stages": (Pipeline(name="p", entity="product", stages=(Stage("a"),)), "product"),
    "rule of nothing": (Rule(name="r", entity="custmer", when="name == 'a'", message="A"), "customer"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_declaration_about_nothing_is_an_error(case: str) -> None:
    """A declaration that speaks of what nobody declares names its plugin and the nearest known name."""
    declaration, words = WRONG[case]
    with pytest.raises(DeclarationError) as caught:
        CRM("sqlite://", [make_plugin("mistaken", declaration)])
    assert "'mistaken'" in str(caught.value)
    assert words in str(caught.value)


def test_a_plugin_hides_no_stage_that_all_need() -> None:
    """A pipeline whose stages are all hidden is an error."""
    hidden = [ChangeStage("contact", stage, hidden=True) for stage in ("active", "left")]
    with pytest.raises(DeclarationError, match="hidden"):
        CRM("sqlite://", [make_plugin("hiding", *hidden)])


@pytest.mark.row("A15")
def test_stages_are_inserted_renamed_hidden_and_reordered() -> None:
    """Every change to a pipeline of another plugin is made by declaration, and says who made it."""
    model = CRM(
        "sqlite://",
        [
            make_plugin(
                "shaping",
                AddStage("opportunity", Stage("demo", "Demonstration"), before="proposal"),
                AddStage("opportunity", Stage("pilot"), after="demo"),
                ChangeStage("opportunity", "qualification", label="First talk", probability=5),
                ChangeStage("opportunity", "lost", before="won"),
                ChangeStage("opportunity", "proposal", hidden=True),
            )
        ],
    ).model
    stages = model.pipelines["opportunity"].stages
    assert [each.name for each in stages] == ["qualification", "demo", "pilot", "proposal", "lost", "won"]
    assert [each.provider for each in stages] == ["core", "shaping", "shaping", "core", "core", "core"]
    first = model.pipelines["opportunity"].stage("qualification")
    assert (first.label, str(first.probability), first.kind) == ("First talk", "5", "open")


def test_tables_of_two_entities_do_not_coincide() -> None:
    """Entities whose tables would have one name are a load error, not a surprise at the first use."""
    own = {table.name.removeprefix("crm_") for table in CRM("sqlite://").tables.system.all}
    assert own == set(SYSTEM_TABLES)
    for name, made in (("order", entity("line", name=text())), ("stage", entity("history", name=text()))):
        with pytest.raises(AssemblyError, match=name):
            CRM("sqlite://", [make_plugin(name, made)])
    with pytest.raises(AssemblyError, match="a_b"):
        CRM("sqlite://", [make_plugin("a", entity("b_c", name=text())), make_plugin("a_b", entity("c", name=text()))])


def test_columns_of_one_declaration_do_not_coincide() -> None:
    """Two fields of one entity that need one column are an error, also against those of the system."""
    for fields in (
        {"price": money(), "price_currency": text()},
        {"nick": text(unique=True), "nick_key": text()},
        {"created_by_id": integer()},
    ):
        with pytest.raises(AssemblyError, match="column"):
            CRM("sqlite://", [make_plugin("tight", entity("thing", **fields))])
        with pytest.raises(AssemblyError, match="column"):
            CRM("sqlite://", [make_plugin("tight", extension(**fields))])


@frozen
class Shelf:
    """A type of declaration that only a plugin knows."""

    name: str


def test_plugins_declare_types_of_their_own() -> None:
    """A declaration of a type that the core has never heard of is found by that type, with its provider."""
    model = CRM("sqlite://", [make_plugin("one", Shelf("a")), make_plugin("two", Shelf("b"), Shelf("a"))]).model
    assert list(model.of(Shelf)) == [(Shelf("a"), "one"), (Shelf("b"), "two"), (Shelf("a"), "two")]


@pytest.mark.row("A14")
def test_every_part_of_the_model_has_a_provider() -> None:
    """Entities, fields, stages and pipelines say which plugin they come from, and can't be changed."""
    crm = CRM("sqlite://", [make_plugin("more", extension(size=integer()))])
    customer = crm.model.entity(Customer)
    assert (customer.provider, customer.fields["size"].provider, customer.fields["name"].provider) == (
        "core",
        "more",
        "core",
    )
    for change in (
        lambda: setattr(crm.model, "entities", {}),
        lambda: setattr(customer, "label", "x"),
        lambda: vars(customer)["fields"].__setitem__("x", None),
        lambda: crm.model.entities.pop("customer"),  # type: ignore[attr-defined]
    ):
        with pytest.raises((AttributeError, TypeError)):
            change()


def test_a_reference_to_a_missing_entity_is_an_error() -> None:
    """A field that refers to an entity of no enabled plugin names both."""

    @extend(Opportunity)
    class Missing:
        rival: Ref[Shelf] | None = ref()

    with pytest.raises(DeclarationError, match=r"opportunity\.rival.*'lonely'.*'shelf'"):
        CRM("sqlite://", [make_plugin("lonely", Missing)])
    assert Parameter(name="x").label == "X"
