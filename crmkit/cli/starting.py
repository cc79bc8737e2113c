"""Starting: the text of a new edition."""

from __future__ import annotations

import json
import tomllib
from typing import TYPE_CHECKING

from crmkit.cli.errors import FileExistsAlready
from crmkit.cli.output import write_file
from crmkit.core.assemble.edition import Edition
from crmkit.core.assemble.plugins import installed
from crmkit.errors import EditionError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

TEMPLATE = """\
# What this CRM is made of. Everything but [crm] is optional; `crmkit model` shows what came out of it.

[crm]
name = {name}
database = {database}     # a path is relative to this file; "env:NAME" reads the environment
plugins = {plugins}     # installed plugins (`crmkit plugins`), or single files such as "./dental.py"
currency = {currency}
time_zone = {time_zone}
locale = {locale}
# phone_region = "FR"     # the country of telephone numbers without country code

# [settings]
# multi_customer_contacts = true

# [labels]     # what people see instead
# customer = "Client"
# "customer.city" = "Town"
# "opportunity.proposal" = "Offer"     # a stage

# [choices]     # further choices of choice fields
# "customer.level" = {{ vip = "Very important" }}

# [fields.customer.recall_months]     # a further field; kind, and its options
# kind = "integer"
# label = "Recall every (months)"
# min = 1
# max = 60

# [[stages]]     # a further stage
# pipeline = "opportunity"
# name = "planned"
# after = "proposal"
# probability = 60
# on_remove = "map:proposal"

# [[change_stages]]
# pipeline = "opportunity"
# stage = "qualification"
# limit_days = 14

# [[roles]]
# name = "clerk"
# [roles.grants]
# customer = {{ read = "all", create = "own", update = "own" }}

# [[rules]]     # what is refused
# name = "no_small_deals"
# entity = "opportunity"
# when = "amount < 100"
# message = "We don't do deals below 100."
# path = "amount"
"""
DELETE = "\x7f"
USUAL = ("activities", "workflow", "sales")


def quoted(text: str) -> str:
    """Return a text as TOML writes it; a JSON string is one, but for the character U+007F."""
    return json.dumps(text, ensure_ascii=False).replace(DELETE, "\\u007f")


def check_free(path: Path) -> None:
    """Refuse to overwrite.

    Raises:
        FileExistsAlready: if there is something of that name.
    """
    if path.exists():
        raise FileExistsAlready(path=str(path), advice="Edit it, or remove it first.")


def usual_plugins() -> list[str]:
    """Return the plugins that a new edition has unless it is told otherwise, those of them that are installed."""
    return [name for name in USUAL if name in installed()]


def write_edition(path: Path, answers: Mapping[str, str], plugins: Iterable[str]) -> None:
    """Write a new edition, if what it would say is right.

    Raises:
        EditionError: if an answer can't be used; nothing is written.
        OutputError: if the file can't be written.
    """
    wished = "[" + ", ".join(quoted(each) for each in plugins) + "]"
    text = TEMPLATE.format(plugins=wished, **{name: quoted(answer) for name, answer in answers.items()})
    found = Edition.of(tomllib.loads(text), path, database=unset(answers["database"]))
    if found.problems:
        raise EditionError(path=str(path), problems=found.problems)
    write_file(path, text)


def unset(database: str) -> str | None:
    """Return a stand-in for a database that the environment names: the variable may be set later."""
    return "sqlite://" if database.startswith("env:") else None
