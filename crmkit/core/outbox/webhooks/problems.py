"""What can go wrong with a receiver; nobody is told but by the problem that the outbox shows."""

from __future__ import annotations


class ReceiverError(Exception):
    """Something is wrong with a receiver."""


class EndpointError(ReceiverError):
    """It can't be reached, or fails: nothing is sent to it for a while."""


class MessageError(ReceiverError):
    """It refuses this message, and may take others."""


class GoneError(ReceiverError):
    """It wants no more messages."""
