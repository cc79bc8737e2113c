"""Channels: ways in which messages reach people, such as e-mail."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from attrs import Factory, field, frozen

from crmkit.core.declare.names import as_label, as_text, check_name
from crmkit.errors import InvalidValue
from crmkit.translation import _

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from attrs import Attribute

CONTROL = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]")
"""What ends a line, or looks like its end, somewhere."""
HEADER_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,76}")


def check_line(_message: object, attribute: Attribute[str], value: str) -> None:
    """Refuse what is more than one line: it could add headers to a message."""
    if CONTROL.search(value):
        raise InvalidValue(_("{name} must be one line, without control characters.", name=attribute.name))


def check_headers(_message: object, _attribute: object, headers: Mapping[str, str]) -> None:
    """Refuse names that can't be those of headers, and values of more than one line."""
    for name, value in headers.items():
        if not HEADER_NAME.fullmatch(name):
            raise InvalidValue(_("{name!r} can't be the name of a header.", name=name))
        if CONTROL.search(value):
            raise InvalidValue(_("{name} must be one line, without control characters.", name=name))


@frozen(kw_only=True)
class Message:
    """A message to one person.

    Attributes:
        to: the address, in the form of the channel.
        subject, text: what it says; the subject is one line.
        html: the same as HTML, if there is such a form.
        id: the same however often the message is sent, and different for every message, so that receivers can tell.
        headers: further headers by name, for channels that have them.

    Raises:
        InvalidValue: if address, subject, id or a header is not one line.
    """

    to: str = field(validator=check_line)
    subject: str = field(validator=check_line)
    text: str
    html: str | None = None
    id: str = field(validator=check_line)
    headers: Mapping[str, str] = field(default=Factory(dict), validator=check_headers)


@frozen(kw_only=True)
class Channel:
    """A way in which messages reach people.

    Attributes:
        send: a function of a session of the system and a `Message`; or where it is (`package.module:function`). When it
            raises, it is called again later with the same message, as a job is; `GivenUpError` says that this makes no
            sense.
        address: the field of users that holds the address.
        ready: a function of a session that says whether the channel is set up; or where it is. Without one, it is.
    """

    name: str
    send: Callable[..., object] | str
    address: str
    label: str = field(default="", converter=as_text)
    help: str = field(default="", converter=as_text)
    ready: Callable[..., bool] | str | None = None

    def __attrs_post_init__(self) -> None:
        check_name(self.name, "channel")
        if not self.label:
            object.__setattr__(self, "label", as_label(self.name))
