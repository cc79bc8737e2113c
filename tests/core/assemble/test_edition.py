"""Editions: a `crmkit.toml` becomes the plugin `edition`, or an error that names everything that is wrong with it."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crmkit import AddStage, Stage, hookimpl
from crmkit.app import CRM
from crmkit.core.assemble.edition import Edition
from crmkit.errors import CRMKitError, EditionError, UnknownPluginError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from crmkit.testing.fixtures import CRMFactory

FULL = """
[crm]
name = "Clinic"
currency = "USD"
time_zone = "Europe/Paris"
phone_region = "FR"
prefix = "dent_"

[settings]
multi_customer_contacts = true

[labels]
customer = "Patient"
"customer.city" = "Town"
"opportunity.proposal" = "Offer"

[fields.customer.recall_months]
kind = "integer"
label = "Recall every (months)"
min = 1
max = 60

[fields.customer.colour]
kind = "choice"
choices = { green = "Green!", red = "" }
default = "green"

[fields.opportunity.referrer]
kind = "ref"
target = "contact"

[choices]
"customer.level" = ["vip"]
"customer.source" = { radio = "On the radio" }

[[stages]]
pipeline = "opportunity"
name = "planned"
probability = 60
limit_days = 2.5
after = "proposal"
on_remove = "map:proposal"
requires = ["amount"]

[[change_stages]]
pipeline = "opportunity"
stage = "qualification"
limit_days = 14

[[pipelines]]
name = "renewal"
entity = "opportunity"
stages = [{ name = "due" }, { name = "renewed", kind = "won", probability = 100 }]

[[roles]]
name = "clerk"
[roles.grants]
customer = { read = "all", update = "own" }
"*" = { read = "team" }

