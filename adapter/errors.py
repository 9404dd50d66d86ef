"""The error tree of the application.

    ElshiError                 carries a stable code, its parameters and the place; the sentence lives in adapter/texts
    ├── Final                  stop and tell: repeating the same thing cannot help
    │   ├── DocumentRefused    the document breaks its schema or the ruleset; carries every finding
    │   ├── CertificatesRefused   certificates that enter no trust set, or a set that holds others; every finding
    │   ├── Conflict           the same identifier with other bytes
    │   └── SettingsRefused    settings that are missing, unknown or contradict each other
    ├── Retryable              later, by itself; nothing of the request had an effect
    └── OutcomeUnknown         sent, answer lost: wait for a notice, never repeat blindly

The class says what the caller does. Foreign exceptions become these in sources, exchange, storage and http_client only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from types import MappingProxyType


class Severity(StrEnum):
    """How heavy a finding is (content model, section 6); the order is from heaviest to lightest."""

    STOP = "stop"
    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where in the input something is; every part that is known is given.

    file    name as the reader knows it, never a full path of a foreign machine
    line    1-based line of that file
    xpath   readable path in the document, for example /TreatyInformation/InForceSection/TreatyRecord[2]/Progress/Ru
    """

    file: str | None = None
    line: int | None = None
    xpath: str | None = None

    def __str__(self) -> str:
        parts = [self.file or "", f"line {self.line}" if self.line else "", self.xpath or ""]
        return ", ".join(part for part in parts if part)


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One result of one rule or check.

    code        stable, for logs, auditors and tests: BR-09a, xsd.missing-element, source.unknown-key
    params      values for the placeholders of the sentence in adapter/texts; a value that is a mapping with the keys
                kk, ru and en differs by language; never secret or personal
    """

    code: str
    severity: Severity
    params: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))
    place: Place = Place()


class ElshiError(Exception):
    """Anything the program says it could not do. `code` selects the sentence, `params` fill it."""

    code = "elshi.unexpected"

    answer: bytes | None = None
    """What the other side sent, byte for byte, where an answer came: any answer is kept as proof."""

    answer_verdict: str | None = None
    """Verdict on the signature of that answer (domain/receipt.py, MessageVerdict); None when nobody has judged it."""

    def __init__(
        self, code: str | None = None, *, place: Place | None = None, params: Mapping[str, object] | None = None
    ) -> None:
        self.code = code or type(self).code
        self.params: Mapping[str, object] = MappingProxyType(dict(params or {}))
        self.place = place or Place()
        super().__init__(self.code, dict(self.params), self.place)

    def __str__(self) -> str:
        details = ", ".join(f"{name}={value}" for name, value in self.params.items())
        return f"{self.code}{f' ({details})' if details else ''}{f' at {self.place}' if str(self.place) else ''}"


class Final(ElshiError):
    """Stop and tell a person: the same input gives the same refusal."""

    code = "elshi.final"


class DocumentRefused(Final):
    """The document was not taken; `findings` holds every reason at once, never the first only."""

    code = "document.refused"

    def __init__(self, findings: tuple[Finding, ...], *, code: str | None = None, place: Place | None = None) -> None:
        super().__init__(code, place=place, params={"count": len(findings)})
        self.findings = findings


class CertificatesRefused(Final):
    """Certificates that enter no trust set, or a set that holds what it must not; `findings` holds every reason at once."""

    code = "trust.not-added"

    def __init__(
        self, findings: tuple[Finding, ...], *, code: str | None = None, params: Mapping[str, object] | None = None
    ) -> None:
        super().__init__(code, params={"count": len(findings), **(params or {})})
        self.findings = findings


class Conflict(Final):
    """An identifier is taken by other bytes; both digests are in the parameters."""

    code = "document.conflict"


class SettingsRefused(Final):
    """Settings that are missing, unknown or contradict each other; found at start, never half-applied."""

    code = "settings.refused"

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        super().__init__(params={"count": len(findings)})
        self.findings = findings


class Retryable(ElshiError):
    """Later, by itself. Nothing of the request had an effect at the other side.

    retry_after     what the other side asked for, else None: the schedule decides.
    channel_closed  the cause is the channel and not this document: the try uses up no attempt and a person is told.
    """

    code = "elshi.retryable"

    def __init__(
        self,
        code: str | None = None,
        *,
        place: Place | None = None,
        params: Mapping[str, object] | None = None,
        retry_after: timedelta | None = None,
        channel_closed: bool = False,
    ) -> None:
        super().__init__(code, place=place, params=params)
        self.retry_after = retry_after
        self.channel_closed = channel_closed


class OutcomeUnknown(ElshiError):
    """The request left and no readable answer came: it may have been taken. Wait for a notice; never repeat blindly.

    answer  the bytes that did come, kept as they are, else None.
    """

    code = "exchange.outcome-unknown"

    def __init__(
        self,
        code: str | None = None,
        *,
        place: Place | None = None,
        params: Mapping[str, object] | None = None,
        answer: bytes | None = None,
    ) -> None:
        super().__init__(code, place=place, params=params)
        self.answer = answer
