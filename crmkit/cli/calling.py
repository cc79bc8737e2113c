"""Calling: how the user called this program, so that commands shown to be pasted work."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from pathlib import Path

NAME = "crmkit"


def typed(*arguments: str) -> str:
    """Return a command line of this program as it can be pasted into the shell that it was called from."""
    return shlex.join([*program_words(), *arguments])


def program_words() -> list[str]:
    """Return how the program is called: by its name if the shell finds it, else by where it is."""
    called = Path(sys.argv[0])
    if called.name != NAME:
        return [NAME] if shutil.which(NAME) else [sys.executable, "-m", "crmkit.cli"]
    found = shutil.which(NAME)
    is_same = found is not None and Path(found).resolve() == called.resolve()
    return [NAME] if is_same else [os.path.relpath(called)]
