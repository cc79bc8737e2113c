"""The program: the group of all commands, with the options that choose a CRM; commands are imported when they run."""

from __future__ import annotations

import os
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from crmkit.cli import language, misuse
from crmkit.cli.chosen import Chosen
from crmkit.cli.failing import failures
from crmkit.translation import _, joined
from crmkit.version import VERSION

if TYPE_CHECKING:
    from collections.abc import Iterator

EDITION = "CRMKIT_EDITION"
SECTIONS = (
    (
        _("Set up"),
        (
            ("init", "setting_up:init", _("Write a crmkit.toml, the edition that describes a CRM.")),
            ("modes", "modes:modes", _("List the modes, suggest some, and enable them.")),
            ("upgrade", "setting_up:upgrade", _("Create the database's tables, or add what is missing.")),
            ("tenants", "tenants:tenants", _("List the tenants, create, upgrade, suspend and drop them.")),
            ("demo", "demo:demo", _("Make a CRM with a year of invented business, and report on it.")),
            ("backup", "backing_up:backup", _("Write everything that the CRM keeps into a new file.")),
            ("worker", "working:worker", _("Hand out events and do jobs, until it is stopped.")),
            ("outbox", "working:outbox", _("Show what waits in the outbox, and what was given up.")),
            ("restore", "backing_up:restore", _("Restore a backup into an empty database.")),
            ("doctor", "doctor:doctor", _("Check edition, plugins and database, and say what to do.")),
        ),
    ),
    (
        _("Work"),
        (
            ("find", "reading:find", _("List the records that a filter or a search text selects.")),
            ("explain", "explaining:explain", _("Explain what a user may do with a record, and why.")),
            ("show", "reading:show", _("Show a record, its history or what happened around it.")),
            (
                "profile",
                "profile:profile",
                _("Show all that is around a record: contacts, opportunities, purchases, channels, happenings."),
            ),
            (
                "lookup",
                "lookup:lookup",
                _("Look up what another SYSTEM knows of ID, or what all of them know of a RECORD."),
            ),
            ("create", "writing:create", _("Create a record.")),
            ("update", "writing:update", _("Change fields of a record.")),
            ("move", "writing:move", _("Move a record to another stage.")),
            (
                "duplicates",
                "identity:duplicates",
                _("List, explain and dismiss records that are likely to stand for the same thing."),
            ),
            ("merge", "identity:merge", _("Merge OTHERS into the SURVIVOR, with all that refers to them.")),
            ("unmerge", "identity:unmerge", _("Take the latest merge into a RECORD apart again.")),
            ("report", "reporting:report", _("Run a report, or list all reports.")),
            ("import", "exchange:import_", _("Import files as a mapping says, or take an import back.")),
            ("export", "exchange:export", _("Export records to a file.")),
        ),
    ),
    (
        _("Look inside"),
        (
            ("audit", "auditing:audit", _("Read, export and seal the audit trail.")),
            ("verify", "auditing:verify", _("Check everything in the database against everything else.")),
            ("privacy", "privacy:privacy", _("Tell what there is of a person, plan what is erased, and erase it.")),
            ("model", "model:model", _("Show what was assembled, and which plugin said it.")),
            (
                "plugins",
                "plugins:plugins",
                _("List the plugins, and plan what is to become of them."),
            ),
            (
                "translate",
                "translate:translate",
                _("Write the catalogue of a plugin's texts in a language, for a translator."),
            ),
            ("stubs", "stubs:stubs", _("Write the types of records and session, for editors and type checkers.")),
            (
                "fields",
                "custom_fields:fields",
                _("Define custom fields, and say how they are kept; it takes neither code nor an upgrade."),
            ),
            ("shell", "shell:shell", _("Open a Python prompt with the CRM and a session.")),
        ),
    ),
)
WHERE = _(
    "A command of a plugin works where a CRM has that plugin: in the folder of its crmkit.toml, or with --edition."
)
HOMES = {name: home for _, commands in SECTIONS for name, home, _ in commands}


