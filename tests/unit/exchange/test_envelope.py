"""SendMessage, written strictly and read laxly."""

from __future__ import annotations

import pytest
from lxml import etree

import schemas
from adapter.exchange import envelope
from adapter.exchange.config import Account
from adapter.exchange.envelope import Answer, Fault, Request
from adapter.exchange.markup import Markup, element
from adapter.secret import Secret
from tests.unit.exchange import kit

XSI = "http://www.w3.org/2001/XMLSchema-instance"
ACCOUNT = Account(sender_id="elshi_test", password=Secret(kit.CHANNEL_SECRET))


def a_request(**changes: object) -> bytes:
    fields: dict[str, object] = {
        "service": "ESEDO_UNIVERSAL_SERVICE",
        "route": "R_ESEDO",
        "account": ACCOUNT,
        "message_id": "1f0e7a52",
        "at": kit.AT,
        "data": element("data", "x"),
    }
    return envelope.request(**(fields | changes))  # type: ignore[arg-type]


def read(message: bytes) -> Request | Answer | Fault | None:
    body = envelope.sole_body(schemas.parse_untrusted(message))
    return None if body is None else envelope.read(body)


# --- written ---------------------------------------------------------------------------------------------------------
def test_the_request_is_the_one_of_the_reference_byte_for_byte() -> None:
    assert a_request().decode() == (
        '<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Header/><soap:Body>'
        '<SendMessage xmlns="http://bip.bee.kz/SyncChannel/v10/Types"><request xmlns=""><requestInfo>'
        "<messageId>1f0e7a52</messageId><serviceId>ESEDO_UNIVERSAL_SERVICE</serviceId>"
        "<messageDate>2026-11-20T10:15:00.000+05:00</messageDate><routeId>R_ESEDO</routeId>"
        "<sender><senderId>elshi_test</senderId><password>chan-S3CRET</password></sender></requestInfo>"
        "<requestData><data>x</data></requestData></request></SendMessage></soap:Body></soap:Envelope>"
    )


def test_an_empty_route_is_left_out() -> None:
    assert b"routeId" not in a_request(route="")


@pytest.mark.parametrize(
    "message",
    [
        a_request(),
        a_request(route=""),
        envelope.answer(message_id="a", correlation_id="b", at=kit.AT, code="SCSS001", words="ok"),
        envelope.answer(message_id="a", correlation_id=None, at=kit.AT, code="SCSS001", words="x" * 1000),
        envelope.fault(code="ELSHI-XML", words="Не конверт", at=kit.AT, is_senders=True),
    ],
)
def test_what_we_write_satisfies_the_schema(message: bytes) -> None:
    root = schemas.parse_untrusted(message)
    assert schemas.validate(root, "shep/v10/envelope") == ()
    body = envelope.sole_body(root)
    assert body is not None
    if etree.QName(body[0]).localname != "Fault":
        assert schemas.validate(etree.tostring(body[0]), "shep/v10") == ()


def test_the_request_is_unqualified_inside_its_wrapper() -> None:
    body = envelope.sole_body(schemas.parse_untrusted(a_request()))
    assert body is not None
    assert [one.tag for one in body[0].iter()] == [
        f"{{{envelope.SYNC}}}SendMessage",
        *("request", "requestInfo", "messageId", "serviceId", "messageDate", "routeId", "sender"),
        *("senderId", "password", "requestData", "data"),
    ]


def test_we_read_what_we_write() -> None:
    said = read(a_request())
    assert isinstance(said, Request)
    assert (said.message_id, said.service_id, said.sender_id) == ("1f0e7a52", "ESEDO_UNIVERSAL_SERVICE", "elshi_test")
    answered = read(envelope.answer(message_id="a", correlation_id="b", at=kit.AT, code="SCSS001", words="ok"))
    assert answered == Answer(message_id="a", correlation_id="b", code="SCSS001", words="ok", data=None)
    assert read(envelope.fault(code="ELSHI-XML", words="w", at=kit.AT, is_senders=True)) == Fault(
        codes=("ELSHI-XML", "Client"), words=("w",)
    )


# --- read ------------------------------------------------------------------------------------------------------------
def test_reads_mixed_prefixes_any_order_and_empty_elements() -> None:
    message = f"""<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/">
      <SOAP-ENV:Header xmlns:SOAP-ENV="http://schemas.xmlsoap.org/soap/envelope/"/>
      <SOAP-ENV:Body xmlns:SOAP-ENV="http://schemas.xmlsoap.org/soap/envelope/"><!-- c -->
        <q:SendMessageResponse xmlns:q="{kit.SYNC}"><q:response><responseData/>
          <responseInfo><sessionId/><status><message>ok</message><code> SCSS001 </code></status><correlationId/>
          <messageId>m</messageId></responseInfo></q:response></q:SendMessageResponse>
      </SOAP-ENV:Body></soap:Envelope>"""
    assert read(message.encode()) == Answer(message_id="m", correlation_id=None, code="SCSS001", words="ok", data=None)


def test_keeps_the_text_as_it_came() -> None:
    said = read(kit.answer(words="Ð¡Ð¾Ð¾Ð±Ñ‰ÐµÐ½Ð¸Ðµ"))
    assert isinstance(said, Answer)
    assert said.words == "Ð¡Ð¾Ð¾Ð±Ñ‰ÐµÐ½Ð¸Ðµ"


def test_an_answer_without_a_code_is_no_answer() -> None:
    assert read(kit.answer(code=" ")) is None