[[rules]]
name = "small"
entity = "opportunity"
when = "amount < 100"
message = "Too small."
path = "amount"
"""


@pytest.fixture
def edition(tmp_path: Path) -> Callable[[str], Path]:
    """Writes an edition and returns its path."""

    def write(text: str) -> Path:
        path = tmp_path / "crmkit.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def problems(path: Path) -> tuple[str, ...]:
    """Return what is wrong with an edition."""
    with pytest.raises(EditionError) as caught:
        CRM.from_edition(path)
    assert caught.value.path == str(path)
    return caught.value.problems


def test_all_that_an_edition_says_is_assembled(edition: Callable[[str], Path]) -> None:
    """Labels, fields, choices, stages, pipelines, roles, rules, settings and conventions come into the model."""
    model = CRM.from_edition(edition(FULL)).model
    customer, opportunity = model.entities["customer"], model.pipelines["opportunity"]
    assert (customer.label, customer.fields["city"].label) == ("Patient", "Town")
    assert customer.fields["recall_months"].label == "Recall every (months)"
    assert not customer.fields["recall_months"].declared.required
    assert [each.name for each in customer.fields["level"].kind.choices] == ["a", "b", "c", "vip"]  # type: ignore[attr-defined]
    assert customer.fields["source"].kind.format("radio", model.conventions) == "On the radio"
    assert model.entities["opportunity"].fields["referrer"].target == "contact"
    assert list(opportunity.positions) == ["qualification", "proposal", "planned", "won", "lost"]
    planned = opportunity.stage("planned")
    assert (planned.limit, planned.requires) == (timedelta(days=2.5), ("amount",))
    assert planned.probability == Decimal(60)
    assert opportunity.stage("proposal").label == "Offer"
    assert opportunity.stage("qualification").limit == timedelta(days=14)
    assert list(model.pipelines["renewal"].positions) == ["due", "renewed"]
    assert [grant.entity for grant in model.roles["clerk"].grants] == ["customer", "*"]
    assert [rule.name for rule in model.entities["opportunity"].rules if rule.message == "Too small."] == ["small"]
    assert model.setting("multi_customer_contacts") is True
    assert (model.conventions.currency, model.conventions.time_zone) == ("USD", "Europe/Paris")


def test_an_edition_is_a_plugin_that_comes_last(edition: Callable[[str], Path]) -> None:
    """What an edition says is provided by the plugin `edition`, assembled after all others."""
    model = CRM.from_edition(edition(FULL)).model
    assert [each.name for each in model.plugins] == ["core", "edition"]
    assert model.plugins[-1].manifest.label == "Clinic"
    assert model.entities["customer"].fields["recall_months"].provider == "edition"
    assert model.pipelines["opportunity"].stages[2].provider == "edition"


def test_an_empty_edition_is_one(edition: Callable[[str], Path]) -> None:
    """Everything in an edition has a default."""
    crm = CRM.from_edition(edition(""))
    assert crm.conventions.currency == "EUR"
    assert crm.model.plugins[-1].name == "edition"


def test_what_an_edition_says_works_in_the_database(make_crm: CRMFactory, edition: Callable[[str], Path]) -> None:
    """Fields, stages and rules of an edition hold for records, on both databases."""
    url, schema = make_crm.database()
    where = f'database = "{url}"\n' + (f'schema = "{schema}"\n' if schema else "")
    crm = CRM.from_edition(edition(FULL.replace("[crm]\n", f"[crm]\n{where}")))
    make_crm.made.append(crm)
    crm.upgrade(admin="admin")
    customer, opportunity = (crm.model.entities[name].declared.declared for name in ("customer", "opportunity"))
    with crm.session(actor="admin") as session:
        (acme,) = session.create_many(customer, [{"name": "Acme", "recall_months": 6}])
        assert dict(acme.items())["colour"] == "green"
        (deal,) = session.create_many(opportunity, [{"name": "Implant", "customer": acme, "amount": 500}])
        assert dict(session.move(deal, "planned").items())["probability"] == Decimal(60)
        with pytest.raises(CRMKitError, match="Too small"):
            session.create_many(opportunity, [{"name": "Tiny", "amount": 5}])


def test_a_relative_database_lies_beside_the_edition(edition: Callable[[str], Path], tmp_path: Path) -> None:
    """A relative SQLite path is relative to the edition's folder, wherever the program runs."""
    path = edition('[crm]\ndatabase = "sqlite:///data/crm.db?timeout=5"\n')
    assert Edition.read(path).crm.database == f"sqlite:///{tmp_path}/data/crm.db?timeout=5"


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "postgresql://ann@db/crm", "sqlite:////var/crm.db"])
def test_other_databases_are_taken_as_they_are(edition: Callable[[str], Path], url: str) -> None:
    """Absolute paths, memory and servers need no folder."""
    assert Edition.read(edition(f'[crm]\ndatabase = "{url}"\n')).crm.database == url


