from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import attrs
import pytest
from rich.cells import cell_len

from crmkit.core.reading.reports.columns import Column
from crmkit.core.reading.reports.table import Table

if TYPE_CHECKING:
    from crmkit.core.reading.reports.table import Row


@pytest.mark.row("I9")
def test_numbers_are_grouped_and_right_aligned(pipeline: Table) -> None:
    """A text table has title, headings, grouped numbers, bars for the measure of its chart, total and notes."""
    assert pipeline.to_text() == (
        "Pipeline\n"
        "\n"
        " Stage         Deals     Value (USD)   Win rate\n"
        " ─────────────────────────────────────────────────────────────────────\n"
        " Prospecting     500    2,250,000.50              ████▍\n"
        " Engaging      1,589    3,560,000.00    50.00 %   ███████\n"
        " Won           4,238   10,005,534.00    63.15 %   ████████████████████\n"
        " ─────────────────────────────────────────────────────────────────────\n"
        " Total         6,327   15,815,534.50\n"
        "\n"
        "Lost deals are left out.\n"
    )


@pytest.mark.row("I9")
def test_wide_characters_keep_columns_straight(pipeline_zh: Table) -> None:
    """Chinese characters take two cells, and dates and spans are written in Chinese."""
    plain = attrs.evolve(pipeline_zh, chart=None)
    assert plain.to_text(locale="zh_Hans_CN") == (
        "销售管道\n"
        "\n"
        " 阶段          金额 (CNY)     停留时间   开始日期\n"
        " ────────────────────────────────────────────────────\n"
        " 初步接触       12,345.60   12天 4小时   2024年3月5日\n"
        " 赢单       10,005,534.00        1小时\n"
    )


def test_no_line_is_wider_than_asked(pipeline: Table) -> None:
    """A narrow table goes without bars and breaks long texts."""
    long = attrs.evolve(pipeline, rows=[("A stage with quite a long name 和中文", 1, Decimal(2), None), *pipeline.rows])
    lines = long.to_text(width=60).splitlines()
    assert max(map(cell_len, lines)) <= 60
    assert "█" not in long.to_text(width=60)


@pytest.mark.parametrize("rows", [[], [("a", 1)]])
def test_only_an_empty_table_says_that_it_is_empty(rows: list[Row]) -> None:
    """A table without rows shows its headings and says so."""
    text = Table([Column("a", "A"), Column("b", "B", "integer")], rows).to_text()
    assert " A   B" in text
    assert ("No rows." in text) is not bool(rows)


def test_text_is_colored_only_on_demand(pipeline: Table) -> None:
    """Escape sequences appear only if colour is asked for."""
    assert "\x1b[" in pipeline.to_text(color=True)
    assert "\x1b[" not in pipeline.to_text()


def test_cells_can_not_steer_the_terminal() -> None:
    """Escape characters and rich's own markup in values are shown, not obeyed."""
    text = Table([Column("a", "A")], [("\x1b[2J[bold]x[/bold]:smile:",)]).to_text()
    assert "�[2J[bold]x[/bold]:smile:" in text
