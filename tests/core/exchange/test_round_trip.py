"""Export, import, export: what comes out of the second CRM is what came out of the first."""

from __future__ import annotations

import csv
import io
import string
from datetime import date, datetime, timedelta
from datetime import timezone as tz
from decimal import Decimal
from types import ModuleType
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import crmkit
from crmkit import Address, Contact, Location, Manifest, Money, Record, Ref, hookimpl, record
from crmkit.core.declare import kinds
from crmkit.core.exchange.exporting import export
from crmkit.core.exchange.generated import mapping_for
from crmkit.core.exchange.importing import run_import
from crmkit.core.exchange.mapping import Mapping
from crmkit.errors import Refused

if TYPE_CHECKING:
    from pathlib import Path

    from crmkit.app import CRM
    from crmkit.core.assemble.model import EntityModel, FieldModel
    from crmkit.core.lifecycle.session import Session
    from crmkit.testing.fixtures import CRMFactory

NASTY = (
    "=1+1",
    "+33 1",
    "-x",
    "@SUM(A1)",
    "'quoted",
    "''=x",
    'a"b,c;d|e',
    "Ä ß İ",
    "👩‍👩‍👧 \u202eabc",
    "null",
    "0012",
    "1e5",
    "NaN",
    "#",
    "TRUE",
)
UPSERTED = {"user": "upsert", "product": "create"}
MULTI = {"multi_customer_contacts": True}


@record(name="sample")
class Sample(Record):
    """Has a field of every kind."""

    name: str = crmkit.text()
    essay: str | None = crmkit.long_text()
    count: int | None = crmkit.integer()
    size: Decimal | None = crmkit.decimal(scale=6)
    share: Decimal | None = crmkit.percent()
    price: Money | None = crmkit.money()
    is_good: bool | None = crmkit.boolean()
    day: date | None = crmkit.date()
    moment: datetime | None = crmkit.datetime()
    effort: timedelta | None = crmkit.duration()
    colour: str | None = crmkit.choice("red", "green")
    labels: tuple[str, ...] | None = crmkit.tags()
    mail: str | None = crmkit.email()
    phone: str | None = crmkit.phone()
    page: str | None = crmkit.url()
    place: Address | None = crmkit.address()
    position: Location | None = crmkit.location()
    contact: Ref[Contact] | None = crmkit.ref()
    about: Ref[object] | None = crmkit.any_ref()
    facts: object | None = crmkit.json()


def sample_plugin() -> ModuleType:
    """Return a plugin that declares the entity above."""
    plugin = ModuleType("sample_plugin")

    @hookimpl
    def crmkit_declare() -> list[object]:
        return [Sample]

    plugin.manifest = Manifest(name="samples", version="1", summary="A field of every kind.")  # type: ignore[attr-defined]
    plugin.crmkit_declare = crmkit_declare  # type: ignore[attr-defined]
    return plugin


characters = st.characters(exclude_categories=("Cs", "Cc"))
lines = st.one_of(st.sampled_from(NASTY), st.text(characters, min_size=1, max_size=20).map(str.strip).filter(bool))
amounts = st.decimals(min_value=0, max_value=10**9, places=2)
KINDS: dict[type[kinds.Kind], st.SearchStrategy[object]] = {
    kinds.LongTextKind: st.lists(lines, min_size=1, max_size=3).map("\n\t ".join),
    kinds.EmailKind: st.sampled_from(["ann@example.org", "=a@example.org", "bob+x@münchen.example"]),
    kinds.PhoneKind: st.sampled_from(["+33140205050", "+493012345678", "030 123456"]),
    kinds.UrlKind: st.sampled_from(["https://example.org/?a=1&b=%20", "http://example.org"]),
    kinds.IntegerKind: st.integers(1, 9999),
    kinds.PercentKind: st.decimals(min_value=0, max_value=100, places=4),
    kinds.DecimalKind: st.decimals(min_value=1, max_value=10**6, places=4),
    kinds.MoneyKind: st.one_of(
        st.builds(Money, amounts, st.just("EUR")),
        st.builds(lambda amount, rate: Money(amount, "USD", rate=rate), amounts, st.decimals("0.1", "9", places=6)),
    ),
    kinds.BooleanKind: st.booleans(),
    kinds.DateKind: st.dates(date(1, 1, 1)),
    kinds.DateTimeKind: st.datetimes(datetime(1970, 1, 1), datetime(2026, 1, 1), timezones=st.just(tz.utc)),  # noqa: DTZ001, UP017
    kinds.DurationKind: st.timedeltas(timedelta(-9), timedelta(999)),
    kinds.TagsKind: st.lists(lines.filter(lambda text: "," not in text), min_size=1, max_size=3),
    kinds.AddressKind: st.builds(Address, street=lines, city=st.none() | lines, country=st.none() | lines),
    kinds.LocationKind: st.builds(Location, st.decimals(-90, 90, places=7), st.decimals(-180, 180, places=7)),
    kinds.JsonKind: st.recursive(
        st.none() | st.booleans() | st.integers() | lines, lambda inner: st.lists(inner, max_size=2), max_leaves=3
    ).filter(lambda value: value is not None),
    kinds.RefKind: st.integers(0, 9),
    kinds.AnyRefKind: st.integers(0, 9),
}


