"""Places: postal addresses and positions on the earth."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, ClassVar

from attrs import asdict, fields, frozen

from crmkit.core.declare.kinds.kind import Kind, Part
from crmkit.core.declare.kinds.numbers import check_range, fitting, number_from, scaled, unscaled
from crmkit.core.declare.kinds.texts import TextKind
from crmkit.core.declare.values import Address, Location
from crmkit.errors import InvalidValue
from crmkit.translation import _

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crmkit.core.declare.conventions import Conventions

ADDRESS_PARTS = tuple(each.name for each in fields(Address))
COORDINATE_SCALE = 7


@frozen(kw_only=True)
class AddressKind(Kind):
    """A postal address in five columns: street, postcode, city, region, country."""

    name: ClassVar[str] = "address"
    widget: ClassVar[str] = "address"
    parts: ClassVar[tuple[Part, ...]] = tuple(Part(suffix=f"_{name}") for name in ADDRESS_PARTS)
    is_plain: ClassVar[bool] = False
    is_sortable: ClassVar[bool] = False
    LINE: ClassVar[TextKind] = TextKind()

    def parse(self, value: object, conventions: Conventions) -> Address | None:
        """Return the address from `Address`, a dictionary or its JSON; a text without braces is the street."""
        if isinstance(value, str):
            value = self._from_text(value.strip())
        given = asdict(value) if isinstance(value, Address) else value
        if not isinstance(given, dict) or given.keys() - set(ADDRESS_PARTS):
            raise InvalidValue(
                _("{value!r} is not an address; its parts are {names}.", value=value, names=", ".join(ADDRESS_PARTS))
            )
        lines = {name: self.LINE.parse(line, conventions) for name, line in given.items() if line is not None}
        return Address(**lines) if any(lines.values()) else None

    @staticmethod
    def _from_text(text: str) -> object:
        if not text.startswith("{"):
            return {"street": text}
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            raise InvalidValue(_("{text!r} is not an address in JSON.", text=text[:40])) from None

    def dump(self, value: object) -> tuple[object, ...]:
        """Return the five parts."""
        return tuple(getattr(value, name) for name in ADDRESS_PARTS)

    def load(self, *raw: object) -> Address | None:
        """Return the address, or None if no part is there."""
        parts = {name: None if part is None else str(part) for name, part in zip(ADDRESS_PARTS, raw, strict=True)}
        return Address(**parts) if any(parts.values()) else None

    def to_text(self, value: object) -> str:
        """Return the given parts as JSON."""
        return json.dumps(self.to_json(value), ensure_ascii=False)

    def to_json(self, value: object) -> object:
        """Return an object with the given parts."""
        assert isinstance(value, Address)
        return {name: part for name, part in asdict(value).items() if part is not None}

    def format(self, value: object, conventions: Conventions) -> str:
        """Return the address on one line."""
        del conventions
        return str(value)

    def key(self, value: object) -> str | None:
        """Return the key of the whole address."""
        return self.LINE.key(str(value))

    def json_schema(self) -> Mapping[str, object]:
        """Return an object schema."""
        return {"type": "object", "properties": {name: {"type": "string"} for name in ADDRESS_PARTS}}


@frozen(kw_only=True)
class LocationKind(Kind):
    """A position in degrees (WGS 84), stored exactly to seven decimals."""

    name: ClassVar[str] = "location"
    widget: ClassVar[str] = "map"
    parts: ClassVar[tuple[Part, ...]] = (
        Part(suffix="_latitude", type="integer"),
        Part(suffix="_longitude", type="integer"),
    )
    is_plain: ClassVar[bool] = False
    is_sortable: ClassVar[bool] = False

    def parse(self, value: object, conventions: Conventions) -> Location | None:
        """Return the position from `Location`, `48.8606,2.3376`, a pair, or an object with latitude and longitude."""
        del conventions
        if value == "":
            return None
        latitude, longitude = (number_from(each) for each in self._pair(value))
        check_range(latitude, -90, 90)
        check_range(longitude, -180, 180)
        return Location(fitting(latitude, COORDINATE_SCALE), fitting(longitude, COORDINATE_SCALE))

    @staticmethod
    def _pair(value: object) -> tuple[object, object]:
        if isinstance(value, Location):
            return value.latitude, value.longitude
        if isinstance(value, dict) and value.keys() == {"latitude", "longitude"}:
            return value["latitude"], value["longitude"]
        pair = value.split(",") if isinstance(value, str) else value
        if isinstance(pair, (list, tuple)) and len(pair) == 2:  # noqa: PLR2004
            return pair[0], pair[1]
        raise InvalidValue(
            _("{value!r} is not a position; write it like 48.8606,2.3376 (latitude, longitude).", value=value)
        )

    def dump(self, value: object) -> tuple[object, ...]:
        """Return both coordinates as scaled integers."""
        assert isinstance(value, Location)
        return scaled(value.latitude, COORDINATE_SCALE), scaled(value.longitude, COORDINATE_SCALE)

    def load(self, *raw: object) -> Location:
        """Return the position."""
        latitude, longitude = (unscaled(each, COORDINATE_SCALE) for each in raw)
        return Location(latitude, longitude)

    def to_text(self, value: object) -> str:
        """Return `latitude,longitude` in plain digits."""
        assert isinstance(value, Location)
        return f"{value.latitude:f},{value.longitude:f}"

    def to_json(self, value: object) -> object:
        """Return an object with both coordinates as exact texts."""
        assert isinstance(value, Location)
        return {"latitude": format(value.latitude, "f"), "longitude": format(value.longitude, "f")}

    def json_schema(self) -> Mapping[str, object]:
        """Return an object schema."""
        coordinate = {"type": "string", "pattern": r"^-?\d+(\.\d+)?$"}
        return {"type": "object", "properties": {"latitude": coordinate, "longitude": coordinate}}
