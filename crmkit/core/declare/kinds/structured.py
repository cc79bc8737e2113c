"""Choices from a list that plugins may extend, tags, and JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, ClassVar

from attrs import field, frozen

from crmkit.core.declare.kinds.kind import Kind, Part, search_key
from crmkit.core.declare.kinds.texts import TextKind
from crmkit.core.declare.names import as_label, as_text, check_name, nearest
from crmkit.errors import InvalidValue
from crmkit.translation import _

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from crmkit.core.declare.conventions import Conventions

MOST_TAGS = 100
JSON_DEPTH, JSON_SIZE = 50, 1_000_000


@frozen
class Choice:
    """One value of a choice field, with the label that people see."""

    name: str
    label: str = field(default="", converter=as_text)

    def __attrs_post_init__(self) -> None:
        check_name(self.name, "choice")
        if not self.label:
            object.__setattr__(self, "label", as_label(self.name))


def as_choices(given: Iterable[Choice | str]) -> tuple[Choice, ...]:
    """Return choices from names or choices."""
    return tuple(each if isinstance(each, Choice) else Choice(each) for each in given)


@frozen(kw_only=True)
class ChoiceKind(Kind):
    """One of the declared choices, kept by its name."""

    name: ClassVar[str] = "choice"
    is_json: ClassVar[bool] = True
    widget: ClassVar[str] = "select"
    parts: ClassVar[tuple[Part, ...]] = (Part(length=41),)
    choices: tuple[Choice, ...] = field(default=(), converter=as_choices)

    def parse(self, value: object, conventions: Conventions) -> str | None:
        """Return the name of the choice, given by name or by label."""
        del conventions
        if value == "":
            return None
        if isinstance(value, str):
            for choice in self.choices:
                if value == choice.name:
                    return value
            wanted = search_key(value)
            for choice in self.choices:
                if wanted in {choice.name, search_key(choice.label)}:
                    return choice.name
        close = nearest(str(value), [choice.name for choice in self.choices])
        hint = _(" Did you mean {close!r}?", close=close) if close else ""
        raise InvalidValue(
            _(
                "{value!r} is not one of: {names}.{hint}",
                value=value,
                names=", ".join(choice.name for choice in self.choices),
                hint=hint,
            )
        )

    def format(self, value: object, conventions: Conventions) -> str:
        """Return the label."""
        del conventions
        return next((choice.label for choice in self.choices if choice.name == value), str(value))

    def json_schema(self) -> Mapping[str, object]:
        """Return an enumeration."""
        return {"type": "string", "enum": [choice.name for choice in self.choices]}


@frozen(kw_only=True)
class TagsKind(Kind):
    """Any number of short texts, without order of their own; equal ones (ignoring case and width) count once.

    Stored on lines of one text, between newlines, so that a tag is found by `LIKE` on every database.
    """

    name: ClassVar[str] = "tags"
    widget: ClassVar[str] = "tags"
    is_plain: ClassVar[bool] = False
    is_sortable: ClassVar[bool] = False
    TAG: ClassVar[TextKind] = TextKind(max=80)

    def parse(self, value: object, conventions: Conventions) -> tuple[str, ...] | None:
        """Return the tags sorted, from a sequence or a text with commas."""
        given = value.split(",") if isinstance(value, str) else value
        if not isinstance(given, (tuple, list, set, frozenset)) or len(given) > MOST_TAGS:
            raise InvalidValue(
                _(
                    "{value!r} is not a list of at most {most_tags} tags; write them with commas between.",
                    value=value,
                    most_tags=MOST_TAGS,
                )
            )
        unique: dict[str, str] = {}
        for each in given:
            tag = self.TAG.parse(each, conventions)
            if tag is not None and "," in tag:
                raise InvalidValue(_("The tag {tag!r} holds a comma; tags are separated by commas.", tag=tag))
            if tag is not None:
                unique.setdefault(search_key(tag), tag)
        return tuple(sorted(unique.values())) or None

    def dump(self, value: object) -> tuple[object, ...]:
        """Return the tags between newlines."""
        assert isinstance(value, tuple)
        return ("\n" + "\n".join(value) + "\n",)

    def load(self, *raw: object) -> tuple[str, ...]:
        """Return the tags."""
        return tuple(str(raw[0]).strip("\n").split("\n"))

    def to_text(self, value: object) -> str:
        """Return the tags with commas between."""
        assert isinstance(value, tuple)
        return ", ".join(value)

    def to_json(self, value: object) -> object:
        """Return a list."""
        assert isinstance(value, tuple)
        return list(value)

    def key(self, value: object) -> str | None:
        """Return the keys of the tags between newlines."""
        assert isinstance(value, tuple)
        return "\n" + "\n".join(search_key(tag) for tag in value) + "\n"

    def json_schema(self) -> Mapping[str, object]:
        """Return an array of strings."""
        return {"type": "array", "items": {"type": "string", "maxLength": self.TAG.max}, "maxItems": MOST_TAGS}


@frozen(kw_only=True)
class JsonKind(Kind):
    """Any JSON value, for what only machines read. Its lists are values, too: don't change them in place."""

    name: ClassVar[str] = "json"
    is_json: ClassVar[bool] = True
    widget: ClassVar[str] = "json"
    is_plain: ClassVar[bool] = False
    is_sortable: ClassVar[bool] = False

    def parse(self, value: object, conventions: Conventions) -> object:
        """Return the JSON value; a text is read as JSON, and is an error if it isn't."""
        del conventions
        if isinstance(value, str):
            if not value.strip():
                return None
            try:
                value = json.loads(value)
            except (ValueError, RecursionError):
                raise InvalidValue(_("The text is not JSON.")) from None
        try:
            text = json.dumps(value, allow_nan=False, ensure_ascii=False)
            text.encode()
            value = json.loads(text)  # lists and texts only, and nothing that the caller could change later
        except (ValueError, TypeError, RecursionError) as error:
            raise InvalidValue(_("The value can't be written as JSON: {error}.", error=error)) from None
        if len(text) > JSON_SIZE or depth(value) > JSON_DEPTH:
            raise InvalidValue(
                _(
                    "JSON may have {json_size} characters and {json_depth} levels at most.",
                    json_size=JSON_SIZE,
                    json_depth=JSON_DEPTH,
                )
            )
        return value

    def dump(self, value: object) -> tuple[object, ...]:
        """Return the JSON text."""
        return (json.dumps(value, ensure_ascii=False, separators=(",", ":")),)

    def load(self, *raw: object) -> object:
        """Return the JSON value."""
        return json.loads(str(raw[0]))

    def to_text(self, value: object) -> str:
        """Return the JSON text."""
        return json.dumps(value, ensure_ascii=False)

    def json_schema(self) -> Mapping[str, object]:
        """Return the schema that everything fits."""
        return {}


def depth(value: object) -> int:
    """Return how many levels a JSON value has."""
    inner: Iterable[object] = ()
    if isinstance(value, dict):
        inner = value.values()
    elif isinstance(value, list):
        inner = value
    return 1 + max(map(depth, inner), default=0)
