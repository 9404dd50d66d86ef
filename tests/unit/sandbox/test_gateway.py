from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as within
from hypothesis import strategies as st

from adapter.sandbox.replies import Post
from tests.unit.sandbox.conftest import Wire
from tests.unit.sandbox.soap import (
    CHANNEL,
    DATE,
    EVERY_SECRET,
    FOREIGN,
    HREF,
    MINISTRY,
    OTHER,
    REGISTERED,
    START,
    Keys,
    about,
    document,
    entity,
    envelope,
    meta,
    notice,
    participants,
    signed,
    upload,
    verdict,
)


def codes(wire: Wire) -> list[str]:
    return [one.code for one in wire.sandbox.protocol_findings()]


def stored(wire: Wire, *contents: bytes) -> list[str]:
    answer = wire.call(envelope(upload(*contents or (b"example",)), service="EDS_TEMP_FILES"))
    return answer.all("fileIdentifier")


# --- clean calls --------------------------------------------------------------------------------------------------------
def test_a_clean_document_is_accepted_and_nothing_is_found(wire: Wire) -> None:
    answer = wire.call(envelope(document(*stored(wire))))
    assert (answer.status, answer.code) == (200, "SCSS001")
    assert codes(wire) == []


def test_an_answer_has_the_shape_of_the_reference(wire: Wire) -> None:
    answer = wire.call(envelope(document(*stored(wire))))
    names = [one.tag.rpartition("}")[2] for one in answer.root.iter() if isinstance(one.tag, str)]
    start = names.index("SendMessageResponse")
    assert names[start:] == [
        "SendMessageResponse",
        "response",
        "responseInfo",
        "messageId",
        "responseDate",
        "status",
        "code",
        "message",
        "sessionId",
        "responseData",
    ]
    response = next(answer.root.iter("response"))
    assert response.getparent().tag == "{http://bip.bee.kz/SyncChannel/v10/Types}SendMessageResponse"
    assert {one.tag for one in response.iter()} == set(names[start + 1 :]), "everything inside is unqualified"
    assert answer.one("responseDate") == "2026-11-20T10:15:00.000+05:00"
    assert answer.one("sessionId").startswith("{")


def test_answers_are_signed_for_whoever_pins_the_certificate(wire: Wire) -> None:
    answer = wire.call(envelope(document(*stored(wire))))
    assert verdict(answer.body, wire.keys) == "TOTAL-PASSED"
    assert b"X509IssuerSerial" in answer.body
    assert b"KeyIdentifier" not in answer.body


def test_the_certificate_can_be_put_into_answers(new_wire: Callable[..., Wire]) -> None:
    wire = new_wire(answer_key_hint="certificate")
    answer = wire.call(envelope(entity(), service="ENSI_SeGetDataGetItems"))
    assert b"KeyIdentifier" in answer.body
    assert verdict(answer.body, wire.keys) == "TOTAL-PASSED"


@pytest.mark.parametrize("kind", ["docSection", "docAppeal", "docOL"])
def test_other_documents_are_taken_too(wire: Wire, kind: str) -> None:
    assert wire.call(envelope(document(*stored(wire), kind=kind))).code == "SCSS001"


def test_a_dictionary_message_is_kept(wire: Wire) -> None:
    data = document(*stored(wire), kind="dictionaryRequest").replace("model/document", "model/dictionary")
    assert wire.call(envelope(data)).code == "SCSS001"
    assert "message.kept" in wire.whats()


