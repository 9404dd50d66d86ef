"""Body to participant and back."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

import schemas
from adapter.domain.document import BodyCode
from adapter.domain.outgoing import Words
from adapter.errors import Final, Retryable
from adapter.exchange.directory import GET_DATA, Directory
from adapter.ports import Participant
from tests.unit.exchange import kit

ON = date(2026, 11, 20)
MFA, MOF = BodyCode("KZ-MFA"), BodyCode("KZ-MOF")


def item(code: str = "EX-1", member: str = "<member>0090000003</member>", **changes: str) -> str:
    fields = {"IsMarkedToDelete": "false", "isEsedo": "1", "isReady": "1"} | changes
    return (
        f"<Item><Id>1</Id><Parent>0</Parent><ChildsCount>0</ChildsCount><IsMarkedToDelete>{fields['IsMarkedToDelete']}"
        "</IsMarkedToDelete><name_ru>Министерство</name_ru><name_kz>Министрлік</name_kz><abbr_ru/><abbr_kz/>"
        f"{member}<code>{code}</code><isEsedo>{fields['isEsedo']}</isEsedo><isReady>{fields['isReady']}</isReady>"
        "<ElementGUID>1000000001</ElementGUID></Item>"
    )


def items(*entries: str) -> str:
    return f'<Items xmlns="http://nitec.kz/unidic/items">{"".join(entries)}</Items>'


def response(held: str, result: str = "Success", error: str = "") -> str:
    return (
        f'<Response xmlns="{GET_DATA}"><SessionId>0d6f1c2b-3a4e-4f5d-8c6b-7a8e9f0d1c2b</SessionId>'
        f"<ProcessingResult>{result}</ProcessingResult>{error}<ResultData><Data>{held}</Data><Schema/></ResultData></Response>"
    )


def escaped(markup: str) -> str:
    return markup.replace("&", "&amp;").replace("<", "&lt;")


def directory(*contents: Any) -> tuple[Directory, kit.CannedHttp, kit.StillClock]:
    replies = [
        kit.http(kit.signed(kit.answer(data=f"<data>{one}</data>"))) if isinstance(one, str) else one
        for one in contents
    ]
    http, clock = kit.CannedHttp(replies), kit.StillClock()
    return Directory(kit.gateway(http), clock, known=frozenset({MFA, MOF})), http, clock


EXPECTED = Participant(body=MFA, member=kit.PEER, name=Words(kk="Министрлік", ru="Министерство"))


@pytest.mark.parametrize(
    "content",
    [
        response(items(item())),
        response(escaped(items(item()))),
        escaped(response(items(item()))),
        escaped(response(escaped(items(item())))),
        response("<Items>" + item() + "</Items>").replace(f' xmlns="{GET_DATA}"', ""),
    ],
    ids=["elements", "items-escaped", "answer-escaped", "both-escaped", "unqualified"],
)
def test_finds_a_body_in_every_form_of_the_answer(content: str) -> None:
    book, http, _ = directory(content)
    assert book.find(MFA, on=ON) == EXPECTED
    assert book.body_of(kit.PEER) == MFA
    assert book.body_of("0090000003") == MFA
    assert len(http.posted) == 1


def test_the_request_satisfies_the_schema_and_has_its_own_account() -> None:
    book, http, _ = directory(response(items(item())))
    book.find(MFA, on=ON)
    request = schemas.parse_untrusted(http.posted[0]).find(f".//{{{GET_DATA}}}Request")
    assert request is not None
    from lxml import etree

    assert schemas.validate(etree.tostring(request), "ensi") == ()
    assert request.findtext(f"{{{GET_DATA}}}Password") == kit.DIRECTORY_SECRET


def test_a_body_that_is_not_mapped_is_looked_for_under_our_own_code() -> None:
    book, _, _ = directory(response(items(item("KZ-MOF", "<member>5</member>"))))
    assert book.find(MOF, on=ON).member == "5"
    assert book.body_of("5") == MOF
    assert book.body_of("6") is None


def test_a_code_that_nobody_knows_is_no_body() -> None:
    book, _, _ = directory(response(items(item("STRANGE", "<member>5</member>"))))
    assert book.body_of("5") is None
    assert book.body_of("not a number") is None


def test_an_unknown_body_is_refused() -> None:
    book, _, _ = directory(response(items(item("EX-2"))))
    with pytest.raises(Final) as caught:
        book.find(MFA, on=ON)
    assert caught.value.code == "exchange.addressee-unknown"
    assert dict(caught.value.params) == {"body": "KZ-MFA", "code": "EX-1", "on": "2026-11-20"}


@pytest.mark.parametrize(
    ("entry", "cause"),
    [
        (item(IsMarkedToDelete="true"), "IsMarkedToDelete"),
        (item(IsMarkedToDelete=""), "IsMarkedToDelete"),
        (item(member=""), "member"),
        (item(member="<member/>"), "member"),
        (item(member='<member xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:nil="true"/>'), "member"),
        (item(member='<member xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:nil="true">5</member>'), "member"),
        (item(member="<member>5.0</member>"), "member"),
        (item(isEsedo="0"), "isEsedo"),
        (item(isEsedo=""), "isEsedo"),
        (item(isReady="maybe"), "isReady"),
        (item(isReady="2"), "isReady"),
    ],
)
def test_only_a_body_known_to_be_ready_is_an_addressee(entry: str, cause: str) -> None:
    book, _, _ = directory(response(items(entry)))
    with pytest.raises(Final) as caught:
        book.find(MFA, on=ON)
    assert (caught.value.code, caught.value.params["cause"]) == ("exchange.addressee-not-ready", cause)


def test_of_two_entries_the_ready_one_counts_and_two_ready_ones_are_ambiguous() -> None:
    book, _, _ = directory(response(items(item(IsMarkedToDelete="true", member="<member>1</member>"), item())))
    assert book.find(MFA, on=ON).member == kit.PEER
    book, _, _ = directory(response(items(item(), item(member="<member>2</member>"))))
    with pytest.raises(Final) as caught:
        book.find(MFA, on=ON)
    assert caught.value.code == "exchange.addressee-ambiguous"


def test_a_number_shared_by_two_bodies_is_nobodys() -> None:
    book, _, _ = directory(response(items(item(), item("KZ-MOF"))))
    assert book.body_of(kit.PEER) is None


def test_who_has_left_the_exchange_still_has_sent_what_they_sent() -> None:
    book, _, _ = directory(response(items(item(IsMarkedToDelete="true"))))
    assert book.body_of(kit.PEER) == MFA


def test_one_reading_serves_for_a_day() -> None:
    book, http, clock = directory(response(items(item())), response(items(item("EX-2"))))
    book.find(MFA, on=ON)
    clock.at += timedelta(hours=23)
    book.find(MFA, on=ON)
    assert len(http.posted) == 1
    clock.at += timedelta(hours=2)
    with pytest.raises(Final):
        book.find(MFA, on=ON)
    assert len(http.posted) == 2


def test_a_reading_from_the_future_is_not_believed() -> None:
    book, http, clock = directory(response(items(item())))
    book.find(MFA, on=ON)
    clock.at -= timedelta(days=1)
    book.find(MFA, on=ON)
    assert len(http.posted) == 2


ERROR = "<ErrorInfo><ErrorCode>500</ErrorCode><ErrorMessage>Нет доступа</ErrorMessage><ErrorDescription/></ErrorInfo>"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (response("", "Error", ERROR), "exchange.directory-error"),
        (response(""), "exchange.directory-unreadable"),
        (response("<Other/>"), "exchange.directory-unreadable"),
        (response("plain"), "exchange.directory-unreadable"),
        (response(escaped("<Items>")), "exchange.directory-unreadable"),
        ("", "exchange.directory-unreadable"),
        ("<Other/>", "exchange.directory-unreadable"),
        (kit.http(b"<html/>", 503), "exchange.unavailable"),
        (kit.http(b"<html/>", 200), "exchange.answer-unreadable"),
    ],
)
def test_a_silent_or_confused_directory_refuses_nobody(content: Any, code: str) -> None:
    book, _, _ = directory(content, response(items(item())))
    with pytest.raises(Retryable) as caught:
        book.find(MFA, on=ON)
    assert caught.value.code == code
    assert book.find(MFA, on=ON) == EXPECTED
