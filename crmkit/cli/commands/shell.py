"""`crmkit shell`: a Python prompt with a session in it."""

from __future__ import annotations

import code
from contextlib import suppress
from typing import TYPE_CHECKING

import click

from crmkit.cli.language import echo
from crmkit.translation import _

if TYPE_CHECKING:
    from crmkit.cli.chosen import Chosen
    from crmkit.core.lifecycle.session import Session

BANNER = _(
    "{name}: crm, session and the entities ({entities}) are here.\nThe session is one transaction: it is "
    "kept when you leave with exit() or Ctrl-D, and undone by undo()."
)


class Undone(Exception):
    """The session is to be rolled back."""


@click.command()
@click.pass_obj
def shell(chosen: Chosen) -> None:
    """Open a Python prompt with the CRM and a session.

    `crm`, `session` and the entities are names in it. What you do is one transaction, kept when you leave. It is
    Python: it can do whatever you can.
    """
    try:
        with chosen.session() as session:
            prompt(chosen, session)
    except Undone:
        echo(_("Undone."), err=True)


def prompt(chosen: Chosen, session: Session) -> None:
    """Run the prompt until the user leaves.

    Raises:
        Undone: if nothing of it is to be kept.
    """
    nouns = {each.declared.declared.__name__: each.declared.declared for each in session.model.entities.values()}
    wishes: list[str] = []

    def undo() -> None:
        wishes.append("undo")
        raise SystemExit

    names = {**nouns, "crm": chosen.database_crm, "session": session, "undo": undo}
    banner = BANNER.format(name=_("crmkit as {actor}", actor=chosen.actor), entities=", ".join(sorted(nouns)))
    with suppress(SystemExit):
        code.interact(banner=banner, local=names, exitmsg="")
    if wishes:
        raise Undone