# --- refusals -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("code", "change"),
    [
        ("SBX-XML", lambda raw: b"not xml"),
        ("SBX-XML", lambda raw: b'<!DOCTYPE a [<!ENTITY x "y">]>' + raw),
        ("SBX-XML", lambda raw: raw.decode().encode("utf-16")),
        ("SBX-XML", lambda raw: raw[:-20]),
        ("SBX-XML", lambda raw: b"<a>" * 300 + b"</a>" * 300),
        ("SBX-SOAP", lambda raw: b"<a/>"),
        (
            "SBX-SOAP",
            lambda raw: raw.replace(b"schemas.xmlsoap.org/soap/envelope/", b"www.w3.org/2003/05/soap-envelope"),
        ),
        ("SBX-SOAP", lambda raw: raw.replace(b"SendMessage", b"GetMessage")),
        ("SBX-SOAP", lambda raw: raw.replace(b"SyncChannel/v10/Types", b"SyncChannel/v9/Types")),
        ("SBX-SOAP", lambda raw: raw.replace(b"</soap:Body>", b"</soap:Body><soap:Body/>")),
        ("SBX-SOAP", lambda raw: raw.replace(b'<request xmlns="">', b'<r xmlns="">').replace(b"</request>", b"</r>")),
    ],
)
def test_what_is_no_message_is_refused(wire: Wire, code: str, change: Callable[[bytes], bytes]) -> None:
    answer = wire.call(change(envelope(document())), sign=False)
    assert (answer.status, answer.code) == (500, code)
    assert verdict(answer.body, wire.keys) == "TOTAL-PASSED"


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("SBX-ACCOUNT", envelope(document(), password="wrong")),
        ("SBX-ACCOUNT", envelope(document(), password="")),
        ("SBX-SERVICE", envelope(document(), service="NO_SUCH_SERVICE")),
        ("SBX-SERVICE", envelope(document(), route="R_OTHER")),
        ("SBX-SERVICE", envelope(upload(b"x"), service="EDS_TEMP_FILES", route="R_ESEDO")),
        ("SBX-DATA", envelope(document(), service="EDS_TEMP_FILES")),
        ("SBX-DATA", envelope("", service="ENSI_SeGetDataGetItems")),
        ("SBX-DATA", envelope("")),
        ("SBX-TYPE", envelope(document().replace('xsi:type="d:docOutgoing"', ""))),
        ("SBX-TYPE", envelope(document(kind="docUnheardOf"))),
        ("SBX-TYPE", envelope(document().replace("model/document", "model/notification"))),
        ("SBX-SENDER", envelope(document(head=meta(speaker=FOREIGN)))),
        ("SBX-SENDER", envelope(document(head=meta(org=1)))),
        ("SBX-ADDRESSEE", envelope(document(head=meta(performers=(12345,))))),
        ("SBX-ADDRESSEE", envelope(document(head=meta(performers=())))),
        ("SBX-HREF", envelope(document(head=meta("")))),
        ("SBX-HREF", envelope(notice("stateDelivered", DATE, speaker=MINISTRY, href="unheard-of"))),
        ("SBX-REQUEST", envelope(document()).replace(b"<messageDate>2026", b"<messageDate>26")),
        ("SBX-REQUEST", envelope(document(own="<docKind></docKind>"))),
        ("SBX-REQUEST", envelope(document(own="<docKind>many</docKind>"))),
        ("SBX-REQUEST", envelope(notice("stateRegistered", DATE, speaker=MINISTRY))),
    ],
)
def test_a_refusal_names_its_reason(wire: Wire, code: str, message: bytes) -> None:
    answer = wire.call(message)
    assert (answer.status, answer.code) == (500, code), answer.all("errorMessage")


def test_an_unsigned_envelope_is_refused(wire: Wire) -> None:
    assert wire.call(envelope(document()), sign=False).code == "SBX-UNSIGNED"


@pytest.mark.parametrize("who", ["foreign", "stranger"])
def test_an_envelope_signed_by_somebody_else_is_refused(wire: Wire, who: str) -> None:
    assert wire.call(envelope(document()), key=getattr(wire.keys, who)).code == "SBX-SIGNATURE"


def test_an_envelope_changed_after_signing_is_refused(wire: Wire) -> None:
    message = signed(envelope(document()), wire.keys.ministry).replace(b"EX-11/204", b"EX-11/205")
    assert wire.call(message, sign=False).code == "SBX-SIGNATURE"


