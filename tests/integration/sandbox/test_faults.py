"""Every fault of the registry as a client meets it over HTTP. A fault without a proof here fails the build."""

from __future__ import annotations

import http.client
import socket
import threading
from collections.abc import Callable
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from lxml import etree

from adapter.sandbox.faults import FAULTS
from tests.integration.sandbox.conftest import Exchange
from tests.unit.sandbox.soap import (
    DATE,
    HREF,
    REGISTERED,
    Answer,
    about,
    document,
    entity,
    envelope,
    kind_of,
    notice,
    post,
    signed,
    upload,
    verdict,
)

Proof = Callable[[Exchange], None]
PROOFS: dict[str, Proof] = {}


def proves(name: str) -> Callable[[Proof], Proof]:
    def keep(proof: Proof) -> Proof:
        PROOFS[name] = proof
        return proof

    return keep


@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_is_reachable(exchange: Exchange, name: str) -> None:
    assert name in PROOFS, f"no test plays {name}"
    PROOFS[name](exchange)
    assert name in {one.fault for one in exchange.sandbox.events() if one.what == "fault.injected"}


def test_no_proof_is_left_over() -> None:
    assert set(PROOFS) == set(FAULTS)


def rule(name: str, **values: object) -> str:
    lines = [
        f"{key} = {str(value).lower() if isinstance(value, bool) else repr(value)}" for key, value in values.items()
    ]
    return "\n".join(["[[fault]]", f'name = "{name}"', *lines])


def is_well(exchange: Exchange) -> None:
    """The fault is over and the gateway works."""
    assert exchange.sent().code == "SCSS001"


def closed(exchange: Exchange) -> bool:
    parts = urlsplit(exchange.serving.gateway_url)
    with socket.socket() as one:
        try:
            one.connect((parts.hostname, parts.port))
        except ConnectionRefusedError:
            return True
    return False


# --- connection ---------------------------------------------------------------------------------------------------------
@proves("connection-refused")
def _(exchange: Exchange) -> None:
    exchange.script(rule("connection-refused", service="EDS_TEMP_FILES", seconds=0))
    identifier = exchange.stored()
    with pytest.raises(ConnectionRefusedError):
        exchange.sent(identifier)
    exchange.serving.open_gateway()
    is_well(exchange)


@proves("connection-reset")
def _(exchange: Exchange) -> None:
    exchange.script(rule("connection-reset", count=2))
    for _ in range(2):
        # Before or while the request is written, or when the answer is read: the client's timing, never an answer.
        with pytest.raises((ConnectionResetError, BrokenPipeError)):
            exchange.sent()
    assert not exchange.has_processed()
    is_well(exchange)


@proves("slow-read")
def _(exchange: Exchange) -> None:
    exchange.script(rule("slow-read", bytes_per_second=1_000_000, above=20_000))
    assert exchange.sent().code == "SCSS001"
    assert not [one for one in exchange.sandbox.events() if one.what == "fault.injected"]
    assert exchange.file(upload(b"x" * 60_000)).status == 200


def test_a_request_that_is_read_too_slowly_for_the_limit_is_not_taken(new_exchange: Callable[..., Exchange]) -> None:
    exchange = new_exchange(read_within=timedelta(seconds=0.5))
    exchange.script(rule("slow-read", bytes_per_second=1000, above=20_000))
    assert exchange.file(upload(b"x" * 60_000)).status == 408
    assert exchange.file(upload(b"x" * 60_000)).status == 200


# --- instead of an answer -----------------------------------------------------------------------------------------------
@proves("reset-before-answer")
def _(exchange: Exchange) -> None:
    exchange.script(rule("reset-before-answer"))
    with pytest.raises(ConnectionResetError):
        exchange.sent()
    assert not exchange.has_processed()
    is_well(exchange)


def _plain(exchange: Exchange, name: str, status: int, **values: object) -> Answer:
    exchange.script(rule(name, **values))
    answer = exchange.sent()
    assert answer.status == status
    assert b"Envelope" not in answer.body
    assert not exchange.has_processed()
    is_well(exchange)
    return answer


