"""A program of its own that takes part in races: it reads a line with what to do, does it at once, and tells the end.

Arguments: URL of the database, schema (or `-`), the external id of the user as whom it acts. Lines: what to do, and the
id of a customer.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from crmkit import CRM, SYSTEM, Customer, User
from crmkit_workflow.pools.claiming import claim
from crmkit_workflow.pools.handling import assign
from crmkit_workflow.pools.results import NotGiven
from crmkit_workflow.pools.sweep import sweep
from crmkit_workflow.queues.taking import NotTaken, grab

if TYPE_CHECKING:
    from collections.abc import Callable

    from crmkit import Ref

    Doing = Callable[[CRM, str, Ref[object]], str]


def grab_one(crm: CRM, actor: str, ref: Ref[object]) -> str:
    """Grab a customer."""
    with crm.session(actor=actor) as session:
        (result,) = grab(session, [ref])
    return result.reason if isinstance(result, NotTaken) else "taken"


def claim_one(crm: CRM, actor: str, ref: Ref[object]) -> str:
    """Claim a customer."""
    with crm.session(actor=actor) as session:
        (result,) = claim(session, [ref])
    return result.reason if isinstance(result, NotGiven) else "taken"


def assign_one(crm: CRM, actor: str, ref: Ref[object]) -> str:
    """Give a customer to the user, as the administrator."""

    def act(session: object) -> str:
        user = session.find(User, {"external_id": actor})[0]  # type: ignore[attr-defined]
        (result,) = assign(session, [ref], user)  # type: ignore[arg-type]
        return result.reason if isinstance(result, NotGiven) else "taken"

    return crm.run(act, actor="admin")


def sweep_all(crm: CRM, actor: str, ref: Ref[object]) -> str:
    """Sweep whatever is due."""
    del actor, ref
    found = crm.run(sweep, actor=SYSTEM)
    return "swept" if found.returned else "nothing"


DOINGS: dict[str, Doing] = {"grab": grab_one, "claim": claim_one, "assign": assign_one, "sweep": sweep_all}


def main(url: str, schema: str, actor: str) -> None:
    """Do what each line says and print what came of it."""
    crm = CRM(url, ["workflow"], schema=None if schema == "-" else schema)
    with crm.session(actor=actor) as session:
        session.count(Customer)
    print("ready", flush=True)  # noqa: T201  (the test reads it)
    for line in sys.stdin:
        doing, number = line.split()
        from crmkit.core.declare.values import ref_class

        print(DOINGS[doing](crm, actor, ref_class("customer")(int(number))), flush=True)  # noqa: T201


if __name__ == "__main__":
    main(*sys.argv[1:])
