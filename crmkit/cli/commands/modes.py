"""`crmkit modes`: ways of doing business, which one suits, and presets for how far a firm has grown."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from crmkit.cli.calling import typed
from crmkit.cli.language import echo, say
from crmkit.cli.output import format_option, print_json, print_texts
from crmkit.translation import _, about, joined

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from crmkit.cli.chosen import Chosen
    from crmkit.core.assemble.model import Model
    from crmkit.core.assemble.modes import ModeState
    from crmkit.core.declare.modes import Question


@click.group(invoke_without_command=True)
@format_option()
@click.pass_context
def modes(ctx: click.Context, *, form: str) -> None:
    """List the modes, suggest some, and enable them.

    A mode is a way in which a firm wins and keeps customers. It is brought by a plugin of the same name; several may
    be enabled at once.

    With --format json: {"modes": [{"name", "label", "purpose", "suits", "enabled", "needs", "entities", "fields",
    "stages", "reports"}]}; what a mode brings is known once it is enabled, else null.
    """
    if ctx.invoked_subcommand is None:
        list_modes(ctx.obj, form)


def list_modes(chosen: Chosen, form: str) -> None:
    """Print all modes."""
    from crmkit.core.assemble.modes import modes as all_modes

    model = chosen.crm.model
    found = all_modes(model).values()
    if form == "json":
        print_json({"modes": [mode_json(model, each) for each in found]})
        return
    rows = [
        (each.mode.name, each.mode.label, _("yes") if each.is_enabled else _("no"), each.mode.purpose, each.mode.suits)
        for each in found
    ]
    print_texts((_("Mode"), _("Label"), _("Enabled"), _("What it is for"), _("Whom it suits")), rows, model.conventions)


def mode_json(model: Model, state: ModeState) -> dict[str, object]:
    """Return a mode as JSON."""
    from attrs import asdict

    from crmkit.core.assemble.modes import Brought, brought

    known = asdict(brought(model, state.plugin)) if state.is_enabled else dict.fromkeys(Brought.__annotations__)
    mode = state.mode
    return {
        "name": mode.name,
        "label": mode.label,
        "purpose": mode.purpose,
        "suits": mode.suits,
        "enabled": state.is_enabled,
        **known,
    }


@modes.command()
@click.argument("answers", metavar="[QUESTION=ANSWER]...", nargs=-1)
@format_option()
@click.pass_obj
def suggest(chosen: Chosen, *, answers: tuple[str, ...], form: str) -> None:
    """Suggest modes from answers about the firm.

    In a terminal, it asks what no argument answers.

    With --format json: {"questions": [{"name", "text", "answers"}], "suggested": [{"name", "weight"}]}.
    """
    from crmkit.cli.naming import assignments
    from crmkit.core.assemble.modes import modes as all_modes
    from crmkit.core.assemble.modes import questions, suggested

    model = chosen.crm.model
    asked = questions(model)
    given = answered(asked, assignments(answers))
    found = suggested(all_modes(model), given)
    if form == "json":
        told = [{"name": each.name, "text": each.text, "answers": names(each)} for each in asked.values()]
        print_json(
            {"questions": told, "suggested": [{"name": state.mode.name, "weight": weight} for state, weight in found]}
        )
        return
    for state, _weight in found:
        echo(about(f"{say(state.mode.label)} ({state.mode.name})", state.mode.purpose))
    if not found:
        echo(_("No installed mode is suggested by these answers."))
    elif any(not state.is_enabled for state, _weight in found):
        wished = [state.mode.name for state, _weight in found if not state.is_enabled]
        echo(_("Enable with: {command}", command=typed(*chosen.arguments, "modes", "enable", *wished)))


def answered(asked: Mapping[str, Question], given: Mapping[str, str]) -> dict[str, str]:
    """Return the answers by question; in a terminal, what is missing is asked for.

    Raises:
        UnknownNameError: if there is no such question or answer.
    """
    from crmkit.core.assemble.model import known

    for name, answer in given.items():
        question = known(asked, name, _("question"))
        known({each.name: each for each in question.answers}, answer, _("answer to {question}", question=name))
    found = dict(given)
    if sys.stdin.isatty():
        for name, question in asked.items():
            if name not in found:
                found[name] = ask(question)
    return found


def ask(question: Question) -> str:
    """Ask a question, and return the name of the answer."""
    echo(question.text)
    for number, each in enumerate(question.answers, start=1):
        click.echo(f"  {number}  {say(each.label)}")
    number = click.prompt(say(_("Answer")), type=click.IntRange(1, len(question.answers)))
    return question.answers[int(number) - 1].name


def names(question: Question) -> list[str]:
    """Return the names of a question's answers."""
    return [each.name for each in question.answers]


