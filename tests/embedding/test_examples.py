"""The examples of embedding run as they stand."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from crmkit import Customer, Opportunity
from crmkit.errors import Refused

if TYPE_CHECKING:
    from crmkit.testing.fixtures import CRMFactory

EXAMPLES = Path(__file__).parents[2] / "examples"
DENTAL = EXAMPLES / "single_file_plugin.py"


def run(name: str, *arguments: str, folder: Path) -> str:
    """Run an example in a folder and return what it prints."""
    command = [sys.executable, "-W", "error", str(EXAMPLES / name), *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_script_tells_how_the_deal_stands(tmp_path: Path) -> None:
    """The embedded script creates, moves, changes and lists."""
    out = run("embed_script.py", folder=tmp_path)
    assert out.splitlines()[0] == "200 seats for Acme: 48000.00 EUR, proposal, 50 %"
    assert out.splitlines()[1:] == ["2 move proposal", "1 create qualification"]
    assert (tmp_path / "crm.db").exists()


def test_host_models_and_customers_share_a_transaction(make_crm: CRMFactory, tmp_path: Path) -> None:
    """A host's ORM models refer to customers; commit keeps both, rollback neither."""
    url, schema = make_crm.database()
    if schema is not None:
        options = sa.make_url(url).update_query_dict({"options": f"-csearch_path={schema}"})
        url = options.render_as_string(hide_password=False)
    assert run("embed_sqlalchemy.py", url, folder=tmp_path).splitlines() == ["[('Acme', 120)]", "1 customer"]


def test_the_plugin_is_as_short_as_promised() -> None:
    """A field, a stage and a guard take 25 lines at most."""
    assert len(DENTAL.read_text().splitlines()) <= 25


@pytest.mark.row("A15")
def test_a_stage_of_a_single_file_is_a_stage_like_any_other(make_crm: CRMFactory) -> None:
    """The plugin's stage stands in its place, its guard refuses and lets pass, and entering it sets the probability."""
    crm = make_crm([str(DENTAL)])
    stages = [stage.name for stage in crm.model.pipelines["opportunity"].stages]
    assert stages == ["qualification", "proposal", "planned", "won", "lost"]
    with crm.session(actor="admin") as session:
        clinic = session.create(Customer, name="Clinic")
        deal = session.create(Opportunity, name="Braces", customer=clinic)
        with pytest.raises(Refused) as caught:
            session.move(deal, "planned")
        assert [(each.path, each.plugin) for each in caught.value.refusals] == [
            ("customer.recall_months", "single_file_plugin")
        ]
        session.update(clinic, recall_months=6)
        deal = session.move(deal, "planned")
        assert (deal.stage, deal.stage_kind, str(deal.probability)) == ("planned", "open", "60")
        created = session.create(Opportunity, name="Caries", customer=clinic, stage="Treatment planned")
        assert created.stage == "planned"
