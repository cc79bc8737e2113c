"""Finding, loading and ordering plugins: only the wanted ones, in an order that depends on them alone."""

from __future__ import annotations

import itertools
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from crmkit import CRM, Customer, Manifest, Setting, hookimpl
from crmkit.core.assemble.plugins import installed
from crmkit.core.declare.kinds import IntegerKind
from crmkit.errors import (
    AssemblyError,
    ClashError,
    IncompatiblePluginError,
    PluginCycleError,
    PluginLoadError,
    UnknownPluginError,
)
from crmkit.testing.plugins import make_plugin

if TYPE_CHECKING:
    from pathlib import Path


def assembled(*plugins: object) -> list[str]:
    """Return the names of the plugins in the order in which they were put together."""
    return [plugin.name for plugin in CRM("sqlite://", plugins).model.plugins]


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of installed distributions, each offering one plugin; importing `boom` is an error."""

    def distribution(name: str, body: str) -> None:
        (tmp_path / f"site_{name}.py").write_text(body)
        info = tmp_path / f"crmkit_test_{name}-1.5.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: crmkit-test-{name}\nVersion: 1.5\n")
        (info / "entry_points.txt").write_text(f"[crmkit.plugins]\n{name} = site_{name}\n")

    hooks = "from crmkit import Manifest, hookimpl\n@hookimpl\ndef crmkit_declare():\n    return []\n"
    distribution("quiet", hooks + "manifest = Manifest(name='quiet', requires=('helper>=1,<2',))\n")
    distribution("helper", hooks + "manifest = Manifest(name='helper')\n")
    distribution("boom", "raise RuntimeError('imported')\n")
    distribution("liar", hooks + "manifest = Manifest(name='other')\n")
    distribution("picky", hooks + "manifest = Manifest(name='picky', requires=('helper>=2',))\n")
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def test_only_wanted_plugins_are_imported(site: Path) -> None:
    """A plugin that is installed but not wanted is not imported; those that a wanted one requires are."""
    assert {"quiet", "helper", "boom"} <= set(installed())
    assert assembled("quiet") == ["core", "helper", "quiet"]
    assert "site_boom" not in sys.modules
    with pytest.raises(PluginLoadError, match=r"'boom'.*RuntimeError: imported"):
        assembled("boom")


def test_versions_are_those_of_distributions(site: Path) -> None:
    """An installed plugin's version is its distribution's, and a range that it misses is an error naming both."""
    crm = CRM("sqlite://", ["quiet"])
    assert {plugin.name: plugin.manifest.version for plugin in crm.model.plugins if plugin.name != "core"} == {
        "helper": "1.5",
        "quiet": "1.5",
    }
    with pytest.raises(IncompatiblePluginError, match=r"'picky' needs helper >=2, found 1\.5"):
        assembled("picky")
    with pytest.raises(IncompatiblePluginError, match="crmkit"):
        assembled(make_plugin("modern", crmkit=">=99"))
    with pytest.raises(PluginLoadError, match="not a range"):
        assembled(make_plugin("odd", crmkit="later"))
    with pytest.raises(PluginLoadError, match="must agree"):
        assembled("liar")


def test_an_unknown_plugin_is_named_with_who_wants_it(site: Path) -> None:
    """A plugin that isn't installed is an error that names it, who wants it and what is nearest."""
    with pytest.raises(UnknownPluginError, match=r"'quite', wanted by the list.*Did you mean 'quiet'"):
        assembled("quite")
    with pytest.raises(UnknownPluginError, match="'nowhere', wanted by plugin 'needy'"):
        assembled(make_plugin("needy", requires=["nowhere"]))


