"""Cursors: where a page ended, as an opaque text."""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import sqlalchemy as sa

from crmkit.core.storage.column_types import UtcDateTime
from crmkit.errors import InvalidValue
from crmkit.translation import _

if TYPE_CHECKING:
    from collections.abc import Sequence

LONGEST = 20_000
CHECK_LENGTH = 8
LARGEST = 2**63


def encode(entity: str, order: str, values: Sequence[object]) -> str:
    """Return the cursor behind the record with these sort values; the last one is its id."""
    raw = [each.isoformat() if isinstance(each, date) else each for each in values]
    text = json.dumps([entity, order, raw], ensure_ascii=False, separators=(",", ":"))
    return base64.urlsafe_b64encode((_check(text) + text).encode()).decode().rstrip("=")


def decode(cursor: str, entity: str, order: str, columns: Sequence[sa.ColumnElement[object]]) -> tuple[object, ...]:
    """Return the sort values of a cursor, one for each column.

    Raises:
        InvalidValue: if it is damaged, or belongs to another list or order.
    """
    if not 0 < len(cursor) <= LONGEST:
        raise InvalidValue(_("This is not a cursor; give back the `next` of a page as it is."))
    try:
        whole = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode()
        text = whole[CHECK_LENGTH:]
        owner, sorted_by, raw = json.loads(text)
        is_whole = whole[:CHECK_LENGTH] == _check(text)
    except (ValueError, TypeError, RecursionError):
        is_whole = False
        owner = sorted_by = raw = None
    if not is_whole or not isinstance(raw, list):
        raise InvalidValue(
            _("The cursor is damaged; give back the `next` of a page as it is, or begin at the first page.")
        )
    if owner != entity or sorted_by != order or len(raw) != len(columns):
        raise InvalidValue(_("The cursor belongs to another list or order; begin at the first page."))
    return tuple(_value(each, column) for each, column in zip(raw, columns, strict=True))


def _check(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:CHECK_LENGTH]


def _value(raw: object, column: sa.ColumnElement[object]) -> object:
    """Return one sort value, if it is what the column may hold."""
    if raw is None:
        return None
    match column.type, raw:
        case sa.Boolean(), bool():
            return raw
        case sa.Integer(), int() if not isinstance(raw, bool) and -LARGEST <= raw < LARGEST:
            return raw
        case UtcDateTime() | sa.Date(), str():
            return _moment(raw, is_date=isinstance(column.type, sa.Date))
        case sa.Text(), str() if "\x00" not in raw:
            return raw
    raise InvalidValue(_("The cursor does not fit the order; begin at the first page."))


def _moment(raw: str, *, is_date: bool) -> date | datetime:
    try:
        return date.fromisoformat(raw) if is_date else datetime.fromisoformat(raw).astimezone(UTC)
    except (ValueError, OverflowError):
        raise InvalidValue(_("The cursor does not fit the order; begin at the first page.")) from None
