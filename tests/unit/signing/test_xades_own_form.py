"""A signature in our own spelling: read at once it is what reading it element by element gives, or it is not read so."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

import schemas
from signing import xades, xmldsig
from signing.asic import DataObject
from signing.policy import ETSI_BASELINE, SANDBOX_DOCUMENT, ValidationPolicy
from signing.validation_report import Check, Indication
from signing.xmldsig import EXCLUSIVE, Canonicalizer, StepError, TransformProfile
from tests.unit.signing import xml_document_material as documents
from tests.unit.signing import xml_material as m

Read = tuple[xmldsig.Signature, xades.QualifyingProperties]

PREFIXED = (
    '<r:report xmlns:r="urn:elshi:test" xmlns:d="urn:elshi:other" d:a="1"><row>1</row><!-- 1 --><row/></r:report >\n'
)
THREE = [DataObject.of(f"{number}.xml", "application/xml", b"<a/>") for number in range(3)]
DECLARES_DS = f'<ds:a xmlns:ds="{m.DS}" xmlns:xades="{m.XADES}"><xades:b/></ds:a>'
SOURCES: dict[str, Callable[[], bytes]] = {
    "document": documents.good,
    "document with prefixes and comments": lambda: documents.signed(PREFIXED),
    "document that is signed already": lambda: documents.signed(documents.good()),
    "document that uses our prefixes": lambda: documents.signed(DECLARES_DS),
    "document signed with another key": lambda: documents.signed("<a/>", key=m.issued("head", "ec-p256").signing_key()),
    "container": lambda: m.parts_of(m.good())[m.SIGNATURES],
    "container of three": lambda: m.parts_of(m.signed(THREE))[m.SIGNATURES],
}


@pytest.fixture(params=SOURCES)
def source(request: pytest.FixtureRequest) -> bytes:
    return SOURCES[request.param]()


def last_signature(source: bytes) -> xmldsig.Element | None:
    """The Signature that is the last child of the root; None for what is no document or has none."""
    try:
        root = schemas.parse_untrusted(source)
    except schemas.XmlRefused:
        return None
    return root[-1] if len(root) and root[-1].tag == xmldsig.SIGNATURE else None


def at_once(
    element: xmldsig.Element,
    canonicalizer: Canonicalizer,
    checks: list[Check],
    policy: ValidationPolicy = SANDBOX_DOCUMENT,
) -> Read | None:
    return xades.read_own_form(element, checks, policy=policy, canonicalizer=canonicalizer, takes_enveloped=True)


def one_by_one(element: xmldsig.Element, checks: list[Check], policy: ValidationPolicy = SANDBOX_DOCUMENT) -> Read:
    signature = xmldsig.read_signature(element, checks, profile=TransformProfile.ENVELOPED)
    return signature, xades.read_qualifying_properties(signature, checks, policy)


def require_same(source: bytes, element: xmldsig.Element) -> bool:
    """Whether it was read at once; then everything is what the other way gives, canonical forms included."""
    quick = Canonicalizer(len(source), source)
    checks: list[Check] = []
    read = at_once(element, quick, checks)
    if read is None:
        assert checks == []
        return False
    others: list[Check] = []
    assert read == one_by_one(element, others)
    assert checks == others
    slow = Canonicalizer(len(source), source)
    for part in (read[0].signed_info, read[1].signed_properties):
        assert quick.octets(part, EXCLUSIVE) == slow.octets(part, EXCLUSIVE)
    root = element.getroottree().getroot()
    for removed in ([element], list(root.iter(xmldsig.SIGNATURE))):
        joined = [b"".join(each.pieces_without(root, EXCLUSIVE, removed, is_document=True)) for each in (quick, slow)]
        assert joined[0] == joined[1]
    return True


def test_what_we_write_is_read_at_once(source: bytes) -> None:
    element = last_signature(source)
    assert element is not None
    assert require_same(source, element)


@pytest.mark.parametrize(
    "policy", [ETSI_BASELINE, replace(SANDBOX_DOCUMENT, expected_signature_policy="urn:oid:1.2.3")]
)
def test_under_every_policy_the_checks_are_the_same(policy: ValidationPolicy) -> None:
    element = last_signature(documents.good())
    assert element is not None
    checks: list[Check] = []
    others: list[Check] = []
    assert at_once(element, Canonicalizer(0, documents.good()), checks, policy) == one_by_one(element, others, policy)
    assert checks == others


REPLACEMENTS = (
    b"",
    b" ",
    b"<",
    b">",
    b"&",
    b'"',
    b"'",
    b"/",
    b"=",
    b"A",
    b"0",
    b"-",
    b"\n",
    b"\xd0\xb0",
    b"<!-- -->",
    b"&#65;",
)


def mutants(source: bytes) -> Iterator[bytes]:
    """Each octet of the signature replaced and something put before it; pieces of it moved and doubled."""
    start = source.rindex(b"<ds:Signature ")
    chance = random.Random(1)
    for at in range(start, len(source)):
        piece = REPLACEMENTS[chance.randrange(len(REPLACEMENTS))]
        yield source[:at] + piece + source[at + 1 :]
        yield source[:at] + piece + source[at:]
    for _ in range(1500):
        first, second = sorted(chance.sample(range(start, len(source)), 2))
        target = chance.randrange(start, len(source))
        yield source[:target] + source[first:second] + source[target:]
        yield source[:first] + source[second:]


@pytest.mark.parametrize("name", ["document", "container of three"])
def test_no_change_makes_the_two_readings_differ(name: str) -> None:
    read = unread = 0
    for mutant in mutants(SOURCES[name]()):
        element = last_signature(mutant)
        if element is not None:
            if require_same(mutant, element):
                read += 1
            else:
                unread += 1
    assert read > 500  # a name, a digest, a value changed: still our spelling
    assert unread > 500


def tagged(old: str, new: str) -> Callable[[str], str]:
    return lambda text: text.replace(old, new, 1)


OTHERWISE: dict[str, Callable[[str], str]] = {
    "comment inside": tagged("<ds:SignatureValue>", "<!-- a --><ds:SignatureValue>"),
    "comment behind": tagged("</ds:Signature>", "</ds:Signature><!-- a -->"),
    "text behind": tagged("</ds:Signature>", "</ds:Signature> a "),
    "element behind": tagged("</ds:Signature>", "</ds:Signature><a/>"),
    "comment after the root": lambda text: f"{text}<!-- a -->",
    "attribute order": tagged(' Id="S', ' b="" Id="S'),
    "another quote": tagged(' URI=""', " URI=''"),
    "reference to a character": tagged("MimeType>application", "MimeType>&#97;pplication"),
    "signature policy": tagged(
        "</xades:SigningCertificateV2>",
        "</xades:SigningCertificateV2><xades:SignaturePolicyIdentifier><xades:SignaturePolicyImplied/>"
        "</xades:SignaturePolicyIdentifier>",
    ),
    "unsigned properties": tagged(
        "</xades:SignedProperties>",
        "</xades:SignedProperties><xades:UnsignedProperties><xades:UnsignedSignatureProperties>"
        "</xades:UnsignedSignatureProperties></xades:UnsignedProperties>",
    ),
    "a second Object": tagged("</ds:Signature>", "<ds:Object></ds:Object></ds:Signature>"),
    "another Target": tagged(' Target="#S', ' Target="#T'),
    "reference to other properties": tagged('-sp"><ds:Transforms>', '-sq"><ds:Transforms>'),
    "properties as they are": tagged(f'-sp"><ds:Transforms>{documents.EXCLUSIVE}</ds:Transforms>', '-sp">'),
    "the empty Type": tagged('<ds:Reference Id="', '<ds:Reference Type="" Id="'),
    "RSASSA-PSS by its parameters": tagged(m.RSA_SHA256, xmldsig.RSA_PSS),
    "no such day": tagged("2026-11-20T", "2026-02-30T"),
    "two spellings of a digest": lambda text: text.replace("=</ds:DigestValue>", "==</ds:DigestValue>", 1),
}


@pytest.mark.parametrize("name", OTHERWISE)
def test_another_spelling_is_left_to_the_other_reading(name: str) -> None:
    source = OTHERWISE[name](documents.good().decode()).encode()
    assert source != documents.good()
    found = schemas.parse_untrusted(source).iter(xmldsig.SIGNATURE)
    element = next(found)
    assert at_once(element, Canonicalizer(len(source), source), []) is None


HIDDEN = {
    "in a comment": ("<!--", "-->"),
    "in CDATA": ("<![CDATA[", "]]>"),
    "in a comment that ends inside": ("<!--", ""),
    "in an attribute": ("<b a='", "'/>"),
    "deeper": ("<b>", "</b>"),
}
OTHERS = {
    "spelt otherwise": lambda own: own.replace("<ds:SignatureValue>", "<ds:SignatureValue >", 1),
    "empty": lambda own: f'<ds:Signature xmlns:ds="{m.DS}"/>',
    "of other parts": lambda own: f'<ds:Signature xmlns:ds="{m.DS}"><a/><b/><c/><d><e><f/></e></d></ds:Signature>',
    "of the same identifier and value": lambda own: own.replace("</ds:X509Data>", "</ds:X509Data><a/>", 1),
}


def require_exact(source: bytes) -> None:
    """No Signature of the document is read at once, unless it is what the other reading gives."""
    for instructions in (False, True):
        limits = replace(schemas.DOCUMENT_LIMITS, allow_processing_instructions=instructions)
        try:
            root = schemas.parse_untrusted(source, limits)
        except schemas.XmlRefused:
            continue
        for each in root.iter(xmldsig.SIGNATURE):
            require_same(source, each)


@pytest.mark.parametrize("where", HIDDEN)
@pytest.mark.parametrize("other", OTHERS)
@pytest.mark.parametrize("other_first", [True, False])
def test_a_spelling_that_is_no_last_child_is_not_read_for_the_one_that_is(
    where: str, other: str, *, other_first: bool
) -> None:
    """Two candidates: the real one, spelt otherwise, and our spelling where it is no markup or not the last child."""
    before, own, after = in_parts(documents.good())
    opened, closed = HIDDEN[where]
    hidden, real = f"{opened}{own}{closed}", OTHERS[other](own)
    source = (before + (hidden + real if other_first else real + hidden) + after).encode()
    require_exact(source)
    element = last_signature(source)
    if element is not None and other != "of the same identifier and value":
        assert not require_same(source, element)


BEHIND = {
    "comment": "<!--{own}</a-->",
    "comment with a space": "<!--{own}</a -->",
    "comment of two": "<!-- -->\n<!--{own}</report-->",
    "comment of a bare tag": "<!--{own}</-->",
    "instruction": "<?a {own}</a?>",
    "instruction of a bare tag": "<?a {own}</?>",
}


@pytest.mark.parametrize("behind", BEHIND)
@pytest.mark.parametrize("other", OTHERS)
def test_a_spelling_behind_the_root_is_not_read_for_the_last_child(behind: str, other: str) -> None:
    """The octets end with what looks like the root's end tag, inside a comment or an instruction."""
    before, own, after = in_parts(documents.good())
    source = (before + OTHERS[other](own) + after + BEHIND[behind].format(own=own)).encode()
    require_exact(source)
    for policy in (documents.XADES_ASKED, documents.PARTS_TAKEN):
        honest = (before + OTHERS[other](own) + after + "<!-- -->").encode()
        expected = documents.judged(honest, policy).report.indication
        found = documents.judged(source, policy).report.indication
        assert found is expected or found is Indication.TOTAL_FAILED


