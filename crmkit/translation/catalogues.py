"""Catalogues of translations, for those who work on them: what is missing, and a file with all that is to translate."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from crmkit.translation.languages import read_catalogue
from crmkit.translation.text import PLACE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from babel.messages.catalog import Catalog, Message

    from crmkit.translation.extraction import Sentence

WIDTH = 120


def update_catalogue(
    path: Path, language: str, sentences: Iterable[Sentence], known: Mapping[str, str] | None = None
) -> None:
    """Write a catalogue with these sentences: translations are kept, sentences that are gone are left out.

    `known` holds translations, by sentence, for those that the file has none for.
    The file is sorted and holds no places in the source and no time, so that it changes only when a sentence does.
    """
    from babel.messages.catalog import Catalog
    from babel.messages.pofile import write_po

    before = read_catalogue(path) if path.is_file() else Catalog(locale=language)
    given = known or {}
    written = Catalog(locale=language, fuzzy=False)
    for each in sorted(set(sentences)):
        message = message_of(before, each)
        flags = ("fuzzy",) if message and message.fuzzy else ()
        if each.many:
            kept = message.string if message and isinstance(message.string, tuple) else ()
            kept = kept if any(kept) else (given.get(each.one, ""),) * written.num_plurals
            written.add((each.one, each.many), kept, flags=flags)
        else:
            single = message.string if message and isinstance(message.string, str) else ""
            written.add(each.one, single or given.get(each.one, ""), flags=flags)
    found = io.BytesIO()
    write_po(found, written, no_location=True, omit_header=True, sort_output=True, width=WIDTH)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(header(written) + found.getvalue().decode(), encoding="utf-8")


def header(catalogue: Catalog) -> str:
    """Return the entry at the beginning of a file that says how it is to be read."""
    lines = (
        f"Language: {catalogue.locale_identifier}",
        f"Plural-Forms: {catalogue.plural_forms}",
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=utf-8",
        "Content-Transfer-Encoding: 8bit",
    )
    return 'msgid ""\nmsgstr ""\n' + "".join(f'"{line}\\n"\n' for line in lines) + "\n"


def missing(path: Path, sentences: Iterable[Sentence]) -> list[Sentence]:
    """Return the sentences that a catalogue does not translate, or marks as doubtful (fuzzy)."""
    known = read_catalogue(path)
    return [each for each in sorted(set(sentences)) if not is_translated(message_of(known, each))]


def is_translated(message: Message | None) -> bool:
    """Return whether all forms of a message are translated."""
    if message is None or message.fuzzy:
        return False
    return all(message.string) if isinstance(message.string, tuple) else bool(message.string)


def message_of(catalogue: Catalog, sentence: Sentence) -> Message | None:
    """Return the entry of a sentence."""
    return catalogue.get((sentence.one, sentence.many) if sentence.many else sentence.one)


def wrong_places(path: Path) -> Iterator[tuple[str, str]]:
    """Yield the sentences whose translation has a place that the sentence has not, or lacks one that is no number."""
    for message in read_catalogue(path):
        originals, forms = forms_of(message.id), forms_of(message.string)
        places = {place for each in originals for place in places_of(each)}
        for form in forms if message.id else ():
            if form and places_of(form) - {"{count}"} != places - {"{count}"}:
                yield originals[0], form


def forms_of(text: str | list[str] | tuple[str, ...] | None) -> tuple[str, ...]:
    """Return the forms of an entry, singular first."""
    return (text,) if isinstance(text, str) else tuple(text or ())


def places_of(text: str) -> set[str]:
    """Return the places in a sentence, such as `{name!r}`."""
    return {found[0] for found in PLACE.finditer(text)}