def values_of(field: FieldModel) -> st.SearchStrategy[object]:
    """Return the strategy for the values of a field; references are drawn as positions in a list."""
    kind = field.kind
    if isinstance(kind, kinds.ChoiceKind):
        drawn: st.SearchStrategy[object] = st.sampled_from([choice.name for choice in kind.choices])
    elif field.name == "currency":
        drawn = st.sampled_from(["USD", "GBP", "JPY"])
    elif field.name == "roles":
        drawn = st.just(["member"])
    else:
        drawn = KINDS.get(type(kind), lines)
    return drawn if field.declared.required else st.none() | drawn


def records_of(entity: EntityModel) -> st.SearchStrategy[list[dict[str, object]]]:
    """Return the strategy for the values of some records."""
    drawn = {name: values_of(field) for name, field in entity.writable.items()}
    if entity.staged:
        drawn["stage"] = st.integers(0, 9)
        drawn["stage_since"] = st.none() | KINDS[kinds.DateTimeKind]
    return st.lists(st.fixed_dictionaries(drawn), min_size=1, max_size=3)


def fill(crm: CRM, drawn: dict[str, list[dict[str, object]]]) -> None:
    """Create what was drawn, without what the rules refuse; references to the own entity come last."""
    with crm.session(actor="admin") as session:
        made: dict[str, list[Record]] = {name: [] for name in crm.model.entities}
        for name, rows in drawn.items():
            entity = crm.model.entities[name]
            for row in rows:
                values = {key: chosen(session, entity, key, value, made) for key, value in row.items()}
                own = {key: values.pop(key) for key in entity.references if entity.fields[key].target == name}
                try:
                    made[name] += session.create_many(entity.record_class, [values])
                    session.update_many([(made[name][0], {key: made[name][-1] for key in own if len(made[name]) > 1})])
                except Refused:
                    continue


def chosen(session: Session, entity: EntityModel, name: str, value: object, made: dict[str, list[Record]]) -> object:
    """Return a drawn value, or what a drawn position stands for."""
    if name == "stage":
        stages = session.model.pipelines_of(entity.name)[0].stages
        return stages[int(str(value)) % len(stages)].name
    kind = entity.fields[name].kind
    if value is None or not isinstance(kind, kinds.RefKind | kinds.AnyRefKind):
        return value
    target = kind.target if isinstance(kind, kinds.RefKind) else (kind.targets or ("customer",))[0]
    found = made[target]
    return found[int(str(value)) % len(found)] if found else None


def exported(crm: CRM, folder: Path, form: str) -> dict[str, Path]:
    """Export all entities."""
    folder.mkdir(exist_ok=True)
    paths = {}
    with crm.session(actor="admin", readonly=True) as session:
        for name in crm.model.entities:
            paths[name] = folder / f"{name}.{form}"
            export(session, name, paths[name])
    return paths


def without_ids(paths: dict[str, Path], crm: CRM) -> dict[str, list[list[str]]]:
    """Return the rows of CSV exports; an id, which every database gives anew, is replaced by its rank."""
    tables = {
        name: list(csv.reader(io.StringIO(path.read_bytes().decode("utf-8-sig"), newline="")))
        for name, path in paths.items()
    }
    ranks = {name: {row[0]: str(rank) for rank, row in enumerate(rows)} for name, rows in tables.items()}
    for name, rows in tables.items():
        fields = crm.model.entities[name].fields
        for position, column in enumerate(rows[0]):
            field = fields[column.partition(".")[0]]
            if column == "id" or (column.endswith(".id") and field.target):
                for row in rows[1:]:
                    row[position] = row[position] and ranks[field.target or name][row[position]]
            elif isinstance(field.kind, kinds.AnyRefKind):
                for row in rows[1:]:
                    entity, _, number = row[position].partition(":")
                    row[position] = row[position] and f"{entity}:{ranks[entity][number]}"
    return tables


def emptied(crm: CRM) -> CRM:
    """Take all records but the administrator out of the database."""
    with crm.engine.begin() as connection:
        for table in reversed(crm.tables.all):
            if table in crm.tables.entities.values():
                users = table is crm.tables["user"]
                connection.execute(table.delete().where(table.c.external_id != "admin") if users else table.delete())
    return crm