def test_a_rebound_prefix_of_the_type_is_seen_although_the_signature_holds(wire: Wire) -> None:
    """Exclusive canonical form does not cover a prefix used in a value; the binding in the bytes decides."""
    message = signed(envelope(document()), wire.keys.ministry)
    message = message.replace(b"esedo.nitec.kz/service/model/document", b"esedo.nitec.kz/service/model/other")
    assert wire.call(message, sign=False).code == "SBX-TYPE"


def test_an_unknown_type_is_kept_and_named(wire: Wire) -> None:
    answer = wire.call(envelope(document(kind="docUnheardOf")))
    assert "docUnheardOf" in answer.one("errorMessage")
    kept = [one for one in wire.sandbox.events() if one.what == "message.kept"]
    assert [(one.operation, one.href) for one in kept] == [("docUnheardOf", HREF)]


@pytest.mark.parametrize(
    "change", [{"is_deleted": True}, {"is_ready": "0"}, {"is_esedo": "yes"}], ids=["deleted", "not-ready", "not-esedo"]
)
def test_a_body_that_takes_no_documents_is_refused_as_addressee(
    new_wire: Callable[..., Wire], keys: Keys, change: dict[str, object]
) -> None:
    wire = new_wire(participants=participants(keys, mfa=change))
    assert wire.call(envelope(document())).code == "SBX-ADDRESSEE"


# --- what our own eyes find ---------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("order", envelope(document(own="<sheetCount>2</sheetCount>"))),
        ("unknown-element", envelope(document(own="<somethingElse/>"))),
        ("empty-long", envelope(document(own="<docKind/>"))),
        ("bad-long", envelope(document(own="<docKind>9223372036854775808</docKind>"))),
        ("empty-datetime", envelope(document()).replace(b"<docDate>2026-11-20T00:00:00.000+05:00<", b"<docDate><")),
        ("bad-datetime", envelope(document()).replace(b"<docDate>2026-11-20T", b"<docDate>2026-13-20T")),
        ("datetime-without-offset", envelope(document()).replace(b"T00:00:00.000+05:00", b"T00:00:00")),
        ("stale-offset", envelope(document()).replace(b"T00:00:00.000+05:00", b"T00:00:00+06:00")),
        ("unlisted-value", envelope(document()).replace(b">KZRU<", b">kzru<")),
        ("expected-element", envelope(document()).replace(b"<docNo>EX-11/204</docNo>", b"")),
        ("one-language", envelope(document()).replace("<authorNameKz>Үлгі<".encode(), b"<authorNameKz><")),
        ("office-signature", envelope(document()).replace(b"Enabled>0<", b"Enabled>1<")),
        ("append-count", envelope(document()).replace(b"Count>0<", b"Count>7<")),
        ("file-not-there", envelope(document("TF-unknown"))),
        (
            "several-identifiers",
            envelope(document("a", "b")).replace(b"</attachments><attachments>", b""),
        ),
        ("inside-qualified", envelope(document()).replace(b'<request xmlns="">', b"<request>")),
        ("empty-element", envelope(document()).replace(b"<serviceId>", b"<correlationId/><serviceId>")),
        ("empty-element", envelope(document()).replace(b"</requestInfo>", b"<properties/></requestInfo>")),
        (
            "too-long",
            envelope(document()).replace(
                b"</requestInfo>", b"<properties><key>%b</key><value>v</value></properties></requestInfo>" % (b"k" * 31)
            ),
        ),
        (
            "session-id-sent",
            envelope(document()).replace(
                b"</requestInfo>", b"<sessionId>{5e2f7a11-9c0d-4b7e-8a21-0c1d2e3f4a5b}</sessionId></requestInfo>"
            ),
        ),
        (
            "bad-guid",
            envelope(document()).replace(
                b"</requestInfo>", b"<sessionId>{ 5e2f7a11-9c0d-4b7e-8a21-0c1d2e3f4a5b }</sessionId></requestInfo>"
            ),
        ),
        ("missing-element", envelope(document()).replace(b"<senderId>elshi_test</senderId>", b"")),
        ("empty-mandatory", envelope(document()).replace(b">elshi_test<", b"><")),
        ("repeated-element", envelope(document(own="<docNo>2</docNo>"))),
        ("element-in-text", envelope(document(own="<executor><b>x</b></executor>"))),
        ("message-date-skew", envelope(document(), at=START - timedelta(hours=1))),
        ("not-flattened", envelope(document()).replace(b"<requestData>", b"<requestData>\n  ")),
        ("carriage-return", envelope(document()).replace(b"EX-11/204", b"EX-11&#13;")),
        (
            "type-prefix-above",
            envelope(document()).replace(
                b"<requestData>", b'<requestData xmlns:d="http://esedo.nitec.kz/service/model/document">'
            ),
        ),
        ("bad-base64", envelope(upload(b"x").replace("eA==", "%%%"), service="EDS_TEMP_FILES")),
        ("bad-boolean", envelope(upload(b"x").replace(">false<", ">no<"), service="EDS_TEMP_FILES")),
        (
            "not-qualified",
            envelope(
                upload(b"x")
                .replace("<type>", '<type xmlns="http://egov.bee.kz/eds/tempstorage/v2/">')
                .replace("</type>", "</type>"),
                service="EDS_TEMP_FILES",
            ),
        ),
        ("not-qualified", envelope(entity().replace("<Login>", '<Login xmlns="">'), service="ENSI_SeGetDataGetItems")),
    ],
)
def test_a_breach_is_found_by_its_code(wire: Wire, code: str, message: bytes) -> None:
    wire.call(message)
    assert code in codes(wire)


