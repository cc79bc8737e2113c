"""The plugin that is checked, and the CRMs that it is checked in."""

from __future__ import annotations

import itertools
import sqlite3
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

from crmkit.app import CRM
from crmkit.core.assemble.plugins import requirement_name
from crmkit.core.reading.permission import SYSTEM
from crmkit.testing.clock import FrozenClock
from crmkit.testing.factories import made_up
from crmkit.testing.memory import ADMIN
from crmkit.testing.schemas import schema_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from crmkit.core.assemble.model import EntityModel, FieldModel, Model
    from crmkit.core.assemble.pipelines import PipelineModel, StageModel
    from crmkit.core.assemble.plugins import Plugin
    from crmkit.core.declare.records import Record
    from crmkit.core.lifecycle.session import Session

APART = 1_000
"""More changes of the schema than a check makes."""


class Subject:
    """A plugin, assembled once with and once without it, on one database in memory.

    Each check begins with an image of that database, so that nothing has to be assembled, created or filled again.

    Attributes:
        wish: what the plugin is asked for by: its name, its file, or a module with its hooks.
        values: values that the plugin's rules want for new records, by entity.
        records: what `filled` holds: a record of every entity that the plugin declares or extends.
    """

    def __init__(
        self, wish: object, settings: Mapping[str, object], values: Mapping[str, Mapping[str, object]]
    ) -> None:
        self.values = values
        self.records: tuple[Record, ...] = ()
        self._schemas = itertools.count(APART, APART)
        self._with = CRM("sqlite://", [wish], settings=dict(settings), clock=FrozenClock())

    @property
    def model(self) -> Model:
        """The model with the plugin and those that it requires."""
        return self._with.model

    @cached_property
    def plugin(self) -> Plugin:
        """The plugin as it was loaded: the last one, as those that it requires come before it."""
        return self.model.plugins[-1]

    @property
    def name(self) -> str:
        """The plugin's name."""
        return self.plugin.name

    @property
    def required(self) -> list[str]:
        """The names of the plugins that it requires."""
        return [requirement_name(each) for each in self.plugin.manifest.requires]

    @property
    def entities(self) -> list[EntityModel]:
        """The plugin's own entities."""
        return [each for each in self.model.entities.values() if each.provider == self.name]

    @property
    def fields(self) -> Iterator[tuple[EntityModel, FieldModel]]:
        """The plugin's fields, with their entities."""
        for entity in self.model.entities.values():
            for field in entity.writable.values():
                if field.provider == self.name:
                    yield entity, field

    @property
    def extended(self) -> list[EntityModel]:
        """The entities of others that the plugin added fields to."""
        return list({each.name: each for each, _field in self.fields if each.provider != self.name}.values())

    @property
    def touched(self) -> list[EntityModel]:
        """The entities that the plugin declares or extends."""
        return [*self.extended, *self.entities]

    @property
    def stages(self) -> Iterator[tuple[PipelineModel, StageModel]]:
        """The plugin's stages, with their pipelines."""
        for pipeline in self.model.pipelines.values():
            for stage in pipeline.stages:
                if stage.provider == self.name:
                    yield pipeline, stage

    @cached_property
    def _without(self) -> CRM:
        return CRM(self._with.engine, self.required, clock=self._with.clock)

    def crm(self) -> CRM:
        """Return the CRM with the plugin, its database as it was made."""
        return self._at(self._made)

    def filled(self) -> CRM:
        """Return the CRM with the plugin, and `records` in its database."""
        return self._at(self._filled)

    def empty(self) -> CRM:
        """Return the CRM with the plugin, on an empty database."""
        return self._at(self._nothing)

    def bare(self) -> CRM:
        """Return the CRM with only what the plugin requires, its database as it was made."""
        return self._at(self._made_without, self._without)

    def disabled(self) -> CRM:
        """Return the CRM with only what the plugin requires, where it was disabled when it had `records`."""
        return self._at(self._disabled, self._without)

    def enabled(self) -> CRM:
        """Return the CRM with the plugin, on the database as it is."""
        self._with.forget()
        return self._with

    def _at(self, image: bytes, crm: CRM | None = None) -> CRM:
        driver = driver_of(self._with)
        driver.deserialize(image)
        driver.execute(f"PRAGMA schema_version = {next(self._schemas)}")  # or kept statements would meet other tables
        found = crm or self._with
        found.forget()
        return found

    @cached_property
    def _nothing(self) -> bytes:
        driver = driver_of(self._with)
        driver.executescript("CREATE TABLE made (id); DROP TABLE made")
        return driver.serialize()

    @cached_property
    def _made(self) -> bytes:
        self.empty().upgrade(admin=ADMIN)
        return driver_of(self._with).serialize()

    @cached_property
    def _filled(self) -> bytes:
        with system(self.crm()) as session:
            self.records = tuple(self.fill(session))
        return driver_of(self._with).serialize()

    @cached_property
    def _made_without(self) -> bytes:
        self._at(self._nothing, self._without).upgrade(admin=ADMIN)
        return driver_of(self._with).serialize()

    @cached_property
    def _disabled(self) -> bytes:
        self.filled()
        self._without.forget()
        self._without.upgrade(lift_restrictions=True)
        return driver_of(self._with).serialize()

    @cached_property
    def schema(self) -> dict[str, object]:
        """The schema of a database that was made with the plugin."""
        return schema_of(self.crm())

    @cached_property
    def schema_without(self) -> dict[str, object]:
        """The schema of a database that was made with only what the plugin requires."""
        return schema_of(self.bare())

    def fill(self, session: Session) -> list[Record]:
        """Create a record of every entity that the plugin declares or extends, with a value in every field."""
        made = []
        for entity in self.touched:
            values = made_up(session, entity, self.values.get(entity.name, {}), everything=True)
            made.append(session.create(entity.declared.declared, **values))
        return made


class Conforming:
    """What the parts of the suite share: the plugin that the class names.

    Attributes:
        plugin: the plugin's name, the path of its file, or a module or object with its hooks.
        settings: settings to check it with.
        values: values that its rules want for new records, by entity.
    """

    plugin: ClassVar[object] = None
    settings: ClassVar[Mapping[str, object]] = {}
    values: ClassVar[Mapping[str, Mapping[str, object]]] = {}

    @property
    def subject(self) -> Subject:
        """The plugin, assembled when the first check of the class asks for it."""
        found = type(self).__dict__.get("_subject")
        if found is None:
            assert self.plugin is not None, "Say which plugin: plugin = 'name'."
            found = Subject(self.plugin, self.settings, self.values)
            type.__setattr__(type(self), "_subject", found)
        assert isinstance(found, Subject)
        return found


def driver_of(crm: CRM) -> sqlite3.Connection:
    """Return the one connection of a CRM in memory."""
    with crm.engine.connect() as connection:
        driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    return driver


def system(crm: CRM) -> Session:
    """Open a session of the system."""
    return crm.session(actor=SYSTEM)
