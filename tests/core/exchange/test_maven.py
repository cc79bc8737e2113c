"""The data set maven-crm-sales through the mapping of `examples/b2b_pipeline`."""

from __future__ import annotations

import gzip
import shutil
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from crmkit import Customer, Opportunity, Product, Team, User
from crmkit.core.exchange.importing import run_import

if TYPE_CHECKING:
    from crmkit.app import CRM
    from crmkit.core.exchange.results import ImportResult
    from crmkit.testing.fixtures import CRMFactory

MAPPING = Path(__file__).parents[3] / "examples" / "b2b_pipeline" / "maven.toml"
VARIANTS = {
    "dmy2.crlf": ("dd-mm-yy", 'ignore = ["engage_quarter", "close_quarter"]'),
    "dmy4.crlf": ("dd-mm-yyyy", ""),
    "us_mdy": ("m/d/yyyy", ""),
}

pytestmark = pytest.mark.data


@pytest.fixture
def maven(make_crm: CRMFactory) -> CRM:
    """A CRM as the example's edition has it."""
    return make_crm(["sales"], currency="USD", settings={"require_loss_reason": False})


def load(crm: CRM, folder: Path, mapping: Path = MAPPING) -> ImportResult:
    """Import the data set as the system would."""
    return run_import(crm, mapping=mapping, folder=folder, actor="admin")


def by_stage(crm: CRM) -> dict[object, tuple[object, object]]:
    """Return number and value of opportunities by kind of stage."""
    with crm.session(actor="admin", readonly=True) as session:
        rows = session.aggregate(Opportunity, by=["stage"], measures={"count": "count()", "value": "sum(amount)"})
    return {stage: (count, value) for stage, count, value in rows}


EXPECTED = {
    "won": (4_238, Decimal(10_005_534)),
    "lost": (2_473, Decimal(0)),
    "qualification": (1_589, Decimal(0)),
    "prospecting": (500, Decimal(0)),
}


@pytest.mark.thorough
@pytest.mark.row("B3")
def test_the_four_files_give_the_known_figures(maven: CRM, data_folder: Path) -> None:
    """85 customers, 7 products, 41 people in 9 teams, 8,800 opportunities; a second import changes nothing."""
    result = load(maven, data_folder / "maven-crm-sales")
    assert (result.failed, result.problems) == (0, ())
    with maven.session(actor="admin", readonly=True) as session:
        counts = [session.count(each) for each in (Customer, Product, User, Team, Opportunity)]
        assert counts == [85, 7, 41 + 1, 3 + 6, 8_800]
        assert session.count(Opportunity, "customer is None") == 1_425
        assert session.count(Customer, "parent is not None") == 15
        assert session.count(Customer, {"industry": "technolgy"}) == 0
        best = session.rows(User, ["manager.name", "team.name", "team.parent.name"], {"name": "Darcel Schlecht"})
        assert list(best) == [("Melvin Marxen", "Team Melvin Marxen", "Central")]
    assert by_stage(maven) == EXPECTED
    assert round(100 * 4_238 / (4_238 + 2_473), 2) == 63.15
    again = load(maven, data_folder / "maven-crm-sales")
    assert (again.changed_nothing, again.failed) == (True, 0)


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
@pytest.mark.parametrize("variant", VARIANTS)
def test_other_ways_to_write_dates_give_the_same_totals(
    maven: CRM, data_folder: Path, tmp_path: Path, variant: str
) -> None:
    """The variants differ from the example's mapping in the format of their dates only."""
    folder = tmp_path / "files"
    shutil.copytree(data_folder / "maven-crm-sales", folder)
    packed = folder / "variants" / f"sales_pipeline.{variant}.csv.gz"
    (folder / "sales_pipeline.csv").chmod(0o644)
    (folder / "sales_pipeline.csv").write_bytes(gzip.decompress(packed.read_bytes()))
    dates, extra = VARIANTS[variant]
    text = MAPPING.read_text(encoding="utf-8")
    changes = {
        'engage_date = "opened_on"': f'engage_date = {{ field = "opened_on", dates = "{dates}" }}',
        'close_date = "closed_on"': f'close_date = {{ field = "closed_on", dates = "{dates}" }}',
        '"{close_date|engage_date}"': f'{{ text = "{{close_date|engage_date}}", dates = "{dates}" }}',
        'account = { field = "customer", lookup = "name" }': (
            'account = { field = "customer", lookup = "name", values = { null = "" } }'
        ),
        'key = "number"': f'key = "number"\n{extra}',
    }
    for before, after in changes.items():
        assert before in text
        text = text.replace(before, after)
    mapping = tmp_path / "mapping.toml"
    mapping.write_text(text, encoding="utf-8")
    assert load(maven, folder, mapping).problems == ()
    assert by_stage(maven) == EXPECTED
    with maven.session(actor="admin", readonly=True) as session:
        first = session.find(Opportunity, {"number": "1C1I7A6R"})[0]
        assert (str(first.opened_on), str(first.closed_on)) == ("2016-10-20", "2017-03-01")


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_unknown_products_are_reported_and_not_guessed(maven: CRM, data_folder: Path, tmp_path: Path) -> None:
    """Without the value map for `GTXPro`, each of its rows is an error that names the value."""
    mapping = tmp_path / "mapping.toml"
    mapping.write_text(MAPPING.read_text(encoding="utf-8").replace(', values = { GTXPro = "GTX Pro" }', ""))
    result = load(maven, data_folder / "maven-crm-sales", mapping)
    lines = (data_folder / "maven-crm-sales" / "sales_pipeline.csv").read_text(encoding="utf-8").splitlines()
    wrong = [number for number, line in enumerate(lines, start=1) if ",GTXPro," in line]
    assert result.failed == len(wrong)
    assert [each.row for each in result.problems] == wrong[: len(result.problems)]
    assert {(each.column, each.value) for each in result.problems} == {("product", "GTXPro")}
    assert result.files[-1].created == 8_800 - len(wrong)
