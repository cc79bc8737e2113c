"""Running a report: permission and parameters first, then its function."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, cast

from crmkit.core.assemble.model import known
from crmkit.core.declare.names import nearest
from crmkit.errors import AccessDeniedError, InvalidValue, Refusal, Refused
from crmkit.translation import _

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from crmkit.core.declare.conventions import Conventions
    from crmkit.core.declare.declarations import Parameter
    from crmkit.core.lifecycle.session import Session
    from crmkit.core.reading.reports.table import Table


def run_report(session: Session, name: str, given: Mapping[str, object]) -> Table:
    """Run a report with the reach of the session's actor.

    Raises:
        UnknownNameError: if there is no such report.
        AccessDeniedError: if the actor may not run it, or read none of the entities that it is about.
        Refused: if a parameter is unknown, missing or doesn't fit.
    """
    report = known(session.model.reports, name, "report")
    if not session.principal.may_run(report):
        raise AccessDeniedError(action="run", entity=_("report {name}", name=name), actor=session.principal.name)
    values = parameter_values(_("report {name}", name=name), report.parameters, given, session.model.conventions)
    return cast("Table", function_of(report.run)(session, **values)).speaking(session.model.languages)


def parameter_values(
    subject: str, parameters: tuple[Parameter, ...], given: Mapping[str, object], conventions: Conventions
) -> dict[str, object]:
    """Return the value of every parameter, read by its kind.

    Raises:
        Refused: with everything that is wrong.
    """
    declared = {each.name: each for each in parameters}
    refusals = []
    for name in given.keys() - declared.keys():
        close = nearest(name, declared)
        hint = (
            _(" Did you mean {close!r}?", close=close)
            if close
            else _(" There are: {names}.", names=", ".join(declared) or _("none"))
        )
        refusals.append(Refusal(path=name, text=_("There is no such parameter.{hint}", hint=hint)))
    values: dict[str, object] = {}
    for name, parameter in declared.items():
        value = given.get(name)
        try:
            values[name] = parameter.default if value is None else parameter.kind.parse(value, conventions)
        except InvalidValue as error:
            refusals.append(Refusal(path=name, text=str(error)))
            continue
        if parameter.required and values[name] is None:
            refusals.append(Refusal(path=name, text=_("A value is required.")))
    if refusals:
        raise Refused(entity=subject, refusals=tuple(refusals))
    return values


def function_of(run: Callable[..., object] | str) -> Callable[..., object]:
    """Return the function, importing it if it is given as `package.module:function`."""
    if not isinstance(run, str):
        return run
    module, _dot, name = run.partition(":")
    return cast("Callable[..., object]", getattr(import_module(module), name))
