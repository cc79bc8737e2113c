"""Signing messages as Standard Webhooks says (standardwebhooks.com): HMAC-SHA256 over id, time and body."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from typing import TYPE_CHECKING

from crmkit.core.nouns.webhooks import SECRET_PREFIX

if TYPE_CHECKING:
    from collections.abc import Iterable


def new_secret() -> str:
    """Return a new random secret."""
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def signature(secret: str, message: str, timestamp: int, body: bytes) -> str:
    """Return the signature of a message: `v1,` and base64. `timestamp` is in seconds since 1970 UTC."""
    key = base64.b64decode(secret.removeprefix(SECRET_PREFIX))
    signed = f"{message}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def headers(keys: Iterable[str], message: str, timestamp: int, body: bytes) -> dict[str, str]:
    """Return the headers that a receiver verifies a message by, with a signature for every secret."""
    return {
        "webhook-id": message,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(signature(each, message, timestamp, body) for each in keys),
    }