@settings(
    max_examples=5,
    phases=[Phase.explicit, Phase.generate],  # to shrink thousands of values would take minutes
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.large_base_example],
)
@given(data=st.data())
def test_exports_of_all_entities_come_back_the_same(make_crm: CRMFactory, tmp_path: Path, data: st.DataObject) -> None:
    """Whatever the records hold, an export imported into an empty CRM gives the same export."""
    if not make_crm.made:
        make_crm([sample_plugin()], settings=MULTI)
        make_crm([sample_plugin()], settings=MULTI)
    first, second = map(emptied, make_crm.made)
    drawn = {
        name: data.draw(records_of(entity), label=name)
        for name, entity in first.model.entities.items()
        if not entity.declared.private  # nobody but their owners has them
    }
    fill(first, drawn)
    form = data.draw(st.sampled_from(["csv", "jsonl"]))
    paths = exported(first, tmp_path / "first", form)
    files = [
        each
        for name, path in paths.items()
        if path.stat().st_size  # JSON lines of nothing are nothing, not even a header
        for each in mapping_for(second.model, [(path, name)], mode=UPSERTED.get(name, "create")).files
    ]
    result = run_import(
        second,
        mapping=Mapping(path="exports", digest="exports", files=tuple(files)),
        folder=tmp_path / "first",
        actor="admin",
        resume=False,
    )
    assert [str(each) for each in result.problems] == []
    before = without_ids(exported(first, tmp_path / "before", "csv"), first)
    after = without_ids(exported(second, tmp_path / "second", "csv"), second)
    for name, rows in before.items():
        assert after[name] == rows, name
    assert without_ids(exported(first, tmp_path / "again", "csv"), first) == before


@pytest.mark.parametrize("form", ["csv", "xlsx", "jsonl"])
def test_an_export_imported_where_it_came_from_changes_nothing(make_crm: CRMFactory, tmp_path: Path, form: str) -> None:
    """Records are found by id and creation; an edited cell changes just that, in any format."""
    crm = make_crm()
    with crm.session(actor="admin") as session:
        session.create(Contact, name="=Ann", email="ann@example.org", tags=["a", "b"], address=Address(city="Paris"))
    path = tmp_path / f"contact.{form}"
    with crm.session(actor="admin") as session:
        assert export(session, Contact, path) == 1
    mapping = mapping_for(crm.model, [(path, "contact")])
    result = run_import(crm, mapping=mapping, folder=tmp_path, actor="admin")
    assert (result.unchanged, result.failed) == (1, 0)
    with crm.session(actor="admin") as session:
        session.update(session.find(Contact)[0], name="Other", tags=None, title="CEO")
    assert run_import(crm, mapping=mapping, folder=tmp_path, actor="admin").updated == 1
    with crm.session(actor="admin") as session:
        (contact,) = session.find(Contact)
        assert (contact.name, contact.tags, contact.title) == ("=Ann", ("a", "b"), None)


def test_a_foreign_export_changes_no_record(make_crm: CRMFactory, tmp_path: Path) -> None:
    """The same id in another CRM is another record: a file from there is refused row by row, not written over it."""
    first, second = make_crm(), make_crm()
    path = tmp_path / "contact.csv"
    with first.session(actor="admin") as session:
        session.create(Contact, name="Ann")
        export(session, Contact, path)
    make_crm.clock.advance(seconds=1)
    with second.session(actor="admin") as session:
        session.create(Contact, name="Bob")
    mapping = mapping_for(second.model, [(path, "contact")])
    assert run_import(second, mapping=mapping, folder=tmp_path, actor="admin").failed == 1
    with second.session(actor="admin") as session:
        assert session.find(Contact)[0].name == "Bob"


def test_contacts_travel_as_vcards(make_crm: CRMFactory, tmp_path: Path) -> None:
    """Cards bring name, customer, addresses and tags; importing them twice makes nothing twice."""
    first, second = make_crm(), make_crm()
    path = tmp_path / "people.vcf"
    with first.session(actor="admin") as session:
        acme = session.create(crmkit.Customer, name="Acme")
        session.create(
            Contact,
            name="Ann Lee",
            customer=acme,
            email="ann@example.org",
            mobile="+33612345678",
            address=Address(street="1 Rue A", city="Paris"),
            tags=["x", "y"],
            birthday="1980-02-03",
        )
        assert export(session, Contact, path) == 1
    mapping = mapping_for(second.model, [(path, "contact")])
    assert run_import(second, mapping=mapping, folder=tmp_path, actor="admin").created == 1
    assert run_import(second, mapping=mapping, folder=tmp_path, actor="admin").changed_nothing
    with second.session(actor="admin") as session:
        (ann,) = session.find(Contact)
        assert list(session.rows(Contact, ["customer.name"])) == [("Acme",)]
        assert (ann.email, ann.mobile, ann.tags) == ("ann@example.org", "+33612345678", ("x", "y"))
        assert ann.address == Address(street="1 Rue A", city="Paris")
        assert str(ann.birthday) == "1980-02-03"


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_an_export_is_filtered_and_sorted_as_asked(crm: CRM, tmp_path: Path) -> None:
    """Chosen paths, a filter and an order give a list for people; every character is a letter of the alphabet."""
    with crm.session(actor="admin") as session:
        session.create_many(crmkit.Customer, [{"name": letter, "employees": 5} for letter in string.ascii_uppercase])
        path = tmp_path / "list.csv"
        count = export(session, "customer", path, fields=["name", "owner.name"], where="name >= 'X'", order="-name")
    assert count == 3
    assert path.read_text(encoding="utf-8-sig").splitlines() == ["name,owner.name", "Z,admin", "Y,admin", "X,admin"]
