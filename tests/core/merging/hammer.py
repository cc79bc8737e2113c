"""A program of its own that merges, edits and refers to shared customers, and prints what came of it as JSON.

Arguments: URL of the database, schema (or `-`), what to do, how many times, a number of its own.
"""

from __future__ import annotations

import json
import random
import sys
from collections import Counter

from crmkit import CRM, SYSTEM, Contact, Customer, Session
from crmkit.errors import ConflictError, MergedError, NotFoundError, Refused

CUSTOMERS = 12
"""How many customers there are when the hammer begins to merge everything."""


def attempt(crm: CRM, number: int, chance: random.Random, ids: list[int]) -> str:
    """Do one thing, and return what it was and what came of it; again, if the database has ended a deadlock by it.

    PostgreSQL locks the versions of a row one by one, so that who refers to a row may meet who merges it half-way.
    """
    doing, chosen = chance.choice(("merge", "edit", "refer")), chance.sample(ids, 2)

    def act(session: Session) -> None:
        first, second = (session.get(Customer, each) for each in chosen)
        if doing == "merge":
            session.merge(first, second)
        elif doing == "edit":
            session.update(first, employees=(first.employees or 0) + 1)
        else:
            session.create(Contact, name=f"Contact {number}", customer=first)

    try:
        crm.run(act, actor=SYSTEM)
    except MergedError:
        return f"{doing}: merged"
    except ConflictError:
        return f"{doing}: conflict"
    except (NotFoundError, Refused):
        return f"{doing}: refused"
    return f"{doing}: done"


def everything(crm: CRM, times: int, number: int) -> list[str]:
    """Merge, edit and refer to any of the customers, whichever comes."""
    chance = random.Random(number)  # noqa: S311  (a test that can be repeated)
    ids = list(range(1, CUSTOMERS + 1))  # those that are merged by now lead to others
    return [attempt(crm, number, chance, ids) for _ in range(times)]


def same(crm: CRM, times: int, number: int) -> list[str]:
    """Merge each of the first customers, as they are in their first version, into one of this process's own."""
    found = []
    for wanted in range(1, times + 1):
        try:
            with crm.session(actor=SYSTEM) as session:
                own = session.create(Customer, name=f"Of process {number}")
                first = session.get(Customer, wanted)
                if first.id != wanted:
                    found.append("redirected")
                    continue
                session.merge(own, first)
                found.append("merged")
        except MergedError as error:
            found.append("told where" if error.into is not None else "told nothing")
    return found


def main(url: str, schema: str, doing: str, times: str, number: str) -> None:
    """Do it and print each outcome with how often it came."""
    crm = CRM(url, schema=None if schema == "-" else schema)
    outcomes = {"everything": everything, "same": same}[doing](crm, int(times), int(number))
    print(json.dumps(Counter(outcomes)))  # noqa: T201  (the test reads it)


if __name__ == "__main__":
    main(*sys.argv[1:])
