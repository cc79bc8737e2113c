"""Files in records: stored once, seen by whoever sees the record, and gone when nothing has them any more."""

from __future__ import annotations

import hashlib
import json
import threading
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

import crmkit
from crmkit import SYSTEM, Customer, File, Grant, Manifest, Record, Ref, Role, User, extend, hookimpl, record
from crmkit.core.assemble.plugins import Plugin
from crmkit.core.backup.restoring import restore
from crmkit.core.backup.writing import fingerprint, write_backup
from crmkit.core.exchange.exporting import export
from crmkit.core.exchange.generated import mapping_for
from crmkit.core.exchange.importing import run_import
from crmkit.core.storage.file_contents import CHUNK
from crmkit.errors import ConflictError, DeclarationError, FieldHidden, FileDamagedError, NotFoundError, Refused

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from crmkit import CRM, Session
    from crmkit.testing.clock import FrozenClock
    from crmkit.testing.fixtures import CRMFactory

pytestmark = pytest.mark.thorough
PDF = b"%PDF-1.7 contract"
OTHER = b"%PDF-1.7 another one"


@record(owner="owner")
class Paper(Record):
    """A document of a customer."""

    name: str = crmkit.text()
    code: str | None = crmkit.text(unique=True)
    owner: Ref[User] | None = crmkit.ref()
    customer: Ref[Customer] | None = crmkit.ref(person="about")
    scan: File | None = crmkit.file(privacy="personal", search=True)
    form: File | None = crmkit.file(types=("pdf",), max=1024)


@extend(Customer)
class Pictured:
    """The logo of a customer."""

    logo: File | None = crmkit.file(types=("png",))


class Papers:
    """Adds papers and logos."""

    @staticmethod
    @hookimpl
    def crmkit_declare() -> Iterator[object]:
        """Yield what it adds."""
        yield Paper
        yield Pictured
        yield Role(name="clerk", grants=(Grant(entity="paper", read="own", create="own", update="own"),))
        yield Role(name="blind", grants=(Grant(entity="paper", read="all", hides=("scan",)),))


PLUGIN = Plugin(manifest=Manifest(name="papers", version="1"), hooks=(Papers,))


@pytest.fixture
def crm(make_crm: CRMFactory) -> CRM:
    """A CRM with papers."""
    return make_crm([PLUGIN])


def contents(crm: CRM) -> dict[str, int]:
    """Return the sizes of all stored contents by SHA-256."""
    table = crm.tables.system.file_content
    with crm.engine.connect() as connection:
        return {row.sha256: row.size for row in connection.execute(sa.select(table))}


def digest(content: bytes) -> str:
    """Return the SHA-256 of contents."""
    return hashlib.sha256(content).hexdigest()