def test_the_database_may_come_from_the_environment(
    edition: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`env:NAME` is replaced by that variable's URL; a variable that isn't set is a problem."""
    path = edition('[crm]\ndatabase = "env:CRM_TEST_URL"\n')
    monkeypatch.setenv("CRM_TEST_URL", "postgresql://ann@db/crm")
    assert Edition.read(path).crm.database == "postgresql://ann@db/crm"
    monkeypatch.delenv("CRM_TEST_URL")
    assert "'CRM_TEST_URL' is not set" in problems(path)[0]
    assert Edition.read(path, database="sqlite://").problems == ()


def test_a_plugin_file_lies_beside_the_edition(edition: Callable[[str], Path], tmp_path: Path) -> None:
    """The path of a plugin's file is relative to the edition's folder."""
    plugin = "from crmkit import Setting, hookimpl\n\n@hookimpl\ndef crmkit_declare():\n    return []\n"
    (tmp_path / "tiny.py").write_text(plugin, encoding="utf-8")
    crm = CRM.from_edition(edition('[crm]\nplugins = ["./tiny.py"]\n'))
    assert [each.name for each in crm.model.plugins] == ["core", "tiny", "edition"]


def test_an_unknown_plugin_is_named(edition: Callable[[str], Path]) -> None:
    """A plugin that is not installed is an error of its own."""
    with pytest.raises(UnknownPluginError, match="no_such_plugin"):
        CRM.from_edition(edition('[crm]\nplugins = ["no_such_plugin"]\n'))


def test_stages_of_plugins_can_be_labelled_and_used(edition: Callable[[str], Path]) -> None:
    """An edition may label, and put its own stages beside, the stages that plugins inserted."""

    class Plugin:
        @hookimpl
        def crmkit_declare(self) -> Iterator[object]:
            yield AddStage("opportunity", Stage("trial"), after="proposal", on_remove="keep")

    stage = 'pipeline = "opportunity"\nname = "after_trial"\nafter = "trial"\n'
    text = f'[labels]\n"opportunity.trial" = "Try it"\n[[stages]]\n{stage}'
    pipeline = CRM.from_edition(edition(text), plugins=[Plugin()]).model.pipelines["opportunity"]
    assert list(pipeline.positions)[2:4] == ["trial", "after_trial"]
    assert pipeline.stage("trial").label == "Try it"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[crn]\n", "crn: There is no section 'crn'. Did you mean 'crm'?"),
        ('[crm]\ncurency = "EUR"\n', "crm: There is no key 'curency'. Did you mean 'currency'?"),
        ("[crm]\nname = 3\n", "crm.name: 3 is not a text."),
        ('[crm]\nplugins = "sales"\n', "crm.plugins: 'sales' is not a list."),
        ("[crm]\nplugins = [1]\n", "crm.plugins: item 1: 1 is not a text."),
        ('crm = "x"\n', "crm: 'x' is not a table."),
        ('[crm]\ncurrency = "EURO"\n', "crm.currency: 'EURO' is not a currency of ISO 4217. Write it like EUR."),
        ('[crm]\nlocale = "xx_YY"\n', "crm.locale: 'xx_YY' is not a locale. Write it like en, fr_CA or zh_Hans_CN."),
        ("[settings]\nmulti_customer_contact = true\n", "Did you mean 'multi_customer_contacts'?"),
        ('[settings]\nmulti_customer_contacts = "maybe"\n', "settings.multi_customer_contacts: 'maybe' is neither"),
        ('[labels]\ncustmer = "x"\n', "labels.'custmer': There is no entity 'custmer'. Did you mean 'customer'?"),
        ('[labels]\n"customer.cty" = "x"\n', "There is no field or stage of customer 'cty'. Did you mean 'city'?"),
        ('[labels]\n"opportunity.propsal" = "x"\n', "Did you mean 'proposal'?"),
        ('[labels]\ncustomer.city = "x"\n', "labels.customer: {'city': 'x'} is not a text. Put the key in quotes"),
        (
            '[fields.custmer.a]\nkind = "text"\n',
            "fields.custmer: There is no entity 'custmer'. Did you mean 'customer'?",
        ),
        ("[fields.customer.a]\n", "fields.customer.a.kind: The key 'kind' is missing."),
        ('[fields.customer.a]\nkind = "integr"\n', "There is no kind of field 'integr'. Did you mean 'integer'?"),
        ('[fields.customer.a]\nkind = "integer"\nminn = 1\n', "There is no key 'minn'. Did you mean 'min'?"),
        ('[fields.customer.a]\nkind = "integer"\nscale = 1\n', "A field of kind 'integer' has no 'scale'."),
        ('[fields.customer.a]\nkind = "integer"\nmin = 1.5\n', "1.5 is not a whole number"),
        ('[fields.customer.a]\nkind = "integer"\nmin = "one"\n', "fields.customer.a.min: 'one' is not a number."),
        ('[fields.customer.a]\nkind = "integer"\ndefault = "x"\n', "The default doesn't fit: 'x' is not a number."),
        ('[fields.customer.a]\nkind = "text"\npattern = "("\n', "it is not a regular expression"),
        ('[fields.customer.a]\nkind = "choice"\n', "a choice field needs choices"),
        (
            '[fields.customer.a]\nkind = "ref"\ntarget = "custome"\n',
            "There is no entity 'custome'. Did you mean 'custom",
        ),
        ('[fields.customer.id]\nkind = "text"\n', "the name is reserved"),
        ('[fields.customer.name]\nkind = "integer"\n', "The plugin 'core' has a field of that name already."),
        ('[fields]\ncustomer = "a"\n', "fields.customer: It is not a table of fields"),
        ('[choices]\n"customer.city" = ["a"]\n', "choices.'customer.city': It is not a choice field."),
        ('[choices]\n"customer.level" = ["a"]\n', "It has the choice 'a' already."),
        ('[choices]\n"customer.level" = 3\n', "3 is neither a list of names nor a table of labels."),
        ('[choices]\n"customer.levl" = ["x"]\n', "There is no field of customer 'levl'. Did you mean 'level'?"),
        ('[[stages]]\npipeline = "oportunity"\nname = "x"\nafter = "y"\n', "Did you mean 'opportunity'?"),
        ('[[stages]]\npipeline = "opportunity"\nname = "x"\nafter = "propsal"\n', "stages[1].after: There is no stage"),
        ('[[stages]]\npipeline = "opportunity"\nname = "x"\n', "say either after= or before="),
        (
            '[[stages]]\npipeline = "opportunity"\nname = "x"\nafter = "proposal"\nkind = "opn"\n',
            "stages[1]: kind 'opn': it is one of: open, waiting, won, lost, done, void.",
        ),
        (
            '[[stages]]\npipeline = "opportunity"\nname = "x"\nafter = "proposal"\nrequires = ["amont"]\n',
            "stages[1].requires: There is no field of opportunity 'amont'. Did you mean 'amount'?",
        ),
        (
            '[[stages]]\npipeline = "opportunity"\nname = "x"\nafter = "proposal"\nprobability = 101\n',
            "its probability 101 is not from 0 to 100",
        ),
        (
            '[[stages]]\npipeline = "opportunity"\nname = "x"\nafter = "proposal"\non_remove = "map:nowhere"\n',
            "stages[1].on_remove: There is no stage of the pipeline 'opportunity' 'nowhere'.",
        ),
        ('[stages]\npipeline = "x"\n', "stages: It is not a list of tables; write [[stages]]."),
        ('[[change_stages]]\npipeline = "opportunity"\nstage = "wonn"\n', "Did you mean 'won'?"),
        (
            '[[change_stages]]\npipeline = "opportunity"\nstage = "won"\nafter = "lost"\nbefore = "lost"\n',
            "say either after or before, not both",
        ),
        ('[[pipelines]]\nname = "p"\nentity = "product"\nstages = [{ name = "x" }]\n', "doesn't go through stages"),
        ('[[pipelines]]\nname = "p"\nentity = "order"\nstages = []\n', "it needs stages"),
        ('[[roles]]\nname = "r"\ngrants = { custmer = { read = "all" } }\n', "Did you mean 'customer'?"),
        (
            '[[roles]]\nname = "r"\ngrants = { customer = { read = "alll" } }\n',
            "it is one of: none, own, reports, team, tree, agency, all",
        ),
        ('[[roles]]\nname = "r"\ngrants = { customer = { reed = "all" } }\n', "Did you mean 'read'?"),
        ('[[roles]]\nname = "r"\ngrants = { customer = "all" }\n', "customer: 'all' is not a table."),
        ('[[rules]]\nname = "r"\nentity = "order"\nwhen = "x"\n', "rules[1].message: The key 'message' is missing."),
        ('[[rules]]\nname = "r"\nentity = "ordr"\nwhen = "x"\nmessage = "m"\n', "Did you mean 'order'?"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(edition: Callable[[str], Path], text: str, problem: str) -> None:
    """Each mistake is one problem that names its place, and the nearest known name where one is unknown."""
    found = problems(edition(text))
    assert len(found) == 1
    assert problem in found[0]


def test_all_problems_come_at_once(edition: Callable[[str], Path]) -> None:
    """Problems of the form and of the meaning, in every section, are reported together."""
    text = (
        '[crm]\nnam = "x"\ncurrency = "x"\n[labels]\nx = "y"\n[fields.customer.a]\nkind = "x"\n[[rules]]\n[[roles]]\n'
    )
    sections = {problem.partition(":")[0].partition(".")[0] for problem in problems(edition(text))}
    assert sections == {"crm", "labels", "fields", "rules[1]", "roles[1]"}


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ('[crm]\nname = "a" "b"\n', "line 2, column 12: "),
        ("[crm]\nname = \n", "line 2, column 8: "),
        ('[crm]\nname = "x', "line 2, column 10: "),
        ("[crm]\n[crm]\n", "line 2, column 5: "),
        ("x = " + "[" * 5000, "The file is nested too deeply."),
    ],
)
def test_a_syntax_error_names_line_and_column(edition: Callable[[str], Path], text: str, start: str) -> None:
    """A file that is not TOML is one problem with its place."""
    (problem,) = problems(edition(text))
    assert problem.startswith(start)


def test_a_file_that_is_not_utf_8_names_the_line(tmp_path: Path) -> None:
    """Another encoding is a problem of the line in which it shows."""
    path = tmp_path / "crmkit.toml"
    path.write_bytes('[crm]\nname = "Zürich"\n'.encode("latin-1"))
    assert problems(path) == ("line 2: The file is not UTF-8. Save it as UTF-8.",)


def test_a_byte_order_mark_and_windows_line_ends_do_no_harm(tmp_path: Path) -> None:
    """A file saved by an editor of Windows is read like any other."""
    path = tmp_path / "crmkit.toml"
    path.write_bytes(b"\xef\xbb\xbf" + FULL.replace("\n", "\r\n").encode())
    assert CRM.from_edition(path).model.plugins[-1].manifest.label == "Clinic"


def test_a_missing_file_is_an_error_of_the_edition(tmp_path: Path) -> None:
    """A file that can't be opened is named with the system's reason."""
    assert problems(tmp_path / "none.toml") == ("The file can't be read: No such file or directory.",)
    assert problems(tmp_path) == ("The file can't be read: Is a directory.",)


@pytest.mark.parametrize("name", ["Bad", "1st", "a-b", "a" * 42, "x'; DROP TABLE crm_customer; --", "é", ""])
def test_names_from_outside_are_checked(edition: Callable[[str], Path], name: str) -> None:
    """Fields, stages, choices, roles, rules and pipelines can't be named otherwise than code names them."""
    quoted = f'"{name}"'
    texts = [
        f'[fields.customer.{quoted}]\nkind = "text"\n',
        f'[[stages]]\npipeline = "opportunity"\nafter = "proposal"\nname = {quoted}\n',
        f'[choices]\n"customer.level" = [{quoted}]\n',
        f"[[roles]]\nname = {quoted}\n",
        f'[[rules]]\nentity = "order"\nwhen = "x"\nmessage = "m"\nname = {quoted}\n',
        f'[[pipelines]]\nentity = "order"\nstages = [{{ name = "x" }}]\nname = {quoted}\n',
    ]
    for text in texts:
        assert "a name begins with a small letter" in problems(edition(text))[0]


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=10,
)
SECTIONS = ("crm", "settings", "labels", "fields", "choices", "stages", "change_stages", "pipelines", "roles", "rules")


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(contents=st.dictionaries(st.sampled_from(SECTIONS) | st.text(max_size=10), VALUES, max_size=4))
def test_no_contents_break_the_reading(tmp_path: Path, contents: dict[str, object]) -> None:
    """Whatever a file says, it gives an edition or problems, and never another error."""
    found = Edition.of(contents, tmp_path / "crmkit.toml", database="sqlite://")
    model = CRM("sqlite://").model
    with suppress(EditionError):
        assert found.extend(model).plugins[-1].name == "edition"


@pytest.fixture(autouse=True)
def _quiet_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CRM_TEST_URL", raising=False)
