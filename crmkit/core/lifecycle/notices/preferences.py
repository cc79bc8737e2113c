"""Preferences: which notices a user wants by which channel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

from crmkit.core.nouns.notices import ANY, NoticePreference

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from crmkit.core.lifecycle.session import Session


@frozen
class Preferences:
    """What some users want, by user, kind and channel."""

    _wanted: Mapping[tuple[int, str, str], bool]

    def wants(self, user: int, kind: str, channel: str) -> bool:
        """Return whether a user wants notices of a kind by a channel; who said nothing does.

        What names kind and channel counts before what names the kind, that before what names the channel.
        """
        for asked in ((kind, channel), (kind, ANY), (ANY, channel), (ANY, ANY)):
            found = self._wanted.get((user, *asked))
            if found is not None:
                return found
        return True


def preferences_of(session: Session, users: Iterable[int]) -> Preferences:
    """Return what users want; the session must have system reach."""
    found = session.find(NoticePreference, "user in given.users", given={"users": list(users)})
    return Preferences({(int(each.user), each.kind, each.channel): each.wanted for each in found})
