"""Running the process that reads a workbook: starting it, waiting for it within limits, saying why it stopped."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from crmkit.core.exchange.files import errors
from crmkit.core.exchange.files.errors import FileError, WorkbookReaderError
from crmkit.translation import _

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import ExitStack

    from crmkit.core.exchange.files.options import FileOptions

NO_MEMORY = 3
"""Exit code of the process when it noticed by itself that its memory limit was reached."""

_MODULE = "crmkit.core.exchange.files.xlsx_child"
_BLOCK_BYTES = 1 << 16
_SHOWN_BYTES = 400
_PROBLEMS = {NO_MEMORY: "memory", -int(signal.SIGABRT): "memory", -int(signal.SIGSEGV): "memory"} | (
    {-int(signal.SIGXCPU): "seconds", -int(signal.SIGKILL): "killed"} if sys.platform != "win32" else {}
)


class WorkbookProcess:
    """A running reader of one workbook; ends with the resources that it was given."""

    def __init__(self, path: str, *, options: FileOptions, resources: ExitStack) -> None:
        self._path = path
        self._limits = options.limits
        self._seconds_left = options.limits.max_seconds
        self._is_overdue = False
        self._errors = resources.enter_context(tempfile.TemporaryFile())  # noqa: SIM115  (closed with the resources)
        request = {
            "path": str(Path(path).absolute()),
            "sheet": options.sheet,
            "limits": attrs.asdict(options.limits),
        }
        self._process = subprocess.Popen(  # noqa: S603  (our own interpreter and module)
            [sys.executable, "-P", "-m", _MODULE, json.dumps(request)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(each or str(Path.cwd()) for each in sys.path)},
        )
        resources.callback(self._end)

    def rows(self) -> Iterator[tuple[int, list[str | None] | None]]:
        """Yield the number and the cells of every row that has some; no cells stand for a row that is too long.

        Raises:
            FileError: The workbook is refused, or the process stopped before the end.
        """
        for line in self._lines():
            message = json.loads(line)
            if isinstance(message, list):
                number, cells = message
                yield number, cells
            elif "refused" in message:
                raise self._refusal(message["refused"], message["details"])
            else:
                return
        raise WorkbookReaderError(path=self._path, problem=self._problem())

    def _lines(self) -> Iterator[bytes]:
        pending = b""
        while block := self._block():
            lines = (pending + block).split(b"\n")
            pending = lines.pop()
            yield from lines

    def _block(self) -> bytes:
        """Wait for the next output; only this waiting counts, so that a slow importer costs the reader nothing."""
        output = self._process.stdout
        assert output is not None
        begun = time.monotonic()
        watch = threading.Timer(max(0.0, self._seconds_left), self._overdue)
        watch.start()
        try:
            return os.read(output.fileno(), _BLOCK_BYTES)
        finally:
            watch.cancel()
            self._seconds_left -= time.monotonic() - begun

    def _overdue(self) -> None:
        self._is_overdue = True
        self._process.kill()

    def _refusal(self, name: str, details: dict[str, object]) -> FileError:
        error: type[FileError] = getattr(errors, name)
        values = {key: tuple(value) if isinstance(value, list) else value for key, value in details.items()}
        return error(path=self._path, **values)

    def _problem(self) -> str:
        code = self._process.wait()
        kind = "seconds" if self._is_overdue else _PROBLEMS.get(code)
        if kind == "memory":
            return _(
                "it needs more than {max_memory_bytes} bytes of memory (max_memory_bytes)",
                max_memory_bytes=f"{self._limits.max_memory_bytes:,}",
            )
        if kind == "seconds":
            return _(
                "it takes longer than {max_seconds} seconds (max_seconds)", max_seconds=f"{self._limits.max_seconds:g}"
            )
        if kind == "killed":
            return _("the process was killed from outside, or by the limit of its time or memory")
        self._errors.seek(0, os.SEEK_END)
        self._errors.seek(max(0, self._errors.tell() - _SHOWN_BYTES))
        last = self._errors.read().decode("utf-8", "backslashreplace").strip().rpartition("\n")[2]
        return _("the process ended with code {code} ({last})", code=code, last=last)

    def _end(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()
