"""Recomputing: the scores of all records of an entity, some thousands in each run of the job."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit_workflow.completeness.entities import COMPLETENESS, JOB, is_scored
from crmkit_workflow.completeness.scoring import score, weights_of

if TYPE_CHECKING:
    from crmkit import JobRun, Session

AT_ONCE = 2_000


def recompute(session: Session, run: JobRun, *, entity: str, after: int) -> None:
    """Score the next records of an entity, and ask for another run if there are more.

    A run that is done twice finds nothing to change; one for an entity that is gone does nothing.
    """
    found = session.model.entities.get(entity)
    if found is None or not is_scored(found):
        return
    weights = weights_of(session, entity)
    page = session.find(found.record_class, "id > given.after", given={"after": after}, order="id", limit=AT_ONCE)
    session.update_many(
        (each, {COMPLETENESS: new})
        for each in page
        if dict(each.items())[COMPLETENESS] != (new := score(weights, dict(each.items()).get))
    )
    if len(page) == AT_ONCE:
        session.enqueue(JOB, key=f"completeness {run.id} {page[-1].id}", entity=entity, after=page[-1].id)