@proves("http-503")
def _(exchange: Exchange) -> None:
    assert _plain(exchange, "http-503", 503, retry_after=7).headers["retry-after"] == "7"


@proves("http-500")
def _(exchange: Exchange) -> None:
    _plain(exchange, "http-500", 500)


@proves("http-502-html")
def _(exchange: Exchange) -> None:
    answer = _plain(exchange, "http-502-html", 502)
    assert answer.headers["content-type"].startswith("text/html")
    assert b"<html>" in answer.body


@proves("http-504")
def _(exchange: Exchange) -> None:
    _plain(exchange, "http-504", 504)


@proves("http-429")
def _(exchange: Exchange) -> None:
    assert _plain(exchange, "http-429", 429, retry_after=3).headers["retry-after"] == "3"


@proves("http-413")
def _(exchange: Exchange) -> None:
    _plain(exchange, "http-413", 413)


@proves("http-403")
def _(exchange: Exchange) -> None:
    _plain(exchange, "http-403", 403)


@proves("http-200-html")
def _(exchange: Exchange) -> None:
    assert b"<html>" in _plain(exchange, "http-200-html", 200).body


@pytest.mark.parametrize("name", ["http-504", "http-503", "http-500", "http-502-html", "http-200-html"])
def test_a_call_may_take_effect_behind_a_proxys_error(exchange: Exchange, name: str) -> None:
    exchange.script(rule(name, processed=True))
    assert b"Envelope" not in exchange.sent().body
    assert exchange.kinds("foreign", 1) == ["docOutgoing"]


def _fault(exchange: Exchange, name: str, status: int, expected: str, **values: object) -> Answer:
    exchange.script(rule(name, **values))
    answer = exchange.sent()
    assert (answer.status, answer.code) == (status, expected)
    detail = answer.root.find(".//{*}SendMessageFault1_SendMessageFault")
    assert detail.tag == "{http://bip.bee.kz/SyncChannel/v10/Types}SendMessageFault1_SendMessageFault"
    assert [one.tag for one in detail][:3] == ["errorCode", "errorMessage", "errorDate"]
    assert verdict(answer.body, exchange.keys) == "TOTAL-PASSED"
    assert not exchange.has_processed()
    return answer


@proves("soap-fault-listed")
def _(exchange: Exchange) -> None:
    _fault(exchange, "soap-fault-listed", 500, "VAL-R-004")


@proves("soap-fault-unlisted")
def _(exchange: Exchange) -> None:
    answer = _fault(exchange, "soap-fault-unlisted", 500, "X-1", code="X-1", depth=3)
    assert len(answer.root.findall(".//subError")) == 3
    assert answer.all("errorCode") == ["X-1", "X-1-1", "X-1-2", "X-1-3"]


@proves("soap-fault-in-200")
def _(exchange: Exchange) -> None:
    _fault(exchange, "soap-fault-in-200", 200, "SCSE001")


@proves("status-unlisted")
def _(exchange: Exchange) -> None:
    exchange.script(rule("status-unlisted"))
    answer = exchange.sent()
    assert (answer.status, answer.code) == (200, "SCSE777")
    assert not exchange.has_processed()


@pytest.mark.parametrize("name", ["soap-fault-listed", "soap-fault-unlisted", "soap-fault-in-200", "status-unlisted"])
def test_a_call_may_take_effect_behind_a_refusal(exchange: Exchange, name: str) -> None:
    exchange.script(rule(name, processed=True))
    assert exchange.sent().code not in {"SCSS001", "SBX-REQUEST"}
    assert exchange.kinds("foreign", 1) == ["docOutgoing"]


# --- the answer is spoilt -----------------------------------------------------------------------------------------------
def _processed(exchange: Exchange) -> None:
    assert exchange.kinds("foreign", 1) == ["docOutgoing"]


@proves("timeout-after-accept")
def _(exchange: Exchange) -> None:
    exchange.script(rule("timeout-after-accept", seconds=60))
    with pytest.raises(TimeoutError):
        exchange.sent(within=0.3)
    _processed(exchange)


