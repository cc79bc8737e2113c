"""Texts: single lines, long texts, e-mail addresses, telephone numbers, web addresses."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import urlsplit

from attrs import frozen

from crmkit.core.declare.kinds.kind import Kind, search_key
from crmkit.errors import InvalidValue
from crmkit.translation import _

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crmkit.core.declare.conventions import Conventions

UNPRINTABLE = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")
UNPRINTABLE_IN_LONG = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
PLAIN_LOCAL_PART = re.compile(r"[a-z0-9_+-]{1,31}(\.[a-z0-9_+-]{1,31})?\Z")
"""The usual local parts, which the library leaves as they are; all others it looks at itself."""
PHONE_CHARACTERS = re.compile(r"\+?[\d\s().\-/]+\Z")
FEWEST_DIGITS, MOST_DIGITS = 3, 20


def clean(value: object, forbidden: re.Pattern[str]) -> str:
    """Return the text in normal form (NFC) if it is one and holds no control characters."""
    if not isinstance(value, str):
        raise InvalidValue(_("{value!r} is not a text.", value=value))
    found = forbidden.search(value)
    if found:
        raise InvalidValue(
            _("The character U+{ord} is not allowed in a text; remove it.", ord=f"{ord(found.group()):04X}")
        )
    return value if value.isascii() else unicodedata.normalize("NFC", value)


@frozen(kw_only=True)
class TextKind(Kind):
    """One line of text; outer white space is dropped. Lengths count Unicode code points.

    With `pinyin`, Chinese text is found by its pinyin and by the initials of it, too (set by `pinyin_search`).
    """

    name: ClassVar[str] = "text"
    is_json: ClassVar[bool] = True
    max: int = 255
    pattern: str | None = None
    pinyin: bool = False

    def parse(self, value: object, conventions: Conventions) -> str | None:
        """Return the cleaned line, or None if nothing is left of it."""
        del conventions
        text = clean(value.strip() if isinstance(value, str) else value, UNPRINTABLE)
        if len(text) > self.max:
            raise InvalidValue(_("The text has {count} characters; at most {max} fit.", count=len(text), max=self.max))
        if self.pattern is not None and text and not re.fullmatch(self.pattern, text):
            raise InvalidValue(_("{text!r} does not have the form {pattern}.", text=text, pattern=self.pattern))
        return text or None

    def key(self, value: object) -> str | None:
        """Return the search key; with `pinyin`, lines with the pinyin and its initials follow."""
        key = search_key(str(value))
        return f"{key}\n{in_pinyin(key)}" if self.pinyin and not key.isascii() else key

    def json_schema(self) -> Mapping[str, object]:
        """Return a string schema with the length limit."""
        schema: dict[str, object] = {"type": "string", "maxLength": self.max}
        return schema | ({"pattern": f"^(?:{self.pattern})$"} if self.pattern else {})


@frozen(kw_only=True)
class LongTextKind(TextKind):
    """Text of several lines; line ends become newlines."""

    name: ClassVar[str] = "long_text"
    widget: ClassVar[str] = "textarea"
    max: int = 100_000

    def parse(self, value: object, conventions: Conventions) -> str | None:
        """Return the cleaned text, or None if it is empty."""
        del conventions
        lines = value.replace("\r\n", "\n").replace("\r", "\n") if isinstance(value, str) else value
        text = clean(lines, UNPRINTABLE_IN_LONG)
        if len(text) > self.max:
            raise InvalidValue(_("The text has {count} characters; at most {max} fit.", count=len(text), max=self.max))
        return text if text.strip() else None


@frozen(kw_only=True)
class EmailKind(TextKind):
    """An e-mail address (RFC 5321, checked without asking the network); the domain in small letters."""

    name: ClassVar[str] = "email"
    widget: ClassVar[str] = "email"
    max: int = 254

    def parse(self, value: object, conventions: Conventions) -> str | None:
        """Return the normalised address."""
        text = TextKind.parse(self, value, conventions)
        if text is None:
            return None
        local, _dot, domain = text.rpartition("@")
        if PLAIN_LOCAL_PART.match(local) and len(text) <= self.max and is_plain_domain(domain):
            return text
        from email_validator import EmailNotValidError, validate_email

        try:
            return validate_email(text, check_deliverability=False, strict=True).normalized
        except EmailNotValidError as error:
            raise InvalidValue(_("{text!r} is not an e-mail address: {error}", text=text, error=error)) from None

    def json_schema(self) -> Mapping[str, object]:
        """Return a string schema with the e-mail format."""
        return {"type": "string", "format": "email", "maxLength": self.max}


@frozen(kw_only=True)
class PhoneKind(TextKind):
    """A telephone number, kept in E.164 (`+33140205050`, extension as `;ext=12`) when its country is known.

    Without country code and without a phone region in the conventions, the digits are kept as written.
    """

    name: ClassVar[str] = "phone"
    widget: ClassVar[str] = "tel"
    max: int = 40

    def parse(self, value: object, conventions: Conventions) -> str | None:
        """Return the number in E.164, or as written if its country can't be known."""
        text = TextKind.parse(self, value, conventions)
        if text is None:
            return None
        text = unicodedata.normalize("NFKC", text)
        if not text.startswith("+") and conventions.phone_region is None:
            return self._as_written(text)
        import phonenumbers

        try:
            number = phonenumbers.parse(text, conventions.phone_region)
        except phonenumbers.NumberParseException:
            raise InvalidValue(
                _("{text!r} is not a telephone number; write it like +33 1 40 20 50 50.", text=text)
            ) from None
        if not phonenumbers.is_possible_number(number):
            raise InvalidValue(
                _("{text!r} has too few or too many digits for a telephone number of its country.", text=text)
            )
        e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
        return f"{e164};ext={number.extension}" if number.extension else e164

    @staticmethod
    def _as_written(text: str) -> str:
        digits = sum(character.isdigit() for character in text)
        if not PHONE_CHARACTERS.match(text) or not FEWEST_DIGITS <= digits <= MOST_DIGITS:
            raise InvalidValue(_("{text!r} is not a telephone number; write it like +33 1 40 20 50 50.", text=text))
        return " ".join(text.split())

    def format(self, value: object, conventions: Conventions) -> str:
        """Return the number in the international writing of its country."""
        del conventions
        text = str(value)
        if not text.startswith("+"):
            return text
        import phonenumbers

        number = phonenumbers.parse(text, None)
        return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)

    def key(self, value: object) -> str | None:
        """Return the digits, so that any run of them is found, the last ones included."""
        digits = "".join(character for character in unicodedata.normalize("NFKC", str(value)) if character.isdigit())
        return digits or None


