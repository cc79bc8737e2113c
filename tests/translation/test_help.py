"""Help and misuse in another language: nothing of them stays in English but names."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import click
import pytest
from click.testing import CliRunner

from crmkit.cli.program import program

if TYPE_CHECKING:
    from collections.abc import Iterator

PLUGINS = ("activities", "workflow", "sales")
CHOSEN = tuple(word for name in PLUGINS for word in ("--plugin", name))
NAMES = re.compile(r"`[^`]*`|\"[^\"]*\"|--format json|插件 \w+:|(create|update) (customer|\w+:\d) .*=\w*")
"""What is written as it is typed: commands, examples, keys of JSON."""
ENGLISH = re.compile(r"[A-Za-z]{2,}[,:.]? [a-z]{2,}")


def said(*arguments: str, language: str = "zh_CN", code: int = 0) -> str:
    """Return what crmkit says in a language, in one line."""
    result = CliRunner().invoke(program, [*CHOSEN, "--language", language, *arguments], prog_name="crmkit")
    assert result.exit_code == code, result.output
    return " ".join(result.output.split())


def paths(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield how each command is called that a group holds."""
    yield path
    if isinstance(command, click.Group):
        ctx = click.Context(command)
        ctx.params = {"plugins": PLUGINS}
        for name in command.list_commands(ctx):
            found = command.get_command(ctx, name)
            assert found is not None
            yield from paths(found, (*path, name))


def test_help_leaves_nothing_in_english() -> None:
    """Usage, headings, descriptions, defaults and the plugin of every command are said in Chinese."""
    left = {}
    for path in paths(program):
        usage, _, rest = said(*path, "--help").partition("选项: ")
        found = ENGLISH.findall(NAMES.sub("", usage.removeprefix(f"用法： crmkit {' '.join(path)}") + rest))
        if found:
            left[path] = found
    assert left == {}


def test_help_of_a_plugins_command_is_said_in_chinese() -> None:
    """What comes from the plugin, and what the frame says of it."""
    shown = said("pool", "--help")
    assert "用法： crmkit pool [选项]" in shown
    assert "由插件 workflow 添加。" in shown
    assert "--do [list|claim|release|sweep] 对公海执行的操作。默认：list。" in shown
    assert "--pool 文本 公海名称。" in shown


def test_columns_of_a_chinese_help_stand_below_each_other() -> None:
    """A Chinese character is two columns wide, so what is in Chinese is followed by fewer spaces."""
    shown = CliRunner().invoke(program, [*CHOSEN, "--language", "zh_CN", "pool", "--help"]).output.splitlines()
    texts = ("--pool 文本", "-h, --help")
    first, second = (next(line for line in shown if text in line) for text in texts)
    assert first.index("公海名称") + len("文本") == second.index("显示此帮助")


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("outbox", "replai"), "错误：没有命令 'replai'。"),
        (("find", "customer", "name == 'A'", "more"), "错误：这里多出了 more。"),
        (("find", "customer", "--limit"), "错误：'--limit' 之后需要一个值。"),
        (("verify", "--format=text", "--anchor"), "错误：'--anchor' 之后需要一个值。"),
        (("plugins", "apply", "--destructive=yes"), "错误：'--destructive' 不带值。"),
        (("find", "customer", "--lmit", "3"), "您是想写 '--limit' 吗？"),
    ],
)
def test_misuse_is_told_in_chinese(arguments: tuple[str, ...], text: str) -> None:
    """What click says about a call, and what may have been meant."""
    assert text in said(*arguments, code=2)


def test_the_languages_of_the_system_are_asked_in_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    """`LANGUAGE` counts before `LANG`; of the languages that it lists the first."""
    for name in ("CRMKIT_LANGUAGE", "LC_ALL", "LC_MESSAGES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANG", "en_US.UTF-8")
    monkeypatch.setenv("LANGUAGE", "zh_CN:en")
    assert "用法：" in CliRunner().invoke(program, ["--help"]).output
