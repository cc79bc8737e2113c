"""A plugin with a secret field of every kind that holds text, on every entity of the core."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crmkit import Contact, Customer, Opportunity, Order, User, extend, hookimpl
from crmkit.core.declare import fields as f
from crmkit.core.declare.values import Address  # noqa: TC001  (read off the annotations)

if TYPE_CHECKING:
    from collections.abc import Iterator

ENTITIES = (Customer, Contact, Opportunity, Order, User)


def vault(entity: type) -> type:
    """Return secret fields for an entity."""

    class Vault:
        token: str | None = f.text(privacy="secret")
        key_file: str | None = f.long_text(privacy="secret")
        mailbox: str | None = f.email(privacy="secret", search=False)
        endpoint: str | None = f.url(privacy="secret")
        hideout: Address | None = f.address(privacy="secret")
        settings: object | None = f.json(privacy="secret")
        marks: tuple[str, ...] | None = f.tags(privacy="secret")
        alarm: str | None = f.phone(privacy="secret", search=False)

    return extend(entity)(Vault)


def canaries(entity: str) -> dict[str, Any]:
    """Return a value for every secret field that is found nowhere else."""
    sign = f"canary-{entity}"
    return {
        "token": f"{sign}-token",
        "key_file": f"{sign}-line\n{sign}-other",
        "mailbox": f"{sign}@{sign}.example",
        "endpoint": f"https://{sign}.example/{sign}",
        "hideout": {"street": f"{sign}-street", "city": f"{sign}-city"},
        "settings": {"password": f"{sign}-password"},
        "marks": [f"{sign}-mark"],
    }


@hookimpl
def crmkit_declare() -> Iterator[object]:
    """Yield the fields."""
    for entity in ENTITIES:
        yield vault(entity)
