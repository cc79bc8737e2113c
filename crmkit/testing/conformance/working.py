"""What a plugin does: its records, stages, reports, files, and who may see them."""

from __future__ import annotations

import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from crmkit.core.declare.declarations import Report
from crmkit.core.declare.profiles import ProfileSection
from crmkit.core.declare.stages import CLOSED_KINDS
from crmkit.core.exchange.exporting import export
from crmkit.core.exchange.generated import mapping_for
from crmkit.core.exchange.importing import run_import
from crmkit.core.nouns.people import User
from crmkit.core.reading.reports.table import Table
from crmkit.errors import AccessDeniedError, CommandError, FieldHidden, NotFoundError, Refused
from crmkit.testing.conformance.subject import Conforming, system
from crmkit.testing.factories import made_up
from crmkit.testing.snapshots import snapshot

if TYPE_CHECKING:
    from crmkit.core.assemble.model import EntityModel

NOBODY, READER = "nobody", "reader"


class WorkingChecks(Conforming):
    """What a plugin does."""

    def test_its_records_live(self) -> None:
        """A record with a value in every field is created, read back, changed, deleted and restored."""
        with system(self.subject.crm()) as session:
            made = [(session.model.entity(each).declared.declared, each) for each in self.subject.fill(session)]
            for entity, record in made:
                assert session.get(entity, record.id) == record
            for entity, record in made:  # a part goes and comes back with its whole, too, and has another version then
                assert session.history(record)[-1].action == "create"
                session.delete(session.get(entity, record.id))
                assert session.restore(entity, record.id).id == record.id

    def test_its_fields_are_found(self) -> None:
        """Every value is found by a filter for it, and sorts, where its kind can be filtered and sorted."""
        with system(self.subject.filled()) as session:
            made = {record.ref.entity: record for record in self.subject.records}
            for entity, field in self.subject.fields:
                record = made[entity.name]
                value = dict(record.items()).get(field.name)  # a secret is not there
                if field.kind.name in {"text", "integer", "choice", "date", "boolean", "ref"} and value is not None:
                    found = session.find(entity.declared.declared, {field.name: value}, order=field.name)
                    assert record in found, f"{entity.name}.{field.name}"

    def test_many_are_made_as_one(self) -> None:
        """Its hooks do to each record of a batch what they do to one alone."""
        for entity in self.subject.touched:
            declared, values = entity.declared.declared, self.subject.values.get(entity.name, {})
            many = () if is_single(entity) else (2, 3)
            filled: list[list[set[str]]] = []
            for alone in (True, False):
                with system(self.subject.crm()) as session:
                    given = [made_up(session, entity, values, number=each, everything=True) for each in (1, *many)]
                    if alone:
                        made = [session.create(declared, **each) for each in given]
                    else:
                        made = session.create_many(declared, given)
                    filled.append([{name for name, value in each.items() if value is not None} for each in made])
            assert filled[0] == filled[1], entity.name

    def test_a_refusal_changes_nothing(self) -> None:
        """A record with a field that there isn't leaves nothing behind, in any table."""
        crm = self.subject.filled()
        before = snapshot(crm)
        for entity in self.subject.touched:
            with system(crm) as session, pytest.raises(Refused, match="no_such_field"):
                session.create(entity.declared.declared, no_such_field=1)
        assert snapshot(crm) == before

    def test_its_stages_can_be_reached_and_left(self) -> None:
        """From the first stage there is a way to every open one, and from there to a closed one."""
        for pipeline in {pipeline.name: pipeline for pipeline, _stage in self.subject.stages}.values():
            names = [each.name for each in pipeline.stages if not each.stage.hidden]
            closed = {each.name for each in pipeline.stages if each.stage.kind in CLOSED_KINDS}
            reached, waiting = {names[0]}, [names[0]]
            while waiting:
                source = waiting.pop()
                for target in names:
                    if target not in reached and pipeline.allows(source, target):
                        reached.add(target)
                        waiting.append(target)
            assert set(names) <= reached, f"{pipeline.name}: no way to {sorted(set(names) - reached)}"
            stuck = [
                each
                for each in names
                if each not in closed and not any(pipeline.allows(each, target) for target in names if target != each)
            ]
            assert stuck == [], f"{pipeline.name}: no way out of {stuck}"

    def test_its_stages_say_what_becomes_of_their_records(self) -> None:
        """A stage in a pipeline of others that maps its records elsewhere names a stage that stays."""
        for pipeline, stage in self.subject.stages:
            if pipeline.provider != self.subject.name and stage.on_remove.startswith("map:"):
                target = stage.on_remove.removeprefix("map:")
                others = {each.name for each in pipeline.stages if each.provider != self.subject.name}
                assert target in others, f"{pipeline.name}.{stage.name}: {target}"

    def test_its_profile_sections_are_shown(self) -> None:
        """Every section that it adds to profiles can be read: its paths, its filter, its order and its figures."""
        crm = self.subject.filled()
        sections = [each for each, plugin in crm.model.of(ProfileSection) if plugin == self.subject.name]
        with system(crm) as session:
            for section in sections:
                entity = session.model.entities[section.of]
                given = made_up(session, entity, self.subject.values.get(entity.name, {}), number=9, everything=False)
                profile = session.profile(session.create(entity.declared.declared, **given))
                assert section.name in profile.parts, section.name

    def test_its_reports_run_on_nothing(self) -> None:
        """An empty CRM is no reason to fail."""
        with system(self.subject.crm()) as session:
            for report in self._reports():
                assert isinstance(session.report(report.name), Table), report.name

    def test_its_reports_are_shown_in_every_form(self) -> None:
        """With records, each report is text, CSV and JSON, and its chart is a whole Vega-Lite dictionary."""
        with system(self.subject.filled()) as session:
            for report in self._reports():
                table = session.report(report.name)
                assert table.to_text()
                assert table.to_csv()
                assert table.to_json()
                assert table.chart is None or "data" in table.to_vega()

    def test_who_has_no_role_sees_nothing(self) -> None:
        """Neither its records nor anything in its reports, unless a report is declared public."""
        crm = self.subject.filled()
        with system(crm) as session:
            session.create(User, name="Nobody", external_id=NOBODY, roles=[])
        with crm.session(actor=NOBODY) as session:
            for record in self.subject.records:
                entity = session.model.entity(record).declared.declared
                with pytest.raises((NotFoundError, AccessDeniedError)):
                    session.get(entity, record.id)
            for report in self._reports():
                # What is part of any record may be part of one that is for everybody, such as one's own notices.
                with suppress(AccessDeniedError):
                    assert report.public or not session.report(report.name).rows, report.name

    def test_who_may_only_read_changes_nothing(self) -> None:
        """The role `viewer` reads its records, and can't create one."""
        crm = self.subject.filled()
        with system(crm) as session:
            session.create(User, name="Reader", external_id=READER, roles=["viewer"])
        before = snapshot(crm)
        for entity in self.subject.entities:
            with crm.session(actor=READER) as session, pytest.raises(CommandError):
                session.create(entity.declared.declared, **made_up(session, entity, {}, number=9))
        assert snapshot(crm) == before

    def test_sensitive_fields_are_hidden(self) -> None:
        """A field that is sensitive is shown to nobody to whom it isn't revealed, and a secret to nobody."""
        crm = self.subject.filled()
        made = {record.ref.entity: record for record in self.subject.records}
        with system(crm) as session:
            session.create(User, name="Reader", external_id=READER, roles=["viewer"])
        with crm.session(actor=READER) as session:
            for entity, field in self.subject.fields:
                if field.declared.privacy in {"sensitive", "secret"}:
                    record = session.get(entity.declared.declared, made[entity.name].id)
                    with pytest.raises(FieldHidden):
                        getattr(record, field.name)

    def test_its_records_go_out_and_come_in(self) -> None:
        """What is exported comes back unchanged by an import of the same file."""
        crm = self.subject.filled()
        with tempfile.TemporaryDirectory() as name:
            for entity in self.subject.touched:
                path = Path(name) / f"{entity.name}.csv"
                with system(crm) as session:
                    count = export(session, entity.name, path)
                mapping = mapping_for(crm.model, [(path, entity.name)])
                result = run_import(crm, mapping=mapping, folder=path.parent, actor="admin")
                outcomes = (result.created, result.updated, result.failed)
                assert outcomes == (0, 0, 0), f"{entity.name}: {result.message}"
                assert count >= 1

    def _reports(self) -> list[Report]:
        """Return the plugin's reports that need no parameters."""
        own = [each for each, by in self.subject.model.of(Report) if by == self.subject.name]
        return [each for each in own if not any(parameter.required for parameter in each.parameters)]


def is_single(entity: EntityModel) -> bool:
    """Return whether records are told apart by references alone, so that there is but one with the same ones."""
    return any(not unique.where and set(unique.fields) <= set(entity.references) for unique in entity.uniques)
