"""SOAP envelopes that fail by one thing alone: W rows of the attack list and the D rows that apply to them."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable

import pytest

from signing import wss
from signing.errors import Malformed
from signing.validation_report import Conclusion, Indication
from signing.verify import envelope, xml_signature
from tests.unit.signing import xml_material as m

F, I = Conclusion.FAILED, Conclusion.INDETERMINATE  # noqa: E741 - read as a column of the table
BODY_REFERENCE = '<ds:Reference URI="#id-1">'
EXC_TRANSFORM = f'<ds:Transform Algorithm="{m.EXC}"></ds:Transform>'
C14N_10 = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
SECOND_BODY = "<soap:Body><forged/></soap:Body>"
TOKEN = r"<wsse:SecurityTokenReference>.*</wsse:SecurityTokenReference>"


def _text() -> str:
    return m.good_envelope().decode()


def _edited(edit: m.Edit) -> bytes:
    return edit(_text()).encode()


def _moved_body(text: str) -> str:
    """W01: the signed Body goes into the header, another one takes its place."""
    body = re.search(r"<soap:Body .*</soap:Body>", text, re.DOTALL)[0]  # type: ignore[index]
    text = text.replace(body, '<soap:Body><SendMessage xmlns="urn:forged"/></soap:Body>')
    return text.replace("</soap:Header>", f"{body}</soap:Header>")


def _moved_payload(text: str) -> str:
    """W01 in other clothes: what is signed keeps its Id under an element that is no Body."""
    body = re.search(r"<soap:Body .*</soap:Body>", text, re.DOTALL)[0]  # type: ignore[index]
    kept = body.replace("soap:Body", "wsu:Kept")
    text = text.replace(body, '<soap:Body><SendMessage xmlns="urn:forged"/></soap:Body>')
    return text.replace("</soap:Header>", f"{kept}</soap:Header>")


def _header_block(text: str) -> str:
    return text.replace(
        "</soap:Header>", f'<h:Block xmlns:h="urn:h" xmlns:wsu="{m.WSU}" wsu:Id="id-h">x</h:Block></soap:Header>'
    )


def _key_info(inside: str) -> m.Edit:
    return lambda text: re.sub(TOKEN, inside, text, flags=re.DOTALL)


def _issuer_serial(serial: int, issuer: str = "CN=x") -> str:
    return (
        "<ds:X509Data><ds:X509IssuerSerial>"
        f"<ds:X509IssuerName>{issuer}</ds:X509IssuerName><ds:X509SerialNumber>{serial}</ds:X509SerialNumber>"
        "</ds:X509IssuerSerial></ds:X509Data>"
    )


def _own_serial() -> int:
    from signing.certificates import Certificate

    return Certificate.from_der(m.system().certificate_chain[0]).serial


def _other_certificate(text: str) -> str:
    der = m.issued("information-system", name="другая").certificate
    return re.sub(r"(Base64Binary\" ValueType=[^>]*>)[^<]*", lambda f: f[1] + base64.b64encode(der).decode(), text)


def _prefix_list(prefixes: str) -> str:
    return f'<ec:InclusiveNamespaces xmlns:ec="{m.EXC}" PrefixList="{prefixes}"></ec:InclusiveNamespaces>'


def _doctype(text: str) -> str:
    return f'<!DOCTYPE a [<!ENTITY x "y">]>{text}'


def _twice(pattern: str) -> m.Edit:
    def edit(text: str) -> str:
        found = re.search(pattern, text, re.DOTALL)
        assert found is not None
        return text.replace(found[0], found[0] * 2)

    return edit


def _seventeen(text: str) -> str:
    found = re.search(r"<ds:Signature .*</ds:Signature>", text, re.DOTALL)
    assert found is not None
    return text.replace(found[0], found[0] * 17)


def _crowded(text: str) -> str:
    """N01: declarations and children whose product makes inclusive canonicalization slow."""
    declarations = " ".join(f'xmlns:n{number}="urn:{number}"' for number in range(28))
    return text.replace("</request>", f"<m {declarations}>{'<a/>' * 60_000}</m></request>")


def _token(
    reference: str = "#X509-1", value_type: str = wss.X509V3, place: str = "<ds:Signature ", key: str = ""
) -> m.Edit:
    """KeyInfo as WSS4J and the national SDK write it: a Reference to a token in the Security header."""
    der = base64.b64encode(m.system().certificate_chain[0]).decode()
    token = (
        f'<wsse:BinarySecurityToken xmlns:wsu="{m.WSU}" wsu:Id="X509-1" EncodingType="{wss.BASE64_BINARY}" '
        f'ValueType="{value_type}">{key or der}</wsse:BinarySecurityToken>'
    )
    named = (
        f'<wsse:SecurityTokenReference><wsse:Reference URI="{reference}" ValueType="{value_type}"/>'
        "</wsse:SecurityTokenReference>"
    )
    return lambda text: _key_info(named)(text).replace(place, f"{token}{place}", 1)


def _other_token() -> m.Edit:
    return _token(key=base64.b64encode(m.issued("information-system", name="другая").certificate).decode())


def _unsigned_with_security_in_the_body() -> bytes:
    text = m.good_envelope().decode()
    signature = text[text.index("<ds:Signature ") : text.index("</ds:Signature>")] + "</ds:Signature>"
    security = f'<wsse:Security xmlns:wsse="{m.WSSE}">{signature}</wsse:Security>'
    return f'<s:Envelope xmlns:s="{m.SOAP}"><s:Body>{security}</s:Body></s:Envelope>'.encode()


VECTORS: dict[str, tuple[Callable[[], bytes], dict[str, Conclusion]]] = {
    "W01 signed Body moved into the header": (lambda: _edited(_moved_body), {"wss.envelope": F}),
    "W01 signed payload moved under another name": (lambda: _edited(_moved_payload), {"wss.coverage": F}),
    "W02 two Bodies": (lambda: _edited(m.replaced("</soap:Body>", f"</soap:Body>{SECOND_BODY}")), {"wss.envelope": F}),
    "W02 two Security headers": (
        lambda: _edited(m.replaced("</wsse:Security>", f'</wsse:Security><wsse:Security xmlns:wsse="{m.WSSE}"/>')),
        {"wss.envelope": F},
    ),
    "W06 Security in the Body, and no Header": (
        _unsigned_with_security_in_the_body,
        {"wss.envelope": F},
    ),
    "W02 Envelope inside": (
        lambda: m.craft_envelope(document=m.replaced("</request>", f"{m.ENVELOPE.decode()}</request>")),
        {"wss.envelope": F},
    ),
    "no envelope": (lambda: b"<a/>", {"wss.envelope": F}),
    "SOAP 1.2": (
        lambda: _edited(lambda text: text.replace(m.SOAP, "http://www.w3.org/2003/05/soap-envelope")),
        {"wss.envelope": F},
    ),
    "W03 duplicate wsu:Id": (
        lambda: m.craft_envelope(document=m.replaced("<request ", f'<request xmlns:wsu="{m.WSU}" wsu:Id="id-1" ')),
        {"xmldsig.unique-ids": F},
    ),
    "W03, D44 wsu:Id against Id": (
        lambda: m.craft_envelope(document=m.replaced("<request ", '<request Id="id-1" ')),
        {"xmldsig.unique-ids": F},
    ),
    "W04 Reference to a header block": (
        lambda: m.craft_envelope(
            document=_header_block, target="{urn:h}Block", signed_info=m.replaced("#id-1", "#id-h")
        ),
        {"wss.coverage": F},
    ),
    "D30 Reference to file": (
        lambda: m.craft_envelope(signed_info=m.replaced("#id-1", "file:///etc/passwd")),
        {"wss.coverage": F},
    ),
    "D33 XPointer": (
        lambda: m.craft_envelope(signed_info=m.replaced("#id-1", "#xpointer(id('id-1'))")),
        {"xmldsig.reference-targets": I},
    ),
    "whole document": (lambda: m.craft_envelope(signed_info=m.replaced("#id-1", "")), {"wss.coverage": F}),
    "Body twice": (
        lambda: m.craft_envelope(signed_info=_twice(r"<ds:Reference .*</ds:Reference>")),
        {"wss.coverage": F},
    ),
    "no canonicalization": (
        lambda: m.craft_envelope(signed_info=m.removed(r"<ds:Transforms>.*</ds:Transforms>")),
        {"wss.coverage": F},
    ),
    "W05 another certificate": (lambda: m.craft_envelope(rest=_other_certificate), {"xmldsig.signature-value": F}),
    "W05 issuer and serial of nobody": (
        lambda: m.craft_envelope(rest=_key_info(_issuer_serial(12345))),
        {"wss.key-info": I},
    ),
    "serial number that is none": (
        lambda: m.craft_envelope(rest=_key_info(_issuer_serial(1).replace(">1<", ">-1<"))),
        {"wss.key-info": F},
    ),
    "W05 token of another certificate": (lambda: m.craft_envelope(rest=_other_token()), {"xmldsig.signature-value": F}),
    "token that is not there": (lambda: m.craft_envelope(rest=_token("#X509-2")), {"wss.key-info": F}),
    "token that is the Body": (lambda: m.craft_envelope(rest=_token("#id-1")), {"wss.key-info": F}),
    "token outside the Security header": (
        lambda: m.craft_envelope(
            rest=lambda text: _token(place="<wsse:Security ")(text).replace(
                "<wsse:BinarySecurityToken ", f'<wsse:BinarySecurityToken xmlns:wsse="{m.WSSE}" ', 1
            )
        ),
        {"wss.key-info": F},
    ),
    "token that is a path": (
        lambda: m.craft_envelope(rest=_token(value_type=wss.X509V3.replace("X509v3", "X509PKIPathv1"))),
        {"wss.key-info": I},
    ),
    "W09 second signature forged": (
        lambda: _edited(_forged_beside),
        {"xmldsig.signature-value": F},
    ),
    "W10 a person's certificate": (lambda: m.craft_envelope(key=m.head(), rest=_person), {"signer.refused-roles": F}),
    "no KeyInfo": (lambda: m.craft_envelope(rest=m.removed(r"<ds:KeyInfo>.*</ds:KeyInfo>")), {"wss.key-info": I}),
    "D63 KeyInfo of another form": (
        lambda: m.craft_envelope(rest=_key_info("<ds:KeyName>me</ds:KeyName>")),
        {"wss.key-info": I},
    ),
    "thumbprint": (
        lambda: m.craft_envelope(rest=m.replaced("#X509v3", "#ThumbprintSHA1")),
        {"wss.key-info": I},
    ),
    "certificate that is none": (
        lambda: m.craft_envelope(rest=lambda text: re.sub(r"(#X509v3\">)[^<]*", r"\1QUJD", text)),
        {"wss.key-info": F},
    ),
    "two signers named": (
        lambda: m.craft_envelope(
            rest=m.replaced("</wsse:SecurityTokenReference>", f"</wsse:SecurityTokenReference>{_issuer_serial(1)}")
        ),
        {"wss.key-info": F},
    ),
    "W06 no Security header": (lambda: m.ENVELOPE, {"wss.signature-present": F}),
    "W06 Security without Signature": (
        lambda: _edited(m.removed(r"<ds:Signature .*</ds:Signature>")),
        {"wss.signature-present": F},
    ),
    "W11 value changed after signing": (lambda: _edited(m.replaced("жауап", "сауап")), {"xmldsig.digests": F}),
    "W11 white space added": (lambda: _edited(m.replaced("<request ", "\n<request ")), {"xmldsig.digests": F}),
    "W11 character reference added": (lambda: _edited(m.replaced("1f0e7a52", "1f0e7a52&#13;")), {"xmldsig.digests": F}),
    "W12 DTD": (lambda: _edited(_doctype), {"xml.accepted": F}),
    "W12 processing instruction": (lambda: _edited(m.replaced("<request ", "<?x y?><request ")), {"xml.accepted": F}),
    "not XML": (lambda: b"HTTP/1.1 502 Bad Gateway", {"xml.accepted": F}),
    "seventeen signatures": (
        lambda: _edited(_seventeen),
        {"xmldsig.limits": F},
    ),
    "D13 rsa-sha1": (
        lambda: m.craft_envelope(signed_info=m.replaced(m.RSA_SHA256, "http://www.w3.org/2000/09/xmldsig#rsa-sha1")),
        {"xmldsig.signature-algorithm": F},
    ),
    "D14 SHA-1 digest": (
        lambda: m.craft_envelope(signed_info=m.replaced(m.SHA256, m.SHA1)),
        {"xmldsig.digest-algorithms": F},
    ),
    "D25 enveloped-signature transform": (
        lambda: m.craft_envelope(
            signed_info=m.replaced(
                EXC_TRANSFORM,
                f'<ds:Transform Algorithm="{m.DS}enveloped-signature"></ds:Transform>{EXC_TRANSFORM}',
            )
        ),
        {"xmldsig.transforms": F},
    ),
    "N01 many namespaces, inclusive": (
        lambda: m.craft_envelope(document=_crowded, signed_info=m.replaced(m.EXC, C14N_10, 2)),
        {"xmldsig.limits": F},
    ),
    "D03 comment in the Body": (
        lambda: _edited(m.replaced("1f0e7a52", "1f0e<!-- x -->7a52")),
        {"wss.envelope": F},
    ),
    "D52 relative namespace": (
        lambda: _edited(m.replaced("<request ", '<request xmlns:r="relative" ')),
        {"xml.accepted": F},
    ),
}


@pytest.mark.parametrize("row", VECTORS)
def test_an_envelope_fails_by_its_one_flaw(row: str) -> None:
    make, expected = VECTORS[row]
    result = m.judged_envelope(make())
    assert m.flaws(result.report) == expected
    wanted = Indication.TOTAL_FAILED if F in expected.values() else Indication.INDETERMINATE
    assert result.report.indication is wanted


def test_every_check_of_an_envelope_has_a_vector_that_fails_it_alone() -> None:
    alone = {next(iter(expected)) for _, expected in VECTORS.values() if len(expected) == 1}
    alone.add(next(iter(m.flaws(m.judged_envelope(m.good_envelope(), pinned=m.head().certificate_chain[:1]).report))))
    assert (wss.CHECKS | envelope.CHECKS | xml_signature.CHECKS) - alone == set()


def test_a_signer_that_is_not_pinned_fails() -> None:
    result = m.judged_envelope(m.good_envelope(), pinned=m.head().certificate_chain[:1])
    assert m.flaws(result.report) == {"wss.pinned": F}


def test_a_pinned_signer_passes() -> None:
    result = m.judged_envelope(m.good_envelope(), pinned=m.system().certificate_chain[:1])
    assert result.report.indication is Indication.TOTAL_PASSED


def test_an_unsigned_message_is_said_to_be_unsigned() -> None:
    result = m.judged_envelope(m.ENVELOPE)
    assert (result.is_signed, result.report.indication) == (False, Indication.TOTAL_FAILED)
    assert result.body is not None


def test_bytes_that_are_no_xml_leave_no_tree() -> None:
    result = m.judged_envelope(b"")
    assert (result.is_signed, result.root, result.body) == (False, None, None)


def test_hands_out_the_very_body_that_was_signed() -> None:
    result = m.judged_envelope(m.good_envelope())
    assert result.is_signed
    assert result.body is not None
    assert result.body.getparent() is result.root
    assert result.body.findtext(".//description") == "Есеп & жауап"


def test_a_person_s_certificate_does_not_stand_under_an_envelope() -> None:
    """W10."""
    found = m.flaws(m.judged_envelope(m.craft_envelope(key=m.head(), rest=_person)).report)
    assert found == {"signer.refused-roles": F}


def _forged_beside(text: str) -> str:
    found = re.search(r"<ds:Signature .*</ds:Signature>", text, re.DOTALL)
    assert found is not None
    return text.replace(found[0], found[0] + re.sub(r"(<ds:SignatureValue>)..", r"\1AA", found[0]))


def _person(text: str) -> str:
    der = base64.b64encode(m.head().certificate_chain[0]).decode()
    return re.sub(r"(#X509v3\">)[^<]*", lambda found: found[1] + der, text)


def test_two_signatures_are_both_judged() -> None:
    """W09."""
    found = re.search(r"<ds:Signature .*</ds:Signature>", _text(), re.DOTALL)
    assert found is not None
    forged = re.sub(r"(<ds:SignatureValue>)..", r"\1AA", found[0])
    report = m.judged_envelope(_text().replace(found[0], found[0] + forged).encode()).report
    assert [each.indication for each in report.signatures] == [Indication.TOTAL_PASSED, Indication.TOTAL_FAILED]
    assert report.indication is Indication.TOTAL_FAILED


GOOD: dict[str, Callable[[], bytes]] = {
    "ours": m.good_envelope,
    "W05 BinarySecurityToken in the Security header": lambda: m.craft_envelope(rest=_token()),
    "W08 the same message again": m.good_envelope,
    "W09 two signatures": lambda: _edited(
        lambda text: re.sub(r"(<ds:Signature .*</ds:Signature>)", r"\1\1", text, flags=re.DOTALL)
    ),
    "W07 PrefixList in SignedInfo and transform": lambda: m.craft_envelope(
        prefixes=["soap", "d"],
        signed_info=lambda text: text.replace(
            "</ds:CanonicalizationMethod>", f"{_prefix_list('soap wsse')}</ds:CanonicalizationMethod>"
        ).replace("</ds:Transform>", f"{_prefix_list('soap d')}</ds:Transform>"),
    ),
    "N10 inclusive canonicalization of the Body": lambda: m.craft_envelope(
        inclusive=True, signed_info=m.replaced(EXC_TRANSFORM, EXC_TRANSFORM.replace(m.EXC, C14N_10))
    ),
    "comment in the header, WithComments": lambda: m.craft_envelope(
        document=m.replaced("<soap:Header>", "<soap:Header><!-- x -->"),
        signed_info=m.replaced(EXC_TRANSFORM, EXC_TRANSFORM.replace(m.EXC, m.EXC + "WithComments")),
    ),
    "mixed prefixes": lambda: m.craft_envelope(
        document=lambda text: text.replace("<soap:Header>", f'<S:Header xmlns:S="{m.SOAP}">').replace(
            "</soap:Header>", "</S:Header>"
        )
    ),
    "XML declaration and byte order mark": lambda: (
        b'\xef\xbb\xbf<?xml version="1.0" encoding="UTF-8"?>\n' + m.good_envelope()
    ),
    "X509Data in place of the token": lambda: m.craft_envelope(
        rest=_key_info(
            f"<ds:X509Data><ds:X509Certificate>{base64.b64encode(m.system().certificate_chain[0]).decode()}"
            "</ds:X509Certificate></ds:X509Data>"
        )
    ),
    "element in the header": lambda: m.craft_envelope(document=_header_block),
}


@pytest.mark.parametrize("row", GOOD)
def test_accepts(row: str) -> None:
    assert m.flaws(m.judged_envelope(GOOD[row]()).report) == {}


@pytest.mark.parametrize("wrapper", ["{}", "<wsse:SecurityTokenReference>{}</wsse:SecurityTokenReference>"])
def test_issuer_and_serial_are_looked_up_among_the_pinned(wrapper: str) -> None:
    """W05, and the gateway's own answers: the certificate is not in the message."""
    message = m.craft_envelope(rest=_key_info(wrapper.format(_issuer_serial(_own_serial()))))
    known = m.judged_envelope(message, pinned=m.system().certificate_chain[:1])
    unknown = m.judged_envelope(message)
    assert known.report.indication is Indication.TOTAL_PASSED
    assert unknown.report.indication is Indication.INDETERMINATE


def test_a_national_algorithm_over_another_key_is_no_signature_of_it() -> None:
    gost = "http://www.w3.org/2001/04/xmldsig-more#gost34310-gost34311"
    message = m.craft_envelope(signed_info=m.replaced(m.RSA_SHA256, gost))
    assert m.flaws(m.judged_envelope(message).report) == {"xmldsig.signature-value": F}


def test_a_pinned_certificate_that_is_none_is_the_caller_s_mistake() -> None:
    with pytest.raises(Malformed):
        m.judged_envelope(m.good_envelope(), pinned=[b"no certificate"])


def test_the_same_message_again_has_the_same_value() -> None:
    """W08: nothing in the profile says when; a journal knows the message by what its report says of the value."""
    first, again = (m.judged_envelope(m.good_envelope()).report.signatures[0].value for _ in range(2))
    assert first == again


def test_every_row_of_the_attack_list_has_its_envelope() -> None:
    rows = {f"W{number:02}" for number in range(1, 13)}
    assert rows - set(re.findall(r"\bW\d\d\b", " ".join((*VECTORS, *GOOD)))) == set()