@pytest.mark.parametrize(
    ("content_type", "action", "code"),
    [
        ("application/soap+xml", '""', "content-type"),
        ("text/xml; charset=windows-1251", '""', "charset"),
        ("text/xml; charset=utf-8", None, "soap-action"),
        ("text/xml; charset=utf-8", '"urn:send"', "soap-action"),
    ],
)
def test_the_transport_is_looked_at(wire: Wire, content_type: str, action: str | None, code: str) -> None:
    body = signed(envelope(document()), wire.keys.ministry)
    wire.sandbox.answer(Post(body=body, content_type=content_type, soap_action=action))
    assert codes(wire) == [code]


@pytest.mark.parametrize(
    ("code", "old", "new"),
    [
        ("must-understand", b' soap:mustUnderstand="1"', b""),
        ("security-header", b"<wsse:Security ", b"<wsse:Safety "),
        (
            "timestamp-header",
            b"<ds:Signature ",
            b'<wsu:Timestamp xmlns:wsu="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"/><ds:Signature ',
        ),
        ("body-reference", b'URI="#id-', b'URI="#other-'),
        ("key-identifier", b"#X509v3", b"#X509PKIPathv1"),
        (
            "canonicalization",
            b'CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"',
            b'CanonicalizationMethod Algorithm="http://www.w3.org/TR/2001/REC-xml-c14n-20010315"',
        ),
        (
            "transform",
            b'Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"',
            b'Transform Algorithm="http://www.w3.org/TR/2001/REC-xml-c14n-20010315"',
        ),
    ],
)
def test_the_security_header_is_looked_at(wire: Wire, code: str, old: bytes, new: bytes) -> None:
    message = signed(envelope(document()), wire.keys.ministry)
    assert old in message
    if code == "security-header":
        message = message.replace(b"</wsse:Security>", b"</wsse:Safety>")
    wire.call(message.replace(old, new), sign=False)
    assert code in codes(wire)


def test_another_prefix_of_the_signature_is_noted(wire: Wire) -> None:
    message = signed(envelope(document()), wire.keys.ministry)
    message = message.replace(b"<ds:", b"<sig:").replace(b"</ds:", b"</sig:").replace(b"xmlns:ds=", b"xmlns:sig=")
    wire.call(message, sign=False)
    assert "signature-prefix" in codes(wire)


