"""Sequences of transforms that have a meaning, and the many that have none."""

from __future__ import annotations

import pytest
from lxml import etree

from signing.validation_report import Conclusion
from signing.xmldsig import C14N_10, DS, EXC_C14N, Canonicalization, Canonicalizer, Removal, StepError, TransformProfile
from signing.xmldsig.signature_method import RSA_PSS, read_signature_method
from signing.xmldsig.transforms import read_transforms

XPATH = "http://www.w3.org/TR/1999/REC-xpath-19991116"
FILTER = "http://www.w3.org/2002/06/xmldsig-filter2"
MORE_2007 = "http://www.w3.org/2007/05/xmldsig-more#"

ENVELOPED = f'<ds:Transform Algorithm="{DS}enveloped-signature"/>'
EXCLUSIVE = f'<ds:Transform Algorithm="{EXC_C14N}"/>'
INCLUSIVE = f'<ds:Transform Algorithm="{C14N_10}#WithComments"/>'
BASE64 = f'<ds:Transform Algorithm="{DS}base64"/>'
NO_SIGNATURE = (
    f'<ds:Transform Algorithm="{XPATH}"><ds:XPath> not(ancestor-or-self::ds:Signature)\n</ds:XPath></ds:Transform>'
)
SUBTRACTED = (
    f'<ds:Transform Algorithm="{FILTER}"><f:XPath xmlns:f="{FILTER}" Filter="subtract">/descendant::ds:Signature</f:XPath>'
    "</ds:Transform>"
)
XSLT = '<ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xslt-19991116"/>'
PROFILES = list(TransformProfile)
DETACHED, ENVELOPED_PROFILE, EUROPEAN = PROFILES


def _transforms(inside: str) -> etree._Element:
    return etree.fromstring(f'<ds:Transforms xmlns:ds="{DS}">{inside}</ds:Transforms>')


GOOD = {
    "canonicalization": (EXCLUSIVE, PROFILES, Removal.NOTHING, EXC_C14N),
    "WithComments": (INCLUSIVE, PROFILES, Removal.NOTHING, C14N_10),
    "enveloped": (ENVELOPED, PROFILES[1:], Removal.OWN_SIGNATURE, None),
    "enveloped, canonicalization": (ENVELOPED + EXCLUSIVE, PROFILES[1:], Removal.OWN_SIGNATURE, EXC_C14N),
    "no Signature by XPath": (NO_SIGNATURE + EXCLUSIVE, PROFILES[2:], Removal.EVERY_SIGNATURE, EXC_C14N),
    "no Signature by Filter 2.0": (SUBTRACTED + INCLUSIVE, PROFILES[2:], Removal.EVERY_SIGNATURE, C14N_10),
    "no Signature by Filter 2.0 alone": (SUBTRACTED, PROFILES[2:], Removal.EVERY_SIGNATURE, None),
    "enveloped, no Signature by XPath": (ENVELOPED + NO_SIGNATURE, PROFILES[2:], Removal.EVERY_SIGNATURE, None),
    "no Signature under the root": (
        SUBTRACTED.replace("/descendant::", "/*/"),
        PROFILES[2:],
        Removal.SIGNATURES_UNDER_ROOT,
        None,
    ),
    "another prefix": (
        SUBTRACTED.replace("ds:Signature<", "d:Signature<").replace("<f:XPath ", f'<f:XPath xmlns:d="{DS}" '),
        PROFILES[2:],
        Removal.EVERY_SIGNATURE,
        None,
    ),
    "base64": (BASE64, PROFILES[2:], Removal.NOTHING, None),
}
BAD = {
    "D20 XSLT": XSLT,
    "D20 XSLT behind enveloped": ENVELOPED + XSLT,
    "D21 XPath that leaves something out": NO_SIGNATURE.replace("ds:Signature)", "ds:Signature) and not(self::Amount)"),
    "D22 XPath that selects nothing": NO_SIGNATURE.replace("not(ancestor-or-self::ds:Signature)", "not(1)"),
    "D21 the words in an element of no namespace": NO_SIGNATURE.replace("ds:XPath>", "XPath>"),
    "D21 the words with ds bound anew": SUBTRACTED.replace("<f:XPath ", '<f:XPath xmlns:ds="urn:x" '),
    "D21 a prefix of no namespace": NO_SIGNATURE.replace("ds:Signature)", "d:Signature)"),
    "D21 union in place of subtract": SUBTRACTED.replace("subtract", "union"),
    "D21 another subtraction": SUBTRACTED.replace("descendant::ds:Signature", "descendant::Amount"),
    "D25 other order": EXCLUSIVE + ENVELOPED,
    "D25 enveloped twice": ENVELOPED + ENVELOPED,
    "D25 two canonicalizations": EXCLUSIVE + INCLUSIVE,
    "D25 enveloped, two canonicalizations": ENVELOPED + EXCLUSIVE + INCLUSIVE,
    "D25 enveloped behind the XPath": NO_SIGNATURE + ENVELOPED,
    "D23 four": EXCLUSIVE * 4,
    "none": "",
    "base64, canonicalization": BASE64 + EXCLUSIVE,
    "base64 with a parameter": BASE64.replace("/>", "><a/></ds:Transform>"),
    "enveloped with a parameter": ENVELOPED.replace("/>", "><a/></ds:Transform>"),
}  # fmt: skip


