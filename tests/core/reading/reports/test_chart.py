from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import attrs
import pytest

from crmkit.core.reading.reports import chart
from crmkit.core.reading.reports.chart import Chart
from crmkit.core.reading.reports.columns import Column
from crmkit.core.reading.reports.errors import ChartError, NoChartError
from crmkit.core.reading.reports.table import Table
from crmkit.core.reading.reports.wording import unique_names, wrap

if TYPE_CHECKING:
    from collections.abc import Mapping

BY_AGENT = Table(
    [Column("agent.name", "Agent"), Column("won", "Won", "integer"), Column("lost", "Lost", "integer")],
    [("Ann", 5, 3), ("王小明", 2, None)],
)


def drawn(table: Table, made: Chart, locale: str = "en") -> dict[str, Any]:
    """Return the complete dictionary of the table with that chart."""
    return attrs.evolve(table, chart=made).to_vega(locale=locale)


@pytest.mark.parametrize(
    "spec",
    [
        {"data": {"url": "https://example.org/x.csv"}, "mark": "bar"},
        {"layer": [{"data": {"values": []}}]},
        {"datasets": {"a": []}},
        {"mark": {"type": "image", "url": "https://example.org/x.png"}},
        {"mark": "image"},
        {"transform": [{"lookup": "a", "from": {"data": {"url": "x"}}}]},
        {"encoding": {"url": {"field": "a"}}},
    ],
)
def test_a_chart_brings_no_data_and_no_address(spec: Mapping[str, object]) -> None:
    """Data come from the table, and drawing must not fetch anything."""
    with pytest.raises(ChartError, match="Its data are the rows of the table"):
        Chart(spec)


def test_a_chart_is_not_changed_from_outside() -> None:
    """A chart keeps the dictionary it was given, whatever becomes of that dictionary."""
    spec: dict[str, Any] = {"mark": {"type": "bar"}}
    made = Chart(spec)
    spec["mark"]["type"] = "image"
    assert made.spec == {"mark": {"type": "bar"}}


def test_a_report_without_chart_has_no_picture() -> None:
    """Asking for the picture of a report that has none says what can be had instead."""
    with pytest.raises(NoChartError, match="Ask for text, CSV, JSON, HTML or XLSX"):
        BY_AGENT.to_svg()


@pytest.mark.row("I9")
def test_columns_give_titles_scales_and_order() -> None:
    """An encoding that only names a field gets its title, its type, its labels and the order of the rows."""
    made = Chart({"mark": "bar", "encoding": {"x": {"field": "won"}, "y": {"field": "agent\\.name"}}})
    encoding = drawn(BY_AGENT, made)["encoding"]
    assert encoding["y"] == {"field": "agent\\.name", "type": "nominal", "title": "Agent", "sort": None, "axis": {}}
    assert encoding["x"]["type"] == "quantitative"
    assert encoding["x"]["title"] == "Won"
    assert encoding["x"]["axis"]["tickMinStep"] == 1


def test_what_the_chart_says_itself_stays() -> None:
    """A title, a type or a format in the dictionary is not overwritten."""
    own = {"field": "won", "type": "ordinal", "title": "Deals", "axis": {"format": "d"}}
    assert drawn(BY_AGENT, Chart({"mark": "bar", "encoding": {"x": own}}))["encoding"]["x"] == own


def test_fields_made_by_a_transform_need_no_column() -> None:
    """A field that the dictionary itself computes is not looked for in the table."""
    made = Chart({"transform": [{"calculate": "1", "as": "one"}], "encoding": {"x": {"field": "one"}}})
    assert made.columns == ()


def test_measures_become_series() -> None:
    """With measures there is one datum for each row and measure, with its label, number, text and place."""
    values = drawn(BY_AGENT, chart.grouped_bar("agent.name", "won", "lost"))["data"]["values"]
    keys = ("_unique_agent.name", "_series", "_value", "_shown", "_place")
    assert [tuple(each[key] for key in keys) for each in values] == [
        ("Ann", "Won", 5, "5", 0),
        ("Ann", "Lost", 3, "3", 1),
        ("王小明", "Won", 2, "2", 0),
        ("王小明", "Lost", None, "—", 1),
    ]


def test_spans_are_drawn_in_the_greatest_unit_that_one_fills() -> None:
    """Spans of days are drawn in days, by the locale's name of them, and shorter ones in their own unit."""
    columns = [Column("stage", "Stage"), Column("age", "Age", "duration")]
    for span, locale, title, value in (
        (timedelta(days=2, hours=12), "en", "Age (days)", 2.5),
        (timedelta(days=2, hours=12), "zh_Hans_CN", "停留时长 (天)", 2.5),
        (timedelta(minutes=90), "en", "Age (hours)", 1.5),
        (timedelta(0), "en", "Age (secs)", 0),
    ):
        spec = drawn(Table(columns, [("a", span)]), chart.bar("stage", "age"), locale)
        assert spec["encoding"]["x"]["title"] == title
        assert spec["data"]["values"][0]["age"] == value


