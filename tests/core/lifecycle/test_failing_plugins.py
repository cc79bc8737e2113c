"""Plugins that fail: nothing of the command is kept, the plugin is named, and the program goes on."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from crmkit import SYSTEM, Batch, Change, CreateDraft, Customer, Opportunity, Session, Team
from crmkit.errors import InvalidValue, PluginFailedError, Refused, SessionDoomedError, TooDeepError
from crmkit.testing.plugins import make_plugin
from crmkit.testing.snapshots import refused, snapshot, unchanged

if TYPE_CHECKING:
    from collections.abc import Callable

    from crmkit.core.lifecycle.drafts import Draft
    from crmkit.testing.fixtures import CRMFactory


def raising(error: BaseException) -> Callable[..., None]:
    """Return a guard of new records that raises."""

    def guard(session: Session, drafts: Batch[CreateDraft]) -> None:
        for _ in drafts.of(Customer):
            raise error

    return guard


def endless(session: Session, drafts: Batch[CreateDraft]) -> None:
    """Recurse without end."""
    for _ in drafts.of(Customer):
        endless(session, drafts)


@pytest.mark.parametrize(
    "guard",
    [
        raising(ValueError("no")),
        raising(SystemExit(3)),
        raising(GeneratorExit()),
        raising(InvalidValue("not a command's error")),
        endless,
    ],
    ids=["exception", "exit", "generator", "value", "recursion"],
)
@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_a_guard_that_raises_fails_closed(make_crm: CRMFactory, guard: Callable[..., None]) -> None:
    """Whatever a guard raises, the error names it and the hook, no table has changed, and the session works on."""
    crm = make_crm([make_plugin("broken", before_create=guard)])
    with crm.session(actor="admin") as session:
        kept = session.create(Team, name="Kept")
        with refused(crm, session, PluginFailedError) as caught:
            session.create(Customer, name="Acme")
        assert isinstance(caught.value, PluginFailedError)
        assert (caught.value.plugin, caught.value.hook) == ("broken", "crmkit_before_create")
        with refused(crm, session, PluginFailedError):
            session.create_many(Customer, [{"name": "A"}, {"name": "B"}])
    with crm.session(actor="admin") as session:
        assert session.get(Team, kept.id) == kept


def test_a_reaction_that_raises_undoes_its_command(make_crm: CRMFactory) -> None:
    """What a failing reaction's command had written goes with the transaction, and what came before it."""

    def after(session: Session, changes: Batch[Change]) -> None:
        for _ in changes.of(Customer):
            session.create(Team, name="Written on the way")
            raise LookupError("lost")

    crm = make_crm([make_plugin("broken", after_create=after)])
    with unchanged(crm):
        session = crm.session(actor="admin")
        session.create(Team, name="Before")
        with pytest.raises(PluginFailedError, match="broken"), session:
            session.create(Customer, name="Acme")


def test_a_swallowed_failure_dooms_the_session(make_crm: CRMFactory) -> None:
    """A program that goes on after a command broke midway can keep nothing of the transaction, and is told."""

    def after(session: Session, changes: Batch[Change]) -> None:
        for _ in changes.of(Customer):
            raise LookupError("lost")

    crm = make_crm([make_plugin("broken", after_create=after)])
    with unchanged(crm):
        session = crm.session(actor="admin")
        session.create(Team, name="Before")
        with pytest.raises(PluginFailedError):
            session.create(Customer, name="Acme")
        with pytest.raises(SessionDoomedError):
            session.count(Team)
        with pytest.raises(SessionDoomedError), session:
            pass


def test_a_plugin_that_swallows_a_failure_dooms_as_well(make_crm: CRMFactory) -> None:
    """A reaction can't hide that a command it gave broke midway."""

    def after(session: Session, changes: Batch[Change]) -> None:
        for _ in changes.of(Team):
            with suppress(PluginFailedError):
                session.create(Customer, name="Breaks")
        for _ in changes.of(Customer):
            raise LookupError("lost")

    crm = make_crm([make_plugin("hiding", after_create=after)])
    with unchanged(crm), pytest.raises(SessionDoomedError), crm.session(actor="admin") as session:
        session.create(Team, name="Outer")


