"""Values of JSON as text, keeping numbers digit by digit (1.10 stays 1.10, 300 digits stay 300 digits)."""

from __future__ import annotations

from json.encoder import encode_basestring
from typing import TypeAlias


class Number(str):
    """A number as its digits stand in the file."""

    __slots__ = ()


Json: TypeAlias = "str | Number | bool | list[Json] | dict[str, Json] | None"


def json_text(value: Json) -> str:
    """Write a value as compact JSON; a number and a truth value alone look like their cells."""
    if isinstance(value, Number):
        return str(value)
    if isinstance(value, str):
        return encode_basestring(value)
    if isinstance(value, list):
        return f"[{','.join(map(json_text, value))}]"
    if isinstance(value, dict):
        return "{" + ",".join(f"{encode_basestring(key)}:{json_text(inner)}" for key, inner in value.items()) + "}"
    return {None: "null", True: "true", False: "false"}[value]
