"""Conventions: how this CRM reads and writes what has no unit or zone of its own."""

from __future__ import annotations

from attrs import frozen


@frozen(kw_only=True)
class Conventions:
    """The base currency (ISO 4217), home time zone (IANA), locale (`en`, `zh_Hans_CN`) and region of phone numbers.

    A bare amount is in the base currency, a date-time without offset is in the time zone, a phone number without
    country code belongs to the phone region (ISO 3166).
    """

    currency: str = "EUR"
    time_zone: str = "UTC"
    locale: str = "en"
    phone_region: str | None = None
