"""Checks of what declarations say about each other, once all are assembled."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from crmkit.core.assemble.actions import check_actions
from crmkit.core.assemble.channels import check_channels
from crmkit.core.assemble.contact_sources import check_contact_sources
from crmkit.core.assemble.external_sources import check_external_sources
from crmkit.core.assemble.level_rules import check_level
from crmkit.core.assemble.outbox import check_outbox
from crmkit.core.assemble.persons import check_persons
from crmkit.core.assemble.policies import check_policies
from crmkit.core.assemble.profiles import check_profiles
from crmkit.core.assemble.purposes import check_purposes
from crmkit.core.assemble.readers import check_readers
from crmkit.core.assemble.restrictions import check_restrictions
from crmkit.core.assemble.role_sources import check_role_sources
from crmkit.core.assemble.secrets import check_secrets
from crmkit.core.assemble.worklists import check_worklists
from crmkit.core.declare.access import EVERYTHING, Role
from crmkit.core.declare.declarations import Command, Event, Report
from crmkit.core.declare.duplicates import DuplicateRule
from crmkit.core.declare.levels import LevelRule
from crmkit.core.declare.modes import Mode, Preset, Question
from crmkit.core.declare.names import nearest
from crmkit.errors import ClashError, DeclarationError
from crmkit.translation import _

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crmkit.core.assemble.model import Model

SYSTEM_TABLES = (
    "change",
    "closure",
    "event",
    "event_epoch",
    "link",
    "stage_history",
    "command",
    "consumer",
    "sequence",
    "share",
    "dismissal",
    "duplicate_key",
    "duplicate_rule",
    "file_chunk",
    "file_content",
    "file_use",
    "generation",
    "merge",
    "plugin",
    "redirect",
    "seal",
    "sealed_change",
    "upgrade_step",
    "work",
    "import",
    "import_row",
)
EVENT_NAME = re.compile(r"[a-z][a-z0-9_]{0,40}\.[a-z][a-z0-9_]{0,40}\Z")


def check_model(model: Model) -> None:
    """Refuse declarations that speak of entities, fields or roles that nobody declares.

    Raises:
        DeclarationError: naming the declaration, its plugin and the nearest known name.
    """
    check_stages(model)
    check_tables(model)
    check_modes(model)
    check_titles(model)
    check_readers(model)
    check_profiles(model)
    check_external_sources(model)
    check_contact_sources(model)
    check_role_sources(model)
    check_restrictions(model)
    check_secrets(model)
    check_persons(model)
    check_purposes(model)
    for rule, plugin in model.of(DuplicateRule):
        subject = _("duplicate rule {rule!r}", rule=rule.name)
        check_known(subject, plugin, "entity", [rule.entity], model.entities)
        known = model.entities[rule.entity].fields
        check_known(subject, plugin, _("field of {entity}", entity=rule.entity), rule.field_names, known)
    for level, plugin in model.of(LevelRule):
        subject = _("level rule {rule!r}", rule=level.name)
        check_known(subject, plugin, "entity", [level.entity], model.entities)
        known = model.entities[level.entity].fields
        check_known(subject, plugin, _("field of {entity}", entity=level.entity), [level.field, level.by], known)
        check_level(model, level, plugin)
    for role, plugin in model.of(Role):
        entities = [grant.entity for grant in role.grants if grant.entity != "*"]
        check_known(_("role {role!r}", role=role.name), plugin, "entity", entities, model.entities)
        check_fields_of_grants(model, role, plugin)
    for report, plugin in model.of(Report):
        check_known(_("report {report!r}", report=report.name), plugin, "entity", report.reads, model.entities)
        check_known(_("report {report!r}", report=report.name), plugin, "role", report.roles, model.roles)
    for event, plugin in model.of(Event):
        check_known(_("event {event!r}", event=event.name), plugin, "entity", [event.entity], model.entities)
        if not EVENT_NAME.match(event.name):
            raise DeclarationError(
                subject=_("event {event!r}", event=event.name),
                problem=_("it is named like opportunity.won."),
                plugin=plugin,
            )
    for command, plugin in model.of(Command):
        check_known(_("command {command!r}", command=command.name), plugin, "role", command.roles, model.roles)
    check_policies(model)
    check_outbox(model)
    check_channels(model)
    check_actions(model)
    check_worklists(model)


def check_fields_of_grants(model: Model, role: Role, plugin: str) -> None:
    """Refuse grants that speak of fields that don't exist, or hide what every record is known or kept by."""
    subject = _("role {name!r}", name=role.name)
    for grant in role.grants:
        entities = [model.entities[grant.entity]] if grant.entity != EVERYTHING else list(model.entities.values())
        known = {name for entity in entities for name in entity.fields}
        check_known(subject, plugin, _("field of {entity}", entity=grant.entity), grant.field_names, known)
        kept = {entity.declared.title for entity in entities if grant.entity != EVERYTHING}
        kept |= {name for entity in entities for name, each in entity.fields.items() if each.is_system}
        for name in sorted(kept & set(grant.hides)):
            text = _("{name} can't be hidden: records are known or kept by it.", name=name)
            raise DeclarationError(subject=subject, problem=text, plugin=plugin)


