"""The channel `email`, which a mail server makes ready."""

from __future__ import annotations

from crmkit import Channel
from crmkit.translation import _
from crmkit_activities.mail import servers

DECLARATIONS = (
    *servers.DECLARATIONS,
    Channel(
        name="email",
        label=_("E-mail"),
        send="crmkit_activities.mail.smtp:send",
        address="email",
        ready="crmkit_activities.mail.servers:is_ready",
    ),
)
