"""What a judgement is made under: the caller's policy, anchors and time, and what may be leaned on beside the signature."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from signing.errors import SigningError
from signing.fetcher import Fetcher
from signing.policy import ValidationPolicy
from signing.trust_anchors import TrustAnchors
from signing.validation_data import NO_DATA, ValidationData


@dataclass(frozen=True, kw_only=True, slots=True)
class Context:
    """`at` is aware; `data` is given by the caller, from outside the thing judged; without `fetcher` nothing is asked for.

    Raises SigningError signing.naive-time.
    """

    policy: ValidationPolicy
    anchors: TrustAnchors
    at: datetime
    data: ValidationData = NO_DATA
    fetcher: Fetcher | None = None

    def __post_init__(self) -> None:
        if self.at.tzinfo is None:
            raise SigningError("signing.naive-time")
        # algorithms end with a day, and which day it is must not hang on the zone of whoever asks
        object.__setattr__(self, "at", self.at.astimezone(UTC))