def test_one_message_id_for_two_messages_is_noted_and_a_repeat_is_not(wire: Wire) -> None:
    message = signed(envelope(document(), message_id="constant"), wire.keys.ministry)
    wire.call(message, sign=False)
    wire.call(message, sign=False)
    assert codes(wire) == []
    wire.call(envelope(document(), message_id="constant"))
    assert codes(wire) == ["message-id-reused"]


def test_findings_can_be_made_refusals(new_wire: Callable[..., Wire]) -> None:
    wire = new_wire(refuses_findings=True)
    assert wire.call(envelope(document(own="<somethingElse/>"))).code == "SBX-REQUEST"


def test_findings_and_events_never_hold_a_secret(wire: Wire) -> None:
    wire.call(envelope(document()))
    wire.call(envelope(upload(b"x"), service="EDS_TEMP_FILES"))
    wire.call(envelope(entity(), service="ENSI_SeGetDataGetItems"))
    wire.call(envelope(document(), password=f"{CHANNEL}x"))
    said = repr(wire.sandbox.events()) + repr(wire.sandbox.protocol_findings()) + repr(wire.sandbox.settings)
    said += "".join(str(one) for one in wire.sandbox.events())
    for secret in EVERY_SECRET:
        assert secret not in said


def test_an_id_with_line_breaks_stays_on_its_line(wire: Wire) -> None:
    wire.call(envelope(document(), message_id="a&#10;b"))
    assert all("\n" not in str(one) for one in wire.sandbox.events())


@pytest.mark.parametrize("name", ["password", "messageId", "serviceId", "senderId", "messageDate"])
def test_a_mandatory_part_that_is_missing_is_a_refusal_and_not_a_crash(wire: Wire, name: str) -> None:
    raw = envelope(document()).decode()
    start, end = raw.index(f"<{name}>"), raw.index(f"</{name}>") + len(name) + 3
    answer = wire.call((raw[:start] + raw[end:]).encode())
    assert answer.code in {"SBX-REQUEST", "SBX-ACCOUNT"}


@within(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_bytes_bring_the_gateway_down(wire: Wire, data: st.DataObject) -> None:
    base = data.draw(st.sampled_from([envelope(document()), envelope(upload(b"x"), service="EDS_TEMP_FILES"), b""]))
    place = data.draw(st.integers(0, len(base)))
    noise = data.draw(
        st.binary(max_size=12) | st.sampled_from([b"<a", b"&#0;", b"]]>", b'xmlns:d="d"', b"<!--", b"\xff"])
    )
    cut = data.draw(st.integers(0, 30))
    answer = wire.call(base[:place] + noise + base[place + cut :], sign=False)
    assert answer.status == 500
    assert answer.code.startswith("SBX-")


def test_registered_reaches_the_sender_of_the_document(wire: Wire) -> None:
    wire.call(envelope(document(*stored(wire))))
    answer = wire.call(envelope(notice("stateRegistered", *REGISTERED), sender="mfa_test"), key=wire.keys.foreign)
    assert answer.code == "SCSS001"
    wire.sandbox.deliver_all()
    assert sorted(to for to, _ in wire.pushed) == ["MFA", "MIN", "MIN"]


def test_a_bystander_may_not_speak_of_a_document(new_wire: Callable[..., Wire]) -> None:
    wire = new_wire()
    wire.call(envelope(document(head=meta(performers=(OTHER,)))))
    answer = wire.call(envelope(notice("stateDelivered", DATE), sender="mfa_test"), key=wire.keys.foreign)
    assert answer.code == "SBX-HREF"


def test_an_answer_can_be_looked_up_by_file_operations(wire: Wire) -> None:
    (identifier,) = stored(wire, b"content")
    answer = wire.call(envelope(about("DOWNLOAD", identifier), service="EDS_TEMP_FILES"))
    assert answer.one("content") == "Y29udGVudA=="
