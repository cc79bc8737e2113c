"""Channels that fit: one of a name, with an address that users have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit.core.assemble.names import check_names, each_named
from crmkit.core.declare.channels import Channel
from crmkit.translation import _

if TYPE_CHECKING:
    from crmkit.core.assemble.model import Model


def check_channels(model: Model) -> None:
    """Refuse two channels of one name, and those whose address is no field of users.

    Raises:
        ClashError: naming both plugins.
        DeclarationError: naming the channel, its plugin and the nearest field.
    """
    for channel, plugin, subject in each_named(model, Channel, lambda each: _("channel {name!r}", name=each.name)):
        check_names(subject, plugin, [channel.address], model.entities["user"].fields)
