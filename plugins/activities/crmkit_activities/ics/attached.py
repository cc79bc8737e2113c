"""The ATTACHs of an event as values: files that are in the calendar, and links to others, which are never fetched."""

from __future__ import annotations

from base64 import b64decode
from binascii import Error as NotBase64
from typing import TYPE_CHECKING, Any

from crmkit import File
from crmkit.core.declare.conventions import Conventions
from crmkit.core.declare.kinds import FileKind
from crmkit.core.declare.kinds.file_types import FILE_TYPES
from crmkit.errors import InvalidValue
from crmkit.translation import _
from crmkit_activities.events.links import MOST_LINKS, read_link
from crmkit_activities.ics.values import Attached, Problem

if TYPE_CHECKING:
    from collections.abc import Mapping

CONVENTIONS = Conventions()
NAMES = ("FILENAME", "X-FILENAME", "X-APPLE-FILENAME", "X-ORACLE-FILENAME")
"""Parameters that say what a file is called: that of RFC 8607, and those of before."""
NAMELESS = "attachment"


def read_attached(component: Any, uid: str, problems: list[Problem]) -> tuple[tuple[Attached, ...], tuple[str, ...]]:
    """Return the files of a VEVENT, each content once, and its links; note what can't be held."""
    files: dict[bytes, Attached] = {}
    links: dict[str, None] = {}
    found = component.get("ATTACH", [])
    for each in found if isinstance(found, list) else [found]:
        try:
            if is_inline(each):
                file = file_of(each)
                files.setdefault(file.content, file)
            else:
                links[link_of(each)] = None
        except InvalidValue as error:
            problems.append(Problem(component="VEVENT", uid=uid, text=f"ATTACH: {error}"))
    if len(links) > MOST_LINKS:
        text = _("An event has at most {most} links.", most=MOST_LINKS)
        problems.append(Problem(component="VEVENT", uid=uid, text=f"ATTACH: {text}"))
    return tuple(sorted(files.values())), tuple(links)[:MOST_LINKS]


def is_inline(value: Any) -> bool:
    """Return whether the contents are in the calendar itself."""
    said = {key.upper(): str(each).upper() for key, each in value.params.items()}
    return said.get("VALUE") == "BINARY" or said.get("ENCODING") == "BASE64"


def file_of(value: Any) -> Attached:
    """Return a file that is in the calendar.

    Raises:
        InvalidValue: if it is not of a type that is kept, or its contents are not of its type.
    """
    params = {key.upper(): str(each) for key, each in value.params.items()}
    raw = value.to_ical()
    try:
        content = b64decode(raw, validate=True)
    except (NotBase64, ValueError) as error:
        raise InvalidValue(_("These are no contents in Base64.")) from error
    file = FileKind().parse(File(name_of(params), content=content), CONVENTIONS)
    assert file is not None
    return Attached(name=file.name, content=content)


def name_of(params: Mapping[str, str]) -> str:
    """Return what a file is called; if nothing says it, by its type."""
    for each in NAMES:
        if params.get(each):
            return params[each]
    media = params.get("FMTTYPE", "").split(";")[0].strip().lower()
    known = (extension for extension, each in FILE_TYPES.items() if each.media == media)
    return f"{NAMELESS}.{next(known, media.rpartition('/')[2] or 'bin')}"


def link_of(value: Any) -> str:
    """Return an address.

    Raises:
        InvalidValue: if it is not one of the web, or of an FTP server.
    """
    return read_link(str(value).strip())
