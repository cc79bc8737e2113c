"""Where a file is written: a path, replaced in one step when everything is there, or a stream of the caller."""

from __future__ import annotations

import gzip
import io
import os
import secrets
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, TextIO, TypeAlias, cast

from crmkit.core.exchange.files.errors import UnreadableFileError, WrongFormatError
from crmkit.core.exchange.files.options import is_gzip

if TYPE_CHECKING:
    from collections.abc import Iterator

Target: TypeAlias = "str | os.PathLike[str] | IO[bytes] | TextIO"


def target_name(target: Target) -> str:
    """Name a target for messages."""
    return os.fspath(target) if isinstance(target, (str, os.PathLike)) else "<stream>"


@contextmanager
def open_bytes(target: Target) -> Iterator[IO[bytes]]:
    """Open a target for bytes.

    A file appears under its name only when it is complete and on the disk; if anything fails, what stood there stays.

    Raises:
        FileError: The folder can't be written to, or the target is a stream of text.
    """
    if isinstance(target, (str, os.PathLike)):
        with _replacing(Path(target)) as file:
            yield file
    elif isinstance(target, io.TextIOBase):
        raise WrongFormatError(path="<stream>", expected="a stream of bytes", found="a stream of text")
    else:
        yield cast("IO[bytes]", target)


@contextmanager
def open_text(target: Target, *, encoding: str) -> Iterator[TextIO]:
    """Open a target for text; a stream of text keeps its own encoding."""
    if isinstance(target, io.TextIOBase):
        yield cast("TextIO", target)
        return
    with open_bytes(target) as file:
        text = io.TextIOWrapper(file, encoding=encoding, newline="")
        try:
            yield text
            text.flush()
        finally:
            text.detach()


@contextmanager
def _replacing(path: Path) -> Iterator[IO[bytes]]:
    target = Path(os.path.realpath(path))
    draft = target.with_name(f".{target.name[:100]}.{secrets.token_hex(4)}.part")
    try:
        file = draft.open("xb")
    except OSError as error:
        raise UnreadableFileError(path=str(path), problem=(error.strerror or "unknown reason").lower()) from error
    try:
        with file:
            if is_gzip(path):
                # Without name and time, so that the same rows give the same bytes.
                with gzip.GzipFile(filename="", fileobj=file, mode="wb", mtime=0) as packed:
                    yield cast("IO[bytes]", packed)
            else:
                yield file
            file.flush()
            os.fsync(file.fileno())
        draft.replace(target)
        _keep_name(target.parent)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


def _keep_name(folder: Path) -> None:
    """Make the new name last over a power failure, where a folder can be synchronised (not on Windows)."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