def test_what_a_guard_wrote_goes_when_its_command_is_refused(make_crm: CRMFactory) -> None:
    """A refused command changes nothing, even if a guard wrote something of its own before the refusal."""

    def before(session: Session, drafts: Batch[CreateDraft]) -> None:
        for draft in drafts.of(Customer):
            session.create(Team, name="Written by a guard")
            draft.refuse("name", "No.")

    crm = make_crm([make_plugin("writing", before_create=before)])
    with unchanged(crm), suppress(SessionDoomedError):
        session = crm.session(actor="admin")
        with session, pytest.raises(Refused):
            session.create(Customer, name="Acme")


def test_reactions_that_trigger_each_other_are_stopped(make_crm: CRMFactory) -> None:
    """A reaction that keeps creating records is stopped, the chain is named, and nothing is kept."""

    def after(session: Session, changes: Batch[Change]) -> None:
        for _ in changes.of(Team):
            session.create(Team, name="Another")

    crm = make_crm([make_plugin("endless", after_create=after)])
    with unchanged(crm):
        session = crm.session(actor="admin")
        with pytest.raises(TooDeepError, match=r"endless\.crmkit_after_create"), session:
            session.create(Team, name="First")


def test_a_reaction_writes_in_the_same_transaction(make_crm: CRMFactory) -> None:
    """What a reaction creates or changes stands beside what it reacted to, and the command returns the latest."""

    def after(session: Session, changes: Batch[Change]) -> None:
        for change in changes.of(Customer):
            session.create(Opportunity, name=f"First deal with {change.after.name}", customer=change.after)

    def follow(session: Session, changes: Batch[Change]) -> None:
        for change in changes.of(Customer):
            if "city" in change.changed:
                session.update(change.after, country=f"Land of {change.after.city}")

    crm = make_crm([make_plugin("eager", after_create=after, after_update=follow)])
    with crm.session(actor="admin") as session:
        acme = session.create(Customer, name="Acme")
        assert [deal.name for deal in session.related(acme, Opportunity)] == ["First deal with Acme"]
        acme = session.update(acme, city="Paris")
        assert (acme.country, acme.version) == ("Land of Paris", 3)
        acme = session.update(acme, city="Lyon", name="Acme 2")
        assert (acme.country, acme.name, acme.version) == ("Land of Lyon", "Acme 2", 5)


def test_ids_are_not_given_out_twice_after_an_undone_batch(make_crm: CRMFactory) -> None:
    """Ids that an undone batch had taken are not used later in a way that another program takes them, too."""

    def after(session: Session, changes: Batch[Change]) -> None:
        if len(changes) > 1:
            raise LookupError("no batches")

    database = make_crm.database()
    one = make_crm([make_plugin("small", after_create=after)], on=database)
    two = make_crm([make_plugin("small", after_create=after)], on=database)
    ids = []
    for _ in range(3):
        with one.session(actor="admin") as session:
            for size in (3, 4, 20):
                with pytest.raises(PluginFailedError):
                    session.create_many(Team, [{"name": str(number)} for number in range(size)])
            ids += [session.create(Team, name="Kept").id for _ in range(3)]
        with two.session(actor="admin") as session:
            ids += [session.create(Team, name="Other").id for _ in range(5)]
    assert len(set(ids)) == len(ids) == 24
    with one.session(actor="admin") as session:
        assert session.count(Team) == 24


