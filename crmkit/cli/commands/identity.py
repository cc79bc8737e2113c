"""`crmkit duplicates`, `crmkit merge` and `crmkit unmerge`: records that stand for the same thing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from attrs import asdict

from crmkit.cli.language import echo
from crmkit.cli.output import format_option, print_json, print_texts
from crmkit.translation import _

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crmkit.cli.chosen import Chosen
    from crmkit.core.assemble.model import EntityModel
    from crmkit.core.declare.records import Record
    from crmkit.core.lifecycle.duplicates.comparing import Reason
    from crmkit.core.lifecycle.duplicates.identity import Comparison
    from crmkit.core.lifecycle.merging.listing import Merge
    from crmkit.core.lifecycle.session import Session


@click.group()
def duplicates() -> None:
    """List, explain and dismiss records that are likely to stand for the same thing."""


@duplicates.command(name="list")
@click.argument("what", metavar="ENTITY|RECORD")
@click.option("--least", type=click.FloatRange(0, 100), help="The lowest likelihood in percent.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True, help="At most so many.")
@format_option()
@click.pass_obj
def list_(chosen: Chosen, *, what: str, least: float | None, limit: int, form: str) -> None:
    """List pairs of records of an ENTITY that are likely the same, or what one RECORD looks like.

    RECORD is like customer:5, or customer:Acme if only one has that name.

    With --format json: {"pairs": [{"first", "second", "score", "rule", "reasons": [{"fields", "similarity",
    "weight"}]}]}.
    """
    from crmkit.cli.naming import titled

    with chosen.session(readonly=True) as session:
        entity = session.model.entity(what.partition(":")[0])
        found = list(pairs_of(session, entity, what, None if least is None else least / 100, limit))
        conventions = session.model.conventions
    if form == "json":
        print_json({"pairs": found_json(found)})
        return
    headings = (_("Record"), _("Looks like it"), _("Likelihood"), _("Alike in"))
    rows = [
        (titled(entity, one), titled(entity, other), f"{score:.1%}", alike_in(entity, reasons))
        for one, other, score, _rule, reasons in found
    ]
    print_texts(headings, rows, conventions)


@duplicates.command()
@click.argument("record")
@click.argument("other")
@format_option()
@click.pass_obj
def explain(chosen: Chosen, *, record: str, other: str, form: str) -> None:
    """Explain how likely two records are the same: what speaks for it, and what against it.

    RECORD and OTHER are like customer:5, or customer:Acme if only one has that name.

    With --format json: {"comparisons": [{"rule", "score", "reasons", "against", "share_key", "is_dismissed"}]}.
    """
    from crmkit.cli.naming import record_of

    with chosen.session(readonly=True) as session:
        first, second = record_of(session, record), record_of(session, other)
        found = session.identity.compare(first, second)
        entity, conventions = session.model.entity(first), session.model.conventions
    if form == "json":
        print_json({"comparisons": [asdict(each) for each in found]})
        return
    if not found:
        echo(_("There is no duplicate rule for {entity}.", entity=entity.name))
    for each in found:
        echo(_("By the rule {rule}: {score}", rule=each.rule, score=f"{each.score:.1%}"))
        rows = [
            (labels_of(entity, reason), f"{reason.similarity:.0%}", f"{reason.weight:+.1f}")
            for reason in (*each.reasons, *each.against)
        ]
        print_texts((_("Field"), _("Similarity"), _("Weight")), rows, conventions)
        tell_state(each)


@duplicates.command()
@click.argument("record")
@click.argument("other")
@click.pass_obj
def dismiss(chosen: Chosen, *, record: str, other: str) -> None:
    """Say that two records are not the same, so that they are never listed again.

    RECORD and OTHER are like customer:5, or customer:Acme if only one has that name.
    """
    from crmkit.cli.naming import record_of, titled

    with chosen.session() as session:
        first, second = record_of(session, record), record_of(session, other)
        session.identity.dismiss(first, second)
        entity = session.model.entity(first)
        echo(_("Not the same: {one}, {other}", one=titled(entity, first), other=titled(entity, second)))


@click.command()
@click.argument("survivor")
@click.argument("others", nargs=-1, required=True)
@click.option("--keep", multiple=True, metavar="FIELD=RECORD", help="The record whose value a field keeps.")
@click.option("--set", "values", multiple=True, metavar="FIELD=VALUE", help="The value that a field gets.")
@format_option()
@click.pass_obj
def merge(
    chosen: Chosen, *, survivor: str, others: tuple[str, ...], keep: tuple[str, ...], values: tuple[str, ...], form: str
) -> None:
    """Merge OTHERS into the SURVIVOR, with all that refers to them.

    The survivor keeps its values and gets those that it lacks. Records are like customer:5, or customer:Acme if only
    one has that name.

    With --format json: {"entity", "record": {FIELD: VALUE}}.
    """
    from crmkit.cli.commands.writing import answer
    from crmkit.cli.naming import assignments, record_of, values_of

    with chosen.session() as session:
        first, *rest = (record_of(session, each) for each in (survivor, *others))
        kept = {name: record_of(session, text) for name, text in assignments(keep).items()}
        given = values_of(session, session.model.entity(first), values)
        answer(session, session.merge(first, *rest, values={**given, **kept}), form, _("Merged into"))


@click.command()
@click.argument("record")
@click.option("--merge", "number", type=int, metavar="NUMBER", help="Which merge, if it isn't the latest one.")
@click.option("--list", "is_list", is_flag=True, help="Only list what was merged into the record.")
@format_option()
@click.pass_obj
def unmerge(chosen: Chosen, *, record: str, number: int | None, is_list: bool, form: str) -> None:
    """Take the latest merge into a RECORD apart again.

    RECORD is like customer:5, or customer:Acme if only one has that name.

    With --format json: {"back": [RECORD]}; with --list {"merges": [{"number", "merged", "at", "actor", "undone_at"}]}.
    """
    from crmkit.cli.naming import record_of, titled
    from crmkit.errors import NotFoundError

    with chosen.session(readonly=is_list) as session:
        found = record_of(session, record)
        merges = session.merges(found)
        if is_list:
            tell_merges(session, merges, form)
            return
        wanted = found if number is None else next((each for each in merges if each.number == number), None)
        if wanted is None:
            raise NotFoundError(entity=_("merge into {ref}", ref=found.ref), id=number or "")
        back = session.unmerge(wanted)
        if form == "json":
            print_json({"back": [str(each.ref) for each in back]})
            return
        for each in back:
            echo(_("There again: {record}", record=titled(session.model.entity(each), each)))


Pair = tuple["Record", "Record", float, str, "tuple[Reason, ...]"]
"""Two records, how likely they are the same, by which rule, and what speaks for it."""


def pairs_of(session: Session, entity: EntityModel, what: str, least: float | None, limit: int) -> Iterable[Pair]:
    """Yield pairs of an entity, or of a record and what it looks like."""
    from crmkit.cli.naming import record_of

    if ":" not in what:
        for each in session.identity.candidates(entity.name, least=least, limit=limit):
            yield each.first, each.second, each.score, each.rule, each.reasons
        return
    record = record_of(session, what)
    alike = [each for each in session.identity.duplicates(record) if least is None or each.score >= least][:limit]
    records = session.by_id(entity, [int(each.record) for each in alike if each.record is not None])
    for one in alike:
        if one.record is not None and int(one.record) in records:
            yield record, records[int(one.record)], one.score, one.rule, one.reasons


def found_json(found: Iterable[Pair]) -> list[dict[str, object]]:
    """Return pairs as JSON."""
    return [
        {
            "first": str(first.ref),
            "second": str(second.ref),
            "score": score,
            "rule": rule,
            "reasons": [asdict(each) for each in reasons],
        }
        for first, second, score, rule, reasons in found
    ]


def labels_of(entity: EntityModel, reason: Reason) -> str:
    """Return the labels of the fields that were compared."""
    return ", ".join(entity.fields[name].label for name in reason.fields)


def alike_in(entity: EntityModel, reasons: Iterable[Reason]) -> str:
    """Return the labels of what speaks for two records being the same."""
    return ", ".join(dict.fromkeys(entity.fields[name].label for each in reasons for name in each.fields[:1]))


def tell_state(comparison: Comparison) -> None:
    """Print what else there is to know about a comparison."""
    if not comparison.share_key:
        echo(_("They share no key, so the rule never compares them by itself."))
    if comparison.is_dismissed:
        echo(_("Somebody has said that they are not the same."))


def tell_merges(session: Session, merges: Iterable[Merge], form: str) -> None:
    """Print what was merged into a record."""
    if form == "json":
        rows = [
            {
                "number": each.number,
                "merged": [str(ref) for ref in each.merged],
                "at": each.at.isoformat(),
                "actor": None if each.actor is None else int(str(int(each.actor))),
                "undone_at": None if each.undone_at is None else each.undone_at.isoformat(),
            }
            for each in merges
        ]
        print_json({"merges": rows})
        return
    from crmkit.cli.happenings import moment

    texts = [
        (
            str(each.number),
            ", ".join(map(str, each.merged)),
            moment(session, each.at),
            "" if each.undone_at is None else moment(session, each.undone_at),
        )
        for each in merges
    ]
    print_texts((_("Number"), _("Merged"), _("When"), _("Undone")), texts, session.model.conventions)