@modes.command()
@click.argument("names", metavar="MODE...", nargs=-1, required=True)
@click.pass_obj
def enable(chosen: Chosen, *, names: tuple[str, ...]) -> None:
    """Add modes to the edition's plugins.

    The database is changed by the next `crmkit upgrade`.
    """
    from crmkit.core.assemble.model import known
    from crmkit.core.assemble.modes import modes as all_modes

    found = all_modes(chosen.crm.model)
    add_plugins(chosen, [known(found, each, _("mode")).plugin for each in names])


@modes.command()
@click.argument("names", metavar="MODE...", nargs=-1, required=True)
@click.pass_obj
def disable(chosen: Chosen, *, names: tuple[str, ...]) -> None:
    """Take modes off the edition's plugins; their data is kept, and hidden.

    The database is changed by the next `crmkit upgrade`.
    """
    from crmkit.core.assemble.model import known

    path, plugins = edition_of(chosen)
    for each in names:
        known(dict.fromkeys(plugins), each, _("mode in the list of plugins"))
    write(chosen, path, [each for each in plugins if each not in names])


@modes.command()
@click.argument("name", metavar="[PRESET]", required=False)
@format_option()
@click.pass_obj
def preset(chosen: Chosen, *, name: str | None, form: str) -> None:
    """List the presets for how far a firm has grown, or add a preset's plugins to the edition.

    Nothing is ever taken away, so that a firm that grows keeps all it has. Plugins that are not installed are named.

    With --format json: {"presets": [{"name", "label", "purpose", "plugins", "installed"}]}.
    """
    from crmkit.core.assemble.modes import plugins_of, presets
    from crmkit.core.assemble.plugins import installed

    model = chosen.crm.model
    found = presets(model)
    if name is not None:
        there = installed()
        wished = plugins_of(found, name)
        missing = [each for each in wished if each not in there]
        if missing:
            echo(_("Not installed, and so left out: {plugins}", plugins=", ".join(missing)), err=True)
        add_plugins(chosen, [each for each in wished if each in there])
        return
    plugins = {each: plugins_of(found, each) for each in found}
    if form == "json":
        rows = [
            {
                "name": each.name,
                "label": each.label,
                "purpose": each.purpose,
                "plugins": plugins[each.name],
                "installed": [plugin for plugin in plugins[each.name] if plugin in installed()],
            }
            for each in found.values()
        ]
        print_json({"presets": rows})
        return
    texts = [(each.name, each.label, each.purpose, ", ".join(plugins[each.name])) for each in found.values()]
    print_texts((_("Preset"), _("Label"), _("What it is for"), _("Plugins")), texts, model.conventions)


def add_plugins(chosen: Chosen, wished: Iterable[str]) -> None:
    """Add plugins to the edition's list."""
    path, plugins = edition_of(chosen)
    write(chosen, path, list(dict.fromkeys([*plugins, *wished])))


def edition_of(chosen: Chosen) -> tuple[Path, list[str]]:
    """Return the edition's file and the plugins in its list.

    Raises:
        NoEditionError: if there is none.
    """
    from crmkit.cli.errors import NoEditionError
    from crmkit.core.assemble.edition.edition import parsed

    if chosen.edition is None:
        raise NoEditionError(folder=str(Path.cwd()))
    table = parsed(chosen.edition).get("crm")
    listed = table.get("plugins", []) if isinstance(table, dict) else []
    return chosen.edition, [str(each) for each in listed]


def write(chosen: Chosen, path: Path, plugins: Sequence[str]) -> None:
    """Write the list of plugins, and say what comes next."""
    from crmkit.cli.editing import set_plugins

    set_plugins(path, plugins)
    echo(about(_("Plugins of {path}", path=path), joined(plugins, ", ") if plugins else _("none")))
    echo(_("Next: {command}", command=typed(*chosen.arguments, "upgrade")))
