from __future__ import annotations

import sys
from html.parser import HTMLParser

import attrs
import pytest

from crmkit.core.reading.reports import chart
from crmkit.core.reading.reports.columns import Column
from crmkit.core.reading.reports.table import Table

HOSTILE = '</td><script>alert("x")</script><img src=x onerror=alert(1)>&amp;\x00\u202e'


class Tags(HTMLParser):
    """Collects the tags and the attributes that a browser would see."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note one tag."""
        self.tags.append(tag)
        self.attributes += [name for name, _ in attrs]


@pytest.mark.row("I9")
def test_a_fragment_is_an_accessible_table(pipeline: Table) -> None:
    """The part of a page has a caption, scopes, isolated names, a total and the notes."""
    plain = attrs.evolve(pipeline, chart=None, rows=pipeline.rows[:1])
    assert plain.to_html(page=False) == (
        '<section class="crmkit-report">\n'
        '<div class="table">\n'
        "<table>\n"
        "<caption>Pipeline</caption>\n"
        "<thead>\n"
        '<tr><th scope="col">Stage</th><th scope="col" class="number">Deals</th>'
        '<th scope="col" class="number">Value (USD)</th><th scope="col" class="number">Win rate</th></tr>\n'
        "</thead>\n"
        "<tbody>\n"
        '<tr><th scope="row"><bdi>Prospecting</bdi></th><td class="number">500</td>'
        '<td class="number">2,250,000.50</td><td class="number"></td></tr>\n'
        "</tbody>\n"
        "<tfoot>\n"
        '<tr><th scope="row"><bdi>Total</bdi></th><td class="number">6,327</td>'
        '<td class="number">15,815,534.50</td><td class="number"></td></tr>\n'
        "</tfoot>\n"
        "</table>\n"
        "</div>\n"
        '<p class="note">Lost deals are left out.</p>\n'
        "</section>\n"
    )


@pytest.mark.row("I9")
def test_a_page_is_in_the_readers_language(pipeline_zh: Table) -> None:
    """A whole page names its language, title and character set, brings its style and holds the chart."""
    page = pipeline_zh.to_html(locale="zh_Hans_CN")
    assert page.startswith('<!DOCTYPE html>\n<html lang="zh-Hans-CN" dir="ltr">\n<head>\n<meta charset="utf-8">\n')
    assert "<title>销售管道</title>\n<style>" in page
    assert '<figure>\n<svg role="img" aria-label="销售管道" ' in page
    assert '<td><time datetime="2024-03-05">2024年3月5日</time></td>' in page
    assert '<td class="number">12天 4小时</td>' in page


def test_a_page_is_written_from_right_to_left_where_people_read_so(pipeline: Table) -> None:
    """The direction of the page follows the locale."""
    assert '<html lang="ar" dir="rtl">' in attrs.evolve(pipeline, chart=None).to_html(locale="ar")


def test_hostile_text_stays_text() -> None:
    """No title, heading, cell, note or label of a chart adds a tag or a handler to the page."""
    hostile, harmless = (
        Table(
            [Column("a", text), Column("b", text, "integer", unit=text)],
            [(text, 1)],
            title=text,
            notes=[text],
            chart=chart.bar("a", "b"),
        )
        for text in (HOSTILE, "harmless " * 10)
    )
    for page in (True, False):
        found, expected = Tags(hostile.to_html(page=page)), Tags(harmless.to_html(page=page))
        assert set(found.tags) == set(expected.tags)
        assert set(found.attributes) == set(expected.attributes)
        assert "\x00" not in hostile.to_html(page=page)


def test_a_page_fetches_nothing(pipeline: Table) -> None:
    """The page brings everything it shows: no scripts, links, or addresses but the names of XML."""
    page = pipeline.to_html().replace('"http://www.w3.org/2000/svg"', "").replace('"http://www.w3.org/1999/xlink"', "")
    assert "://" not in page
    assert not {"script", "link", "img", "iframe", "image"} & set(Tags(page).tags)


def test_a_page_without_the_drawing_library_says_how_to_get_the_chart(
    pipeline: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without vl-convert the table is there, with a note in place of the chart."""
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    page = pipeline.to_html()
    assert "pip install crmkit[charts]" in page
    assert "<caption>Pipeline</caption>" in page
