"""Running a page executes, writes, compares and leaves alone exactly what the page asks for."""

from __future__ import annotations

from textwrap import dedent
from typing import TYPE_CHECKING

import pytest

Failed = pytest.fail.Exception

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Run = Callable[[str], Path]


def block(language: str, text: str, remark: str = "") -> str:
    """Return a fenced block, with a remark before it when there is one."""
    comment = f"<!-- {remark} -->\n" if remark else ""
    return f"{comment}```{language}\n{dedent(text).strip()}\n```\n\n"


def test_python_blocks_of_a_page_share_a_namespace(run_page: Run) -> None:
    """A later block uses what an earlier one defined, and files land in the page's folder."""
    first = block("python", "from pathlib import Path\nword = 'deal'")
    second = block("python", "Path('word.txt').write_text(word)")
    assert (run_page(first + second) / "word.txt").read_text() == "deal"


def test_an_error_names_the_line_of_the_page(run_page: Run) -> None:
    """A block that raises fails the page, at the line where the reader sees it."""
    with pytest.raises(ZeroDivisionError) as failure:
        run_page("# Title\n\n" + block("python", "x = 1\n1 / 0"))
    assert failure.traceback[-1].lineno + 1 == 5


def test_classes_of_a_page_find_their_module(run_page: Run) -> None:
    """Annotations are resolved in the page, as they are in a file."""
    run_page(
        block(
            "python",
            """
            from __future__ import annotations
            from typing import get_type_hints
            class Recall:
                months: int
            assert get_type_hints(Recall) == {"months": int}
            """,
        )
    )


def test_files_are_written_and_can_be_imported(run_page: Run) -> None:
    """A block with a file remark is written, not executed, whatever its language."""
    page = block("toml", "a = 1", "file: conf/crmkit.toml") + block("python", "WORD = 'x'\n", "file: dental_page.py")
    folder = run_page(page + block("python", "import dental_page\nassert dental_page.WORD == 'x'"))
    assert (folder / "conf" / "crmkit.toml").read_text() == "a = 1\n"


def test_shown_output_must_match(run_page: Run) -> None:
    """A command whose output differs from what the page shows fails the page."""
    run_page(block("console", "$ echo one\none\n$ echo two"))
    with pytest.raises(Failed, match="printed:\ntwo"):
        run_page(block("console", "$ echo two\none"))


def test_dots_stand_for_any_lines(run_page: Run) -> None:
    """A line of three dots matches no, one or many lines, and only whole lines."""
    run_page(block("console", "$ printf 'a\\nb\\nc\\n'\na\n...\nc"))
    run_page(block("console", "$ printf 'a\\nc\\n'\na\n...\nc\n..."))
    with pytest.raises(Failed):
        run_page(block("console", "$ printf 'a\\nb\\nd\\n'\na\n...\nc"))


def test_dots_at_the_end_stand_for_the_rest_of_a_line(run_page: Run) -> None:
    """A line that ends in a space and three dots matches any line that begins like it, and only one line."""
    run_page(block("console", "$ printf 'made at 10:15\\nb\\n'\nmade at ...\nb"))
    for shown in ("made by ...\nb", "made at ..."):
        with pytest.raises(Failed):
            run_page(block("console", f"$ printf 'made at 10:15\\nb\\n'\n{shown}"))


def test_a_failing_command_fails_the_page(run_page: Run) -> None:
    """A command that exits with an error fails the page, and its output says why."""
    with pytest.raises(Failed, match="failed with 3:\nwhy"):
        run_page(block("console", "$ echo why >&2; exit 3"))


def test_a_command_may_span_lines(run_page: Run) -> None:
    """A line that ends with a backslash goes on in the next one."""
    run_page(block("console", "$ echo one \\\n    two\none two"))


def test_a_block_may_be_left_alone_for_a_reason(run_page: Run) -> None:
    """A no-run remark with a reason skips the block; without a reason it fails the page."""
    run_page(block("python", "1 / 0", "no-run: shows what not to do"))
    with pytest.raises(Failed, match="needs a reason"):
        run_page(block("python", "1 / 0", "no-run"))


def test_a_block_that_nobody_runs_fails_the_page(run_page: Run) -> None:
    """A language that is neither run nor known as shown only is a mistake, such as bash for console."""
    run_page(block("text", "anything"))
    with pytest.raises(Failed, match="nobody runs a block of the language 'bash'"):
        run_page(block("bash", "false"))


def test_a_remark_belongs_to_the_next_block_only(run_page: Run) -> None:
    """Text between a remark and a block takes the remark's effect away."""
    with pytest.raises(ZeroDivisionError):
        run_page("<!-- no-run: reason -->\n\nText.\n\n" + block("python", "1 / 0"))
