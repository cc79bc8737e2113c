"""Every text is translated: what crmkit and the plugins here say, in every language that they have a catalogue for."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from crmkit import CRM, Customer
from crmkit.cli.catalogue import sentences_to_translate, texts_of_plugin
from crmkit.errors import Refused
from crmkit.translation.catalogues import missing, update_catalogue, wrong_places
from crmkit.translation.languages import read_catalogue

if TYPE_CHECKING:
    from crmkit.core.assemble.model import Model

LANGUAGE = "zh_CN"
PLUGINS = sorted(each.parent.name for each in (Path(__file__).parents[2] / "plugins").glob("*/pyproject.toml"))


@pytest.fixture(scope="module")
def model() -> Model:
    """The model with all plugins of this repository."""
    return CRM("sqlite://", PLUGINS).model


@pytest.mark.parametrize("plugin", ["core", *PLUGINS])
def test_every_text_is_translated(model: Model, plugin: str, tmp_path: Path) -> None:
    """Nothing is missing, nothing is left over, places agree; `crmkit translate` would write the file as it is."""
    sentences = sentences_to_translate(model, plugin)
    file = texts_of_plugin(model, plugin).file(LANGUAGE)
    assert [each.one for each in missing(file, sentences)] == []
    known = {each.one for each in sentences}
    ids = [each.id if isinstance(each.id, str) else each.id[0] for each in read_catalogue(file) if each.id]
    assert [each for each in ids if each not in known] == []
    assert list(wrong_places(file)) == []
    copy = tmp_path / "copy.po"
    copy.write_bytes(file.read_bytes())
    update_catalogue(copy, LANGUAGE, sentences)
    assert copy.read_text("utf-8") == file.read_text("utf-8")


SEVERAL = {
    "A list has at most {most_listed} values; pass a longer one as given.",
    "A page has 1 to {largest_limit} records, not {limit!r}.",
    "{count} records are {what}. Add a column that tells them apart.",
    "{count} records have this key, so it is not clear which {label} is meant. Add to the key.",
    "{count} records of {table} share what is to be unique ({columns}). Change them first.",
    "{count} values are given; at most {most_given} fit into one filter.",
}
"""What is said of several only."""
THINGS = re.compile(
    r"\{\w+\} (more )?(records|values|entries|changes|texts|cells|events|conflicts|users)\b|There are \{\w+\}"
)


def test_what_is_counted_has_a_form_for_one(model: Model) -> None:
    """A text about a number of things goes through `ngettext`, or it would say "1 records"."""
    said = {each for plugin in ("core", *PLUGINS) for each in sentences_to_translate(model, plugin)}
    assert {each.one for each in said if not each.many and THINGS.search(each.one)} == SEVERAL


def test_errors_and_reports_are_said_in_chinese() -> None:
    """A refusal and a report, both with the words of the plugin and of the core."""
    crm = CRM("sqlite://", ["sales"])
    crm.upgrade(admin="admin")
    with crm.session(actor="admin") as session:
        with pytest.raises(Refused) as caught:
            session.create(Customer)
        assert caught.value.translated(crm.model.languages.of(LANGUAGE)) == "customer：name：必须有值。"
        assert str(caught.value) == "customer: name: A value is required."
        shown = session.report("pipeline").to_text(locale="zh_Hans_CN")
    assert "流程：商机" in shown
    assert "初步接触" in shown
    assert "合计" in shown
    assert "Total" not in shown


def test_the_command_line_speaks_chinese(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """By option, by variable, or by the system's language; the edition's language counts once it is read."""
    from click.testing import CliRunner

    from crmkit.cli.program import program

    monkeypatch.chdir(tmp_path)
    for name in ("CRMKIT_LANGUAGE", "LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)

    def said(*arguments: str, **variables: str) -> str:
        return CliRunner().invoke(program, list(arguments), prog_name="crmkit", env=variables).output

    assert "用法： crmkit" in said("--language", LANGUAGE, "--help")
    assert "列出筛选条件" in said("find", "--help", LANG="zh_CN.UTF-8")
    assert "List the records" in said("find", "--help", LANG="C.UTF-8")
    assert "缺少参数 'ENTITY'" in said("find", CRMKIT_LANGUAGE="zh_CN")
    assert "没有 crmkit.toml" in said("find", "customer", CRMKIT_LANGUAGE="zh_CN")
    said("init", "--name", "Shop", "--plugins", "", "--locale", "zh_Hans_CN")
    assert "数据库已是最新" in said("upgrade", "--admin", "ann", LANG="C.UTF-8")
    assert "There was nothing to do" in said("--language", "en", "upgrade")
