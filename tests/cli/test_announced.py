"""`crmkit --help` lists the commands of plugins, without loading any."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from crmkit import CRM
from crmkit.cli.announced import announced
from crmkit.cli.chosen import Chosen
from crmkit.core.declare.declarations import Command

if TYPE_CHECKING:
    from tests.cli.conftest import CommandLine

PLUGINS = ("activities", "sales", "workflow")


def sections(shown: str) -> dict[str, list[str]]:
    """Return the names of the commands in a help by their headings."""
    found: dict[str, list[str]] = {}
    heading = ""
    for line in shown.splitlines():
        if line.endswith(":") and not line.startswith(" "):
            heading = line
        elif line.startswith("  ") and not line.startswith("   "):
            found.setdefault(heading, []).append(line.split()[0])
    return found


def test_what_is_announced_is_what_the_model_has() -> None:
    """Names, plugins and helps that are read from the source are those that are declared."""
    model = CRM("sqlite://", PLUGINS).model
    declared = {(plugin, each.name, str(each.help)) for each, plugin in model.of(Command)}
    assert {each[:3] for each in announced(Chosen(plugins=PLUGINS))} == declared


def test_help_lists_the_commands_of_the_editions_plugins(filled: CommandLine) -> None:
    """In a section for each plugin, also of one that is a file, and of one that is named beside the edition."""
    found = sections(filled("--plugin", "workflow", "--help").stdout)
    assert found["Plugin extra:"] == ["greet", "newest", "cities"]
    assert found["Plugin workflow:"] == ["approvals", "pool", "queue", "handover"]
    assert "Plugin activities:" not in found


def test_help_lists_what_an_edition_elsewhere_has(filled: CommandLine, tmp_path: Path) -> None:
    """By option or variable, as for every other command."""
    edition = str(tmp_path / "crmkit.toml")
    Path("empty").mkdir()
    Path("empty", "crmkit.toml").write_text('[crm]\nname = "Empty"\nplugins = []\n')
    assert "Plugin extra:" in filled("--edition", edition, "--help").stdout
    assert "Plugin" not in sections(filled("--edition", "empty/crmkit.toml", "--help").stdout)


def test_help_lists_the_commands_of_all_plugins_where_no_crm_is_chosen(crmkit: CommandLine) -> None:
    """And says where they work."""
    shown = crmkit("--help").stdout
    assert sections(shown)["Plugin activities:"] == ["calendar", "today"]
    assert "A command of a plugin works where a CRM has that plugin" in " ".join(shown.split())
    assert sections(crmkit("--language", "zh_CN", "--help").stdout)["插件 workflow:"][-1] == "handover"


def test_help_is_there_whatever_is_broken(filled: CommandLine) -> None:
    """Neither the database, nor a plugin's source, nor the edition stands in its way."""
    edition = Path("crmkit.toml")
    for broken in ('database = "oracle://x"\n', 'plugins = ["nosuch"]\n', "plugins = 5\n", "[[["):
        edition.write_text(f"[crm]\n{broken}")
        assert "Set up:" in filled("--help").stdout
    edition.write_text('[crm]\nplugins = ["./extra.py", "./gone.py"]\n')
    Path("extra.py").write_text("def (")
    assert "Set up:" in filled("--help").stdout
    edition.write_bytes(b"\xff")
    assert "Set up:" in filled("--help").stdout


def test_a_command_of_a_plugin_that_is_not_there_says_how_to_come_by_it(filled: CommandLine) -> None:
    """It is enabled, or a CRM is chosen that has it."""
    shown = filled("pool", code=2).stderr
    assert "'pool' is a command of the plugin 'workflow'. This CRM doesn't have it: `crmkit plugins enable" in shown
    Path("crmkit.toml").unlink()
    assert "Say which CRM: go to the folder of its crmkit.toml" in filled("pool", code=2).stderr
