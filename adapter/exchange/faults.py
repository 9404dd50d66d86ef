"""The one table: what the exchange said -> accepted | Final | Retryable | OutcomeUnknown.

The first row that fits decides; decided by content, the HTTP status counts only where there is no SOAP answer in it.
What happens below HTTP is drawn in adapter/http_client.py, with the same meaning: no byte left is Retryable (`http.*`),
everything after it is OutcomeUnknown.

Why so (reliability, section 6): a refusal that names the request stops at once; an outage continues by the schedule;
when the request may have been taken and no answer can be believed, nothing is repeated blindly. 502 and 503 are the
everyday form of an outage in front of the gateway; 504 is a proxy that gave up waiting for a gateway which may have it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Final as Constant

from adapter.domain.receipt import MessageVerdict
from adapter.errors import ElshiError, Final, OutcomeUnknown, Retryable
from adapter.exchange.config import CodesConfig


class Form(StrEnum):
    """What the body of an HTTP answer is."""

    ANSWER = "answer"
    FAULT = "fault"
    NEITHER = "neither"
    """HTML, nothing, broken XML, SOAP of another kind."""


class Listed(StrEnum):
    """On which list of the settings a code stands."""

    SUCCESS = "success"
    FINAL = "final"
    LATER = "later"
    UNLISTED = "unlisted"


class Outcome(StrEnum):
    """What a row means for the request."""

    ACCEPTED = "accepted"
    FINAL = "final"
    LATER = "later"
    CLOSED = "closed"
    """Later, and the cause is the channel: uses no attempt; the breaker counts it, and a person is told when it lasts."""
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """One HTTP answer, read.

    codes       outermost first; empty for NEITHER
    words       what it says to a person, for display
    is_trusted  False when the signature is wrong, or could not be verified and the settings reject that
    reason      the id of the check that decided about the signature
    """

    status: int
    form: Form
    raw: bytes
    codes: tuple[str, ...] = ()
    words: str = ""
    verdict: MessageVerdict = MessageVerdict.UNVERIFIED
    is_trusted: bool = True
    reason: str = ""
    retry_after: timedelta | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One row; a condition that is None fits everything.

    statuses  HTTP statuses, both ends included
    code      of the error that follows; for ACCEPTED unused
    """

    name: str
    outcome: Outcome
    code: str = ""
    forms: frozenset[Form] | None = None
    statuses: tuple[tuple[int, int], ...] | None = None
    verdict: MessageVerdict | None = None
    is_trusted: bool | None = None
    listed: Listed | None = None

    def fits(self, reply: Reply, listed: Listed) -> bool:
        """Whether every condition of the row holds."""
        return (
            (self.forms is None or reply.form in self.forms)
            and (self.statuses is None or any(low <= reply.status <= high for low, high in self.statuses))
            and (self.verdict is None or reply.verdict is self.verdict)
            and (self.is_trusted is None or reply.is_trusted is self.is_trusted)
            and (self.listed is None or listed is self.listed)
        )


_SOAP: Constant = frozenset({Form.ANSWER, Form.FAULT})
_ANSWER: Constant = frozenset({Form.ANSWER})
_NEITHER: Constant = frozenset({Form.NEITHER})

