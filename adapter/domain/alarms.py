"""Which audited actions a person must hear of. Everything else in the trail is history.

The list is data: a new action that begins with `watch.` is an alarm by its name, any other enters here.
"""

from __future__ import annotations

from adapter.domain.audit_event import ChainedEvent

_FAMILY = "watch."
"""What the program notices by itself: rows past their wake-up, silence of others, dates that come near."""

ALARMS = frozenset(
    {
        "answer.dispute",
        "notice.dispute",
        "notice.unknown-document",
        "receipt.dispute",
        "message.held",
        "message.conflict",
        "delivery.abandoned",
        "delivery.refused",
    }
)
"""Answers that contradict what is known; what only a person can settle; a document that the other side did not take."""

SHOWN = (
    "delivery",
    "entry",
    "addressee",
    "state",
    "from",
    "code",
    "receiver",
    "sequence",
    "count",
    "known_sha256",
    "new_sha256",
)
"""Details that an alarm shows to a person: identifiers and codes. Reasons typed by people are not among them."""


def is_alarm(event: ChainedEvent) -> bool:
    """Whether a person must hear of this event."""
    action = event.event.action
    return action.startswith(_FAMILY) or action in ALARMS