def test_a_file_a_module_and_an_object_are_plugins_alike(tmp_path: Path) -> None:
    """A plugin may be a file, with or without manifest, a module, or any object with hooks."""
    file = tmp_path / "Small-One.py"
    file.write_text("from crmkit import hookimpl\n@hookimpl\ndef crmkit_declare():\n    return []\n")

    class Hooks:
        manifest = Manifest(name="object_like")

        @hookimpl
        def crmkit_declare(self) -> list[object]:
            return []

    assert assembled(str(file), make_plugin("module_like"), Hooks()) == [
        "core",
        "module_like",
        "object_like",
        "small_one",
    ]
    assert assembled(file) == ["core", "small_one"]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("def nothing(): ...", "no hooks"),
        ("1/0", "ZeroDivisionError"),
        ("def crmkit_declare(): return []", "not marked with @hookimpl"),
        (
            "from crmkit import hookimpl\n@hookimpl\ndef crmkit_befor_create(session, drafts): ...",
            "Did you mean crmkit_before_create",
        ),
        ("from crmkit import hookimpl\n@hookimpl\ndef crmkit_before_create(session, records): ...", "records"),
        (
            "from crmkit import hookimpl\n@hookimpl\ndef crmkit_declare():\n    raise LookupError('gone')",
            "crmkit_declare raised LookupError: gone",
        ),
        (
            "from crmkit import hookimpl\n@hookimpl\ndef crmkit_declare():\n    yield 1\n    raise SystemExit(1)",
            "SystemExit",
        ),
        ("raise SystemExit(4)", "SystemExit"),
        ("def f(:", "SyntaxError"),
    ],
    ids=["nothing", "raises", "unmarked", "misspelt", "argument", "declaring", "exiting", "import exits", "syntax"],
)
def test_a_broken_file_is_a_load_error_that_names_it(tmp_path: Path, body: str, words: str) -> None:
    """Whatever is wrong with a plugin's file, the error says what and where, and nothing else is raised."""
    file = tmp_path / "broken.py"
    file.write_text(body)
    with pytest.raises(PluginLoadError, match="broken") as caught:
        assembled(str(file))
    assert words in str(caught.value)
    with pytest.raises(PluginLoadError, match="no such file"):
        assembled(str(tmp_path / "missing.py"))


def test_the_order_depends_on_the_plugins_alone() -> None:
    """Requirements and `after` decide the order, then names; the order of the list does not."""
    plugins = [
        make_plugin("zebra"),
        make_plugin("apple", requires=["zebra"]),
        make_plugin("banana", after=["apple", "absent"]),
        make_plugin("cherry"),
    ]
    orders = {tuple(assembled(*each)) for each in itertools.permutations(plugins)}
    assert len(orders) == 1
    (order,) = orders
    assert order[0] == "core"
    assert order.index("zebra") < order.index("apple") < order.index("banana")


def test_circles_and_doubles_are_errors() -> None:
    """Plugins that need each other in a circle, and two plugins of one name, are refused by name."""
    with pytest.raises(PluginCycleError, match=r"one.*two|two.*one"):
        assembled(make_plugin("one", requires=["two"]), make_plugin("two", after=["one"]))
    with pytest.raises(PluginCycleError, match="selfish"):
        assembled(make_plugin("selfish", after=["selfish"]))
    with pytest.raises(ClashError, match="same"):
        assembled(make_plugin("same"), make_plugin("same"))
    with pytest.raises(ClashError, match="core"):
        assembled(make_plugin("core"))


def test_conditional_modules_come_with_their_plugins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A manifest's extra module is imported if all its plugins are enabled, and not otherwise."""
    (tmp_path / "when_other_is_there.py").write_text(
        "from crmkit import Setting, hookimpl\nfrom crmkit.core.declare.kinds import IntegerKind\n"
        "@hookimpl\ndef crmkit_declare():\n    yield Setting(name='bridge', kind=IntegerKind())\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    bridge = make_plugin("bridging")
    vars(bridge)["manifest"] = Manifest(name="bridging", when={"when_other_is_there": ["other"]})
    assert "bridge" not in CRM("sqlite://", [bridge]).model.settings
    assert "when_other_is_there" not in sys.modules
    model = CRM("sqlite://", [bridge, make_plugin("other")]).model
    assert [plugin for setting, plugin in model.of(Setting) if setting.name == "bridge"] == ["bridging"]


def test_two_crms_with_different_plugins_live_in_one_process() -> None:
    """What one CRM loads is no part of another, and both keep their own settings and record classes."""
    number = Setting(name="number", kind=IntegerKind(), default=1)
    plain = CRM("sqlite://")
    first = CRM("sqlite://", [make_plugin("numbered", number)], settings={"number": "5"})
    second = CRM("sqlite://", [make_plugin("numbered", number)])
    assert (first.model.setting("number"), second.model.setting("number")) == (5, 1)
    assert "number" not in plain.model.settings
    assert plain.model.entity(Customer).record_class is second.model.entity(Customer).record_class
    with pytest.raises(AssemblyError, match="Did you mean 'number'"):
        CRM("sqlite://", [make_plugin("numbered", number)], settings={"nummer": 1})
    with pytest.raises(AssemblyError, match="number"):
        CRM("sqlite://", [make_plugin("numbered", number)], settings={"number": "many"})


def test_making_a_crm_needs_no_database() -> None:
    """Assembling neither imports SQLAlchemy nor connects; an unreachable database shows when it is used."""
    code = "import sys, crmkit; crmkit.CRM('postgresql://nowhere.invalid/x'); assert 'sqlalchemy' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
