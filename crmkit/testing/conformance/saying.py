"""What a plugin says: manifest, declarations, labels, rules, translations."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, cast

from packaging.specifiers import SpecifierSet
from packaging.version import Version

from crmkit.core.assemble.calls import HOOKS
from crmkit.core.assemble.description import describe
from crmkit.core.assemble.plugins import texts_of
from crmkit.core.assemble.texts import declared_sentences
from crmkit.core.declare.conventions import Conventions
from crmkit.core.declare.declarations import Command, Report, Setting
from crmkit.core.lifecycle.conditions import check_conditions
from crmkit.core.storage.plugin_ledger import snapshot_of
from crmkit.core.storage.tables import Tables
from crmkit.testing.conformance.subject import Conforming
from crmkit.translation.catalogues import missing, wrong_places
from crmkit.translation.extraction import sentences_in
from crmkit.version import VERSION

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crmkit.translation.extraction import Sentence
    from crmkit.translation.languages import Texts

PERSONAL = ("email", "phone", "address", "location")


class SayingChecks(Conforming):
    """What a plugin says."""

    def test_it_has_a_version(self) -> None:
        """The version is one that can be compared (PEP 440), as upgrades go by it."""
        assert str(Version(self.subject.plugin.manifest.version))

    def test_it_says_what_it_is(self) -> None:
        """The manifest has a summary."""
        assert self.subject.plugin.manifest.summary, "Give the manifest a summary."

    def test_it_fits_this_crmkit(self) -> None:
        """The manifest says which versions of crmkit it runs with, and this is one of them."""
        wanted = self.subject.plugin.manifest.crmkit
        assert wanted, "Say which versions of crmkit it runs with, such as crmkit='>=0.1,<0.2'."
        assert SpecifierSet(wanted).contains(VERSION, prereleases=True)

    def test_it_works_with_only_what_it_requires(self) -> None:
        """Nothing but the core and what the manifest requires is needed."""
        loaded = {each.name for each in self.subject.model.plugins}
        assert {"core", self.subject.name, *self.subject.required} <= loaded

    def test_it_says_the_same_every_time(self) -> None:
        """`crmkit_declare` is a function of nothing: said again, it is the same."""
        calls = [call for call in self.subject.model.hooks["crmkit_declare"] if call.plugin == self.subject.name]
        for call in calls:
            assert list(cast("Iterable[object]", call())) == list(cast("Iterable[object]", call()))

    def test_its_hooks_are_known(self) -> None:
        """Everything that looks like a hook is one."""
        named = {name for each in self.subject.plugin.hooks for name in dir(each) if name.startswith("crmkit_")}
        assert named <= set(HOOKS)

    def test_everything_has_a_label(self) -> None:
        """Entities, fields and stages are called something."""
        subject = self.subject
        labels = [each.label for each in subject.entities] + [each.plural for each in subject.entities]
        labels += [field.label for _entity, field in subject.fields]
        labels += [stage.stage.label for _pipeline, stage in subject.stages]
        assert all(label.strip() for label in labels)

    def test_reports_and_commands_say_what_they_do(self) -> None:
        """Each has a help, and so have settings."""
        model, name = self.subject.model, self.subject.name
        silent = [each.name for each, by in model.of(Report) if by == name and not each.help]
        silent += [each.name for each, by in model.of(Command) if by == name and not each.help]
        silent += [each.name for each, by in model.of(Setting) if by == name and not each.help]
        assert silent == []

    def test_personal_data_are_marked(self) -> None:
        """Fields for addresses of people say their privacy, so that they are exported and erased with the person."""
        normal = [
            f"{entity.name}.{field.name}"
            for entity, field in self.subject.fields
            if field.kind.name in PERSONAL and field.declared.privacy == "normal"
        ]
        assert normal == [], f"Give these fields privacy='personal' or more: {normal}"

    def test_it_asks_nothing_of_others_records(self) -> None:
        """A field that is added to an entity of others is optional, so that what others create isn't refused."""
        required = [
            f"{entity.name}.{field.name}"
            for entity, field in self.subject.fields
            if entity.provider != self.subject.name and field.declared.required and field.declared.default is None
        ]
        assert required == []

    def test_its_tables_are_its_own(self) -> None:
        """The tables of its entities begin with its name."""
        tables = Tables(self.subject.model)
        names = [tables[each.name].name for each in self.subject.entities]
        assert all(name.startswith(f"crm_{self.subject.name}_") for name in names)

    def test_its_conditions_can_be_read(self) -> None:
        """Rules and gates are filters over fields that there are."""
        check_conditions(self.subject.model)

    def test_its_records_can_be_named(self) -> None:
        """Every entity has a field that names its records, or shows their ids."""
        for entity in self.subject.entities:
            assert entity.declared.title in {*entity.fields, "id"}

    def test_values_survive_being_written_down(self) -> None:
        """The default of every field comes back from its text and from its JSON."""
        for _entity, field in self.subject.fields:
            if field.declared.default is not None:
                value = field.kind.parse(field.declared.first_value(), Conventions())
                assert field.kind.parse(field.kind.to_text(value), Conventions()) == value
                assert field.kind.parse(field.kind.to_json(value), Conventions()) == value

    def test_programs_can_read_it(self) -> None:
        """The description of the model with the plugin is JSON."""
        assert json.loads(json.dumps(describe(self.subject.model)))

    def test_its_data_can_be_found_without_its_code(self) -> None:
        """What the ledger keeps of it names every entity, field and stage."""
        subject = self.subject
        kept = snapshot_of(subject.model, Tables(subject.model), subject.name, None)
        assert set(kept.entities) == {each.name for each in subject.entities}
        assert set(kept.fields) >= {f"{entity.name}.{field.name}" for entity, field in subject.fields}
        assert len(kept.stages) == len(list(subject.stages))

    def test_its_translations_are_complete(self) -> None:
        """A language that it has a catalogue for has all its texts."""
        for language, texts in self._catalogues():
            left = [each.one for each in missing(texts.file(language), self._sentences(texts))]
            assert left == [], f"{language} lacks {left}"

    def test_its_translations_have_the_places_of_the_texts(self) -> None:
        """What is put into a text is put into its translation, too."""
        for language, texts in self._catalogues():
            assert list(wrong_places(texts.file(language))) == [], language

    def _catalogues(self) -> list[tuple[str, Texts]]:
        texts = next(filter(None, map(texts_of, self.subject.plugin.hooks)), None)
        return [(language, texts) for language in texts.languages] if texts else []

    def _sentences(self, texts: Texts) -> set[Sentence]:
        file = texts.folder.parent / f"{texts.domain}.py"
        source = sentences_in(file if file.is_file() else texts.folder.parent)
        return declared_sentences(self.subject.model, self.subject.name) | source
