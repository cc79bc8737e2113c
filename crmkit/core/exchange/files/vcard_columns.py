"""The columns that a vCard is read into and written from."""

from __future__ import annotations

VCARD_COLUMNS = (
    "name",
    "prefix",
    "first_name",
    "middle_name",
    "last_name",
    "suffix",
    "nickname",
    "organisation",
    "department",
    "title",
    "email",
    "emails",
    "phone",
    "mobile",
    "fax",
    "phones",
    "street",
    "city",
    "region",
    "postal_code",
    "country",
    "website",
    "birthday",
    "note",
    "categories",
    "uid",
)
"""`emails` and `phones` hold all of them, one per line; `email`, `phone`, `mobile`, `fax` the first of their sort.
`categories` holds one per line; `birthday` is an ISO date where the card has a whole date."""

NAME_PARTS = ("last_name", "first_name", "middle_name", "prefix", "suffix")
"""Columns of the property N, in its order (RFC 6350)."""

ADDRESS_PARTS = ("street", "city", "region", "postal_code", "country")
"""Columns of the property ADR, in its order, behind the post box and the extended address."""
