"""Small report tables: a pipeline in English and in Chinese, and one with a column of every kind."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from crmkit.core.reading.reports import chart
from crmkit.core.reading.reports.columns import Column
from crmkit.core.reading.reports.table import Table


@pytest.fixture
def pipeline() -> Table:
    """Three stages with a total, a note, a parameter and a bar chart."""
    return Table(
        [
            Column("stage", "Stage"),
            Column("deals", "Deals", "integer"),
            Column("value", "Value", "money", currency="USD"),
            Column("rate", "Win rate", "percent"),
        ],
        [
            ("Prospecting", 500, Decimal("2250000.5"), None),
            ("Engaging", 1589, Decimal(3560000), Decimal(50)),
            ("Won", 4238, Decimal(10005534), Decimal("63.15")),
        ],
        title="Pipeline",
        total=("Total", 6327, Decimal("15815534.5"), None),
        notes=["Lost deals are left out."],
        parameters={"since": date(2024, 1, 1), "teams": ("north", "south")},
        chart=chart.bar("stage", "value"),
    )


@pytest.fixture
def pipeline_zh() -> Table:
    """Two stages with Chinese names."""
    return Table(
        [
            Column("stage", "阶段"),
            Column("value", "金额", "money", currency="CNY"),
            Column("age", "停留时间", "duration"),
            Column("since", "开始日期", "date"),
        ],
        [
            ("初步接触", Decimal("12345.6"), timedelta(days=12, hours=4), date(2024, 3, 5)),
            ("赢单", Decimal(10005534), timedelta(hours=1), None),
        ],
        title="销售管道",
        chart=chart.bar("stage", "value"),
    )


@pytest.fixture
def every_kind() -> Table:
    """One row of values and one of nothing, with a column of every kind."""
    return Table(
        [
            Column("customer.name", "Customer"),
            Column("count", "Count", "integer"),
            Column("score", "Score", "decimal"),
            Column("rate", "Rate", "percent"),
            Column("amount", "Amount", "money", currency="EUR"),
            Column("day", "Day", "date"),
            Column("moment", "Moment", "datetime"),
            Column("age", "Age", "duration"),
            Column("active", "Active", "boolean"),
        ],
        [
            (
                'Müller, "Söhne"\nund Töchter',
                -7,
                Decimal("0.1"),
                Decimal("63.15"),
                Decimal("12345678901234567890.12"),
                date(2024, 2, 29),
                datetime(2024, 2, 29, 23, 30, 15, tzinfo=UTC),
                timedelta(days=1, seconds=1, microseconds=500_000),
                True,
            ),
            (None,) * 9,
        ],
        title="Every kind",
    )
