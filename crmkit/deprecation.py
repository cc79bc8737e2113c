"""Deprecation: what users of something public are told that will go.

A hook is marked by `@hookspec(warn_on_impl=CRMKitDeprecationWarning(...))`, one of its arguments by
`warn_on_impl_args={"moves": CRMKitDeprecationWarning(...)}`, anything else by `warnings.warn(..., stacklevel=2)`.
"""

from __future__ import annotations

from attrs import define

from crmkit.translation import _

RELEASES = 2
"""For how many minor releases what is deprecated still works."""


@define(kw_only=True, eq=False)
class CRMKitDeprecationWarning(DeprecationWarning):
    """Something of the public face will go.

    Attributes:
        what: the hook, argument, name or option.
        since: the minor release that deprecated it, such as `0.2`.
        instead: what to do instead, as a sentence.
    """

    what: str
    since: str
    instead: str

    @property
    def gone_in(self) -> str:
        """The first release that need not have it any more."""
        major, minor = self.since.split(".")[:2]
        return f"{major}.{int(minor) + RELEASES}"

    def __str__(self) -> str:
        return _(
            "{what} is deprecated since crmkit {since}, and may be gone in {gone_in}. {instead}",
            what=self.what,
            since=self.since,
            gone_in=self.gone_in,
            instead=self.instead,
        )
