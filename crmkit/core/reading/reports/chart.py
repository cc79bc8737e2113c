"""Charts as values: a Vega-Lite dictionary without data, and constructors for the usual ones.

A dictionary names the table's columns as fields. Titles, number formats, scale types and the order of the rows are
filled in from the columns when the chart is drawn (see `vega`), so most encodings need nothing but a field. Beside the
columns' own names, these fields exist:

- `_text_<column>`: the cell as people read it, by locale;
- `_unique_<column>`: the same, made unique, so that two rows with one name stay two bars;
- `_series`, `_value`, `_shown`, `_place`: with `measures`, one datum for each row and measure: its label, number, text
  and place among the measures.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from attrs import Attribute, evolve, field, frozen

from crmkit.core.reading.reports.errors import ChartError
from crmkit.translation import _

if TYPE_CHECKING:
    from crmkit.translation.languages import Language

SERIES: Final = "_series"
VALUE: Final = "_value"
SHOWN: Final = "_shown"
PLACE: Final = "_place"
END: Final = "_end"
TEXT: Final = "_text_"
UNIQUE: Final = "_unique_"

# Data come from the table alone. An address anywhere would be fetched while drawing:
# an image is, even past the library's allow-list.
_FORBIDDEN = frozenset({"data", "datasets", "url"})
_STEP = 30
_GROUPED_STEP = 20


def _copied(spec: Mapping[str, object]) -> Mapping[str, object]:
    return copy.deepcopy(dict(spec))


def _names(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(names)


@frozen
class Chart:
    """A chart of a report's table.

    `spec` is Vega-Lite without data. `measures` are the columns drawn as series. `text_bar` names a column that text
    tables draw as a bar of characters.

    Raises:
        ChartError: if the dictionary brings data or addresses of its own.
    """

    spec: Mapping[str, object] = field(converter=_copied)
    measures: tuple[str, ...] = field(default=(), converter=_names, kw_only=True)
    text_bar: str | None = field(default=None, kw_only=True)

    @spec.validator
    def _check_spec(self, _attribute: Attribute[Mapping[str, object]], spec: Mapping[str, object]) -> None:
        for key, value in _walk(spec):
            if key in _FORBIDDEN or (key in {"mark", "type"} and value == "image"):
                raise ChartError(problem=_("it may not hold {key!r}. Its data are the rows of the table.", key=key))

    def translated(self, language: Language) -> Chart:
        """Return the chart with its texts in a language."""
        return evolve(self, spec=_translated(self.spec, language))

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the table's columns that the chart needs."""
        found = list(_walk(self.spec))
        made = {SERIES, VALUE, SHOWN, PLACE, *(value for key, value in found if key == "as" and isinstance(value, str))}
        drawn = [value for key, value in found if key == "field" and isinstance(value, str) and value not in made]
        bar = [self.text_bar] if self.text_bar else []
        return tuple(dict.fromkeys([*self.measures, *map(column_of, drawn), *bar]))


def _translated(part: Any, language: Language) -> Any:
    if isinstance(part, Mapping):
        return {key: _translated(value, language) for key, value in part.items()}
    if isinstance(part, list):
        return [_translated(each, language) for each in part]
    return language.say(part) if isinstance(part, str) else part


def column_of(drawn: str) -> str:
    """Return the column behind a field of a chart: `_text_amount` and `amount` are of `amount`."""
    return drawn.replace("\\.", ".").removeprefix(TEXT).removeprefix(UNIQUE)


def bar(category: str, measure: str, *, color: str | None = None) -> Chart:
    """Return horizontal bars in the order of the rows, each with its value at its end."""
    mark = _mark("bar", color=color) if color else _mark("bar")
    spec = {
        "height": {"step": _STEP},
        "encoding": {"y": _rows_of(category), "x": {"field": _field(measure)}},
        "layer": [{"mark": mark}, _label(measure, TEXT + _field(measure))],
    }
    return Chart(spec, text_bar=measure)


def funnel(stage: str, measure: str, *, share: str | None = None) -> Chart:
    """Return centred bars from the first stage to the last, with the value and, if named, its share beside each."""
    shown = [TEXT + each for each in (measure, share) if each]
    beside = " + ' · ' + ".join(f"datum['{each}']" for each in shown)
    spec = {
        "height": {"step": _STEP + 4},
        "transform": [{"calculate": beside, "as": SHOWN}],
        "encoding": {"y": _rows_of(stage), "tooltip": [{"field": _field(each)} for each in shown]},
        "layer": [
            {"mark": _mark("bar"), "encoding": {"x": {"field": _field(measure), "stack": "center", "axis": None}}},
            {
                "mark": _mark("text", align="left", dx=12),
                "encoding": {"x": {"value": "width"}, "text": {"field": SHOWN}},
            },
        ],
    }
    return Chart(spec, text_bar=measure)


def line(along: str, *measures: str) -> Chart:
    """Return a line with points for each measure along a date, a number or the rows' order."""
    many = len(measures) > 1
    encoding: dict[str, object] = {
        "x": {"field": _field(along)},
        "y": {"field": VALUE if many else _field(measures[0])},
    }
    if many:
        encoding["color"] = {"field": SERIES}
    spec = {"height": 280, "mark": {"type": "line", "point": True}, "encoding": encoding}
    return Chart(spec, measures=measures if many else ())


def grouped_bar(category: str, *measures: str, colors: Sequence[str] = ()) -> Chart:
    """Return for each row a group of horizontal bars, one a measure; `colors` go with the measures."""
    spec = {
        "height": {"step": _GROUPED_STEP, "for": "offset"},
        "encoding": {
            "y": _rows_of(category),
            "yOffset": {"field": SERIES},
            "x": {"field": VALUE},
        },
        "layer": [{"mark": _mark("bar"), "encoding": {"color": _colored(colors)}}, _label(VALUE, SHOWN)],
    }
    return Chart(spec, measures=measures)


def stacked_bar(category: str, *measures: str, colors: Sequence[str] = ()) -> Chart:
    """Return for each row one horizontal bar put together from the measures; `colors` go with the measures."""
    spec = {
        "height": {"step": _STEP},
        "mark": _mark("bar"),
        "encoding": {
            "y": _rows_of(category),
            "x": {"field": VALUE, "stack": "zero"},
            "color": _colored(colors),
            "order": {"field": PLACE},
        },
    }
    return Chart(spec, measures=measures)


def _mark(sort: str, **more: object) -> dict[str, object]:
    """Return a mark that keeps the place of rows without a value."""
    return {"type": sort, "invalid": None, **more}


def _field(name: str) -> str:
    """Return the name as Vega-Lite wants it: it takes a dot for a path unless it is escaped."""
    return name.replace(".", "\\.")


def _rows_of(category: str) -> dict[str, object]:
    return {"field": UNIQUE + _field(category), "type": "nominal"}


def _colored(colors: Sequence[str]) -> dict[str, object]:
    return {"field": SERIES, "scale": {"range": list(colors)}} if colors else {"field": SERIES}


def _label(measure: str, drawn: str) -> dict[str, object]:
    """Return the layer that writes each value at the right end of its bar, which is the zero line if it is negative."""
    return {
        "transform": [{"calculate": f"max(0, datum['{measure}'])", "as": END}],
        "mark": _mark("text", align="left", dx=6),
        "encoding": {"x": {"field": END}, "text": {"field": drawn}},
    }


def _walk(value: object) -> Iterator[tuple[str, object]]:
    """Yield every key and value at every depth."""
    if isinstance(value, Mapping):
        for key, each in value.items():
            yield str(key), each
            yield from _walk(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _walk(each)
