"""The catalogue of reads: every way to ask about customers, each answered with bytes."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from crmkit import Customer, Opportunity, User
from crmkit.cli.showing import record_answer, record_pairs, usual_fields
from crmkit.core.exchange.exporting import export
from crmkit.core.exchange.importing import run_import
from crmkit.errors import CRMKitError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from crmkit import CRM, Record, Session

    Read = Callable[[Session], object]

PARTS = {"worth": ("amount", "currency", "base"), "next_visit": ("year", "month"), "origin": ("entity", "id")}
MAPPING = """
[[files]]
file = "in.csv"
entity = "customer"
mode = "update"
key = ["{key}"]
[files.columns]
"a" = "{key}"
"b" = "city"
"""


def answers(crm: CRM, actor: object, fields: Iterable[str], values: Iterable[object]) -> dict[str, bytes]:
    """Return what an actor is answered to every read that speaks of some fields and values, or to none of them."""
    found: dict[str, bytes] = {}
    with crm.session(actor=actor, readonly=True) as session:  # type: ignore[arg-type]
        for name, read in reads(session, list(fields), list(values)):
            found[name] = told(lambda read=read: read(session))  # type: ignore[misc]
    return found


def told(read: Callable[[], object]) -> bytes:
    """Return an answer, or an error, as bytes."""
    try:
        answer = read()
    except CRMKitError as error:
        return f"{type(error).__name__}: {error}".encode()
    return answer if isinstance(answer, bytes) else repr(answer).encode()


def reads(session: Session, fields: list[str], values: list[object]) -> Iterator[tuple[str, Read]]:
    """Yield all reads by name."""
    yield from of_records()
    yield from of_reports(session)
    for name in fields:
        for path in (name, *(f"{name}.{part}" for part in PARTS.get(name, ()))):
            yield from of_path(path)
        for value in values:
            yield from of_value(name, value)
    for value in values:
        yield f"search {value}", lambda s, value=value: s.find(Customer, search=str(value))  # type: ignore[misc]


def of_records() -> Iterator[tuple[str, Read]]:
    """Yield reads that name no field."""
    yield "find", lambda s: list(s.find(Customer, order="id"))
    yield "page", lambda s: s.find(Customer, order="name", limit=1).next
    yield "items", lambda s: [dict(each.items()) for each in s.find(Customer)]
    yield "by id", lambda s: s.by_id(s.model.entity(Customer), [1, 2])
    yield "include", lambda s: [s.get(Opportunity, 1, include=["customer"]), s.get(Customer, 1)]
    yield "json", lambda s: [record_answer(s, each) for each in s.find(Customer)]
    yield "pairs", lambda s: [list(record_pairs(s, each)) for each in s.find(Customer)]
    yield "usual", lambda s: s.rows(Customer, usual_fields(s, s.model.entity(Customer)))
    yield "export", lambda s: exported(s, None)
    yield "vcard", lambda s: exported(s, None, entity="contact", form="vcard")
    yield "workbook", lambda s: len(exported(s, None, form="xlsx"))
    for entity, number in ((Customer, 1), (Customer, 2), (User, 1), (User, 2)):
        yield f"history {entity} {number}", lambda s, e=entity, n=number: s.history(record(s, e, n))  # type: ignore[misc]
        yield f"timeline {entity} {number}", lambda s, e=entity, n=number: s.timeline(record(s, e, n))  # type: ignore[misc]
        yield f"related {entity} {number}", lambda s, e=entity, n=number: s.related(record(s, e, n), Customer)  # type: ignore[misc]
    yield "trace", lambda s: s.trace(record(s, Customer, 1))
    yield "ancestors", lambda s: s.ancestors(record(s, Customer, 2).ref, "parent")
    yield "shares", lambda s: s.shares(record(s, Customer, 1))


def record(session: Session, entity: type[Record], number: int) -> Record:
    """Return a record."""
    return session.get(entity, number)


def of_reports(session: Session) -> Iterator[tuple[str, Read]]:
    """Yield every report with its defaults, and about customers where it can be."""
    for name in session.model.reports:
        yield f"report {name}", lambda s, name=name: s.report(name).to_csv()  # type: ignore[misc]
        yield f"report {name} of 1", lambda s, name=name: s.report(name, customer="1").to_csv()  # type: ignore[misc]
        yield f"report {name} of customers", lambda s, name=name: s.report(name, entity="customer").to_csv()  # type: ignore[misc]


def of_path(path: str) -> Iterator[tuple[str, Read]]:
    """Yield reads that sort, group, measure, show, export or follow a path, from customers and over deals of them."""
    for entity, full in ((Customer, path), (Customer, f"parent.{path}"), (Opportunity, f"customer.{path}")):
        name = f"{entity.__name__} {full}"
        yield f"sort {name}", lambda s, e=entity, p=full: [each.id for each in s.find(e, order=p)]  # type: ignore[misc]
        yield f"page {name}", lambda s, e=entity, p=full: s.find(e, order=f"-{p}", limit=1).next  # type: ignore[misc]
        yield f"group {name}", lambda s, e=entity, p=full: s.aggregate(e, by=[p], measures={"n": "count()"})  # type: ignore[misc]
        yield f"rows {name}", lambda s, e=entity, p=full: s.rows(e, ["id", p], order="id")  # type: ignore[misc]
        yield f"none {name}", lambda s, e=entity, p=full: s.count(e, f"{p} is None")  # type: ignore[misc]
        yield f"mapping {name}", lambda s, e=entity, p=full: s.count(e, {p: None})  # type: ignore[misc]
        for measure in (f"max({full})", f"min({full})", f"sum({full})", f"count({full} is None)", f"weighted({full})"):
            yield f"{measure} {name}", lambda s, e=entity, m=measure: s.aggregate(e, measures={"m": m})  # type: ignore[misc]
        yield f"include {name}", lambda s, e=entity, p=full: s.get(e, 1, include=[p])  # type: ignore[misc]
        yield f"export {name}", lambda s, e=entity, p=full: exported(s, ["id", p], entity=e.__crmkit_entity__.name)  # type: ignore[misc]
        yield (
            f"records {name}",
            lambda s, e=entity, p=full: s.report(  # type: ignore[misc]
                "records", entity=e.__crmkit_entity__.name, fields=f"id,{p}", order=p
            ).to_csv(),
        )
    for report in ("pipeline", "won_lost"):
        yield f"{report} by {path}", lambda s, r=report: s.report(r, by=f"customer.{path}").to_csv()  # type: ignore[misc]
    yield f"by= {path}", lambda s: s.related(record(s, User, 1), Customer, by=path)


def of_value(name: str, value: object) -> Iterator[tuple[str, Read]]:
    """Yield reads that compare a field with a value."""
    for entity, path in ((Customer, name), (Opportunity, f"customer.{name}")):
        for test in ("==", "!=", ">", "in"):
            text = f"{path} {test} given.x" if test != "in" else f"given.x in {path}"
            label = f"{entity.__name__} {text} {value}"
            yield label, lambda s, e=entity, t=text: s.count(e, t, given={"x": value})  # type: ignore[misc]
        yield f"contains {path} {value}", lambda s, e=entity, p=path: s.count(e, f"contains({p}, {str(value)[:2]!r})")  # type: ignore[misc]
        yield (
            f"funnel {path} {value}",
            lambda s, p=path: s.report("funnel", where=f"{p} == {str(value)!r}").to_csv(),  # type: ignore[misc]
        )


def exported(session: Session, fields: list[str] | None, *, entity: str = "customer", form: str = "csv") -> bytes:
    """Return an export."""
    target = io.BytesIO()
    export(session, entity, target, fields=fields, format=form)
    return target.getvalue()


def tried_import(crm: CRM, actor: object, folder: Path, key: str, value: object) -> bytes:
    """Return what the dry run of an import answers that looks customers up by a field."""
    (folder / "in.csv").write_text(f"a,b\n{value},Lyon\n")
    (folder / "map.toml").write_text(MAPPING.format(key=key))
    return told(lambda: run_import(crm, mapping=folder / "map.toml", actor=actor, dry_run=True))  # type: ignore[arg-type]