@pytest.mark.parametrize("row", GOOD)
@pytest.mark.parametrize("profile", PROFILES)
def test_takes_a_sequence_where_the_format_has_a_use_for_it(row: str, profile: TransformProfile) -> None:
    inside, profiles, removal, uri = GOOD[row]
    if profile in profiles:
        read = read_transforms(_transforms(inside), profile)
        assert (read.removal, read.canonicalization and read.canonicalization.uri) == (removal, uri)
        assert read.is_base64 == (row == "base64")
        assert read.of_nodes().uri == (uri or C14N_10)
    else:
        with pytest.raises(StepError) as caught:
            read_transforms(_transforms(inside), profile)
        assert caught.value.check.id == "xmldsig.transforms"


@pytest.mark.parametrize("row", BAD)
@pytest.mark.parametrize("profile", PROFILES)
def test_refuses_a_sequence_without_running_anything(row: str, profile: TransformProfile) -> None:
    with pytest.raises(StepError) as caught:
        read_transforms(_transforms(BAD[row]), profile)
    check = caught.value.check
    assert (check.id, check.conclusion) == (
        "xmldsig.limits" if row == "D23 four" else "xmldsig.transforms",
        Conclusion.FAILED,
    )


# --- what is left when Signatures are taken out ----------------------------------------------------------------------
SIGNED = (
    '<?before?><!-- x --><r xmlns:ds="{ds}" xmlns:o="urn:o">a<ds:Signature xmlns:o="urn:p"><o:x/>'
    '<ds:Object><ds:Signature/></ds:Object></ds:Signature>b<o:Signature/><ds:Signaturex/><Signature xmlns="{ds}">'
    "<!-- c --></Signature>c<q xmlns='urn:q'><ds:Signature a='&lt;ds:Signature>'/>d</q></r><?after?>"
).replace("{ds}", DS)


@pytest.mark.parametrize("uri", [EXC_C14N, C14N_10])
@pytest.mark.parametrize("chosen", [[0], [1], [2], [3], [0, 2], [0, 1], [0, 1, 2, 3]])
def test_cutting_octets_is_taking_elements_out_of_the_tree(uri: str, chosen: list[int]) -> None:
    """Against the library on a tree from which they were really taken."""
    root = etree.fromstring(SIGNED)
    found = list(root.iter(f"{{{DS}}}Signature"))
    method = Canonicalization(uri=uri)
    pieces = Canonicalizer(len(SIGNED)).pieces_without(root, method, [found[n] for n in chosen], is_document=True)

    other = etree.fromstring(SIGNED)
    for each in [list(other.iter(f"{{{DS}}}Signature"))[n] for n in chosen]:
        parent = each.getparent()
        if parent is None:
            continue
        before = each.getprevious()
        if before is None:
            parent.text = (parent.text or "") + (each.tail or "")
        else:
            before.tail = (before.tail or "") + (each.tail or "")
        each.tail = None
        parent.remove(each)
    wanted = etree.tostring(other.getroottree(), method="c14n", exclusive=uri == EXC_C14N, with_comments=False)
    assert b"".join(pieces) == wanted


