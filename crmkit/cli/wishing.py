"""Wishing: the plugins of a new CRM, by mode, by preset, or by answers to a few questions."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from crmkit.cli.chosen import NOWHERE
from crmkit.cli.language import echo, say
from crmkit.cli.starting import usual_plugins
from crmkit.core.assemble.model import known
from crmkit.translation import _, about

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crmkit.cli.chosen import Chosen
    from crmkit.core.assemble.model import Model


def wished_plugins(chosen: Chosen, modes: Iterable[str], preset: str | None) -> list[str]:
    """Return the plugins that modes and a preset stand for; those that a preset names and nobody installed are told.

    Where neither is given, a person at a terminal may answer questions to have modes suggested.

    Raises:
        UnknownNameError: if there is no such mode or preset.
    """
    from crmkit.app import CRM
    from crmkit.core.assemble.modes import modes as all_modes
    from crmkit.core.assemble.modes import plugins_of, presets
    from crmkit.core.assemble.plugins import installed

    model = CRM(NOWHERE, chosen.plugins).model
    found = all_modes(model)
    wished = [known(found, each, _("mode")).plugin for each in modes]
    if preset is not None:
        there = installed()
        stands_for = plugins_of(presets(model), preset)
        missing = [each for each in stands_for if each not in there]
        if missing:
            echo(_("Not installed, and so left out: {plugins}", plugins=", ".join(missing)), err=True)
        wished = [each for each in stands_for if each in there] + wished
    elif not wished:
        wished = [*usual_plugins(), *(suggested_modes(model) if found and sys.stdin.isatty() else ())]
    return list(dict.fromkeys(wished))


def suggested_modes(model: Model) -> list[str]:
    """Ask whether to suggest modes, and return the plugins of those that are."""
    from crmkit.cli.commands.modes import answered
    from crmkit.core.assemble.modes import modes as all_modes
    from crmkit.core.assemble.modes import questions, suggested

    if not click.confirm(say(_("Answer a few questions, to have ways of doing business suggested?")), default=True):
        return []
    found = suggested(all_modes(model), answered(questions(model), {}))
    for state, _weight in found:
        echo(about(state.mode.label, state.mode.purpose))
    return [state.plugin for state, _weight in found]
