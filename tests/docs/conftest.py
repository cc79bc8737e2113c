"""Run the fenced code blocks of a Markdown page, in order, in one namespace and one folder.

- `python` blocks are executed.
- `console` blocks: lines after `$ ` are run by sh; they must succeed, and output that is shown must match.
  A shown line `...` stands for any lines, and ` ...` at the end of a line for the rest of it.
- A block after `<!-- file: NAME -->` is written as that file instead, whatever its language.
- A block after `<!-- no-run: REASON -->` is left alone.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest
from attrs import frozen
from markdown_it import MarkdownIt

SHOWN_ONLY = {"csv", "html", "json", "mermaid", "sql", "text", "toml"}
REMARK = re.compile(r"<!--\s*(file|no-run)\b\s*:?\s*(.*?)\s*-->")


@frozen(kw_only=True)
class Block:
    """A fenced block: its language, its text, the line of the page it starts on, and the remark before it."""

    language: str
    text: str
    line: int
    remark: str = ""
    value: str = ""


PageRunner = Callable[[str], Path]


def blocks_of(page: str) -> list[Block]:
    """Return the fenced blocks of a Markdown text; a remark belongs to the block right after it."""
    blocks = []
    remark, value = "", ""
    for token in MarkdownIt("commonmark").parse(page):
        if token.type == "fence":
            line = token.map[0] + 1 if token.map else 0
            blocks.append(Block(language=token.info.strip(), text=token.content, line=line, remark=remark, value=value))
        match = REMARK.fullmatch(token.content.strip()) if token.type == "html_block" else None
        remark, value = match.groups() if match else ("", "")
    return blocks


def commands_of(text: str) -> list[tuple[str, str]]:
    """Return the commands of a console block, each with the output shown for it."""
    parts = re.split(r"^\$ ", text, flags=re.MULTILINE)
    if parts[0].strip():
        pytest.fail(f"a console block starts with '$ ', not with {parts[0]!r}", pytrace=False)
    pairs = []
    for part in parts[1:]:
        lines = part.splitlines()
        length = next(number for number, line in enumerate(lines, start=1) if not line.endswith("\\"))
        pairs.append(("\n".join(lines[:length]), "\n".join(lines[length:])))
    return pairs


def matches(shown: str, actual: str) -> bool:
    """Tell whether an output is as shown, dots standing for what may be any; trailing spaces don't count."""
    pattern = "".join(pattern_of(line.rstrip()) for line in shown.strip("\n").splitlines())
    text = "".join(line.rstrip() + "\n" for line in actual.strip("\n").splitlines())
    return re.fullmatch(pattern, text) is not None


def pattern_of(line: str) -> str:
    """Return the regular expression of a shown line."""
    if line.strip() == "...":
        return r"(?:.*\n)*"
    start = line.removesuffix(" ...")
    return re.escape(start) + (r" .*\n" if start != line else r"\n")


def run_console(block: Block, folder: Path) -> None:
    """Run the commands of a console block, with the programs of this environment on the PATH."""
    path = os.pathsep.join([sysconfig.get_path("scripts"), os.environ.get("PATH", "")])
    environment = {**os.environ, "PATH": path, "NO_COLOR": "1", "TERM": "dumb", "COLUMNS": "120"}
    for command, shown in commands_of(block.text):
        result = subprocess.run(
            ["sh", "-c", command],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            check=False,
        )
        where = f"line {block.line}: $ {command}"
        if result.returncode != 0:
            pytest.fail(f"{where}\nfailed with {result.returncode}:\n{result.stdout}", pytrace=False)
        if shown.strip() and not matches(shown, result.stdout):
            pytest.fail(f"{where}\nprinted:\n{result.stdout}\nnot:\n{shown}", pytrace=False)


def run_block(block: Block, folder: Path, module: ModuleType) -> None:
    """Do with a block what its remark and its language ask for."""
    if block.remark and not block.value:
        missing = "name" if block.remark == "file" else "reason"
        pytest.fail(f"line {block.line}: '{block.remark}' needs a {missing}", pytrace=False)
    if block.remark == "file":
        file = folder / block.value
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(block.text, encoding="utf-8")
    elif block.remark == "no-run":
        return
    elif block.language == "python":
        padding = "\n" * block.line  # so that a traceback names the line of the page
        code = compile(padding + block.text, module.__name__, "exec", dont_inherit=True)
        exec(code, vars(module))  # noqa: S102  (running the page's code is the purpose)
    elif block.language == "console":
        run_console(block, folder)
    elif block.language not in SHOWN_ONLY:
        pytest.fail(f"line {block.line}: nobody runs a block of the language '{block.language}'", pytrace=False)


@pytest.fixture
def run_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PageRunner]:
    """Return a function that runs a Markdown text in a temporary folder, and returns the folder."""
    before = set(sys.modules)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)

    def run(page: str) -> Path:
        module = ModuleType("documentation_page")
        monkeypatch.setitem(sys.modules, module.__name__, module)
        for block in blocks_of(page):
            run_block(block, tmp_path, module)
        return tmp_path

    yield run
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(tmp_path)):
            del sys.modules[name]
