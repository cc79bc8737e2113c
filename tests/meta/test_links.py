"""Links between the repository's pages lead somewhere."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FENCED = re.compile(r"^(```|~~~).*?^\1", re.DOTALL | re.MULTILINE)
CODE = re.compile(r"`[^`\n]*`")
LINK = re.compile(r"\]\(\s*<?([^)\s>]+)|^\[(?!\^)[^\]]+\]:\s*(\S+)", re.MULTILINE)
ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*:|//|#")


def local_targets(text: str) -> Iterator[str]:
    """Yield the local files that a Markdown text links to, outside code, without their anchors."""
    for match in LINK.finditer(CODE.sub("", FENCED.sub("", text))):
        target = match[1] or match[2]
        if not ELSEWHERE.match(target):
            yield target.partition("#")[0]


def test_every_link_to_a_local_file_resolves(root: Path, kept: list[Path]) -> None:
    """A Markdown link to a file of the repository names one that exists, relative to its page."""
    pages = [root / file for file in kept if file.suffix == ".md"]
    links = [(page, target) for page in pages for target in local_targets(page.read_text())]
    assert [f"{page.relative_to(root)}: {link}" for page, link in links if not (page.parent / link).exists()] == []


def test_links_are_found_and_code_is_not() -> None:
    """Links, pictures and link definitions are found; addresses, anchors, footnotes and code are passed over."""
    text = "[a](b.md#c) ![d](e.png 'f') [g](https://h) [i](#j) `[k](l)`\n\n[m]: n.md\n\n```text\n[o](p)\n```\n[^q]: r\n"
    assert list(local_targets(text)) == ["b.md", "e.png", "n.md"]
