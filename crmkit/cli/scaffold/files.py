"""The files of a new plugin, by their paths; `$name`, `$title`, `$package` and `$version` are filled in."""

from __future__ import annotations

from string import Template
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

FILES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "pyproject.toml": """\
[build-system]
requires = ["hatchling>=1.26"]
build-backend = "hatchling.build"

[project]
name = "$distribution"
version = "0.1.0"
description = "$title for crmkit."
readme = "README.md"
requires-python = ">=3.11"
dependencies = ["crmkit>=$version,<$next_version"]

[project.optional-dependencies]
test = ["pytest>=8.4"]

[project.entry-points."crmkit.plugins"]
$name = "$package.plugin"

[tool.hatch.build.targets.wheel]
packages = ["$package"]

[tool.pytest.ini_options]
testpaths = ["tests"]
""",
        "README.md": """\
# $title for crmkit

A plugin for [crmkit](https://pypi.org/project/crmkit/). It adds a field to customers, and a rule about it.

## Try it

    pip install -e '.[test]'
    pytest
    crmkit init --plugins $name
    crmkit upgrade --admin ann
    crmkit --as ann create customer name=Acme ${name}_interval=6

## Where things are

| file | what |
|---|---|
| `$package/plugin.py` | the manifest and the hooks |
| `$package/fields.py` | the fields |
| `$package/rules.py` | what is refused |
| `$package/locale/` | translations: `crmkit --plugin $name translate $name zh_CN` brings them up to date |
| `tests/` | its own rules, and those that every plugin keeps |
""",
        "$package/__init__.py": '"""$title for crmkit."""\n',
        "$package/py.typed": "",
        "$package/plugin.py": """\
\"\"\"$title: the manifest and the hooks.\"\"\"

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit import Manifest, hookimpl
from $package import fields, rules

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crmkit import Batch, CreateDraft, Session, UpdateDraft

manifest = Manifest(
    name="$name",
    version="0.1.0",
    crmkit=">=$version,<$next_version",
    summary="$title: how often a customer is to be visited.",
)


@hookimpl
def crmkit_declare() -> Iterator[object]:
    \"\"\"Yield the fields.\"\"\"
    yield fields.Interval


@hookimpl
def crmkit_before_create(session: Session, drafts: Batch[CreateDraft]) -> None:
    \"\"\"Check new customers.\"\"\"
    rules.check(drafts)


@hookimpl
def crmkit_before_update(session: Session, drafts: Batch[UpdateDraft]) -> None:
    \"\"\"Check customers that are changed.\"\"\"
    rules.check(drafts)
""",
        "$package/fields.py": """\
\"\"\"What is known of a customer beyond what the core knows.\"\"\"

from __future__ import annotations

from crmkit import Customer, extend, integer


@extend(Customer)
class Interval:
    \"\"\"How often a customer is to be visited.\"\"\"

    ${name}_interval: int | None = integer(label="Visit every (months)", min=1, max=60)
""",
        "$package/rules.py": """\
\"\"\"What is refused.\"\"\"

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit import Customer
from crmkit.translation import _

if TYPE_CHECKING:
    from crmkit import Batch, CreateDraft, UpdateDraft


def check(drafts: Batch[CreateDraft] | Batch[UpdateDraft]) -> None:
    \"\"\"Refuse an interval for a customer whose city is not known.\"\"\"
    for draft in drafts.of(Customer):
        if draft.get("${name}_interval") is not None and not draft.get("city"):
            draft.refuse("city", _("Where is {name}? Say the city before planning visits.", name=draft.get("name")))
""",
        "tests/conftest.py": """\
\"\"\"CRMs on an empty database, on SQLite and on PostgreSQL if there is one.\"\"\"

pytest_plugins = ["crmkit.testing.fixtures"]
""",
        "tests/test_$name.py": """\
\"\"\"The rules of the plugin.\"\"\"

from __future__ import annotations

import pytest

from crmkit import Customer
from crmkit.errors import Refused


@pytest.fixture
def session(make_crm):
    \"\"\"A session in a CRM with the plugin.\"\"\"
    with make_crm(["$name"]).session(actor="admin") as opened:
        yield opened


def test_visits_need_a_city(session):
    \"\"\"An interval is kept if the city is known, and refused if not.\"\"\"
    kept = session.create(Customer, name="Acme", city="Paris", ${name}_interval=6)
    assert kept.${name}_interval == 6
    with pytest.raises(Refused, match="Where is Bolt"):
        session.create(Customer, name="Bolt", ${name}_interval=6)
""",
        "tests/test_conformance.py": """\
\"\"\"What every plugin keeps.\"\"\"

from __future__ import annotations

from crmkit.testing.conformance import PluginConformance


class TestConformance(PluginConformance):
    \"\"\"All checks. The rule of this plugin wants a city.\"\"\"

    plugin = "$name"
    values = {"customer": {"city": "Paris"}}
""",
    }
)
TRANSLATED: Final[Mapping[str, str]] = MappingProxyType(
    {
        "Visit every (months)": "拜访间隔（月）",
        "Where is {name}? Say the city before planning visits.": "{name} 在哪里？请先填写城市，再安排拜访。",
    }
)
"""The texts of the new plugin that can be translated beforehand; its name is left to its author."""


def filled(text: str, values: Mapping[str, str]) -> str:
    """Return a path or a file with the plugin's name in it."""
    return Template(text).substitute(values)
