"""The promises of OutgoingChannel, IncomingChannel and AddressBook, kept over real HTTP, at every exchange there is."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any, BinaryIO

import pytest

from adapter.domain.document import DocumentId, Sha256
from adapter.domain.incoming import IncomingDocument, IncomingNotice, JournalState
from adapter.domain.notice import NoticeKind
from adapter.domain.receipt import MessageVerdict
from adapter.errors import ElshiError, Final, OutcomeUnknown, Retryable
from tests.contract.exchanges import MFA, Exchange, SandboxExchange, ScriptedExchange
from tests.unit.exchange import kit

ON = date(2026, 11, 20)
CONTENTS = (kit.CONTENT, b"rendition \x00\xff", b"office " * 1000)


# --- the suite -------------------------------------------------------------------------------------------------------
EXCHANGES: list[Callable[[], Exchange]] = [ScriptedExchange, SandboxExchange]


@pytest.fixture(params=EXCHANGES, ids=lambda make: make.__name__)
def exchange(request: pytest.FixtureRequest) -> Iterator[Exchange]:
    made: Exchange = request.param()
    yield made
    made.close()
    assert made.complaints() == []


class Blobs:
    """Opens the bytes of the suite by digest."""

    def open(self, sha256: Sha256) -> BinaryIO:
        return io.BytesIO(next(one for one in CONTENTS if hashlib.sha256(one).hexdigest() == sha256))


def document(**changes: Any) -> Any:
    files = tuple(kit.travelling(f"файл {number}", content) for number, content in enumerate(CONTENTS))
    return kit.document(**({"files": files} | changes))


def prepared(exchange: Exchange) -> bytes:
    return exchange.outgoing.prepare(document(), message_id="m-1", files=Blobs(), at=kit.AT).message


def test_each_file_keeps_its_own_bytes_on_the_way(exchange: Exchange) -> None:
    found = exchange.outgoing.prepare(document(), message_id="m-1", files=Blobs(), at=kit.AT)
    sent = exchange.incoming.interpret(found.message)
    assert isinstance(sent, IncomingDocument)
    assert [one.content for one in exchange.incoming.fetch_files(sent.files, at=kit.AT)] == list(CONTENTS)
    assert exchange.uploads() == len(CONTENTS)
    assert found.message_id == "m-1"
    assert found.files_expire_at is not None
    assert found.files_expire_at > kit.AT
    assert exchange.posts() == 0


def test_what_was_prepared_is_taken_once_under_its_own_id(exchange: Exchange) -> None:
    accepted = exchange.outgoing.send(prepared(exchange), at=kit.AT)
    assert (exchange.taken(), exchange.posts()) == (["m-1"], 1)
    assert (accepted.verdict, accepted.code) == (MessageVerdict.VERIFIED, "SCSS001")
    assert accepted.answer.startswith(b"<")


def test_preparing_again_is_harmless(exchange: Exchange) -> None:
    prepared(exchange)
    second = prepared(exchange)
    assert exchange.taken() == []
    assert exchange.outgoing.send(second, at=kit.AT).code == "SCSS001"
    assert exchange.taken() == ["m-1"]


NOT_TAKEN: list[tuple[str, type[ElshiError], str, bool]] = [
    ("http-503", Retryable, "exchange.unavailable", True),
    ("http-502-html", Retryable, "exchange.unavailable", True),
    ("http-429", Retryable, "exchange.unavailable", True),
    ("http-403", Retryable, "exchange.channel-closed", True),
    ("http-413", Final, "exchange.too-large", False),
    ("soap-fault-listed", Final, "exchange.refused", False),
    ("soap-fault-unlisted", Final, "exchange.not-understood", False),
    ("soap-fault-in-200", Final, "exchange.not-understood", False),
    ("status-unlisted", Final, "exchange.not-understood", False),
]


@pytest.mark.parametrize(("fault", "error", "code", "closed"), NOT_TAKEN)
def test_a_refusal_or_an_outage_is_told_from_each_other(
    exchange: Exchange, fault: str, error: type[ElshiError], code: str, closed: bool
) -> None:
    message = prepared(exchange)
    exchange.will(fault)
    with pytest.raises(error) as caught:
        exchange.outgoing.send(message, at=kit.AT)
    assert caught.value.code == code
    assert getattr(caught.value, "channel_closed", False) is closed
    assert (exchange.posts(), exchange.taken()) == (1, [])
    assert exchange.outgoing.send(message, at=kit.AT).code == "SCSS001"


UNKNOWN = [
    "timeout-after-accept",
    "reset-before-answer",
    "cut-mid-answer",
    "garbage-answer",
    "http-504",
    "http-500-html",
    "http-200-html",
    "http-302",
    "wrongly-signed-answer",
]


@pytest.mark.parametrize("fault", UNKNOWN)
def test_without_a_believable_answer_the_outcome_is_unknown_and_nothing_is_repeated(
    exchange: Exchange, fault: str
) -> None:
    message = prepared(exchange)
    exchange.will(fault)
    with pytest.raises(OutcomeUnknown):
        exchange.outgoing.send(message, at=kit.AT)
    assert exchange.posts() == 1


def test_the_bytes_of_an_answer_that_cannot_be_believed_are_kept(exchange: Exchange) -> None:
    message = prepared(exchange)
    exchange.will("wrongly-signed-answer")
    with pytest.raises(OutcomeUnknown) as caught:
        exchange.outgoing.send(message, at=kit.AT)
    assert caught.value.answer is not None
    assert b"SCSS001" in caught.value.answer


def test_an_answer_signed_by_a_stranger_never_counts(exchange: Exchange) -> None:
    """Neither where it brings its certificate nor where it names one that nobody has."""
    message = prepared(exchange)
    exchange.will("stranger-signed-answer")
    with pytest.raises(OutcomeUnknown) as caught:
        exchange.outgoing.send(message, at=kit.AT)
    assert caught.value.code == "exchange.answer-signature"


def test_an_unsigned_answer_counts_and_is_marked(exchange: Exchange) -> None:
    message = prepared(exchange)
    exchange.will("unsigned-answer")
    assert exchange.outgoing.send(message, at=kit.AT).verdict is MessageVerdict.UNVERIFIED


def test_where_nobody_listens_nothing_has_left(exchange: Exchange) -> None:
    message = prepared(exchange)
    exchange.will("connection-refused")
    with pytest.raises(Retryable) as caught:
        exchange.outgoing.send(message, at=kit.AT)
    assert caught.value.code == "http.no-connection"
    assert exchange.posts() == 0


def test_a_file_that_failed_under_an_overall_success_stops_the_preparation(exchange: Exchange) -> None:
    exchange.will("upload-partial-failure")
    with pytest.raises(Retryable):
        prepared(exchange)


def test_an_upload_without_an_answer_is_uploaded_again(exchange: Exchange) -> None:
    exchange.will("upload-timeout")
    assert prepared(exchange)
    assert exchange.uploads() >= len(CONTENTS)


def test_no_error_of_the_channel_tells_a_secret(exchange: Exchange) -> None:
    message = prepared(exchange)
    for fault, *_ in NOT_TAKEN:
        exchange.will(fault)
        with pytest.raises(ElshiError) as caught:
            exchange.outgoing.send(message, at=kit.AT)
        shown = f"{caught.value} {caught.value.params!r} {caught.value.__cause__!r}"
        assert not any(secret in shown for secret in kit.SECRETS)


# --- in --------------------------------------------------------------------------------------------------------------
def test_a_signed_push_is_received_answered_and_understood(exchange: Exchange) -> None:
    raw = exchange.push(kit.notice("stateDelivered", "<date>2026-11-20T16:39:58.000+05:00</date>"))
    opened = exchange.incoming.open(raw, at=kit.AT)
    assert (opened.state, opened.verdict, opened.status) == (JournalState.RECEIVED, MessageVerdict.VERIFIED, 200)
    assert b"SCSS001" in opened.answer
    found = exchange.incoming.interpret(raw)
    assert isinstance(found, IncomingNotice)
    assert found.notice.kind is NoticeKind.DELIVERED
    assert found.notice.document_id == DocumentId(f"urn:uuid:{kit.HREF}")


def test_a_push_that_was_changed_is_refused(exchange: Exchange) -> None:
    raw = exchange.push(kit.notice("stateDelivered"))
    opened = exchange.incoming.open(raw.replace(b"stateDelivered", b"stateFinished"), at=kit.AT)
    assert (opened.state, opened.status) == (JournalState.REFUSED, 500)
    assert b"SCSS001" not in opened.answer


def test_a_document_of_ours_is_understood_by_the_other_side(exchange: Exchange) -> None:
    found = exchange.incoming.interpret(prepared(exchange))
    assert isinstance(found, IncomingDocument)
    assert (found.document_id, found.outgoing_number) == (document().document_id, document().registration_number)
    assert (found.sender, len(found.files)) == (str(kit.US), len(CONTENTS))


def test_a_forgotten_file_is_gone_and_one_that_fails_is_not(exchange: Exchange) -> None:
    identifiers = [exchange.keep(b"one")]
    exchange.will("file-download-failure")
    with pytest.raises(Retryable):
        exchange.incoming.fetch_files(identifiers, at=kit.AT)
    assert exchange.incoming.fetch_files(identifiers, at=kit.AT)[0].content == b"one"
    exchange.will("file-forgotten")
    with pytest.raises(Final) as caught:
        exchange.incoming.fetch_files(identifiers, at=kit.AT)
    assert caught.value.code == "exchange.file-gone"


def test_a_file_that_never_was_is_gone(exchange: Exchange) -> None:
    with pytest.raises(Final) as caught:
        exchange.incoming.fetch_files(["../../etc/passwd"], at=kit.AT)
    assert caught.value.code == "exchange.file-gone"


# --- the address book ------------------------------------------------------------------------------------------------
def test_a_body_is_found_and_found_again_by_its_number(exchange: Exchange) -> None:
    found = exchange.book.find(MFA, on=ON)
    assert found.body == MFA
    assert exchange.book.body_of(found.member) == MFA
    assert exchange.book.body_of("1") is None


@pytest.mark.parametrize(
    ("fault", "error", "code"),
    [
        ("directory-entry-not-ready", Final, "exchange.addressee-not-ready"),
        ("directory-entry-missing", Final, "exchange.addressee-unknown"),
        ("directory-error", Retryable, "exchange.directory-error"),
        ("connection-refused", Retryable, "http.no-connection"),
    ],
)
def test_only_a_ready_addressee_is_one_and_silence_refuses_nobody(
    exchange: Exchange, fault: str, error: type[ElshiError], code: str
) -> None:
    exchange.will(fault)
    with pytest.raises(error) as caught:
        exchange.book.find(MFA, on=ON)
    assert caught.value.code == code
