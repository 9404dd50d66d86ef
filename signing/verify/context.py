"""What a judgement is made under: the caller's policy, anchors and time, and what may be leaned on beside the signature."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from signing.errors import SigningError
from signing.fetcher import Fetcher
from signing.policy import ValidationPolicy
from signing.trust_anchors import TrustAnchors
from signing.validation_data import NO_DATA, ValidationData

if TYPE_CHECKING:
    from signing.certificates import Certificate
    from signing.validation_report import Check


@dataclass(kw_only=True, slots=True)
class SearchesInVain:
    """Paths that were looked for and not found, for all signatures of one thing: each may name an authority of its own.

    `spent` counts the signatures that were verified for them; `known` says why there was none, by the certificate and those
    that came along with it.
    """

    spent: int = 0
    known: dict[tuple[Certificate, tuple[Certificate, ...]], tuple[Check, ...]] = field(default_factory=dict)


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
    in_vain: SearchesInVain = field(default_factory=SearchesInVain, compare=False)

    def __post_init__(self) -> None:
        if self.at.tzinfo is None:
            raise SigningError("signing.naive-time")
        # algorithms end with a day, and which day it is must not hang on the zone of whoever asks
        object.__setattr__(self, "at", self.at.astimezone(UTC))
