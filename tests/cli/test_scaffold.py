"""The scaffold: a new plugin is installed, used and tested, without anything being changed in it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from crmkit.translation.catalogues import missing, wrong_places
from crmkit.translation.extraction import sentences_in

if TYPE_CHECKING:
    from tests.cli.conftest import CommandLine


def test_a_new_plugin_is_whole(crmkit: CommandLine, tmp_path: Path) -> None:
    """Installed as it is, its tests pass, those of every plugin among them, and its texts are translated."""
    crmkit("plugins", "new", "dental_recall")
    folder = Path("crmkit-dental-recall")
    catalogue = folder / "crmkit_dental_recall/locale/zh_CN/LC_MESSAGES/crmkit_dental_recall.po"
    assert missing(catalogue, sentences_in(folder / "crmkit_dental_recall")) == []
    assert list(wrong_places(catalogue)) == []
    site = tmp_path / "site"
    install = ("-m", "pip", "install", "-q", "--no-deps", "--no-build-isolation", "--target", str(site), f"./{folder}")
    subprocess.run([sys.executable, *install], check=True)
    assert list(site.glob("crmkit_dental_recall/locale/zh_CN/LC_MESSAGES/*.po"))
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(site), os.environ.get("PYTHONPATH", "")])}
    command = (sys.executable, "-m", "pytest", "-q", "-k", "not postgresql", "-p", "no:cacheprovider")
    result = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout
    passed = re.search(r"(\d+) passed", result.stdout)
    assert passed is not None
    assert int(passed[1]) > 30


def test_nothing_is_overwritten(crmkit: CommandLine) -> None:
    """A folder that is there is left alone, and a name that can't be a plugin's is refused."""
    Path("mine").mkdir()
    assert "exists already" in crmkit("plugins", "new", "dental", "--folder", "mine", code=2).stderr
    assert "small letters" in crmkit("plugins", "new", "Dental", code=2).stderr
    assert [each.name for each in Path().iterdir()] == ["mine"]