def test_a_root_whose_name_ends_like_a_comment_is_left_to_the_other_reading() -> None:
    source = documents.signed("<a-->1</a-->")
    element = last_signature(source)
    assert element is not None
    assert not require_same(source, element)
    assert documents.judged(source).report.indication is Indication.TOTAL_PASSED


def test_an_instruction_that_looks_like_a_tag_makes_a_document_ambiguous_in_both_readings() -> None:
    """Where instructions are taken, the place of the Signature is not proposed: it is looked for as ever."""
    source = documents.good().replace(b"<row ", b"<?p <ds:Signature >?><row ", 1)
    limits = replace(schemas.DOCUMENT_LIMITS, allow_processing_instructions=True)
    root = schemas.parse_untrusted(source, limits)
    canonicalizer = Canonicalizer(len(source), source)
    assert at_once(root[-1], canonicalizer, [], documents.PARTS_TAKEN) is not None
    with pytest.raises(StepError, match=r"xmldsig\.canonicalization"):
        canonicalizer.pieces_without(root, EXCLUSIVE, [root[-1]], is_document=True)


def in_parts(source: bytes) -> tuple[str, str, str]:
    """What stands before the signature of the good document, the signature, and what stands behind it."""
    text = source.decode()
    start, end = text.index("<ds:Signature "), text.index("</report>")
    return text[:start], text[start:end], text[end:]


def test_a_root_that_is_the_signature_is_left_to_the_other_reading() -> None:
    text = documents.good().decode()
    source = text[text.index("<ds:Signature ") : text.index("</report>")].encode()
    root = schemas.parse_untrusted(source)
    assert at_once(root, Canonicalizer(len(source), source), []) is None


def test_a_container_takes_no_enveloped_reference() -> None:
    element = last_signature(documents.good())
    assert element is not None
    canonicalizer = Canonicalizer(0, documents.good())
    read = xades.read_own_form(element, [], policy=SANDBOX_DOCUMENT, canonicalizer=canonicalizer, takes_enveloped=False)
    assert read is None


def test_more_references_than_the_limit_are_left_to_the_other_reading() -> None:
    objects = [DataObject.of(f"{number}.xml", "application/xml", b"<a/>") for number in range(100)]
    source = m.parts_of(m.signed(objects))[m.SIGNATURES]
    element = last_signature(source)
    assert element is not None
    assert at_once(element, Canonicalizer(len(source), source), []) is None
    with pytest.raises(StepError, match=r"xmldsig\.limits"):
        xmldsig.read_signature(element, [])
    assert m.judged(m.signed(objects)).report.indication is Indication.TOTAL_PASSED
