from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from adapter.sandbox import rules_from_toml
from tests.unit.sandbox.conftest import Wire
from tests.unit.sandbox.soap import STORAGE, Answer, about, envelope, storage, upload


def call(wire: Wire, data: str, **more: object) -> Answer:
    key = wire.keys.foreign if more.get("sender") == "mfa_test" else None
    return wire.call(envelope(data, service="EDS_TEMP_FILES", **more), key=key)


def statuses(answer: Answer) -> list[str]:
    """Per file first, the whole call last."""
    return [one.text or "" for one in answer.root.xpath("//*[local-name()='status']/*[local-name()='code']")][1:]


def test_an_upload_answers_for_each_file_and_for_the_call(wire: Wire) -> None:
    answer = call(wire, upload(b"one", b"two"))
    assert answer.all("fileProcessIdentifier") == ["0", "1"]
    assert answer.all("lifeTime") == ["28800000", "28800000"]
    assert len(set(answer.all("fileIdentifier"))) == 2
    assert statuses(answer) == ["EXAMPLE_OK"] * 3


@pytest.mark.parametrize(
    ("form", "asked_qualified", "qualified"),
    [
        ("as-request", True, True),
        ("as-request", False, False),
        ("qualified", False, True),
        ("unqualified", True, False),
    ],
)
def test_the_form_of_an_answer_is_a_switch(
    new_wire: Callable[..., Wire], form: str, asked_qualified: bool, qualified: bool
) -> None:
    wire = new_wire(file_form=form)
    root = call(wire, upload(b"x", qualified=asked_qualified)).root
    answer = next(root.iter(f"{{{STORAGE}}}tempStorageResponse"))
    forms = {one.tag.startswith(f"{{{STORAGE}}}") for one in answer.iterdescendants()}
    assert forms == {qualified}
    assert wire.sandbox.protocol_findings() == ()


def test_another_participant_downloads_with_everything_that_is_known(wire: Wire) -> None:
    (identifier,) = call(wire, upload(b"content", confirm=True)).all("fileIdentifier")
    answer = call(wire, about("DOWNLOAD", identifier, account="mfa_test"), sender="mfa_test")
    assert answer.one("content") == "Y29udGVudA=="
    assert [(one, answer.one(one)) for one in ("name", "mime", "id", "size", "deleted", "needToBeConfirmed")] == [
        ("name", "f0.xml"),
        ("mime", "application/xml"),
        ("id", "elshi_test"),
        ("size", "7"),
        ("deleted", "false"),
        ("needToBeConfirmed", "true"),
    ]
    assert answer.one("expirationTime") == "2026-11-20T18:15:00.000+05:00"


def test_a_confirmation_is_remembered_with_its_system_and_time(wire: Wire) -> None:
    (identifier,) = call(wire, upload(b"content")).all("fileIdentifier")
    assert statuses(call(wire, about("CONFIRM", identifier, account="mfa_test"), sender="mfa_test"))[0] == "EXAMPLE_OK"
    answer = call(wire, about("GET_FILE_INFO", identifier))
    assert answer.one("confirmed") == "true"
    assert answer.all("id") == ["elshi_test", "mfa_test"]
    assert answer.one("confirmationTime") == "2026-11-20T10:15:00.000+05:00"


def test_a_file_dies_by_the_clock_and_its_facts_stay(wire: Wire) -> None:
    (identifier,) = call(wire, upload(b"content", life=1000)).all("fileIdentifier")
    wire.clock.move(timedelta(milliseconds=999))
    assert wire.sandbox.file_store.holds(identifier)
    wire.clock.move(timedelta(milliseconds=1))
    gone = call(wire, about("DOWNLOAD", identifier))
    assert gone.all("content") == []
    assert statuses(gone) == ["EXAMPLE_ERROR", "EXAMPLE_OK"]
    told = call(wire, about("GET_FILE_INFO", identifier))
    assert (told.one("deleted"), told.one("size")) == ("true", "7")
    assert told.one("deletionTime").startswith("2026-11-20T10:15:01")
    assert "file.expired" in wire.whats()


def test_a_life_is_granted_up_to_the_longest(new_wire: Callable[..., Wire]) -> None:
    wire = new_wire(longest_life=timedelta(seconds=90))
    assert call(wire, upload(b"x")).one("lifeTime") == "90000"


def test_a_wrong_password_of_the_store_fails_each_file_and_the_call(wire: Wire) -> None:
    for data in (upload(b"x", password="wrong"), about("DOWNLOAD", "TF-1", password="wrong")):
        assert set(statuses(call(wire, data))) == {"EXAMPLE_ERROR"}


def test_credentials_of_another_account_are_refused(wire: Wire) -> None:
    assert set(statuses(call(wire, upload(b"x", account="mfa_test")))) == {"EXAMPLE_ERROR"}


def test_an_unknown_identifier_fails_alone(wire: Wire) -> None:
    (identifier,) = call(wire, upload(b"x")).all("fileIdentifier")
    answer = call(wire, about("DOWNLOAD", "../../etc/passwd", identifier))
    assert statuses(answer) == ["EXAMPLE_ERROR", "EXAMPLE_OK", "EXAMPLE_OK"]
    assert answer.all("fileIdentifier")[0] == "../../etc/passwd"


def test_a_full_store_fails_the_file_and_not_the_call(new_wire: Callable[..., Wire]) -> None:
    wire = new_wire(max_stored_bytes=10)
    assert statuses(call(wire, upload(b"x" * 10, b"y"))) == ["EXAMPLE_OK", "EXAMPLE_ERROR", "EXAMPLE_OK"]


def test_an_order_of_their_own_is_taken_and_noted(wire: Wire) -> None:
    credentials = "<credentials><senderId>elshi_test</senderId><password>store-secret-2</password></credentials>"
    data = (
        f"<data><tempStorageRequest>{credentials}<downloadRequest><fileIdentifiers>TF-1</fileIdentifiers>"
        "</downloadRequest><type>DOWNLOAD</type></tempStorageRequest></data>"
    )
    assert call(wire, data).one("type") == "DOWNLOAD"
    assert {one.code for one in wire.sandbox.protocol_findings()} == {"order", "not-qualified"}


def test_a_request_as_escaped_text_is_taken(wire: Wire) -> None:
    inner = upload(b"x").removeprefix("<data>").removesuffix("</data>")
    escaped = inner.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    assert call(wire, f"<data>{escaped}</data>").all("fileIdentifier")


@pytest.mark.parametrize("data", [storage("ERASE", ""), storage("UPLOAD", ""), storage("DOWNLOAD", "")])
def test_a_request_that_asks_for_nothing_is_refused(wire: Wire, data: str) -> None:
    assert call(wire, data).code in {"SBX-DATA", "SBX-REQUEST"}


def test_only_the_file_named_by_a_fault_fails(wire: Wire) -> None:
    wire.sandbox.add_faults(*rules_from_toml('[[fault]]\nname = "upload-partial-failure"\nfile = 2'))
    answer = call(wire, upload(b"a", b"b", b"c"))
    assert statuses(answer) == ["EXAMPLE_OK", "EXAMPLE_ERROR", "EXAMPLE_OK", "EXAMPLE_OK"]
    assert len(answer.all("fileIdentifier")) == 2