TABLE: Constant = (
    Row(
        name="answer or fault signed wrongly or by another",
        forms=_SOAP,
        verdict=MessageVerdict.FAILED,
        outcome=Outcome.UNKNOWN,
        code="exchange.answer-signature",
    ),
    Row(
        name="answer or fault that could not be verified, and the settings reject such",
        forms=_SOAP,
        is_trusted=False,
        outcome=Outcome.UNKNOWN,
        code="exchange.answer-unverified",
    ),
    Row(
        name="answer with a success code",
        forms=_ANSWER,
        statuses=((200, 299),),
        listed=Listed.SUCCESS,
        outcome=Outcome.ACCEPTED,
    ),
    Row(
        name="a success code in a fault or under an HTTP error contradicts itself",
        forms=_SOAP,
        listed=Listed.SUCCESS,
        outcome=Outcome.UNKNOWN,
        code="exchange.answer-contradicts",
    ),
    Row(name="code listed as final", forms=_SOAP, listed=Listed.FINAL, outcome=Outcome.FINAL, code="exchange.refused"),
    Row(
        name="code listed as later", forms=_SOAP, listed=Listed.LATER, outcome=Outcome.LATER, code="exchange.try-later"
    ),
    Row(name="code on no list", forms=_SOAP, outcome=Outcome.FINAL, code="exchange.not-understood"),
    Row(
        name="429, 502, 503 without a fault",
        forms=_NEITHER,
        statuses=((429, 429), (502, 503)),
        outcome=Outcome.CLOSED,
        code="exchange.unavailable",
    ),
    Row(
        name="413 without a fault",
        forms=_NEITHER,
        statuses=((413, 413),),
        outcome=Outcome.FINAL,
        code="exchange.too-large",
    ),
    Row(
        name="other 4xx without a fault",
        forms=_NEITHER,
        statuses=((400, 499),),
        outcome=Outcome.CLOSED,
        code="exchange.channel-closed",
    ),
    Row(
        name="504 without a fault",
        forms=_NEITHER,
        statuses=((504, 504),),
        outcome=Outcome.UNKNOWN,
        code="exchange.gateway-timeout",
    ),
    Row(
        name="other 5xx without a fault",
        forms=_NEITHER,
        statuses=((500, 599),),
        outcome=Outcome.UNKNOWN,
        code="exchange.gateway-error",
    ),
    Row(
        name="anything else: HTML or nothing under 200, redirects, unreadable XML",
        outcome=Outcome.UNKNOWN,
        code="exchange.answer-unreadable",
    ),
)


def listed(codes: tuple[str, ...], lists: CodesConfig) -> Listed:
    """The list of the outermost code that stands on one; a gateway wraps the cause in codes of its own (`subError`)."""
    for code in codes:
        for which, known in (
            (Listed.SUCCESS, lists.success),
            (Listed.FINAL, lists.final),
            (Listed.LATER, lists.later),
        ):
            if code in known:
                return which
    return Listed.UNLISTED


def row_for(reply: Reply, lists: CodesConfig) -> Row:
    """The first row that fits; the last one fits everything."""
    which = listed(reply.codes, lists)
    return next(row for row in TABLE if row.fits(reply, which))


def error_of(reply: Reply, row: Row) -> ElshiError | None:
    """The error that a row makes of a reply; None when it was accepted.

    Parameters: `status`, `code` and `text` as the other side said them; `reason`, what is wrong with the signature.
    """
    params: Mapping[str, object] = {
        "status": reply.status,
        "code": reply.codes[0] if reply.codes else f"HTTP {reply.status}",
        "text": reply.words,
        "reason": reply.reason,
    }
    error: ElshiError
    match row.outcome:
        case Outcome.ACCEPTED:
            return None
        case Outcome.FINAL:
            error = Final(row.code, params=params)
        case Outcome.LATER:
            error = Retryable(row.code, params=params, retry_after=reply.retry_after)
        case Outcome.CLOSED:
            error = Retryable(row.code, params=params, retry_after=reply.retry_after, channel_closed=True)
        case Outcome.UNKNOWN:
            error = OutcomeUnknown(row.code, params=params)
    error.answer = reply.raw
    error.answer_verdict = reply.verdict.value
    return error


# --- small readings --------------------------------------------------------------------------------------------------
_TAG: Constant = re.compile(r"<(script|style)\b.*?</\1\s*>|<[^>]*>", re.DOTALL | re.IGNORECASE)
_EXCERPT: Constant = 200
_READ_FOR_EXCERPT: Constant = 20_000


def excerpt(body: bytes) -> str:
    """The first words of a page that is no SOAP, without tags, for a person."""
    plain = _TAG.sub(" ", body[:_READ_FOR_EXCERPT].decode("utf-8", "replace"))
    return " ".join("".join(letter if letter.isprintable() else " " for letter in plain).split())[:_EXCERPT]


def retry_after(value: str | None, *, at: datetime) -> timedelta | None:
    """The header Retry-After, seconds or date (RFC 9110, 10.2.3); None when absent, unreadable or in the past."""
    if value is None:
        return None
    stated = value.strip()
    if stated.isascii() and stated.isdigit():
        return timedelta(seconds=min(int(stated[:9]), 7 * 24 * 3600))
    try:
        moment = parsedate_to_datetime(stated)
    except ValueError:
        return None
    wait = moment.replace(tzinfo=moment.tzinfo or UTC) - at
    return wait if wait > timedelta(0) else None