def test_refusals_of_all_plugins_come_together(make_crm: CRMFactory) -> None:
    """Every refusal names its plugin, its path and its record; guards see what earlier ones set."""

    def first(session: Session, drafts: Batch[CreateDraft]) -> None:
        for draft in drafts.of(Customer):
            draft.set("city", "  Paris ")
            draft.refuse("name", "Too plain.")

    def second(session: Session, drafts: Batch[CreateDraft]) -> None:
        for draft in drafts.of(Customer):
            draft.refuse("city", f"Not {draft.get('city')}.")
            draft.set("employees", "many")
            draft.set("ctiy", "x")

    crm = make_crm(
        [make_plugin("b_second", after=["c_first"], before_create=second), make_plugin("c_first", before_create=first)]
    )
    with crm.session(actor="admin") as session, refused(crm, session, Refused) as caught:
        session.create_many(Customer, [{"name": "A"}, {"name": "", "level": "z", "nmae": 1}])
    assert isinstance(caught.value, Refused)
    found = [(each.index, each.plugin, each.path, each.text.split(".")[0]) for each in caught.value.refusals]
    assert found == [
        (0, "c_first", "name", "Too plain"),
        (0, "b_second", "city", "Not Paris"),
        (0, "b_second", "employees", "'many' is not a number"),
        (0, "b_second", "ctiy", "There is no such field"),
        (1, "core", "level", "'z' is not one of: a, b, c"),
        (1, "core", "nmae", "There is no such field"),
        (1, "c_first", "name", "Too plain"),
        (1, "b_second", "city", "Not Paris"),
        (1, "b_second", "employees", "'many' is not a number"),
        (1, "b_second", "ctiy", "There is no such field"),
        (1, "core", "name", "A value is required"),
    ]


def test_a_guard_that_sets_what_is_there_changes_nothing(make_crm: CRMFactory) -> None:
    """A value that a guard sets anew is no change if it is the same; the history names what is different."""

    def before(session: Session, drafts: Batch[Draft]) -> None:
        for draft in drafts.of(Customer):
            draft.set("country", "FR")
            if draft.get("name") == "Never":
                draft.set("name", "Acme")

    crm = make_crm([make_plugin("steady", before_create=before, before_update=before)])
    with crm.session(actor="admin") as session:
        acme = session.create(Customer, name="Acme")
        acme = session.update(acme, city="Paris")
        assert dict(session.history(acme)[0].new) == {"city": "Paris"}
        before_it = snapshot(crm, session.unit.connection)
        assert session.update(acme, name="Never") == acme
        assert snapshot(crm, session.unit.connection) == before_it


def test_what_was_to_come_first_is_undone_with_its_record(make_crm: CRMFactory) -> None:
    """What a draft has written before it goes when the record itself is refused at the last moment."""

    def prepare(session: Session, draft: Draft) -> None:
        session.create(Team, name="Prepared")
        if draft.get("name") == "Bad":
            raise ValueError("bad")

    def before(session: Session, drafts: Batch[CreateDraft]) -> None:
        for draft in drafts.of(Customer):
            draft.first(prepare)

    crm = make_crm([make_plugin("preparing", before_create=before)])
    with crm.session(actor=SYSTEM) as session:
        session.create(Customer, name="Good")
        with refused(crm, session, Exception):
            session.create(Customer, name="Bad")
        assert session.count(Team) == 1
        assert session.count(Customer) == 1


def test_a_failure_swallowed_within_a_batch_undoes_the_batch(make_crm: CRMFactory) -> None:
    """A batch in which a plugin hid a broken command is undone as a whole, and the session works on."""

    def after(session: Session, changes: Batch[Change]) -> None:
        for _ in changes.of(Team):
            with suppress(PluginFailedError):
                session.create(Customer, name="Breaks")
        for _ in changes.of(Customer):
            raise LookupError("lost")

    crm = make_crm([make_plugin("hiding", after_create=after)])
    with crm.session(actor="admin") as session:
        with refused(crm, session, SessionDoomedError):
            session.create_many(Team, [{"name": "One"}, {"name": "Two"}])
        assert not session.count(Team)
