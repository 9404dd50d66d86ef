"""A time-stamp over the head of the audit chain: whoever rewrites what stands before it would have to make it again.

What is stamped are the bytes of `stamped_bytes`, so that a token can be judged by anybody who has the chain.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from adapter.domain.document import Sha256

STAMPED = "head.stamped"
"""Action of the event that names the token: a stamp that was removed leaves its event behind."""


class StampKind(StrEnum):
    """Whose word the stamp is."""

    TIME_STAMP = "time-stamp"
    """An RFC 3161 token of the authority of the settings."""
    OWN_KEY = "own-key"
    """A detached CMS by the body's own key, where there is no authority: it proves order under that key alone."""


@dataclass(frozen=True, kw_only=True, slots=True)
class HeadStamp:
    """The stamp of one head.

    sequence, digest    of the event that was the last one then
    stamped_at          our time when the token was there
    token               DER of the time-stamp token, or of the CMS
    """

    sequence: int
    digest: Sha256
    stamped_at: datetime
    kind: StampKind
    token: bytes = field(repr=False)


def stamped_bytes(sequence: int, digest: Sha256) -> bytes:
    """What a stamp is over: ASCII, one line."""
    return f"elshi audit head {sequence} {digest}\n".encode("ascii")
