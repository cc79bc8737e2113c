from __future__ import annotations

import struct
import sys
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmkit.core.reading.reports import chart
from crmkit.core.reading.reports.chart import Chart
from crmkit.core.reading.reports.columns import Column
from crmkit.core.reading.reports.errors import ChartsUnavailableError, FontFolderError
from crmkit.core.reading.reports.table import Table

if TYPE_CHECKING:
    from pathlib import Path

COLUMNS = [
    Column("stage", "Stage"),
    Column("won", "Won", "integer"),
    Column("lost", "Lost", "integer"),
    Column("rate", "Rate", "percent"),
    Column("age", "Age", "duration"),
    Column("day", "Day", "date"),
]
ROWS = [
    ("初步接触", 8800, 20, Decimal(100), timedelta(days=3), date(2024, 1, 1)),
    ("Won & <b>done</b>", 4238, 10, Decimal("48.16"), timedelta(days=30), date(2024, 7, 1)),
]
CHARTS = {
    "bar": chart.bar("stage", "won"),
    "span": chart.bar("stage", "age"),
    "funnel": chart.funnel("stage", "won", share="rate"),
    "line": chart.line("day", "won"),
    "lines": chart.line("day", "won", "lost"),
    "grouped": chart.grouped_bar("stage", "won", "lost", colors=["#2a9d8f", "#c8553d"]),
    "stacked": chart.stacked_bar("stage", "won", "lost"),
}


def words(svg: str) -> list[str]:
    """Return the texts in the picture."""
    root = ET.fromstring(svg)  # noqa: S314  (our own picture)
    return [(text.text or "").replace("\u00a0", " ") for text in root.iter("{http://www.w3.org/2000/svg}text")]


@pytest.mark.row("I9")
@pytest.mark.parametrize("made", CHARTS.values(), ids=CHARTS)
@pytest.mark.parametrize("rows", [ROWS, ROWS[:1], []], ids=["two", "one", "none"])
def test_every_chart_is_drawn_with_any_number_of_rows(made: Chart, rows: list[tuple[object, ...]]) -> None:
    """Each kind of chart is well-formed SVG with its title, without undefined numbers, even if there are no rows."""
    table = Table(COLUMNS, rows, title="Sales 销售", chart=made)  # type: ignore[arg-type]
    svg = table.to_svg()
    assert "Sales 销售" in words(svg)
    assert ("No rows." in words(svg)) is not bool(rows)
    assert "NaN" not in svg
    assert "undefined" not in svg
    assert "null" not in words(svg)


@pytest.mark.row("I9")
def test_a_picture_holds_names_numbers_and_titles(pipeline: Table) -> None:
    """The stages, their values, the axis' title with the currency and short numbers on the axis are in the SVG."""
    found = words(pipeline.to_svg())
    assert {"Prospecting", "2,250,000", "10,005,534", "Stage", "Value (USD)", "10M"} <= set(found)


@pytest.mark.row("I9")
def test_a_chinese_picture_is_chinese(pipeline_zh: Table) -> None:
    """Numbers on the axis are shortened the Chinese way."""
    assert {"销售管道", "初步接触", "金额 (CNY)", "1,000万"} <= set(words(pipeline_zh.to_svg(locale="zh_Hans_CN")))


def test_chinese_characters_are_drawn_from_a_font_that_has_them(pipeline_zh: Table) -> None:
    """Two different Chinese titles give two different PNGs of more than boxes."""
    other = attrs.evolve(pipeline_zh, title="客户管道")
    assert pipeline_zh.to_png() != other.to_png()


def test_hostile_names_are_text_in_the_picture() -> None:
    """A name with tags is shown with its tags."""
    table = Table(COLUMNS, ROWS, title='"><script>', chart=CHARTS["bar"])
    svg = table.to_svg()
    assert "Won & <b>done</b>" in words(svg)
    assert "<script" not in svg


def test_names_that_xml_can_not_hold_are_drawn() -> None:
    """Control characters and half characters don't break the picture."""
    table = Table(COLUMNS[:2], [("a\x00\x0b\ud800b", 1)], title="\x01", chart=CHARTS["bar"])
    assert "a� �b" in words(table.to_svg())


@settings(max_examples=25, deadline=None)
@given(name=st.text(max_size=60), title=st.text(max_size=60))
def test_every_text_can_be_drawn(name: str, title: str) -> None:
    """Whatever people write as names, units, labels and titles, the chart's own included, gives well-formed XML."""
    own = Chart({**CHARTS["bar"].spec, "description": title, "title": {"text": title, "subtitle": name}})
    columns = [Column("stage", title), Column("won", name, "integer", unit=name)]
    assert words(Table(columns, [(name, 1), (title, 2)], title=title, chart=own).to_svg())


def test_a_png_has_size_and_scale(pipeline: Table) -> None:
    """The PNG is one, wide enough to read, and twice as large at twice the scale."""
    sizes = []
    for scale in (1.0, 2.0):
        png = pipeline.to_png(scale=scale)
        assert png.startswith(b"\x89PNG\r\n\x1a\n")
        assert len(png) > 10_000
        sizes.append(struct.unpack(">II", png[16:24]))
    (width, height), (double_width, double_height) = sizes
    assert 600 <= width <= 1000
    assert height >= 150
    assert abs(double_width - 2 * width) <= 2
    assert abs(double_height - 2 * height) <= 2


def test_without_the_drawing_library_the_extra_is_named(pipeline: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without vl-convert, a picture is refused with the command that installs it."""
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    for draw in (pipeline.to_svg, pipeline.to_png):
        with pytest.raises(ChartsUnavailableError, match=r"pip install crmkit\[charts\]"):
            draw()


def test_a_folder_of_fonts_must_be_there(pipeline: Table, tmp_path: Path) -> None:
    """A folder that exists is used, one that doesn't is refused by name."""
    assert "Pipeline" in words(pipeline.to_svg(fonts=tmp_path))
    with pytest.raises(FontFolderError, match="nowhere"):
        pipeline.to_svg(fonts=tmp_path / "nowhere")
