"""Channels that fit: one of a name, with an address that users have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit.core.assemble.profiles import check_names
from crmkit.core.declare.channels import Channel
from crmkit.errors import ClashError
from crmkit.translation import _

if TYPE_CHECKING:
    from crmkit.core.assemble.model import Model


def check_channels(model: Model) -> None:
    """Refuse two channels of one name, and those whose address is no field of users.

    Raises:
        ClashError: naming both plugins.
        DeclarationError: naming the channel, its plugin and the nearest field.
    """
    known: dict[str, tuple[Channel, str]] = {}
    for channel, plugin in model.of(Channel):
        subject = _("channel {name!r}", name=channel.name)
        other, owner = known.setdefault(channel.name, (channel, plugin))
        if other != channel:
            raise ClashError(subject=subject, plugins=(owner, plugin))
        check_names(subject, plugin, [channel.address], model.entities["user"].fields)