class Program(click.Group):
    """A group that knows its commands by name, and asks the plugins for those that it doesn't know."""

    context_class = language.Context

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands, those of the plugins last."""
        return [*HOMES, *(command.name or "" for command in self.declared(ctx))]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command, imported now."""
        if cmd_name in HOMES:
            module, _, name = HOMES[cmd_name].partition(":")
            found = cast("click.Command", getattr(import_module(f"crmkit.cli.commands.{module}"), name))
            return spoken(found)
        return next((spoken(command) for command in self.declared(ctx) if command.name == cmd_name), None)

    @staticmethod
    def declared(ctx: click.Context) -> Iterator[click.Command]:
        """Yield the commands that the plugins of the chosen edition declare."""
        chosen = chosen_by(ctx)
        if chosen.is_there:
            from crmkit.cli.declared import commands

            yield from commands(chosen.crm.model)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that the arguments name, or say which one is nearest."""
        command = self.get_command(ctx, args[0])
        if command is None:
            from crmkit.core.declare.names import nearest

            close = nearest(args[0], self.list_commands(ctx))
            hint = _(" Did you mean {close!r}?", close=close) if close else _(" `crmkit --help` lists them.")
            ctx.fail(
                self.whereabouts(ctx, args[0]) or _("There is no command {args!r}.{hint}", args=args[0], hint=hint)
            )
        return args[0], command, args[1:]

    @staticmethod
    def whereabouts(ctx: click.Context, name: str) -> str | None:
        """Return which plugin has a command that this CRM hasn't, and how to come by it."""
        from crmkit.cli.announced import announced

        plugin = next((each.plugin for each in announced(None) if each.name == name), None)
        if plugin is None:
            return None
        if chosen_by(ctx).is_there:
            advice = _("This CRM doesn't have it: `crmkit plugins enable {plugin}`.", plugin=plugin)
        else:
            advice = _("Say which CRM: go to the folder of its crmkit.toml, or name it with --edition.")
        return joined([_("{name!r} is a command of the plugin {plugin!r}.", name=name, plugin=plugin), advice])

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands in their sections; no plugin is loaded, so that help is quick and always there."""
        for title, commands in SECTIONS:
            with formatter.section(title):
                formatter.write_dl([(name, summary) for name, _, summary in commands])
        from crmkit.cli.announced import announced

        chosen = chosen_by(ctx)
        found = announced(chosen if chosen.is_there else None)
        for plugin in dict.fromkeys(each.plugin for each in found):
            told = [
                (each.name, language.translated(each.help, each.package)) for each in found if each.plugin == plugin
            ]
            with formatter.section(language.say(_("Plugin {plugin}", plugin=plugin))):
                formatter.write_dl(told)
        if found and not chosen.is_there:
            formatter.write_paragraph()
            formatter.write_text(WHERE)

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """Read the global options."""
        try:
            return super().make_context(info_name, args, parent, **extra)
        except click.UsageError as error:
            misuse.tell(error)
            raise click.exceptions.Exit(error.exit_code) from None

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; an error that crmkit raises on purpose becomes its message and an exit code."""
        with failures(ctx):
            return super().invoke(ctx)


def chosen_by(ctx: click.Context) -> Chosen:
    """Return what the global options choose; a plugin's command is looked for before the program itself is called."""
    if ctx.obj is None:
        given = ctx.params
        named = given.get("edition") or os.environ.get(EDITION)  # --help comes before the variable is read
        ctx.obj = Chosen(
            edition=Path(named) if named else None,
            plugins=given.get("plugins") or (),
            database=given.get("database"),
            actor=given.get("actor"),
            tenant=given.get("tenant"),
        )
        ctx.call_on_close(ctx.obj.close)
    return cast("Chosen", ctx.obj)


def spoken(command: click.Command) -> click.Command:
    """Return a command, and those in it, whose help is in the language that is wanted."""
    command.context_class = language.Context
    command.short_help = command.get_short_help_str(limit=1000)  # whole: what is cut off has no translation
    for each in command.commands.values() if isinstance(command, click.Group) else ():
        spoken(each)
    return command


@click.group(cls=Program, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "--edition",
    type=click.Path(path_type=Path, dir_okay=False),
    envvar=EDITION,
    is_eager=True,
    help="The edition's file; by default the nearest crmkit.toml, here or in a folder above.",
)
@click.option(
    "--plugin",
    "plugins",
    multiple=True,
    metavar="NAME",
    is_eager=True,
    help="A further plugin: a name or a .py file.",
)
@click.option("--database", metavar="URL", help="Another database than the edition's.")
@click.option("--as", "actor", envvar="CRMKIT_ACTOR", metavar="NAME", help="The acting user; by default you.")
@click.option("--tenant", envvar="CRMKIT_TENANT", metavar="NAME", help="Work in this tenant of the CRM.")
@click.option(
    "--language",
    metavar="LOCALE",
    envvar="CRMKIT_LANGUAGE",
    is_eager=True,
    expose_value=False,
    callback=language.ask_language,
    help="The language to answer in, such as zh_CN; by default the edition's, or the system's.",
)
@click.version_option(VERSION, message="crmkit %(version)s")
@click.pass_context
def program(ctx: click.Context, /, **_given: object) -> None:
    """A CRM that you assemble from plugins.

    Begin with `crmkit init`, or look at `crmkit demo`. Every command has its own --help. Plugins add further commands.
    """
    chosen_by(ctx)