@proves("hang-after-headers")
def _(exchange: Exchange) -> None:
    exchange.script(rule("hang-after-headers", seconds=60))
    parts = urlsplit(exchange.serving.gateway_url)
    message = signed(envelope(document()), exchange.keys.ministry)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=0.5)
    try:
        connection.request("POST", parts.path, message, {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": '""'})
        response = connection.getresponse()
        assert (response.status, int(response.getheader("content-length", "0")) > 0) == (200, True)
        with pytest.raises(TimeoutError):
            response.read()
    finally:
        connection.close()
    _processed(exchange)


@proves("answer-after-notices")
def _(exchange: Exchange) -> None:
    """The ministry has the notice in its hands before it has the answer."""
    exchange.script(rule("answer-after-notices", until="stateRegistered"))
    at_answer: list[list[str]] = []
    sending = threading.Thread(target=lambda: at_answer.append([exchange.sent().code, *exchange.ministry.kinds()]))
    sending.start()
    exchange.pushed("foreign", 1)
    assert exchange.said(notice("stateRegistered", *REGISTERED)).code == "SCSS001"
    sending.join()
    assert at_answer == [["SCSS001", "stateStartProcessResponse", "stateRegistered"]]


def test_an_answer_waits_for_notices_no_longer_than_it_is_told(exchange: Exchange) -> None:
    exchange.script(rule("answer-after-notices", until="stateRegistered", seconds=0.05))
    assert exchange.sent().code == "SCSS001"


@proves("cut-mid-answer")
def _(exchange: Exchange) -> None:
    exchange.script(rule("cut-mid-answer", part=0.5))
    with pytest.raises(http.client.IncompleteRead) as broken:
        exchange.sent()
    assert 0 < len(broken.value.partial) < len(broken.value.partial) + broken.value.expected
    _processed(exchange)


@proves("slow-drip")
def _(exchange: Exchange) -> None:
    exchange.script(rule("slow-drip", chunk=512, pause=0.01))
    answer = exchange.sent()
    assert answer.code == "SCSS001"
    assert verdict(answer.body, exchange.keys) == "TOTAL-PASSED"
    _processed(exchange)


@proves("garbage-answer")
def _(exchange: Exchange) -> None:
    exchange.script(rule("garbage-answer", size=300))
    answer = exchange.sent()
    assert (answer.status, len(answer.body)) == (200, 300)
    with pytest.raises(etree.XMLSyntaxError):
        _ = answer.root
    _processed(exchange)


def _spoilt(exchange: Exchange, name: str, expected: str, **values: object) -> Answer:
    exchange.script(rule(name, **values))
    answer = exchange.sent()
    assert (answer.status, answer.code) == (200, "SCSS001")
    assert verdict(answer.body, exchange.keys) == expected
    _processed(exchange)
    return answer


@proves("unsigned-answer")
def _(exchange: Exchange) -> None:
    _spoilt(exchange, "unsigned-answer", "unsigned")


@proves("wrongly-signed-answer")
def _(exchange: Exchange) -> None:
    _spoilt(exchange, "wrongly-signed-answer", "TOTAL-FAILED")


@proves("stranger-signed-answer")
def _(exchange: Exchange) -> None:
    exchange.script(rule("stranger-signed-answer"))
    assert verdict(exchange.sent().body, exchange.keys) in {"TOTAL-FAILED", "INDETERMINATE"}
    _processed(exchange)


@proves("double-encoded-answer")
def _(exchange: Exchange) -> None:
    answer = _spoilt(exchange, "double-encoded-answer", "TOTAL-PASSED", text="Принято")
    assert answer.one("message").encode("latin-1").decode() == "Принято"


@proves("text-payload-answer")
def _(exchange: Exchange) -> None:
    exchange.script(rule("text-payload-answer"))
    answer = exchange.file(upload(b"x"))
    data = next(answer.root.iter("{http://www.w3.org/2001/XMLSchema-instance}data"))
    assert data.get("type") == "xsd:string"
    inner = etree.fromstring(data.text)
    assert inner.findtext(".//{*}fileIdentifier").startswith("TF-")
    assert verdict(answer.body, exchange.keys) == "TOTAL-PASSED"


# --- the clock ---------------------------------------------------------------------------------------------------------
@proves("clock-skewed")
def _(exchange: Exchange) -> None:
    """A day ahead in one answer, a day behind in what the centre says; the next answer is right."""
    exchange.script(rule("clock-skewed", sender="MIN", operation="docOutgoing", addressee="MFA", skew=86400.0))
    exchange.script(rule("clock-skewed", sender="centre", skew=-86400.0))
    assert exchange.sent().one("responseDate").startswith("2026-11-21T10:15:00")
    (said,) = exchange.pushed("ministry", 1)
    assert {etree.fromstring(said).findtext(f".//{name}")[:10] for name in ("date", "messageDate")} == {"2026-11-19"}
    assert exchange.sent().one("responseDate").startswith("2026-11-20T10:15:00")


# --- files --------------------------------------------------------------------------------------------------------------
def _contents(exchange: Exchange, *identifiers: str) -> list[str]:
    return exchange.file(about("DOWNLOAD", *identifiers)).all("content")


@proves("file-forgotten")
def _(exchange: Exchange) -> None:
    exchange.script(rule("file-forgotten", operation="UPLOAD"))
    answer = exchange.file(upload(b"x"))
    assert answer.one("lifeTime") == "28800000"
    assert _contents(exchange, answer.one("fileIdentifier")) == []


@proves("file-short-life")
def _(exchange: Exchange) -> None:
    exchange.script(rule("file-short-life", lifetime_ms=1500))
    assert exchange.file(upload(b"x")).one("lifeTime") == "1500"


@proves("upload-partial-failure")
def _(exchange: Exchange) -> None:
    exchange.script(rule("upload-partial-failure", file=1))
    answer = exchange.file(upload(b"a", b"b"))
    assert len(answer.all("fileIdentifier")) == 1
    assert _contents(exchange, answer.one("fileIdentifier")) == ["Yg=="]


@proves("download-failure")
def _(exchange: Exchange) -> None:
    one, other = exchange.stored(b"a"), exchange.stored(b"b")
    exchange.script(rule("download-failure", operation="DOWNLOAD", file=2))
    assert _contents(exchange, one, other) == ["YQ=="]
    assert _contents(exchange, one, other) == ["YQ==", "Yg=="]


@proves("download-altered")
def _(exchange: Exchange) -> None:
    identifier = exchange.stored(b"a")
    exchange.script(rule("download-altered", operation="DOWNLOAD"))
    assert _contents(exchange, identifier) == ["YQA="]


# --- directory ----------------------------------------------------------------------------------------------------------
def _entry(exchange: Exchange, name: str, **values: object) -> etree._Element | None:
    exchange.script(rule(name, addressee="MFA", **values))
    answer = exchange.call(envelope(entity(), service="ENSI_SeGetDataGetItems"))
    found = [one for one in answer.root.iter("{*}Item") if one.findtext("{*}code") == "MFA"]
    others = [one for one in answer.root.iter("{*}Item") if one.findtext("{*}code") != "MFA"]
    assert [one.findtext("{*}isReady") for one in others] == ["1", "1"]
    return found[0] if found else None


@proves("directory-entry-deleted")
def _(exchange: Exchange) -> None:
    assert _entry(exchange, "directory-entry-deleted").findtext("{*}IsMarkedToDelete") == "true"


@proves("directory-entry-not-ready")
def _(exchange: Exchange) -> None:
    assert _entry(exchange, "directory-entry-not-ready").findtext("{*}isReady") == "0"


@proves("directory-entry-not-esedo")
def _(exchange: Exchange) -> None:
    assert _entry(exchange, "directory-entry-not-esedo").findtext("{*}isEsedo") == "0"


@proves("directory-entry-without-number")
def _(exchange: Exchange) -> None:
    member = _entry(exchange, "directory-entry-without-number").find("{*}member")
    assert (member.text, member.get("{http://www.w3.org/2001/XMLSchema-instance}nil")) == (None, "true")


@proves("directory-entry-missing")
def _(exchange: Exchange) -> None:
    assert _entry(exchange, "directory-entry-missing") is None


@proves("directory-error")
def _(exchange: Exchange) -> None:
    exchange.script(rule("directory-error", code="700"))
    answer = exchange.call(envelope(entity(), service="ENSI_SeGetDataGetItems"))
    assert (answer.status, answer.one("ErrorCode")) == (200, "700")


# --- pushes -------------------------------------------------------------------------------------------------------------
def _notices(exchange: Exchange) -> None:
    """Document, then delivered and registered from the MFA, each answered before the next."""
    assert exchange.sent().code == "SCSS001"
    exchange.pushed("ministry", 1)
    assert exchange.said(notice("stateDelivered", DATE)).code == "SCSS001"
    assert exchange.said(notice("stateRegistered", *REGISTERED)).code == "SCSS001"


@proves("document-delivered-twice")
def _(exchange: Exchange) -> None:
    exchange.script(rule("document-delivered-twice", addressee="MFA"))
    exchange.sent()
    one, other = exchange.pushed("foreign", 2)
    assert kind_of(one) == "docOutgoing"
    assert one == other


@proves("notice-duplicated")
def _(exchange: Exchange) -> None:
    exchange.script(rule("notice-duplicated", operation="stateDelivered", copies=3, same_message=False))
    _notices(exchange)
    assert exchange.kinds("ministry", 5) == [
        "stateStartProcessResponse",
        "stateDelivered",
        "stateDelivered",
        "stateDelivered",
        "stateRegistered",
    ]
    ids = {etree.fromstring(one).findtext(".//messageId") for one in exchange.pushed("ministry", 5)}
    assert len(ids) == 5


@proves("notice-reordered")
def _(exchange: Exchange) -> None:
    exchange.script(rule("notice-reordered", operation="stateDelivered"))
    _notices(exchange)
    assert exchange.kinds("ministry", 3) == ["stateStartProcessResponse", "stateRegistered", "stateDelivered"]


def test_a_reordered_notice_that_nothing_follows_comes_all_the_same(exchange: Exchange) -> None:
    exchange.script(rule("notice-reordered", operation="stateDelivered", seconds=0.05))
    exchange.sent()
    exchange.said(notice("stateDelivered", DATE))
    assert exchange.kinds("ministry", 2) == ["stateStartProcessResponse", "stateDelivered"]


@proves("notice-delayed")
def _(exchange: Exchange) -> None:
    exchange.script(rule("notice-delayed", operation="stateDelivered", seconds=3600))
    exchange.sent()
    exchange.pushed("ministry", 1)
    exchange.said(notice("stateDelivered", DATE))
    exchange.until(lambda: exchange.sandbox.lanes.waiting() == 1)
    exchange.serving.retry_now()
    assert exchange.kinds("ministry", 2) == ["stateStartProcessResponse", "stateDelivered"]


def _refusal(exchange: Exchange) -> str:
    exchange.sent()
    exchange.pushed("ministry", 1)
    reason = "<isValidReason>2</isValidReason>"
    exchange.said(notice("stateNotValid", DATE, "<idPortalInternal>0</idPortalInternal>", reason))
    message = exchange.pushed("ministry", 2)[1]
    assert verdict(message, exchange.keys) == "TOTAL-PASSED"
    return etree.fromstring(message).findtext(".//isValidReason")


@proves("notice-text-reason")
def _(exchange: Exchange) -> None:
    exchange.script(rule("notice-text-reason", operation="stateNotValid"))
    assert _refusal(exchange) == "Отрицательный результат проверки ЭЦП"


@proves("notice-mangled")
def _(exchange: Exchange) -> None:
    exchange.script(rule("notice-mangled", operation="stateNotValid", text="Отказано"))
    assert _refusal(exchange) == "РћС‚РєР°Р·Р°РЅРѕ"


def _contradicted(exchange: Exchange, said: str, **values: object) -> list[str]:
    exchange.script(rule("notice-contradicted", addressee="MIN", **values))
    exchange.sent()
    exchange.pushed("ministry", 1)
    assert exchange.said(said).code == "SCSS001"
    found = exchange.pushed("ministry", 3)[1:]
    assert {verdict(one, exchange.keys) for one in found} == {"TOTAL-PASSED"}
    speakers = {etree.fromstring(one).findtext(".//from") for one in found}
    assert (len(speakers), {etree.fromstring(one).findtext(".//href") for one in found}) == (1, {HREF})
    return [kind_of(one) for one in found]


@proves("notice-contradicted")
def _(exchange: Exchange) -> None:
    assert _contradicted(exchange, notice("stateRegistered", *REGISTERED)) == ["stateRegistered", "stateNotValid"]


def test_a_contradiction_may_come_first_and_a_refusal_may_be_contradicted_too(
    new_exchange: Callable[..., Exchange],
) -> None:
    said = notice("stateRegistered", *REGISTERED)
    assert _contradicted(new_exchange(), said, before=True) == ["stateNotValid", "stateRegistered"]
    refusal = notice(
        "stateNotValid", DATE, "<idPortalInternal>0</idPortalInternal>", "<isValidReason>2</isValidReason>"
    )
    assert _contradicted(new_exchange(), refusal) == ["stateNotValid", "stateRegistered"]


@proves("notice-unknown-href")
def _(exchange: Exchange) -> None:
    exchange.script(rule("notice-unknown-href", operation="stateStartProcessResponse"))
    exchange.sent()
    hrefs = [etree.fromstring(one).findtext(".//href") for one in exchange.pushed("ministry", 2)]
    assert hrefs.count(HREF) == 1
    assert len(set(hrefs)) == 2


def _pushed_verdict(exchange: Exchange, name: str) -> str:
    exchange.script(rule(name, addressee="MFA"))
    exchange.sent()
    (message,) = exchange.pushed("foreign", 1)
    return verdict(message, exchange.keys)


@proves("push-unsigned")
def _(exchange: Exchange) -> None:
    assert _pushed_verdict(exchange, "push-unsigned") == "unsigned"


@proves("push-wrongly-signed")
def _(exchange: Exchange) -> None:
    assert _pushed_verdict(exchange, "push-wrongly-signed") == "TOTAL-FAILED"


@proves("push-stranger-signed")
def _(exchange: Exchange) -> None:
    assert _pushed_verdict(exchange, "push-stranger-signed") in {"TOTAL-FAILED", "INDETERMINATE"}


@proves("push-lost")
def _(exchange: Exchange) -> None:
    exchange.script(rule("push-lost", addressee="MFA"))
    exchange.sent()
    exchange.pushed("ministry", 1)
    exchange.until(lambda: exchange.sandbox.lanes.waiting() == 0)
    assert exchange.foreign.received == []


# --- together -----------------------------------------------------------------------------------------------------------
def test_a_rule_for_one_service_leaves_the_others_alone(exchange: Exchange) -> None:
    exchange.script(rule("http-503", service="EDS_TEMP_FILES", count=0))
    assert exchange.file(upload(b"x")).status == 503
    assert exchange.sent().code == "SCSS001"
    assert exchange.call(envelope(entity(), service="ENSI_SeGetDataGetItems")).status == 200


def test_a_resend_after_a_timeout_is_delivered_with_the_same_href(exchange: Exchange) -> None:
    exchange.script(rule("timeout-after-accept", service="ESEDO_UNIVERSAL_SERVICE", seconds=60))
    message = signed(envelope(document()), exchange.keys.ministry)
    with pytest.raises(TimeoutError):
        post(exchange.serving.gateway_url, message, within=0.3)
    assert post(exchange.serving.gateway_url, message).code == "SCSS001"
    first, second = (etree.fromstring(one).findtext(".//href") for one in exchange.pushed("foreign", 2))
    assert first == second
    taken = [one.outcome for one in exchange.sandbox.events() if one.what == "document.taken"]
    assert taken == ["new", "again"]
