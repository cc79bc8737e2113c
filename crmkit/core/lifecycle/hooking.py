"""Running hooks: one plugin at a time, so that every refusal and every failure has an owner."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit.errors import CommandError, PluginFailedError, Refused, SessionError, TooDeepError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crmkit.core.lifecycle.drafts import Batch, Draft
    from crmkit.core.lifecycle.session import Session

DRAFTS, MOVES, CHANGES, EMISSIONS = "drafts", "moves", "changes", "emissions"
DEEPEST = 12


def run_hook(session: Session, name: str, argument: str, batch: Batch[object]) -> None:
    """Call every plugin's implementation of a hook, in the order of the plugins.

    Raises:
        PluginFailedError: if one raises anything but an error of a command.
        TooDeepError: if hooks keep triggering each other.
    """
    calls = session.model.hooks[name]
    if not calls:
        return
    given: dict[str, object] = {"session": session.elevated, argument: batch}
    running = session.unit.running
    for call in calls:
        if len(running) >= DEEPEST:
            raise TooDeepError(hooks=tuple(running))
        batch.plugin = call.plugin
        running.append(call.label)
        try:
            call.function(*[given[argument] for argument in call.arguments])
        except (CommandError, SessionError, KeyboardInterrupt):
            raise
        except BaseException as error:
            problem = f"{type(error).__name__}: {error}"
            raise PluginFailedError(plugin=call.plugin, hook=name, problem=problem) from error
        finally:
            running.pop()
    batch.plugin = "core"


def refuse_all(entity: str, drafts: Sequence[Draft]) -> None:
    """Raise all that was refused in a batch, if anything was.

    Raises:
        Refused: with every refusal, in the order of the records.
    """
    refusals = tuple(refusal for draft in drafts for refusal in draft.shown_refusals())
    if refusals:
        raise Refused(entity=entity, refusals=refusals)


def prepare(session: Session, drafts: Sequence[Draft]) -> None:
    """Write what guards want written just before their records, with system reach."""
    for draft in drafts:
        for function in draft.preparations:
            function(session.elevated, draft)