def test_a_file_is_stored_with_its_record(crm: CRM) -> None:
    """A record has name, type, size and SHA-256; the contents are read apart, of any number of chunks."""
    large = b"%PDF-1.7" + bytes(range(256)) * (CHUNK // 100)
    with crm.session(actor="admin") as session:
        paper = session.create(Paper, name="a", scan=File("../Contract.PDF", content=large))
        assert paper.scan == File("Contract.PDF", type="application/pdf", size=len(large), sha256=digest(large))
        assert paper.scan.content is None
    with crm.session(actor="admin", readonly=True) as session:
        assert session.get(Paper, paper.id) == paper
        assert session.content(paper, "scan") == large
        with pytest.raises(NotFoundError):
            session.content(paper, "form")
    assert contents(crm) == {digest(large): len(large)}
    assert crm.audit.verify() == []


def test_equal_contents_are_stored_once(session: Session, crm: CRM) -> None:
    """However many records have a content, under whatever names, it is there once."""
    session.create_many(Paper, [{"name": "a", "scan": File(f"{n}.pdf", content=PDF)} for n in range(5)])
    session.create(Paper, name="b", form=File("b.pdf", content=PDF))
    count = sa.select(sa.func.count()).select_from(crm.tables.system.file_chunk)
    assert session.unit.connection.execute(count).scalar() == 1


def test_what_is_refused_stores_nothing(crm: CRM) -> None:
    """A record that isn't written leaves no contents: neither a refused one nor one of a transaction that failed."""
    with crm.session(actor="admin") as session, pytest.raises(Refused) as caught:
        session.create(Paper, scan=File("a.pdf", content=PDF), form=File("a.txt", content=b"a"))
    assert sorted(each.path for each in caught.value.refusals) == ["form", "name"]
    session = crm.session(actor="admin")
    session.create(Paper, name="a", scan=File("a.pdf", content=PDF))
    session.__exit__(RuntimeError, RuntimeError(), None)
    assert contents(crm) == {}
    with crm.session(actor="admin") as session:
        paper = session.create(Paper, name="a", code="A")
        with pytest.raises(Refused):
            session.create(Paper, name="b", code="a", scan=File("a.pdf", content=PDF))
        with pytest.raises(ConflictError):
            session.update(evolve_version(session, paper), scan=File("a.pdf", content=PDF))
        session.update(paper, name="c")
    assert contents(crm) == {}


def evolve_version(session: Session, paper: Paper) -> Paper:
    """Return a record as it would be if somebody had read it in another version."""
    return session.make(session.model.entity(Paper), {**dict(paper.items()), "version": 7})  # type: ignore[return-value]


def test_a_sum_alone_opens_nothing(crm: CRM, make_crm: CRMFactory) -> None:
    """Who knows the SHA-256 of contents doesn't get at them: they come with it, or were the record's before."""
    with crm.session(actor="admin") as session:
        for name in ("ann", "bob"):
            session.create(User, name=name, external_id=name, roles=["clerk"])
    with crm.session(actor="ann") as session:
        secret = session.create(Paper, name="a", scan=File("a.pdf", content=PDF))
    with crm.session(actor="bob") as session:
        own = session.create(Paper, name="b", scan=File("b.pdf", content=OTHER))
        stolen = File("c.pdf", size=len(PDF), sha256=digest(PDF))
        with pytest.raises(Refused, match="with its contents"):
            session.create(Paper, name="c", scan=stolen)
        with pytest.raises(Refused, match="with its contents"):
            session.update(own, scan=stolen)
        with pytest.raises(Refused, match="with its contents"):
            session.update(own, form=own.scan)  # another field is another place
        with pytest.raises(NotFoundError):
            session.content(secret, "scan")
        forged = File("c.pdf", content=OTHER, sha256=digest(PDF))
        assert session.create(Paper, name="c", scan=forged).scan.sha256 == digest(OTHER)  # type: ignore[union-attr]


def test_a_file_can_be_renamed_and_taken_back(session: Session) -> None:
    """Without contents, a record keeps those that it has or had; a new name must fit them all the same."""
    paper = session.create(Paper, name="a", scan=File("a.pdf", content=PDF))
    renamed = session.update(paper, scan=File("b.pdf", sha256=digest(PDF)))
    assert renamed.scan == File("b.pdf", type="application/pdf", size=len(PDF), sha256=digest(PDF))
    with pytest.raises(Refused, match="are not those of a zip file"):
        session.update(renamed, scan=File("b.zip", sha256=digest(PDF)))
    replaced = session.update(renamed, scan=File("b.pdf", content=OTHER))
    assert session.content(replaced, "scan") == OTHER
    back = session.update(replaced, scan=session.history(paper)[0].old["scan"])
    assert session.content(back, "scan") == PDF


def test_files_are_found_by_name_type_and_size(session: Session) -> None:
    """Filters and sorting know the parts of a file, and search finds its name."""
    for name, content in (("Offer.pdf", PDF), ("Note.txt", b"abc")):
        session.create(Paper, name=name, scan=File(name, content=content))
    session.create(Paper, name="none")

    def names(where: str) -> list[str]:
        return [each.name for each in session.find(Paper, where, order="name")]

    assert names("scan is not None") == ["Note.txt", "Offer.pdf"]
    assert names("scan.size <= 3 and scan.type == 'text/plain'") == ["Note.txt"]
    assert names("scan.name == 'Offer.pdf'") == ["Offer.pdf"]
    assert [each.name for each in session.find(Paper, search="offer")] == ["Offer.pdf"]


def test_a_file_is_seen_by_who_sees_its_field(crm: CRM) -> None:
    """Contents have the permission of their record, and of their field."""
    with crm.session(actor="admin") as session:
        session.create(User, name="Eve", external_id="eve", roles=["blind"])
        paper = session.create(Paper, name="a", scan=File("a.pdf", content=PDF), form=File("a.pdf", content=PDF))
    with crm.session(actor="eve") as session:
        assert session.content(paper, "form") == PDF
        with pytest.raises(FieldHidden):
            session.content(paper, "scan")


def test_contents_outlive_a_deletion_and_a_change(session: Session, crm: CRM) -> None:
    """What a record has or had stays as long as the record does, as its history does."""
    paper = session.create(Paper, name="a", scan=File("a.pdf", content=PDF))
    paper = session.update(paper, scan=None)
    session.delete(paper)
    paper = session.restore(Paper, paper.id)
    paper = session.update(paper, scan=File("a.pdf", sha256=digest(PDF)))
    assert session.content(paper, "scan") == PDF


def test_a_merged_record_keeps_the_files(session: Session, crm: CRM) -> None:
    """The survivor of a merge has the file of the other record, noted as its own."""
    png = b"\x89PNG\r\n\x1a\n"
    one, two = session.create(Customer, name="A"), session.create(Customer, name="A", logo=File("a.png", content=png))
    merged = session.merge(one, two)
    assert session.content(merged, "logo") == png
    assert crm_findings(session) == []


def crm_findings(session: Session) -> list[str]:
    """Return what the check of files finds."""
    from crmkit.core.lifecycle.files import verify

    return list(verify(session))


def test_an_erased_person_leaves_no_file(crm: CRM) -> None:
    """What is a person's goes with it, in all versions; what others have of the same contents stays."""
    with crm.session(actor="admin") as session:
        lea = session.create(Customer, name="Lea", type="person")
        paper = session.create(Paper, name="a", customer=lea, scan=File("a.pdf", content=PDF))
        session.update(paper, scan=File("b.pdf", content=OTHER), form=File("c.pdf", content=b"%PDF-1.7 form"))
        session.create(Paper, name="b", form=File("d.pdf", content=OTHER))
        assert digest(PDF) in json.dumps(session.disclose(lea, reason="asked for it"))
        session.erase(lea, reason="asked for it")
        blanked = session.get(Paper, paper.id)
        assert (blanked.scan, blanked.form is not None) == (None, True)
    assert set(contents(crm)) == {digest(OTHER), digest(b"%PDF-1.7 form")}
    assert crm.audit.verify() == []


def test_a_backup_holds_the_contents(crm: CRM, make_crm: CRMFactory, tmp_path: Path) -> None:
    """A restored CRM has every file as it was, and a backup whose contents were changed is refused."""
    with crm.session(actor="admin") as session:
        paper = session.create(Paper, name="a", scan=File("a.pdf", content=PDF * 70_000))
    write_backup(crm, tmp_path / "backup.zip")
    other = make_crm([PLUGIN], upgrade=False)
    restore(other, tmp_path / "backup.zip")
    assert fingerprint(other) == fingerprint(crm)
    with other.session(actor="admin") as session:
        assert session.content(paper, "scan") == PDF * 70_000
    assert other.audit.verify() == []


def test_damage_is_found(crm: CRM) -> None:
    """Contents that were changed or lost behind the CRM's back are neither read nor overlooked."""
    with crm.session(actor="admin") as session:
        paper = session.create(Paper, name="a", scan=File("a.pdf", content=PDF))
        lost = session.create(Paper, name="b", scan=File("b.pdf", content=OTHER))
    system = crm.tables.system
    with crm.engine.begin() as connection:
        connection.execute(
            system.file_chunk.update().where(system.file_chunk.c.sha256 == digest(PDF)).values(data=b"x")
        )
        connection.execute(system.file_chunk.delete().where(system.file_chunk.c.sha256 == digest(OTHER)))
        connection.execute(system.file_content.delete().where(system.file_content.c.sha256 == digest(OTHER)))
        connection.execute(system.file_content.insert().values(sha256="0" * 64, size=1, at=crm.clock()))
    with crm.session(actor="admin") as session:
        for each in (paper, lost):
            with pytest.raises(FileDamagedError, match="Restore a backup"):
                session.content(each, "scan")
    found = [each.text for each in crm.audit.verify() if each.check == "files"]
    assert found == [
        f"the contents {'0' * 64} are damaged",
        f"the contents {digest(PDF)} are damaged",
        f"the contents {'0' * 64} belong to no record",
        f"the contents of paper {lost.id} (scan) aren't there",
    ]


def test_a_purge_leaves_no_contents(make_crm: CRMFactory, tmp_path: Path) -> None:
    """A purged plugin's files go, those of its own records and of fields of others; its export has the contents."""
    place = make_crm.database()
    crm = make_crm([PLUGIN], on=place)
    png = b"\x89PNG\r\n\x1a\n"
    with crm.session(actor="admin") as session:
        session.create(Paper, name="a", scan=File("a.pdf", content=PDF))
        session.create(Customer, name="A", logo=File("a.png", content=png))
    assert len(contents(crm)) == 2
    crm.close()
    bare = make_crm([], on=place, upgrade=False)
    bare.plugins.apply(bare.plugins.plan(purge=["papers"]), destructive=True, export=tmp_path)
    written = {file.name: file.read_bytes() for file in (tmp_path / "papers" / "files").iterdir()}
    assert written == {digest(PDF): PDF, digest(png): png}
    assert contents(bare) == {}


def test_files_are_no_part_of_tables(crm: CRM, make_crm: CRMFactory, tmp_path: Path) -> None:
    """An export says which files records have; imported again it changes nothing, and it brings none elsewhere."""
    with crm.session(actor="admin") as session:
        session.create(Paper, name="a", scan=File("a.pdf", content=PDF))
        export(session, "paper", tmp_path / "paper.csv")
    mapping = mapping_for(crm.model, [(tmp_path / "paper.csv", "paper")])
    result = run_import(crm, mapping=mapping, folder=tmp_path, actor="admin")
    assert (result.unchanged, result.failed) == (1, 0)
    other = make_crm([PLUGIN])
    mapping = mapping_for(other.model, [(tmp_path / "paper.csv", "paper")], mode="create")
    result = run_import(other, mapping=mapping, folder=tmp_path, actor="admin")
    assert (result.created, result.failed) == (0, 1)


def test_a_full_disk_leaves_nothing_of_a_file(make_crm: CRMFactory) -> None:
    """Where there is no more room, a file that doesn't fit is not there, and neither is its record."""
    if make_crm.backend != "sqlite":
        pytest.skip("only SQLite can be told how much room there is")
    crm = make_crm([PLUGIN])
    session = crm.session(actor="admin")
    pages = session.unit.connection.exec_driver_sql("PRAGMA page_count").scalar_one()
    session.unit.connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + 20}")
    with pytest.raises(OperationalError, match="disk is full") as caught:
        session.create(Paper, name="a", scan=File("a.pdf", content=PDF * CHUNK))
    session.unit.connection.exec_driver_sql("PRAGMA max_page_count = 1000000")
    session.__exit__(type(caught.value), caught.value, None)
    assert contents(crm) == {}
    with crm.session(actor="admin") as again:
        assert again.count(Paper) == 0
        again.create(Paper, name="a", scan=File("a.pdf", content=PDF * CHUNK))
    assert crm.audit.verify() == []


