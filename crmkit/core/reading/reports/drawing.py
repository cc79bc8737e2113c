"""A chart as a picture: SVG and PNG by vl-convert, in one style, with fonts that know Chinese, without any network."""

from __future__ import annotations

import re
from functools import cache
from html import escape
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import TYPE_CHECKING, Any, Final

from crmkit.core.reading.reports.display import one_line
from crmkit.core.reading.reports.errors import ChartsUnavailableError, FontFolderError
from crmkit.core.reading.reports.scales import number_locale, time_locale
from crmkit.core.reading.reports.vega import vega

if TYPE_CHECKING:
    import os

    from crmkit.core.reading.reports.display import Display
    from crmkit.core.reading.reports.table import Table

# Chinese characters look different in the regional fonts of one family, so the locale chooses.
_FONTS: Final = MappingProxyType({"ja": "JP", "ko": "KR", "zh_Hant": "TC"})
_FONT_PACKAGE = "noto_cjk_sans_otc"
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_PALETTE = ("#2f6db5", "#e39a3b", "#2a9d8f", "#c8553d", "#7d5ba6", "#7f8c8d", "#b5a642", "#5bb1d6")
_INK, _PALE_INK, _RULE = "#1f2933", "#52606d", "#e4e7eb"


def svg(table: Table, display: Display, *, fonts: str | os.PathLike[str] | None = None, titled: bool = True) -> str:
    """Draw the table's chart as SVG with a label for those who can't see it; the title can be left to the page.

    Raises:
        NoChartError: if the report has no chart.
        ChartsUnavailableError: if the extra `charts` isn't installed.
    """
    spec = vega(table, display)
    if not titled:
        spec.pop("title")
    drawn: str = _library(fonts).vegalite_to_svg(_legible(spec), **_options(display))
    label = escape(one_line(table.title) or "chart")
    return drawn.replace("<svg ", f'<svg role="img" aria-label="{label}" ', 1)


def png(table: Table, display: Display, *, fonts: str | os.PathLike[str] | None = None, scale: float = 2.0) -> bytes:
    """Draw the table's chart as PNG.

    Raises:
        NoChartError: if the report has no chart.
        ChartsUnavailableError: if the extra `charts` isn't installed.
    """
    spec = _legible(vega(table, display))
    drawn: bytes = _library(fonts).vegalite_to_png(spec, scale=scale, **_options(display))
    return drawn


def _library(fonts: str | os.PathLike[str] | None) -> ModuleType:
    """Return vl-convert, knowing the fonts."""
    try:
        import vl_convert
    except ImportError:
        raise ChartsUnavailableError from None
    found = find_spec(_FONT_PACKAGE)
    if found and found.origin:
        _register(str(Path(found.origin).parent))
    if fonts is not None:
        folder = Path(fonts).absolute()
        if not folder.is_dir():
            raise FontFolderError(folder=str(fonts))
        _register(str(folder))
    return vl_convert


@cache
def _register(folder: str) -> None:
    """Register a folder of fonts once: the library keeps its list for the process, and grows with every call."""
    import vl_convert

    vl_convert.register_font_directory(folder)


def _legible(value: object) -> object:
    """Replace what XML can't hold in all texts: the library doesn't raise for it, but ends the whole process."""
    match value:
        case str():
            return _NOT_XML.sub("�", value)
        case dict():
            return {key: _legible(each) for key, each in value.items()}
        case list():
            return [_legible(each) for each in value]
        case _:
            return value


def _options(display: Display) -> dict[str, Any]:
    return {
        "config": _style(display),
        "format_locale": number_locale(display),
        "time_format_locale": time_locale(display),
        "allowed_base_urls": [],
    }


def _font(display: Display) -> str:
    tags = (f"{display.locale.language}_{display.locale.script}", display.locale.language)
    region = next((_FONTS[tag] for tag in tags if tag in _FONTS), "SC")
    return f"Noto Sans CJK {region}, Helvetica Neue, Arial, PingFang SC, Microsoft YaHei, sans-serif"


def _style(display: Display) -> dict[str, object]:
    font = _font(display)
    return {
        "font": font,
        "aria": False,  # the picture is one image with one label; its table stands beside it
        "background": "white",
        "padding": 20,
        "view": {"stroke": None},
        "title": {
            "anchor": "start",
            "frame": "bounds",
            "fontSize": 18,
            "fontWeight": "normal",
            "color": _INK,
            "offset": 18,
            "subtitleColor": _PALE_INK,
            "subtitleFontSize": 12,
        },
        "axis": {
            "labelColor": _INK,
            "labelFontSize": 12,
            "labelLimit": 320,
            "labelPadding": 8,
            "maxExtent": 400,
            "titleColor": _PALE_INK,
            "titleFontSize": 12,
            "titleFontWeight": "normal",
            "titlePadding": 12,
            "gridColor": _RULE,
            "domain": False,
            "ticks": False,
        },
        "axisX": {"labelFlush": False, "labelOverlap": True},
        "axisYDiscrete": {"grid": False, "titleAngle": 0, "titleAlign": "left", "titleAnchor": "start"},
        "legend": {
            "orient": "top",
            "title": None,
            "labelColor": _INK,
            "labelFontSize": 12,
            "labelLimit": 260,
            "symbolType": "square",
            "offset": 10,
        },
        "range": {"category": list(_PALETTE)},
        "scale": {"bandPaddingInner": 0.3, "offsetBandPaddingInner": 0.1},
        "mark": {"color": _PALETTE[0]},
        "line": {"strokeWidth": 2.5},
        "point": {"size": 50, "filled": True},
        "text": {"fontSize": 12, "color": _INK, "font": font},
    }
