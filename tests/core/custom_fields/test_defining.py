"""Defining: who may define which custom field, and when it is there."""

from __future__ import annotations

import pickle
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from crmkit import CRM, Customer, CustomField, Opportunity, User, extend, text
from crmkit.core.assemble.edition.fields import NAMES
from crmkit.core.nouns.custom_fields import KINDS
from crmkit.errors import AccessDeniedError, ConflictError, FilterError, NotFoundError, Refused
from crmkit.testing.plugins import make_plugin
from tests.core.custom_fields.definitions import define

if TYPE_CHECKING:
    from crmkit.testing.fixtures import CRMFactory

HOSTILE = (
    "x'); DROP TABLE crm_customer; --",
    'x"',
    "a b",
    "Ä",
    "x" * 42,
    "1x",
    "_x",
    "a.b",
    "$",
    "a\x00",
    "",
    "'$.x'",
)


def refused(crm: CRM, **values: Any) -> set[str]:
    """Return the paths for which a definition is refused."""
    with crm.session(actor="admin") as session, pytest.raises(Refused) as caught:
        session.create(CustomField, **values)
    return {each.path for each in caught.value.refusals}


@pytest.mark.row("B1")
def test_a_field_is_there_from_the_next_session_on(crm: CRM) -> None:
    """Its records are still customers, and have the field as an attribute; a session keeps the fields it began with."""
    with crm.session(actor="admin") as session:
        acme = session.create(Customer, name="Acme")
        field = session.create(CustomField, name="shoe_size", kind="integer", help="European.")
        assert (field.label, field.entity, field.privacy) == ("Shoe size", "customer", "normal")
        with pytest.raises(Refused, match="no such field"):
            session.update(acme, shoe_size=42)
    with crm.session(actor="admin") as session:
        acme = session.update(acme, shoe_size="42")
        assert isinstance(acme, Customer)
        assert acme.shoe_size == 42
        assert pickle.loads(pickle.dumps(acme)) == acme  # noqa: S301  (our own)
        assert session.history(acme)[0].new == {"shoe_size": 42}
        assert session.create(Customer, name="Beta").shoe_size is None
        assert not hasattr(session.create(Opportunity, name="Deal", customer=acme), "shoe_size")


def test_a_record_that_was_read_before_can_still_be_changed(crm: CRM) -> None:
    """It is read anew, unless somebody changed it meanwhile: then the conflict names what was changed."""
    with crm.session(actor="admin") as session:
        acme, beta = session.create_many(Customer, [{"name": "Acme"}, {"name": "Beta"}])
    define(crm, "integer", "shoe_size")
    with crm.session(actor="admin") as session:
        changed = session.update(acme, city="Paris")
        assert (changed.city, changed.shoe_size) == ("Paris", None)
        session.update(session.get(Customer, beta.id), shoe_size=7)
    with crm.session(actor="admin") as session:
        with pytest.raises(ConflictError) as caught:
            session.update(beta, city="Paris")
        assert caught.value.changed == ("shoe_size",)
        session.delete(changed)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_is_a_name(crm: CRM, name: str) -> None:
    """Whatever could be read as SQL, JSON or a path is refused."""
    assert refused(crm, name=name, kind="text") & {"name", "kind"}


@pytest.mark.parametrize("name", ["id", "version", "ref", "items", "name", "stage", "extra", "created_at", "name_key"])
def test_a_name_is_free(crm: CRM, name: str) -> None:
    """A field of the entity, one of its columns and what every record has can't be defined again."""
    assert refused(crm, name=name, kind="text")


def test_a_definition_fits_its_kind(crm: CRM) -> None:
    """All that is wrong with it is said; labels and choices may hold anything that a person can read."""
    assert refused(crm, name="a", kind="choice") == {"kind"}
    assert refused(crm, name="a", kind="choice", choices=["B b"]) == {"kind"}
    assert refused(crm, name="a", kind="boolean", minimum=1) == {"kind"}
    assert refused(crm, name="a", kind="integer", default="x") == {"kind"}
    assert refused(crm, name="a", kind="ref") == {"kind"}
    assert refused(crm, name="a", kind="text", entity="nothing") == {"entity"}
    assert refused(crm, name="a", kind="text", indexed=True) == {"indexed"}
    assert refused(crm, name="a", kind="text", promoted=True) == {"promoted"}
    define(crm, "text", "a", label="'; DROP TABLE x; --\"", help="%s {0}")
    assert refused(crm, name="a", kind="integer") == {"entity, name"}
    define(crm, "integer", "limited", minimum=1, maximum=10, default="5", required=True)
    with crm.session(actor="admin") as session:
        acme = session.create(Customer, name="Acme")
        assert acme.limited == 5
        for value in (11, 0, None):
            with pytest.raises(Refused):
                session.update(acme, limited=value)
        assert session.model.entity(Customer).fields["a"].label == "'; DROP TABLE x; --\""