@frozen(kw_only=True)
class UrlKind(TextKind):
    """A web address (http or https); `https://` is put before a bare host name."""

    name: ClassVar[str] = "url"
    widget: ClassVar[str] = "url"
    max: int = 2000

    def parse(self, value: object, conventions: Conventions) -> str | None:
        """Return the address with its scheme."""
        text = TextKind.parse(self, value, conventions)
        if text is None:
            return None
        address = text if "://" in text else f"https://{text}"
        if not is_web_address(address):
            raise InvalidValue(_("{text!r} is not a web address; write it like https://example.com.", text=text))
        return address

    def json_schema(self) -> Mapping[str, object]:
        """Return a string schema with the URI format."""
        return {"type": "string", "format": "uri", "maxLength": self.max}


def is_web_address(address: str) -> bool:
    """Return whether a text is an address with the scheme http or https and a host with a dot."""
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and "." in host and not re.search(r"\s", address)


def in_pinyin(text: str) -> str:
    """Return a text's pinyin without tones and, on a second line, the initials: 张三 is `zhangsan` and `zs`."""
    from pypinyin import Style, lazy_pinyin

    return "".join(lazy_pinyin(text)) + "\n" + "".join(lazy_pinyin(text, style=Style.FIRST_LETTER))


@lru_cache(maxsize=4096)
def is_plain_domain(domain: str) -> bool:
    """Return whether a domain is valid for mail and written as it is kept; most addresses share few domains."""
    from email_validator import EmailNotValidError, validate_email

    try:
        return validate_email(f"a@{domain}", check_deliverability=False, strict=True).domain == domain
    except EmailNotValidError:
        return False
