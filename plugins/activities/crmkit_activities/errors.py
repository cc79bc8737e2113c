"""The errors of the plugin."""

from __future__ import annotations

from attrs import define

from crmkit import CRMKitError
from crmkit.translation import _


@define(kw_only=True, eq=False)
class MailFailedError(CRMKitError):
    """A message could not be sent, and may be sent later."""

    server: str
    problem: str

    @property
    def message(self) -> str:
        """Name the server and the problem."""
        return _(
            "The mail server {server} did not take the message ({problem}). It is tried again.",
            server=self.server,
            problem=self.problem,
        )
