"""Problems in logs: why something was refused is said, but no value of a field, and nothing of hidden ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from crmkit import Grant, Role
from crmkit.errors import NotFoundError, Refusal, Refused
from crmkit.testing.plugins import make_plugin
from crmkit.translation import _, ngettext
from crmkit_workflow.problems import said_to_all
from tests.workflow.desk import desk

if TYPE_CHECKING:
    from crmkit import Session
    from crmkit.testing.fixtures import CRMFactory

CLERK = Role(name="clerk", grants=(Grant(entity="ticket", read="all", hides=("answered",)),))
NUMBER = "5000"


def said(session: Session, path: str, text: str) -> str:
    """Return what the log says of a refusal."""
    refusal = Refusal(path=path, text=text, plugin="desk")
    return said_to_all(session, Refused(entity="ticket", refusals=(refusal,)))


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_the_log_says_no_values(make_crm: CRMFactory) -> None:
    """Neither in sentences, nor in texts that a plugin puts together, nor of other errors or of hidden fields."""
    crm = make_crm(["workflow", desk(), make_plugin("office", CLERK, after=["desk"])])
    with crm.session(actor="admin") as session:
        assert said(session, "name", _("It is cursed.")) == "ticket: name: It is cursed."
        assert said(session, "name", _("{number} is too high.", number=NUMBER)) == "ticket: name: … is too high."
        refused = "ticket: name: The plugin desk refuses this."
        assert said(session, "name", f"{NUMBER} is too high.") == refused
        assert said(session, "name", ngettext("{count} lies there.", "{count} lie there.", 5000)) == refused
        hidden = "ticket: A rule about fields that not everybody sees refuses this."
        assert said(session, "answered", _("It is answered already.")) == hidden
        assert said(session, "name, answered", _("Both.")) == hidden
        gone = NotFoundError(entity="ticket", id=NUMBER)
        assert said_to_all(session, gone) == "It could not be done (NotFoundError)."