def test_an_instruction_that_looks_like_a_signature_is_not_cut_by() -> None:
    text = f'<r xmlns:ds="{DS}"><?x <ds:Signature >?><ds:Signature/></r>'
    root = etree.fromstring(text)
    with pytest.raises(StepError) as caught:
        Canonicalizer(len(text)).pieces_without(root, Canonicalization(uri=EXC_C14N), [root[1]])
    assert caught.value.check.params["reason"] == "ambiguous"


# --- RSASSA-PSS with parameters --------------------------------------------------------------------------------------
def _method(inside: str, uri: str = RSA_PSS) -> etree._Element:
    return etree.fromstring(
        f'<ds:SignatureMethod xmlns:ds="{DS}" xmlns:p="{MORE_2007}" Algorithm="{uri}">{inside}</ds:SignatureMethod>'
    )


SHA512 = '<ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha512"/>'
SHA256 = '<ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/>'


def _mask(inside: str, uri: str = f"{MORE_2007}MGF1") -> str:
    return f'<p:MaskGenerationFunction Algorithm="{uri}">{inside}</p:MaskGenerationFunction>'


@pytest.mark.parametrize(
    ("inside", "digest"),
    [
        ("", "sha256"),
        ("<p:RSAPSSParams/>", "sha256"),
        (f"<p:RSAPSSParams>{SHA512}{_mask(SHA512)}<p:SaltLength>64</p:SaltLength></p:RSAPSSParams>", "sha512"),
        (f"<p:RSAPSSParams>{SHA256}{_mask('')}<p:TrailerField> 1 </p:TrailerField></p:RSAPSSParams>", "sha256"),
    ],
)
def test_parameters_of_pss_that_mean_one_hash_throughout_are_read(inside: str, digest: str) -> None:
    assert read_signature_method(_method(inside)) == f"{MORE_2007}{digest}-rsa-MGF1"


@pytest.mark.parametrize(
    ("inside", "conclusion"),
    [
        (f"<p:RSAPSSParams>{SHA512}</p:RSAPSSParams>", Conclusion.INDETERMINATE),
        (f"<p:RSAPSSParams>{SHA512}{_mask(SHA256)}</p:RSAPSSParams>", Conclusion.INDETERMINATE),
        ("<p:RSAPSSParams><p:SaltLength>20</p:SaltLength></p:RSAPSSParams>", Conclusion.INDETERMINATE),
        ("<p:RSAPSSParams><p:TrailerField>2</p:TrailerField></p:RSAPSSParams>", Conclusion.INDETERMINATE),
        (f"<p:RSAPSSParams>{_mask(SHA256, 'urn:x')}</p:RSAPSSParams>", Conclusion.INDETERMINATE),
        (f"<p:RSAPSSParams>{SHA256.replace('sha256', 'sha9')}</p:RSAPSSParams>", Conclusion.INDETERMINATE),
        ("<p:RSAPSSParams><p:SaltLength>32</p:SaltLength><p:SaltLength>32</p:SaltLength></p:RSAPSSParams>", Conclusion.FAILED),
        ("<p:RSAPSSParams><p:SaltLength>-1</p:SaltLength></p:RSAPSSParams>", Conclusion.FAILED),
        ("<p:RSAPSSParams><p:Other/></p:RSAPSSParams>", Conclusion.FAILED),
        (f"<p:RSAPSSParams>{SHA256.replace('/>', '><a/></ds:DigestMethod>')}</p:RSAPSSParams>", Conclusion.FAILED),
        ("<p:Other/>", Conclusion.FAILED),
    ],
)  # fmt: skip
def test_other_parameters_of_pss_are_named_or_refused(inside: str, conclusion: Conclusion) -> None:
    with pytest.raises(StepError) as caught:
        read_signature_method(_method(inside))
    assert (caught.value.check.id, caught.value.check.conclusion) == ("xmldsig.structure", conclusion)


def test_no_other_method_has_parameters() -> None:
    """D12: HMACOutputLength."""
    with pytest.raises(StepError) as caught:
        read_signature_method(_method("<ds:HMACOutputLength>0</ds:HMACOutputLength>", f"{DS}hmac-sha1"))
    assert caught.value.check.conclusion is Conclusion.FAILED
