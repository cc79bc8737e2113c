"""What is wrong with a plugin's command is said of its options."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.cli.conftest import CommandLine

POINT = '''
from crmkit import Command, Parameter, hookimpl
from crmkit.core.declare.kinds import AnyRefKind
from crmkit.errors import Refusal, Refused


def point(session, record, by_name):
    """Say which record is meant."""
    if by_name == "nobody":
        raise Refused(entity="report", refusals=(Refusal(path="by_name", text="Nobody is called so."),))
    if by_name == "empty":
        session.create("customer")
    return str(record)


@hookimpl
def crmkit_declare():
    parameters = (Parameter(name="record", kind=AnyRefKind()), Parameter(name="by_name"))
    yield Command(name="point", run=point, help="Point.", public=True, parameters=parameters)
'''


def test_a_record_is_named_as_for_every_other_command(filled: CommandLine) -> None:
    """By its entity and its id or name; anything else says how it is written."""
    Path("point.py").write_text(POINT, encoding="utf-8")
    filled("--plugin", "./point.py", "upgrade")
    for named in ("customer:1", "customer:Acme"):
        assert filled("--plugin", "./point.py", "point", "--record", named).stdout == "customer:1\n"
    shown = filled("--plugin", "./point.py", "point", "--record", "Acme", code=2).stderr
    assert "'Acme': name a record by its entity and id, like customer:5." in shown


def test_what_is_wrong_with_a_parameter_is_said_of_the_option(filled: CommandLine) -> None:
    """Whoever finds it; what is wrong with a record is said of the record."""
    Path("point.py").write_text(POINT, encoding="utf-8")
    filled("--plugin", "./point.py", "upgrade")
    told = "Error: This command cities was refused; nothing was changed.\n  --minimum: 'x' is not a number.\n"
    assert filled("--plugin", "./point.py", "cities", "--minimum", "x", code=1).stderr == told
    told = "Error: This command point was refused; nothing was changed.\n  --by-name: Nobody is called so.\n"
    assert filled("--plugin", "./point.py", "point", "--by-name", "nobody", code=1).stderr == told
    shown = filled("--plugin", "./point.py", "point", "--by-name", "empty", code=1).stderr
    assert "This customer was refused" in shown
    assert "name: A value is required." in shown
