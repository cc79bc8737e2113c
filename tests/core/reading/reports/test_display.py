from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from crmkit.core.reading.reports.columns import Column
from crmkit.core.reading.reports.display import Display, one_line
from crmkit.core.reading.reports.errors import UnknownLocaleError, UnknownTimeZoneError

if TYPE_CHECKING:
    from crmkit.core.reading.reports.columns import Cell

COUNT = Column("x", "X", "integer")
NUMBER = Column("x", "X", "decimal")
RATE = Column("x", "X", "percent")
YEN = Column("x", "X", "money", currency="JPY")
EURO = Column("x", "X", "money", currency="EUR")
DAY = Column("x", "X", "date")
MOMENT = Column("x", "X", "datetime")
AGE = Column("x", "X", "duration")
FLAG = Column("x", "X", "boolean")


@pytest.mark.parametrize(
    ("column", "value", "locale", "shown"),
    [
        (COUNT, 1234567, "en", "1,234,567"),
        (COUNT, 1234567, "en_IN", "12,34,567"),
        (COUNT, 1234567, "de", "1.234.567"),
        (NUMBER, Decimal("1234.500"), "en", "1,234.5"),
        (NUMBER, Decimal("-0.0000001"), "en", "0"),
        (NUMBER, Decimal("1E+400"), "en", "1E+400"),
        (RATE, Decimal("63.154"), "en", "63.15 %"),
        (RATE, Decimal("63.154"), "de", "63,15 %"),
        (RATE, 100, "zh_Hans_CN", "100.00 %"),
        (EURO, Decimal("-1234.565"), "en", "-1,234.56"),
        (EURO, Decimal("9" * 50 + ".99"), "en", ",".join(["99", *["999"] * 16]) + ".99"),
        (YEN, Decimal(1234), "en", "1,234"),
        (DAY, date(2024, 3, 5), "en", "Mar 5, 2024"),
        (DAY, date(2024, 3, 5), "zh_Hans_CN", "2024年3月5日"),
        (MOMENT, datetime(2024, 3, 5, 17, 4, tzinfo=UTC), "zh-Hans-CN", "2024年3月6日 01:04"),
        (AGE, timedelta(days=3, hours=4, minutes=5), "en", "3 days 4 hr"),
        (AGE, timedelta(days=3, minutes=5), "zh_Hans_CN", "3天"),
        (AGE, -timedelta(minutes=1, seconds=30), "en", "-1 min 30 sec"),
        (AGE, timedelta(0), "en", "0 sec"),
        (FLAG, True, "en", "✓"),
        (FLAG, False, "en", "✗"),
        (FLAG, None, "en", ""),
    ],
)
def test_people_read_values_by_locale(column: Column, value: Cell, locale: str, shown: str) -> None:
    """Numbers, amounts, dates and spans are shown as the locale writes them, times in the reader's zone."""
    assert Display.of(locale, "Asia/Shanghai").cell(column, value) == shown


def test_places_fix_the_decimals() -> None:
    """A column with places shows that many decimals, rounded half to even."""
    column = Column("x", "X", "decimal", places=1)
    display = Display.of("en", "UTC")
    assert [display.cell(column, Decimal(text)) for text in ("2.25", "2", "2.35")] == ["2.2", "2.0", "2.4"]


def test_an_unknown_locale_is_an_error() -> None:
    """The error names the locale."""
    for name in ("xx_YY", "", "../../etc"):
        with pytest.raises(UnknownLocaleError, match="There is no locale"):
            Display.of(name, "UTC")


def test_an_unknown_time_zone_is_an_error() -> None:
    """Names of folders and of files outside count as unknown."""
    for name in ("Mars/Olympus", "Europe", "../etc/passwd", ""):
        with pytest.raises(UnknownTimeZoneError, match="There is no time zone"):
            Display.of("en", name)


def test_text_stays_on_its_line() -> None:
    """Line ends become spaces; what steers terminals or turns text around becomes visible; other text is kept."""
    assert one_line("a\r\nb\tc") == "a  b c"
    assert one_line("\x1b[31mred\x00\u202eevil") == "�[31mred��evil"
    assert one_line("张三\u3000Ünïcode 👩\u200d🚀") == "张三\u3000Ünïcode 👩\u200d🚀"