@pytest.mark.parametrize(
    "message",
    [
        b"<a/>",
        b'<Envelope xmlns="http://www.w3.org/2003/05/soap-envelope"><Body/></Envelope>',
        f"<soap:Envelope {kit.SOAP}/>".encode(),
        f"<soap:Envelope {kit.SOAP}><soap:Body/><soap:Body/></soap:Envelope>".encode(),
        f"<soap:Envelope {kit.SOAP}><soap:Header><soap:Body/></soap:Header></soap:Envelope>".encode(),
        kit.soap("<x><soap:Body/></x>"),
    ],
)
def test_a_message_without_exactly_one_body_has_none(message: bytes) -> None:
    assert envelope.sole_body(schemas.parse_untrusted(message)) is None


def test_two_elements_in_the_body_or_an_unknown_one_are_nothing_we_know() -> None:
    assert read(kit.soap("<a/><b/>")) is None
    assert read(kit.soap("<a/>")) is None
    assert read(kit.soap("")) is None
    assert read(kit.soap("<SendMessage/>")) is None


# --- faults ----------------------------------------------------------------------------------------------------------
def test_the_whole_chain_of_sub_errors_is_kept() -> None:
    assert read(kit.fault("A", "B", "C")) == Fault(
        codes=("A", "B", "C", "Server"), words=("says A", "says B", "says C", "bad")
    )


def test_the_chain_is_followed_to_a_depth() -> None:
    said = read(kit.fault(*(f"E{number}" for number in range(40))))
    assert isinstance(said, Fault)
    assert said.codes == (*(f"E{number}" for number in range(16)), "Server")


def test_a_fault_without_detail_has_its_faultcode() -> None:
    assert read(kit.fault(faultcode="SOAP-ENV:Client.Auth")) == Fault(codes=("Client.Auth",), words=("bad",))
    assert read(kit.soap("<soap:Fault/>")) == Fault(codes=(), words=())


# --- data ------------------------------------------------------------------------------------------------------------
def data(markup: str) -> etree._Element:
    return schemas.parse_untrusted(markup.encode())


def test_a_payload_is_the_element_itself_or_the_xml_in_its_text() -> None:
    assert envelope.payload(data("<data><a/></data>")).tag == "data"
    assert envelope.payload(data("<data>plain</data>")).tag == "data"
    assert envelope.payload(data("<data/>")).tag == "data"
    assert envelope.payload(data("<data> &lt;a&gt;1&lt;/a&gt;</data>")).tag == "a"
    escaped = '<data>&lt;?xml version="1.0" encoding="windows-1251"?&gt;&lt;a&gt;я&lt;/a&gt;</data>'
    assert envelope.payload(data(escaped)).text == "я"
    assert envelope.payload(data("<data><![CDATA[<a/>]]></data>")).tag == "a"


def test_a_payload_in_text_is_read_through_the_same_door() -> None:
    with pytest.raises(schemas.XmlRefused) as caught:
        envelope.payload(data("<data>&lt;!DOCTYPE a [&lt;!ENTITY b 'c'>]>&lt;a>&amp;b;&lt;/a></data>"))
    assert caught.value.code == "xml.dtd"


def test_data_in_the_instance_namespace_is_read() -> None:
    said = read(kit.answer(data=f'<data xmlns="{XSI}" type="xsd:string">&lt;Response/&gt;</data>'))
    assert isinstance(said, Answer)
    assert said.data is not None
    assert envelope.payload(said.data).tag == "Response"


def test_a_type_is_resolved_by_the_bindings_that_hold_where_it_stands() -> None:
    kinds = {
        f'<data xmlns:xsi="{XSI}" xmlns:n="urn:one" xsi:type="n:a"/>': ("urn:one", "a"),
        f'<data xmlns:xsi="{XSI}" xmlns="urn:two" xsi:type=" a "/>': ("urn:two", "a"),
        f'<data xmlns:xsi="{XSI}" xsi:type="a"/>': ("", "a"),
        f'<data xmlns:xsi="{XSI}" xsi:type="n:a"/>': None,
        f'<data xmlns:xsi="{XSI}" xmlns:n="urn:one" xsi:type="n:"/>': None,
        f'<data xmlns:xsi="{XSI}" xsi:type=""/>': None,
        '<n:a xmlns:n="urn:one"/>': ("urn:one", "a"),
    }
    for markup, expected in kinds.items():
        assert envelope.type_of(data(markup)) == expected, markup


def test_the_business_element_is_found_in_each_form_seen() -> None:
    n = 'xmlns:n="urn:one"'
    typed = f'<data xmlns:xsi="{XSI}" {n} xsi:type="n:a"><b/></data>'
    nested = f"<data {n}><n:a><b/></n:a></data>"
    escaped = f"<data>{nested.replace('<', '&lt;')}</data>"
    bare = f"<data>&lt;n:a {n}>&lt;b/>&lt;/n:a></data>"
    for markup in (typed, nested, escaped, bare):
        assert envelope.type_of(envelope.business(data(markup))) == ("urn:one", "a"), markup


def test_named_finds_the_payload_or_its_child() -> None:
    assert envelope.named(data("<Response/>"), "Response") is not None
    assert envelope.named(data("<data><x:Response xmlns:x='urn:x'/></data>"), "Response") is not None
    assert envelope.named(data("<data/>"), "Response") is None


def test_markup_is_not_escaped_twice() -> None:
    assert b"&amp;lt;" not in a_request(data=Markup(b"<data>&lt;</data>"))