def test_dates_are_drawn_as_the_days_they_are() -> None:
    """Dates and times are handed over in the reader's zone, without one, so that no machine's zone moves them."""
    columns = [Column("day", "Day", "date"), Column("moment", "Moment", "datetime"), Column("n", "N", "integer")]
    row = (date(2024, 3, 1), datetime(2024, 2, 29, 23, tzinfo=UTC), 1)
    table = Table(columns, [row], chart=chart.line("day", "n"))
    (datum,) = table.to_vega(time_zone="Asia/Shanghai")["data"]["values"]  # type: ignore[index]
    assert (datum["day"], datum["moment"]) == ("2024-03-01T00:00:00", "2024-03-01T07:00:00")


@pytest.mark.parametrize(
    ("days", "ticks"),
    [
        (0, {"interval": "day", "step": 1}),
        (10, {"interval": "day", "step": 1}),
        (40, {"interval": "week", "step": 1}),
        (300, {"interval": "month", "step": 1}),
        (800, {"interval": "month", "step": 3}),
        (2000, None),
    ],
)
def test_an_axis_of_time_is_marked_by_its_length(days: int, ticks: dict[str, object] | None) -> None:
    """Short spans are marked by day, longer ones by week, month, quarter and year."""
    columns = [Column("day", "Day", "date"), Column("n", "N", "integer")]
    table = Table(columns, [(date(2020, 1, 1), 1), (date(2020, 1, 1) + timedelta(days=days), 2)])
    assert drawn(table, chart.line("day", "n"))["encoding"]["x"]["axis"].get("tickCount") == ticks


def test_large_amounts_go_without_cents() -> None:
    """Labels in a picture leave cents out as soon as one amount has four digits."""
    columns = [Column("a", "A"), Column("b", "B", "money", currency="EUR")]
    spec = drawn(Table(columns, [("x", Decimal("0.5")), ("y", Decimal(1000)), ("z", None)]), chart.bar("a", "b"))
    assert [each["_text_b"] for each in spec["data"]["values"]] == ["0", "1,000", "—"]


def test_numbers_of_any_size_are_drawn_or_left_out() -> None:
    """A number that no float can hold has no bar, but its text."""
    columns = [Column("a", "A"), Column("b", "B", "decimal")]
    table = Table(columns, [("x", 2**70), ("y", Decimal("1E+400"))], chart=chart.bar("a", "b"))
    values = drawn(table, chart.bar("a", "b"))["data"]["values"]
    assert [(each["b"], each["_text_b"]) for each in values] == [
        (2.0**70, "1,180,591,620,717,411,303,424"),
        (None, "1E+400"),
    ]
    assert "1E+400" in table.to_svg()


def test_a_heading_is_no_expression() -> None:
    """A backslash in a heading, which would end up in an expression, is replaced by its wide form."""
    table = Table([Column("a", "A"), Column("b", '\\0 " + 1', "integer", unit="\\")], [("x", 1)])
    tips = Chart({"mark": "bar", "encoding": {"x": {"field": "b"}, "tooltip": [{"field": "b"}]}})
    spec = drawn(table, tips)
    assert spec["encoding"]["x"]["title"] == spec["encoding"]["tooltip"][0]["title"] == '＼0 " + 1 (＼)'
    assert "＼0" in attrs.evolve(table, chart=tips).to_svg()


def test_a_chart_of_very_many_rows_says_that_it_shows_some() -> None:
    """Only the first hundred rows are drawn, and the picture says so."""
    table = Table([Column("a", "A"), Column("b", "B", "integer")], [(str(n), n) for n in range(1200)])
    spec = drawn(table, chart.bar("a", "b"))
    assert len(spec["data"]["values"]) == 100
    assert spec["title"]["subtitle"] == "The first 100 of 1,200 rows"


def test_rows_of_one_name_stay_two() -> None:
    """Equal names are told apart by characters nobody sees, and a missing name is a dash."""
    names = unique_names(["Ann", "Ann", "", "Ann"])
    assert [name.strip("\u00a0") for name in names] == ["Ann", "Ann", "—", "Ann"]
    assert len(set(names)) == 4


def test_long_names_get_a_second_line() -> None:
    """Names are broken at a space, or anywhere in scripts without, and cut after two lines."""
    assert wrap("short") == "short"
    assert wrap("Negotiation with the very long name of a department") == (
        "Negotiation with the very long name\nof a department"
    )
    assert wrap("北京市海淀区中关村软件园二期项目销售团队") == "北京市海淀区中关村软件园二期项目销售\n团队"
    assert wrap("x" * 100) == "x" * 36 + "\n" + "x" * 35 + "…"
