"""Forms: values brought into the form in which they are compared, by what they are."""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from crmkit.core.declare.values import Address

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from crmkit.core.declare.duplicates import Way

LEGAL_WORDS = """
ab ag aps as asa bv co company corp corporation cv doo eg ek ev gbr gmbh group holding holdings inc incorporated kft kg
kgaa kk limited llc llp lp ltd ltda mbh nv ohg oy oyj plc pte pty pvt sa sarl sas sca se sl slu snc spa spzoo srl sro ug
zrt
"""
LEGAL_FORMS = frozenset(LEGAL_WORDS.split())
"""Words of a firm's name that say no more than its legal form (the most frequent ones of ISO 20275)."""
LEGAL_ENDINGS = ("股份有限公司", "有限责任公司", "有限公司", "集团", "公司", "株式会社", "合同会社")
NOT_WORDS = re.compile(r"[\W_]+")
SOUNDS = {
    letter: code for code, letters in enumerate(("BFPV", "CGJKQSXZ", "DT", "L", "MN", "R"), 1) for letter in letters
}
PHONE_DIGITS = 9
"""How many digits, from the end, tell a telephone number: with and without country code it is the same."""


@lru_cache(maxsize=65536)
def words(text: str) -> tuple[str, ...]:
    """Return the words of a text without case, accents, width and punctuation; dots within a word are no gap."""
    plain = unicodedata.normalize("NFKD", text.replace(".", "").replace("'", "")).casefold()
    bare = "".join(character for character in plain if not unicodedata.combining(character))
    return tuple(NOT_WORDS.sub(" ", bare).split())


def person(value: object) -> str:
    """Return the words of a name in their order."""
    return " ".join(words(str(value)))


def organisation(value: object) -> str:
    """Return the words of a firm's name without its legal form; all of them if nothing else is left."""
    found = words(str(value))
    kept = [each for each in (without_ending(word) for word in found if word not in LEGAL_FORMS) if each]
    return " ".join(kept or found)


def without_ending(word: str) -> str:
    """Return a word without the legal form that is written together with it, as in Chinese and Japanese."""
    for ending in LEGAL_ENDINGS:
        if word.endswith(ending):
            return word.removesuffix(ending)
    return word


def email(value: object) -> str:
    """Return an address without case and without what stands behind a plus sign."""
    local, _at, domain = str(value).casefold().rpartition("@")
    return f"{local.partition('+')[0]}@{domain}"


def phone(value: object) -> str:
    """Return the last nine digits of a number."""
    main = str(value).partition(";")[0]
    return "".join(character for character in main if character.isdigit())[-PHONE_DIGITS:]


def domain(value: object) -> str:
    """Return the host of a web address without `www.`."""
    return (urlsplit(str(value)).hostname or "").removeprefix("www.")


def day(value: object) -> str:
    """Return a date as eight digits."""
    return f"{value:%Y%m%d}" if isinstance(value, date) else str(value)


def address(value: object) -> str:
    """Return street, postcode and city as words."""
    if isinstance(value, Address):
        return " ".join(words(" ".join(each for each in (value.street, value.postcode, value.city) if each)))
    return person(value)


def postcode(value: object) -> str:
    """Return an address's postcode, or a value as it is, without gaps."""
    return "".join(words(str((value.postcode or "") if isinstance(value, Address) else value)))


def sound(value: object) -> str:
    """Return the code (American Soundex) of the last word; of a script other than Latin, its first two signs.

    Source: US National Archives, The Soundex Indexing System.
    """
    found = words(str(value))
    return soundex(found[-1]) if found else ""


def soundex(word: str) -> str:
    """Return the Soundex code of a word: its first letter and three digits."""
    letters = [each for each in word.upper() if "A" <= each <= "Z"]
    if not letters:
        return word[:2]
    code, last = letters[0], SOUNDS.get(letters[0])
    for letter in letters[1:]:
        digit = SOUNDS.get(letter)
        if digit is not None and digit != last:
            code += str(digit)
        if letter not in "HW":
            last = digit
    return code[:4].ljust(4, "0")


FORMS: Mapping[Way, Callable[[object], str]] = {
    "email": email,
    "phone": phone,
    "person": person,
    "organisation": organisation,
    "domain": domain,
    "date": day,
    "address": address,
    "postcode": postcode,
    "sound": sound,
    "same": str,
}
SORTED = frozenset({"person", "organisation"})
"""The ways in which the order of words doesn't matter for a key."""


def form(way: Way, value: object) -> str:
    """Return a value in the form in which it is compared; empty if there is nothing to compare."""
    return FORMS[way](value)
