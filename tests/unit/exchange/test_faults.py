"""The table of faults: one example for each row, in the order of the table."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from adapter.domain.receipt import MessageVerdict
from adapter.errors import ElshiError, Final, OutcomeUnknown, Retryable
from adapter.exchange.config import CodesConfig
from adapter.exchange.faults import TABLE, Form, Outcome, Reply, error_of, excerpt, retry_after, row_for

LISTS = CodesConfig(success=("SCSS001", "Success"), final=("VAL-R-004",), later=("BUSY-1",))
VERIFIED, UNVERIFIED, FAILED = MessageVerdict.VERIFIED, MessageVerdict.UNVERIFIED, MessageVerdict.FAILED


def reply(status: int, form: Form, *codes: str, verdict: MessageVerdict = VERIFIED, is_trusted: bool = True) -> Reply:
    return Reply(
        status=status, form=form, raw=b"raw", codes=codes, words="words", verdict=verdict, is_trusted=is_trusted
    )


# row -> replies that it decides: (reply, class, code of the error, channel closed)
EXAMPLES: dict[str, list[tuple[Reply, type[ElshiError] | None, str, bool]]] = {
    "answer or fault signed wrongly or by another": [
        (reply(200, Form.ANSWER, "SCSS001", verdict=FAILED), OutcomeUnknown, "exchange.answer-signature", False),
        (reply(500, Form.FAULT, "VAL-R-004", verdict=FAILED), OutcomeUnknown, "exchange.answer-signature", False),
    ],
    "answer or fault that could not be verified, and the settings reject such": [
        (
            reply(200, Form.ANSWER, "SCSS001", verdict=UNVERIFIED, is_trusted=False),
            OutcomeUnknown,
            "exchange.answer-unverified",
            False,
        ),
        (
            reply(500, Form.FAULT, "VAL-R-004", verdict=UNVERIFIED, is_trusted=False),
            OutcomeUnknown,
            "exchange.answer-unverified",
            False,
        ),
    ],
    "answer with a success code": [
        (reply(200, Form.ANSWER, "SCSS001"), None, "", False),
        (reply(200, Form.ANSWER, "Success", verdict=UNVERIFIED), None, "", False),
        (reply(202, Form.ANSWER, "SCSS001"), None, "", False),
    ],
    "a success code in a fault or under an HTTP error contradicts itself": [
        (reply(500, Form.ANSWER, "SCSS001"), OutcomeUnknown, "exchange.answer-contradicts", False),
        (reply(200, Form.FAULT, "SCSS001"), OutcomeUnknown, "exchange.answer-contradicts", False),
    ],
    "code listed as final": [
        (reply(500, Form.FAULT, "VAL-R-004"), Final, "exchange.refused", False),
        (reply(200, Form.FAULT, "VAL-R-004"), Final, "exchange.refused", False),
        (reply(200, Form.ANSWER, "VAL-R-004"), Final, "exchange.refused", False),
        (reply(500, Form.FAULT, "WRAPPED", "VAL-R-004", "Server"), Final, "exchange.refused", False),
    ],
    "code listed as later": [
        (reply(200, Form.ANSWER, "BUSY-1"), Retryable, "exchange.try-later", False),
        (reply(503, Form.FAULT, "BUSY-1"), Retryable, "exchange.try-later", False),
        (reply(500, Form.FAULT, "BUSY-1", "VAL-R-004"), Retryable, "exchange.try-later", False),
    ],
    "code on no list": [
        (reply(200, Form.ANSWER, "SCSE777"), Final, "exchange.not-understood", False),
        (reply(500, Form.FAULT, "SBX-UNLISTED-077", "X", "Server"), Final, "exchange.not-understood", False),
        (reply(503, Form.FAULT, "Server"), Final, "exchange.not-understood", False),
        (reply(500, Form.FAULT), Final, "exchange.not-understood", False),
    ],
    "429, 502, 503 without a fault": [
        (reply(status, Form.NEITHER), Retryable, "exchange.unavailable", True) for status in (429, 502, 503)
    ],
    "413 without a fault": [(reply(413, Form.NEITHER), Final, "exchange.too-large", False)],
    "other 4xx without a fault": [
        (reply(status, Form.NEITHER), Retryable, "exchange.channel-closed", True)
        for status in (400, 401, 403, 404, 407, 408, 499)
    ],
    "504 without a fault": [(reply(504, Form.NEITHER), OutcomeUnknown, "exchange.gateway-timeout", False)],
    "other 5xx without a fault": [
        (reply(status, Form.NEITHER), OutcomeUnknown, "exchange.gateway-error", False)
        for status in (500, 501, 505, 599)
    ],
    "anything else: HTML or nothing under 200, redirects, unreadable XML": [
        (reply(status, Form.NEITHER), OutcomeUnknown, "exchange.answer-unreadable", False)
        for status in (200, 204, 301, 302, 307, 600, 999)
    ],
}

CASES = [
    pytest.param(row, *case, id=f"{row}/{number}")
    for row, cases in EXAMPLES.items()
    for number, case in enumerate(cases)
]


@pytest.mark.parametrize(("row", "said", "error", "code", "closed"), CASES)
def test_row(row: str, said: Reply, error: type[ElshiError] | None, code: str, closed: bool) -> None:
    found = row_for(said, LISTS)
    assert found.name == row
    made = error_of(said, found)
    if error is None:
        assert made is None
        return
    assert type(made) is error
    assert made.code == code
    assert made.params["status"] == said.status
    assert made.params["text"] == "words"
    if isinstance(made, Retryable):
        assert made.channel_closed is closed
    if isinstance(made, OutcomeUnknown):
        assert made.answer == b"raw"


def test_every_row_has_an_example_and_every_example_a_row() -> None:
    assert [row.name for row in TABLE] == list(EXAMPLES)
    assert len({row.name for row in TABLE}) == len(TABLE)


def test_every_imaginable_reply_has_a_row() -> None:
    codes = [(), ("SCSS001",), ("VAL-R-004",), ("BUSY-1",), ("?",)]
    found = {
        row_for(reply(status, form, *one, verdict=verdict, is_trusted=trusted), LISTS).name
        for status, form, one, verdict, trusted in product(range(100, 700), Form, codes, MessageVerdict, (True, False))
    }
    assert found == {row.name for row in TABLE}, "and no row is out of reach"


def test_success_is_never_read_from_anything_but_a_listed_code_in_an_answer_under_2xx() -> None:
    for status, form, code, verdict, trusted in product(
        range(100, 700), Form, ("SCSS001", "SCSS002", "scss001", "VAL-R-004", ""), MessageVerdict, (True, False)
    ):
        said = reply(status, form, *([code] if code else []), verdict=verdict, is_trusted=trusted)
        accepted = row_for(said, LISTS).outcome is Outcome.ACCEPTED
        assert accepted == (
            200 <= status <= 299 and form is Form.ANSWER and code == "SCSS001" and verdict is not FAILED and trusted
        )


def test_the_code_is_told_as_the_other_side_said_it() -> None:
    said = reply(500, Form.FAULT, "OUTER", "INNER")
    error = error_of(said, row_for(said, LISTS))
    assert error is not None
    assert error.params["code"] == "OUTER"
    said = reply(504, Form.NEITHER)
    error = error_of(said, row_for(said, LISTS))
    assert error is not None
    assert error.params["code"] == "HTTP 504"


@pytest.mark.parametrize(
    ("header", "wait"),
    [
        ("120", timedelta(seconds=120)),
        ("0", timedelta(0)),
        ("Fri, 20 Nov 2026 05:16:00 GMT", timedelta(seconds=60)),
        ("Fri, 20 Nov 2026 05:14:00 GMT", None),
        ("99999999999999999999", timedelta(days=7)),
        ("-5", None),
        ("soon", None),
        ("", None),
        (None, None),
    ],
)
def test_reads_retry_after(header: str | None, wait: timedelta | None) -> None:
    assert retry_after(header, at=datetime(2026, 11, 20, 5, 15, tzinfo=UTC)) == wait


def test_an_excerpt_is_short_plain_text() -> None:
    page = b"<html><style>p{}</style><script>x()</script><h1>502</h1>\n<p>Bad \x00 Gateway \xff</p>" + b"a" * 5000
    assert excerpt(page).startswith("502 Bad Gateway")
    assert len(excerpt(page)) <= 200
    assert excerpt(b"") == ""
