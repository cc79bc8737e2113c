"""What the tests about the repository itself share: its root and the files that git keeps."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def root() -> Path:
    """Return the folder of the checkout."""
    return ROOT


@pytest.fixture(scope="session")
def kept() -> list[Path]:
    """Return the files that git tracks or would add, relative to the root."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listing = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    names = sorted(filter(None, listing.split("\0")))
    return [Path(name) for name in names if (ROOT / name).is_file()]


@pytest.fixture(scope="session")
def plugins() -> list[Path]:
    """Return the folders of the plugins' distributions."""
    return sorted(file.parent for file in ROOT.glob("plugins/*/pyproject.toml"))
