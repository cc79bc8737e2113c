"""Receivers: one webhook's other side, to which messages are sent one after the other, until it fails."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import define

from crmkit.core.nouns.people import User
from crmkit.core.outbox import finishing
from crmkit.core.outbox.transactions import writing
from crmkit.core.outbox.webhooks import endpoints
from crmkit.core.outbox.webhooks.messages import message
from crmkit.core.outbox.webhooks.problems import EndpointError, GoneError
from crmkit.core.outbox.webhooks.signing import headers
from crmkit.core.reading.permission import SYSTEM
from crmkit.errors import UnknownActorError

if TYPE_CHECKING:
    from random import Random

    from crmkit.app import CRM
    from crmkit.core.outbox.leasing import Lease
    from crmkit.core.outbox.webhooks.endpoints import Endpoint
    from crmkit.core.outbox.webhooks.posting import Poster


@define(eq=False)
class Receiver:
    """The other side of a webhook.

    Attributes:
        is_down: whether it failed, so that nothing more is to be sent for now.
    """

    crm: CRM
    endpoint: Endpoint
    poster: Poster
    random: Random
    is_down: bool = False

    def send(self, held: Lease) -> None:
        """Send the message about an event, if the webhook's user sees anything of it.

        Raises:
            EndpointError, GoneError, UnknownActorError: if nothing more is to be sent for now; that is noted.
            MessageError: if the receiver refuses this message.
            LeaseLostError: if the work is no longer held.
        """
        try:
            self._post(held)
        except EndpointError as error:
            self.is_down = True
            endpoints.note_failure(self.crm, self.endpoint, str(error), self.random)
            raise
        except (GoneError, UnknownActorError) as error:
            self.is_down = True
            endpoints.switch_off(self.crm, self.endpoint, str(error))
            raise
        endpoints.note_success(self.crm, self.endpoint)
        with writing(self.crm) as (connection, now):
            finishing.finish(connection, self.crm.tables, held, now)

    def _post(self, held: Lease) -> None:
        crm, endpoint = self.crm, self.endpoint
        with crm.session(actor=SYSTEM, readonly=True) as session:
            users = session.find(User, {"id": endpoint.user})
        if not users:
            raise UnknownActorError(actor=f"user:{endpoint.user}")
        assert held.event is not None
        with crm.session(actor=users[0], readonly=True) as session:
            found = message(session, held.event)
        if found is not None:
            id_, body = found
            signed = headers(endpoint.keys, id_, int(crm.clock().timestamp()), body)
            self.poster.post(endpoint.url, signed, body)