def test_what_is_erased_and_stored_at_once_is_there(crm: CRM) -> None:
    """Contents that one erases while others store the same stay for those others, and only for as long."""
    failed: list[Exception] = []

    def work(number: int) -> None:
        try:
            for turn in range(4):
                with crm.session(actor="admin") as session:
                    person = session.create(Customer, name=f"P{number}", type="person")
                    session.create(Paper, name=f"{number}.{turn}", customer=person, scan=File("a.pdf", content=PDF))
                if turn % 2 == 0:
                    with crm.session(actor="admin") as session:
                        session.erase(person, reason="asked for it")
        except Exception as error:  # noqa: BLE001  (whatever it is, the test says so)
            failed.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert crm.audit.verify() == []
    with crm.session(actor="admin") as session:
        kept = session.find(Paper, "scan is not None")
        assert len(kept) == 8
        assert all(session.content(each, "scan") == PDF for each in kept)


def test_a_secret_is_no_file(make_crm: CRMFactory) -> None:
    """A field of files can't be secret: its contents are there to be read."""

    @extend(Customer)
    class Hidden:
        """A secret file."""

        key: File | None = crmkit.file(privacy="secret")

    class House:
        """Adds it."""

        @staticmethod
        @hookimpl
        def crmkit_declare() -> Iterator[object]:
            """Yield it."""
            yield Hidden

    with pytest.raises(DeclarationError, match="a secret can't be a file"):
        make_crm([Plugin(manifest=Manifest(name="house"), hooks=(House,))])


def test_programs_take_any_stored_file(crm: CRM, clock: FrozenClock) -> None:
    """With system reach, a stored file is copied by what a record has, without its contents passing by."""
    with crm.session(actor=SYSTEM) as session:
        paper = session.create(Paper, name="a", scan=File("a.pdf", content=PDF))
        copy = session.create(Paper, name="b", form=paper.scan)
        assert session.content(copy, "form") == PDF
        with pytest.raises(Refused, match="with its contents"):
            session.create(Paper, name="c", scan=File("c.pdf", sha256="0" * 64))
        assert json.loads(json.dumps(session.history(copy)[0].new["form"]))["sha256"] == digest(PDF)
