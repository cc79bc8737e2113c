"""The language of the person at the terminal: what commands print and what --help says."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any

import click

from crmkit.translation import Text, _

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from crmkit.app import CRM
    from crmkit.translation.languages import Language, Languages

ASKED = "crmkit.language"
"""Where the root context keeps the locale that --language names."""
VARIABLE = "CRMKIT_LANGUAGE"
SYSTEM = ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")
EXTRA = re.compile(r"(?P<help>.*?)(?:  \[(?P<extra>[^\[\]]*)\])?", re.DOTALL)

CHINESE, MARKS = r"\u3000-\u9fff\uff00-\uffef", r"\u3000-\u303f\uff00-\uffef"
WIDE_END = re.compile(rf"(?<=[{CHINESE}])\n(?=[{CHINESE}])|(?<=[{MARKS}])[ \n](?=\S)")
"""The end of a line or sentence in Chinese, where no space is wanted."""
WIDE = re.compile(r"([\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60\uffe0-\uffe6])")
"""Characters that are two columns wide."""
FILLER = "\0"
"""What stands behind a wide character while a help is laid out, as click counts characters and not columns."""


def asked_locale() -> str | None:
    """Return the locale that --language or its variable names."""
    ctx = click.get_current_context(silent=True)
    return (ctx.find_root().meta.get(ASKED) if ctx else None) or os.environ.get(VARIABLE)


def spoken_locale() -> str:
    """Return the locale that is wanted: the one that was asked for, that of the edition, or else of the system."""
    crm = assembled()
    return asked_locale() or (crm.conventions.locale if crm else system_locale())


def system_locale() -> str:
    """Return the locale of the system's messages."""
    return next((os.environ[name] for name in SYSTEM if os.environ.get(name)), "en").partition(":")[0]


def assembled() -> CRM | None:
    """Return the CRM, if the command has asked for it already."""
    ctx = click.get_current_context(silent=True)
    return getattr(ctx.find_root().obj, "assembled", None) if ctx else None


def spoken_language() -> Language | None:
    """Return the language that is wanted; None for English, so that English needs no catalogue."""
    locale = spoken_locale()
    if locale.lower().startswith(("en", "c.", "posix")) or locale == "C":
        return None
    return spoken_languages().of(locale)


def spoken_languages() -> Languages:
    """Return the languages of the CRM that was assembled, or crmkit's own."""
    from crmkit.translation.languages import Languages

    crm = assembled()
    return crm.model.languages if crm else Languages()


def say(text: str) -> str:
    """Return a text in the language that is wanted; what is no `Text` stays as it is."""
    language = spoken_language() if isinstance(text, Text) else None
    return language.say(text) if language else str(text)


def echo(text: str = "", *, nl: bool = True, err: bool = False, **style: Any) -> None:
    """Print a text in the language that is wanted."""
    click.secho(say(text), nl=nl, err=err, **style)


def ask_language(ctx: click.Context, _parameter: click.Parameter, value: str | None) -> None:
    """Note what --language says, before any help is printed."""
    if value:
        ctx.find_root().meta[ASKED] = value


class Formatter(click.HelpFormatter):
    """Help in the language that is wanted: usage, headings, descriptions and what stands beside the options."""

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        """Write the line that begins with `Usage:`."""
        for name, text in USAGE.items():
            args = args.replace(name, say(text))
        super().write_usage(prog, args, prefix or f"{say(_('Usage:'))} ")

    def write_heading(self, heading: str) -> None:
        """Write a heading."""
        super().write_heading(translated(heading))

    def write_text(self, text: str) -> None:
        """Write a description."""
        super().write_text(wide(translated(text)))

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        """Write options or commands, each with what it is for."""
        spoken: Sequence[tuple[str, str]] = [(wide(typed(term)), wide(described(text))) for term, text in rows]
        super().write_dl(spoken, col_max, col_spacing)

    def write(self, string: str) -> None:
        """Write what is laid out."""
        super().write(string.replace(FILLER, ""))


class Context(click.Context):
    """A context whose help is written in the language that is wanted."""

    formatter_class = Formatter


def translated(text: str, package: tuple[Path, str] | None = None) -> str:
    """Return the translation of a help text, which click keeps as a plain `str`.

    `package` is whose text it is, if it is a plugin's that isn't loaded: its folder and the name of its catalogues.
    """
    language = spoken_language()
    if language and package:
        from crmkit.translation.languages import Languages, Texts

        folder, domain = package
        language = Languages((Texts(folder / "locale", domain),)).of(spoken_locale())
    return language.gettext(text) if language else text


def described(text: str) -> str:
    """Return what stands beside an option, with the remarks that click adds in brackets."""
    parts = EXTRA.fullmatch(text)
    if parts is None or not parts["extra"]:
        return translated(text)
    remarks = "; ".join(map(remark, parts["extra"].split("; ")))
    return f"{translated(parts['help'])}  [{remarks}]"


def wide(text: str) -> str:
    """Return a text that is as long as it is wide, for its layout."""
    return WIDE.sub(rf"\1{FILLER}", WIDE_END.sub("", text))


def typed(term: str) -> str:
    """Return an option with what its value is, such as `--limit INTEGER`."""
    option, space, kind = term.partition(" ")
    return f"{option}{space}{say(TYPES[kind])}" if kind in TYPES else term


def remark(text: str) -> str:
    """Return a remark such as `required` or `default: 50`."""
    name, colon, value = text.partition(": ")
    return f"{say(REMARKS.get(name, name))}{colon}{value}"


USAGE = {"[OPTIONS]": _("[OPTIONS]"), "COMMAND": _("COMMAND"), "[ARGS]": _("[ARGS]")}
TYPES = {
    "TEXT": _("TEXT"),
    "LONG_TEXT": _("TEXT"),
    "INTEGER": _("INTEGER"),
    "INTEGER RANGE": _("INTEGER"),
    "DECIMAL": _("NUMBER"),
    "PERCENT": _("PERCENT"),
    "FLOAT RANGE": _("NUMBER"),
    "MONEY": _("AMOUNT"),
    "BOOLEAN": _("YES|NO"),
    "DATE": _("DATE"),
    "DATETIME": _("TIME"),
    "DURATION": _("DURATION"),
    "TAGS": _("LIST"),
    "REF": _("RECORD"),
    "ANY_REF": _("RECORD"),
    "FILE": _("FILE"),
    "DIRECTORY": _("FOLDER"),
}
"""What click and the kinds of fields call values."""
REMARKS = {"required": _("required"), "default": _("default"), "env var": _("env var")}