def check_titles(model: Model) -> None:
    """Refuse titles that not everybody who sees a record may see."""
    for entity in model.entities.values():
        title = entity.fields.get(entity.declared.title)
        if title is not None and title.declared.privacy in {"sensitive", "secret"}:
            text = _("the title of a record can't be {privacy}.", privacy=title.declared.privacy)
            raise DeclarationError(subject=f"{entity.name}.{title.name}", problem=text, plugin=title.provider)


def check_modes(model: Model) -> None:
    """Refuse modes that speak of questions or answers, and presets that speak of presets, that nobody declares."""
    answers = {question.name: {each.name for each in question.answers} for question, _plugin in model.of(Question)}
    for mode, plugin in model.of(Mode):
        subject = _("mode {mode!r}", mode=mode.name)
        for question, weights in mode.suited_by:
            check_known(subject, plugin, _("question"), [question], answers)
            check_known(subject, plugin, _("answer"), [answer for answer, _weight in weights], answers[question])
    known: set[str] = set()
    for preset, plugin in model.of(Preset):  # one follows another that was declared before, so there is no circle
        if preset.follows is not None:
            check_known(_("preset {preset!r}", preset=preset.name), plugin, _("preset"), [preset.follows], known)
        known.add(preset.name)


def check_tables(model: Model) -> None:
    """Refuse two entities whose tables would have one name, or that of a table of the lifecycle's own."""
    system: str = _("the system")
    owners = dict.fromkeys(SYSTEM_TABLES, (system, "core"))
    for entity in model.entities.values():
        table = entity.name if entity.provider == "core" else f"{entity.provider}_{entity.name}"
        other, provider = owners.setdefault(table, (entity.name, entity.provider))
        if (other, provider) != (entity.name, entity.provider):
            subject = _(
                "the table {table!r} (of {other} and of {entity})", table=table, other=other, entity=entity.name
            )
            raise ClashError(subject=subject, plugins=(provider, entity.provider))


def check_stages(model: Model) -> None:
    """Refuse pipelines of entities without stages, and stages that require fields that don't exist."""
    for pipeline in model.pipelines.values():
        entity = model.entities.get(pipeline.entity)
        if entity is None or not entity.staged:
            problem = _("its entity {entity!r} doesn't go through stages.", entity=pipeline.entity)
            raise DeclarationError(
                subject=_("pipeline {pipeline!r}", pipeline=pipeline.name), problem=problem, plugin=pipeline.provider
            )
        for each in pipeline.stages:
            subject = _("stage {name!r} of {pipeline!r}", name=each.name, pipeline=pipeline.name)
            check_known(
                subject, each.provider, _("field of {entity}", entity=entity.name), each.stage.requires, entity.fields
            )
            goal = each.on_remove.partition("map:")[2]
            check_known(subject, each.provider, "stage", [goal] if goal else [], pipeline.positions)


def check_known(subject: str, plugin: str, sort: str, names: Iterable[str], known: Iterable[str]) -> None:
    """Refuse a name that isn't known."""
    listed = set(known)
    for name in names:
        if name not in listed:
            close = nearest(name, listed)
            hint = _(" Did you mean {close!r}?", close=close) if close else ""
            problem = _(
                "it speaks of the {sort} {name!r}, which no enabled plugin declares.{hint}",
                sort=sort,
                name=name,
                hint=hint,
            )
            raise DeclarationError(subject=subject, problem=problem, plugin=plugin)
