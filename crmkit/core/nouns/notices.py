"""Notices: what users are told, each for its recipient alone, and by which channels it reaches them."""

from __future__ import annotations

from datetime import datetime as Moment  # noqa: N812  (read off the annotations)
from typing import TYPE_CHECKING

from crmkit.core.declare import fields as f
from crmkit.core.declare.declarations import Parameter, Unique
from crmkit.core.declare.kinds import IntegerKind, TextKind
from crmkit.core.declare.outbox import Job
from crmkit.core.declare.records import Record, record
from crmkit.core.declare.values import Ref
from crmkit.core.nouns.people import User
from crmkit.translation import Text

if TYPE_CHECKING:
    from collections.abc import Mapping

ANY = "*"
"""The kind, or the channel, of a preference that is about all of them."""
TEMPLATE, PLURAL, VALUES = "template", "plural", "values"


@record(title="text", owner="recipient", private=True)
class Notice(Record):
    """Something that a user is told, once."""

    recipient: Ref[User] = f.ref()
    kind: str = f.text(max=41, help="What it is about, such as event_changed.")
    text: str = f.long_text(privacy="personal", help="What it says, in the language of the CRM.")
    sentence: object | None = f.json(privacy="personal", help="How it is said in other languages.")
    about: Ref[object] | None = f.any_ref(person="about")
    key: str = f.text(max=200, help="What it is told once for.")
    read_at: Moment | None = f.datetime(index=True, help="When its recipient noted it.")

    @property
    def words(self) -> str:
        """What it says, as a text that can be said in another language where that is known."""
        return self.text if self.sentence is None else text_of(self.sentence)


@record(title="kind", owner="user", private=True)
class NoticePreference(Record):
    """Whether a user wants notices of a kind by a channel. What says more exactly what it is about counts."""

    user: Ref[User] = f.ref()
    kind: str = f.text(max=41, help="A kind of notices; * for all.")
    channel: str = f.text(max=41, help="A channel; * for all.")
    wanted: bool = f.boolean(default=True)


DECLARATIONS = (
    Unique(entity="notice", fields=("recipient", "key"), message="The user was told of this already."),
    Unique(
        entity="notice_preference",
        fields=("user", "kind", "channel"),
        message="There is a preference for this kind and channel already.",
    ),
    Job(
        name="send_notice",
        run="crmkit.core.lifecycle.notices.sending:send",
        parameters=(
            Parameter(name="notice", kind=IntegerKind(), required=True),
            Parameter(name="channel", kind=TextKind(), required=True),
        ),
        help="Send a notice to its recipient by a channel.",
    ),
)


def json_of(text: Text) -> dict[str, object]:
    """Return a text as JSON from which it can be made again; values that JSON hasn't are kept as they are written."""
    values = {name: _json_value(value) for name, value in text.values.items()}
    return {TEMPLATE: text.template, PLURAL: text.plural, VALUES: values}


def text_of(kept: object) -> Text:
    """Return a text that was kept as JSON."""
    assert isinstance(kept, dict)
    values: Mapping[str, object] = kept[VALUES]
    return Text(
        kept[TEMPLATE],
        kept[PLURAL],
        **{name: text_of(value) if isinstance(value, dict) else value for name, value in values.items()},
    )


def _json_value(value: object) -> object:
    if isinstance(value, Text):
        return json_of(value)
    return value if value is None or type(value) in {bool, int, float, str} else str(value)