def test_what_values_depend_on_stays(crm: CRM) -> None:
    """Name, kind and decimals can't be changed; a choice goes when no record has it."""
    define(crm, "choice", "colour", choices=["red", "green"])
    with crm.session(actor="admin") as session:
        session.create(Customer, name="Acme", colour="red")
        field = session.find(CustomField)[0]
        for change in ({"name": "other"}, {"kind": "text"}, {"entity": "contact"}, {"choices": ["green"]}):
            with pytest.raises(Refused):
                session.update(field, **change)
        field = session.update(field, choices={"red": "Red!", "blue": ""}, label="Paint")
    with crm.session(actor="admin") as session:
        session.create(Customer, name="Beta", colour="blue")
        with pytest.raises(Refused):
            session.delete(field)
        session.update(session.find(Customer, "colour == 'blue'")[0], colour=None)
        session.update(session.find(Customer, "colour == 'red'")[0], colour=None)
        session.delete(field)
    with crm.session(actor="admin") as session:
        assert "colour" not in session.model.entity(Customer).fields
        session.restore(CustomField, field.id)
    with crm.session(actor="admin") as session:
        assert "colour" in session.model.entity(Customer).fields


def test_an_inactive_field_is_not_there_and_keeps_its_values(crm: CRM) -> None:
    """Nobody reads, filters or writes it; changes of other fields leave its values alone."""
    field = define(crm, "text", "nickname")
    define(crm, "text", "motto")
    with crm.session(actor="admin") as session:
        acme = session.create(Customer, name="Acme", nickname="Ace", motto="More")
        field = session.update(field, active=False)
    with crm.session(actor="admin") as session:
        acme = session.update(acme, motto=None, city="Paris")
        assert not hasattr(acme, "nickname")
        assert "nickname" not in session.history(acme)[-1].new
        for read in ("nickname == 'Ace'", "nickname is None"):
            with pytest.raises(FilterError):
                session.find(Customer, read)
        assert not session.find(Customer, search="ace nick")
        session.update(field, active=True)
    with crm.session(actor="admin") as session:
        acme = session.get(Customer, acme.id)
        assert (acme.nickname, acme.motto) == ("Ace", None)


@pytest.mark.row("M1")
@pytest.mark.parametrize("role", ["director", "manager", "member", "viewer", "agent", "auditor"])
def test_only_administrators_define_fields(crm: CRM, role: str) -> None:
    """By the grants of the core's roles; the others see what is defined, but for agents."""
    field = define(crm, "text", "nickname")
    with crm.session(actor="admin") as session:
        session.create(User, name="ann", external_id="ann", roles=[role])
    with crm.session(actor="ann") as session:
        with pytest.raises(AccessDeniedError):
            session.create(CustomField, name="other", kind="text")
        assert session.count(CustomField) == (0 if role == "agent" else 1)
    with crm.session(actor="ann") as session, pytest.raises((AccessDeniedError, NotFoundError)):
        session.update(field, label="Mine")


def test_another_process_notices(crm: CRM, make_crm: CRMFactory) -> None:
    """What one program defines, another one that runs already has in its next session, and the other way round."""
    url, schema = crm.engine.url.render_as_string(hide_password=False), crm.tables.schema
    code = (
        "import sys; from crmkit import CRM, Customer, CustomField\n"
        f"crm = CRM({url!r}, schema={schema!r})\n"
        "with crm.session(actor='admin') as s: s.create(Customer, name='Acme')\n"
        "print('ready', flush=True); sys.stdin.readline()\n"
        "with crm.session(actor='admin') as s:\n"
        "    s.update(s.find(Customer)[0], shoe_size=42)\n"
        "    s.create(CustomField, name='hat_size', kind='integer')\n"
    )
    with crm.session(actor="admin") as session:
        assert session.count(Customer) == 0
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdin is not None
        assert other.stdout is not None
        assert other.stdout.readline() == "ready\n"
        define(crm, "integer", "shoe_size")
        other.communicate("\n", timeout=60)
        assert other.returncode == 0
    with crm.session(actor="admin") as session:
        acme = session.find(Customer, "shoe_size == 42")[0]
        assert session.update(acme, hat_size=58).hat_size == 58


def test_a_new_session_asks_no_more_than_before(crm: CRM) -> None:
    """With fields that are known, opening a session takes the one statement that it always took."""
    define(crm, "integer", "shoe_size")
    with crm.session(actor="admin"):
        pass
    statements: list[str] = []
    sa.event.listen(crm.engine, "before_cursor_execute", lambda *given: statements.append(given[2]))
    with crm.session(actor="admin"):
        pass
    assert len(statements) == 1


def test_a_name_that_a_disabled_plugin_keeps_is_not_free(make_crm: CRMFactory) -> None:
    """Its values would stand in the way of each other when the plugin comes back."""

    @extend(Customer)
    class Nickname:
        nickname: str | None = text()

    database = make_crm.database()
    make_crm([make_plugin("nicknames", Nickname)], on=database)
    assert refused(make_crm(on=database), name="nickname", kind="text") == {"name"}


def test_every_kind_can_be_chosen() -> None:
    """What the definitions offer is every kind of field that says nothing of other records."""
    assert {*KINDS} == {*NAMES} - {"ref", "any_ref", "json", "file"}
