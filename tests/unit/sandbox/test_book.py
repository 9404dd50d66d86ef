"""What the sandbox says it saw: the other side's truth, for a test that compares both."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from hashlib import sha256
from typing import Any

from adapter.sandbox.book import MOST_LISTED, Book, BookedMessage
from adapter.sandbox.script import rules_from_toml
from tests.unit.sandbox.conftest import Wire
from tests.unit.sandbox.soap import (
    DATE,
    HREF,
    REGISTERED,
    ManualClock,
    document,
    envelope,
    kind_of,
    notice,
    signed,
    upload,
)


def entry(wire: Wire) -> dict[str, Any]:
    (found,) = wire.sandbox.documents(href=HREF)
    return found


def test_the_book_has_every_message_its_files_and_what_became_of_it(wire: Wire) -> None:
    stored = wire.call(envelope(upload(b"report"), service="EDS_TEMP_FILES")).one("fileIdentifier")
    message = signed(envelope(document(stored), message_id="m-1"), wire.keys.ministry)
    for _ in range(2):
        wire.call(message, sign=False)
    wire.call(envelope(document(stored), message_id="m-2"))
    wire.sandbox.deliver_all()
    wire.call(
        envelope(notice("stateRegistered", *REGISTERED), sender="mfa_test", message_id="n-1"), key=wire.keys.foreign
    )
    wire.sandbox.deliver_all()
    found = entry(wire)
    assert (found["href"], found["sender"], found["addressee"]) == (HREF, "MIN", "MFA")
    assert (found["taken"], found["delivered"], found["unlisted"]) == (3, 3, 0)
    first, second = found["messages"]
    assert (first["message_id"], first["times"], second["message_id"], second["times"]) == ("m-1", 2, "m-2", 1)
    assert first["sha256"] == sha256(message).hexdigest()
    assert first["files"] == [{"identifier": stored, "sha256": sha256(b"report").hexdigest(), "size": 6}]
    assert first["answers"] == {"HTTP 200 SCSS001": 2}
    assert [(one["state"], one["attempts"], one["answers"]) for one in found["pushes"]] == [
        ("delivered", 1, {"SCSS001": 1})
    ] * 3
    (registered,) = [one for one in found["notices"] if one["operation"] == "stateRegistered"]
    assert (registered["speaker"], registered["to"], registered["source"]) == ("MFA", "MIN", "n-1")
    assert registered["state"] == "delivered"


def test_what_does_not_arrive_and_what_a_script_loses_is_told_apart(wire: Wire) -> None:
    wire.sandbox.add_faults(
        *rules_from_toml("[[fault]]\nname = 'push-lost'\noperation = 'stateStartProcessResponse'\n")
    )
    wire.reply = lambda url, body: (503, b"busy")
    wire.call(envelope(document()))
    for _ in range(3):
        wire.sandbox.deliver_all()
    found = entry(wire)
    assert (found["taken"], found["delivered"]) == (1, 0)
    assert [(one["state"], one["answers"]) for one in found["pushes"]] == [("waiting", {"HTTP 503, SBX-XML": 3})]
    assert [(one["state"], one["fault"]) for one in found["notices"]] == [("lost", "push-lost")]


def test_a_call_that_a_fault_kept_from_effect_is_not_in_the_book(wire: Wire) -> None:
    wire.sandbox.add_faults(*rules_from_toml("[[fault]]\nname = 'http-503'\n"))
    wire.call(envelope(document()))
    assert wire.sandbox.documents() == []


def test_each_addressee_has_an_entry_of_its_own(new_wire: Callable[..., Wire]) -> None:
    wire = new_wire()
    wire.call(envelope(document().replace("</performers>", "</performers><performers>90000005</performers>")))
    found = wire.sandbox.documents()
    assert [(one["addressee"], one["taken"]) for one in found] == [("MFA", 1), ("PLAY", 1)]
    by_play = [one for one in found[1]["notices"] if one["speaker"] == "PLAY"]
    assert [one["operation"] for one in by_play] == ["stateDelivered", "stateRegistered"]
    assert not [one for one in found[0]["notices"] if one["speaker"] == "PLAY"]


def test_thousands_of_documents_are_each_in_the_book_when_the_events_have_forgotten_them() -> None:
    """Counts are exact, one noisy document is listed up to a bound, and pages come in order."""
    book = Book(ManualClock())
    hrefs = [str(uuid.uuid4()) for _ in range(3000)]
    for number, href in enumerate(hrefs):
        for _ in range(3):
            book.took(href, "MIN", ("MFA",), BookedMessage(message_id=f"m-{number}", sha256="0" * 64, files=()))
    for number in range(MOST_LISTED + 50):
        book.took(hrefs[0], "MIN", ("MFA",), BookedMessage(message_id=f"x-{number}", sha256="1" * 64, files=()))
    pages = [book.entries(after=after, limit=1000) for after in range(0, 3000, 1000)]
    assert [one["href"] for page in pages for one in page] == hrefs
    noisy, *others = [one for page in pages for one in page]
    assert {one["taken"] for one in others} == {3}
    assert (noisy["taken"], len(noisy["messages"]), noisy["unlisted"]) == (MOST_LISTED + 53, MOST_LISTED, 51)


def test_the_book_holds_no_content_and_no_secret(wire: Wire) -> None:
    wire.call(envelope(document()))
    wire.call(envelope(notice("stateDelivered", DATE), sender="mfa_test"), key=wire.keys.foreign)
    wire.sandbox.deliver_all()
    told = str(wire.sandbox.documents())
    assert kind_of(wire.pushed[0][1]) in told
    for secret in ("channel-secret", "store-secret", "Есеп", "EX-11/204"):
        assert secret not in told
