"""XML Signature (XMLDSig 1.1) without policy: structure read exactly, canonical form, reference digests, signature
bytes built.

1. One parse. A Signature is read as an exact sequence of children; a comment, an unknown attribute or a second
   SignedInfo inside it is a failure, so that what is read is what was signed.
2. Base64 is decoded, encoded again and compared: one value has one spelling.
3. Identifiers are unique over Id, ID, id in any namespace (xml:id and wsu:Id among them): what a fragment points to is
   one node.
4. A Reference points into the same document or to a data object beside it; nothing is fetched, ever.
5. Transforms are canonicalizations only, at most one; XSLT, XPath and the rest are refused, 1.1 with xml:base is
   unsupported.
6. KeyInfo is a hint: certificates are taken from it, a KeyValue must equal the certificate's, the rest is never
   followed.
7. Limits hold before canonicalization: inclusive C14N is cubic in namespaces (signing README 5.2).

A step that does not pass raises StepError with its Check; the verifiers turn it into a verdict.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final, TypeAlias

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key
from lxml import etree

import schemas
from signing import algorithms
from signing.errors import SigningError
from signing.validation_report import Check, SubIndication

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from signing.algorithms import DigestAlgorithm, SignatureAlgorithm
    from signing.certificates import Certificate

Element: TypeAlias = etree._Element  # noqa: SLF001 - the only name the library gives its elements
"""A node of the one parse, under a name for those who have no business with the library itself."""

DS: Final = "http://www.w3.org/2000/09/xmldsig#"
DSIG11: Final = "http://www.w3.org/2009/xmldsig11#"
EXC_C14N: Final = "http://www.w3.org/2001/10/xml-exc-c14n#"
C14N_10: Final = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
C14N_11: Final = "http://www.w3.org/2006/12/xml-c14n11"
XML_NS: Final = "http://www.w3.org/XML/1998/namespace"

SIGNATURE: Final = f"{{{DS}}}Signature"
OBJECT: Final = f"{{{DS}}}Object"

CHECKS: Final = frozenset(
    {
        "xml.accepted",
        "xmldsig.structure",
        "xmldsig.base64",
        "xmldsig.limits",
        "xmldsig.unique-ids",
        "xmldsig.reference-targets",
        "xmldsig.transforms",
        "xmldsig.canonicalization",
        "xmldsig.digests",
        "xmldsig.key-value",
    }
)

MAX_REFERENCES: Final = 100
MAX_TRANSFORMS: Final = 3
MAX_PREFIXES: Final = 32
MAX_CERTIFICATES: Final = 10
MAX_CERTIFICATE_BYTES: Final = 64 * 1024
MAX_CANONICAL_FACTOR: Final = 4
# Short documents may grow by more than the factor in all honesty: each sibling repeats its namespace declaration.
CANONICAL_FLOOR: Final = 1 << 20
MAX_INCLUSIVE_COST: Final = 50_000_000  # elements x (namespaces in scope)^2: about 0.25 s

_CANONICALIZATIONS: Final = {
    EXC_C14N: EXC_C14N,
    EXC_C14N + "WithComments": EXC_C14N,
    C14N_10: C14N_10,
    C14N_10 + "#WithComments": C14N_10,
    C14N_11: C14N_11,
    C14N_11 + "#WithComments": C14N_11,
}
_INCLUSIVE_NAMESPACES: Final = f"{{{EXC_C14N}}}InclusiveNamespaces"
_SPACES: Final = " \t\r\n"
_PLAIN_FRAGMENT: Final = re.compile(r"#[^\s()#'\"]+")
_IDS: Final = etree.XPath("//*/@*[local-name()='Id' or local-name()='ID' or local-name()='id']")


class StepError(Exception):
    """A step of a verification did not pass; `check` says which and why. Never leaves `signing`."""

    def __init__(self, check: Check) -> None:
        super().__init__(check.id, dict(check.params))
        self.check = check


@cache
def passed(check_id: str) -> Check:
    """The Check of a step that passed and has nothing to add; one value for all verifications."""
    return Check.passed(check_id)


def malformed(check_id: str, reason: str, **params: str) -> StepError:
    """The step failed because the format is broken or over a limit."""
    return failed(check_id, SubIndication.FORMAT_FAILURE, reason, **params)


def failed(check_id: str, sub_indication: SubIndication, reason: str, **params: str) -> StepError:
    return StepError(Check.failed(check_id, sub_indication, reason=reason, **params))


def unsupported(check_id: str, sub_indication: SubIndication, reason: str, **params: str) -> StepError:
    """The step cannot be decided here: a feature we do not have, or evidence that is missing."""
    return StepError(Check.indeterminate(check_id, sub_indication, reason=reason, **params))


# --- values --------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, kw_only=True, slots=True)
class Canonicalization:
    """A canonicalization named in a signature: the URI without comments, and the PrefixList of the exclusive form.

    A fragment reference never takes comments in, even when the transform says WithComments (XMLDSig 4.4.3.3), and
    inside SignedInfo there are none, so both spellings mean the same here.
    """

    uri: str
    prefixes: tuple[str, ...] = ()


EXCLUSIVE: Final = Canonicalization(uri=EXC_C14N)


@dataclass(frozen=True, kw_only=True, slots=True)
class Reference:
    """A ds:Reference as read; `digest` decoded, `canonicalization` None when it has no Transforms."""

    id: str | None
    type: str | None
    uri: str
    canonicalization: Canonicalization | None
    digest_uri: str
    digest: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Signature:
    """A ds:Signature as read. `value` decoded; `key_info` and `objects` not yet looked into."""

    element: etree._Element
    id: str | None
    signed_info: etree._Element
    canonicalization: Canonicalization
    method_uri: str
    references: tuple[Reference, ...]
    value: bytes
    key_info: etree._Element | None
    objects: tuple[etree._Element, ...]


# --- reading -------------------------------------------------------------------------------------------------------
def parse(data: bytes, limits: schemas.Limits, name: str) -> etree._Element:
    """The one parse of foreign XML ("xml.accepted"); `name` says in the report which file it was."""
    try:
        return schemas.parse_untrusted(data, limits)
    except schemas.XmlRefused as error:
        line = "" if error.line is None else str(error.line)
        raise malformed("xml.accepted", error.code, file=name, line=line) from error


def unique_ids(root: etree._Element) -> dict[str, etree._Element]:
    """Every identifier of the document and its element ("xmldsig.unique-ids"); a second one of the same value fails.

    An attribute Id of a foreign namespace counts as well: in doubt two readers would not agree on the target.
    """
    found: dict[str, etree._Element] = {}
    for value in _IDS(root):  # type: ignore[union-attr]  # an XPath over attributes gives a list of strings
        if value in found:
            raise malformed("xmldsig.unique-ids", "twice", value=str(value)[:100])
        found[str(value)] = value.getparent()  # type: ignore[union-attr, assignment]
    return found


def read_signature(element: etree._Element, checks: list[Check], max_references: int = MAX_REFERENCES) -> Signature:
    """Read a ds:Signature exactly; appends the checks structure, base64, limits and transforms of "xmldsig."."""
    attributes(element, optional=("Id",))
    parts = children(element)
    if [part.tag for part in parts[:2]] != [f"{{{DS}}}SignedInfo", f"{{{DS}}}SignatureValue"]:
        raise malformed("xmldsig.structure", "children", element="Signature")
    signed_info, value, *rest = parts
    key_info = rest.pop(0) if rest and rest[0].tag == f"{{{DS}}}KeyInfo" else None
    if any(part.tag != OBJECT for part in rest):
        raise malformed("xmldsig.structure", "children", element="Signature")

    attributes(signed_info, optional=("Id",))
    inside = children(signed_info)
    tags = [part.tag for part in inside]
    if len(inside) > max_references + 2:
        raise malformed("xmldsig.limits", "references", limit=str(max_references))
    if tags[:2] != [f"{{{DS}}}CanonicalizationMethod", f"{{{DS}}}SignatureMethod"] or len(tags) == 2:  # noqa: PLR2004
        raise malformed("xmldsig.structure", "children", element="SignedInfo")
    if any(tag != f"{{{DS}}}Reference" for tag in tags[2:]):
        raise malformed("xmldsig.structure", "children", element="SignedInfo")
    if children(inside[1]):  # HMACOutputLength and parameters: no algorithm of ours has any
        raise malformed("xmldsig.structure", "children", element="SignatureMethod")
    canonicalization = _canonicalization(inside[0], "xmldsig.canonicalization")
    method_uri = attributes(inside[1], required=("Algorithm",))["Algorithm"]
    references = tuple(_reference(part) for part in inside[2:])
    attributes(value, optional=("Id",))
    octets = base64_text(value)
    checks.extend(passed(f"xmldsig.{step}") for step in ("structure", "base64", "limits", "transforms"))
    return Signature(
        element=element,
        id=element.get("Id"),
        signed_info=signed_info,
        canonicalization=canonicalization,
        method_uri=method_uri,
        references=references,
        value=octets,
        key_info=key_info,
        objects=tuple(rest),
    )


def _reference(element: etree._Element) -> Reference:
    named = attributes(element, optional=("Id", "Type", "URI"))
    parts = children(element)
    canonicalization = None
    if parts and parts[0].tag == f"{{{DS}}}Transforms":
        canonicalization = _transforms(parts.pop(0))
    if [part.tag for part in parts] != [f"{{{DS}}}DigestMethod", f"{{{DS}}}DigestValue"] or children(parts[0]):
        raise malformed("xmldsig.structure", "children", element="Reference")
    attributes(parts[1])
    if "URI" not in named:
        raise unsupported("xmldsig.reference-targets", SubIndication.SIGNED_DATA_NOT_FOUND, "no URI")
    return Reference(
        id=named.get("Id"),
        type=named.get("Type"),
        uri=named["URI"],
        canonicalization=canonicalization,
        digest_uri=attributes(parts[0], required=("Algorithm",))["Algorithm"],
        digest=base64_text(parts[1]),
    )


def _transforms(element: etree._Element) -> Canonicalization:
    attributes(element)
    steps = children(element)
    if len(steps) > MAX_TRANSFORMS:
        raise malformed("xmldsig.limits", "transforms", limit=str(MAX_TRANSFORMS))
    if len(steps) != 1 or steps[0].tag != f"{{{DS}}}Transform":
        raise malformed("xmldsig.transforms", "not exactly one canonicalization")
    return _canonicalization(steps[0], "xmldsig.transforms")


def _canonicalization(element: etree._Element, check_id: str) -> Canonicalization:
    algorithm = attributes(element, required=("Algorithm",))["Algorithm"]
    uri = _CANONICALIZATIONS.get(algorithm)
    if uri is None:
        # never executed: an enveloped-signature, XPath or XSLT transform has no place in either of our profiles
        raise failed(check_id, SubIndication.SIG_CONSTRAINTS_FAILURE, "algorithm", algorithm=algorithm[:200])
    prefixes: tuple[str, ...] = ()
    parameters = children(element)
    if parameters:
        if uri != EXC_C14N or [part.tag for part in parameters] != [_INCLUSIVE_NAMESPACES] or children(parameters[0]):
            raise malformed(check_id, "parameters", algorithm=algorithm)
        prefixes = tuple(attributes(parameters[0], required=("PrefixList",))["PrefixList"].split())
        if len(prefixes) > MAX_PREFIXES:
            raise malformed("xmldsig.limits", "prefixes", limit=str(MAX_PREFIXES))
        if "#default" in prefixes:  # the library ignores it, so the octets would not be the signer's
            raise unsupported(check_id, SubIndication.GENERIC, "#default in PrefixList")
    return Canonicalization(uri=uri, prefixes=prefixes)


def children(element: etree._Element, check_id: str = "xmldsig.structure") -> list[etree._Element]:
    """Child elements of an element that may hold elements only: a comment, an instruction or text among them fails."""
    found = list(element)
    text = element.text
    if text is not None and text.strip(_SPACES):
        raise malformed(check_id, "text", element=local_name(element))
    for child in found:
        if not isinstance(child.tag, str):
            raise malformed(check_id, "comment", element=local_name(element))
        text = child.tail
        if text is not None and text.strip(_SPACES):
            raise malformed(check_id, "text", element=local_name(element))
    return found


def attributes(
    element: etree._Element,
    required: Sequence[str] = (),
    optional: Sequence[str] = (),
    check_id: str = "xmldsig.structure",
) -> dict[str, str]:
    """The attributes of an element that may have these and no others."""
    named: dict[str, str] = dict(element.items())  # type: ignore[arg-type]  # of parsed text: str, never bytes
    for name in required:
        if name not in named:
            raise malformed(check_id, "attributes", element=local_name(element))
    for name in named:
        if name not in required and name not in optional:
            raise malformed(check_id, "attributes", element=local_name(element))
    return named


def leaf_text(element: etree._Element, check_id: str = "xmldsig.structure") -> str:
    """The text of an element without children; a comment would split what is read from what was signed."""
    if len(element):
        raise malformed(check_id, "children", element=local_name(element))
    return element.text or ""


def base64_text(element: etree._Element) -> bytes:
    """The octets of a base64 leaf ("xmldsig.base64"); white space, and nothing else, may stand in it anywhere."""
    # bytes.split() knows more white space than XML does, all of it outside what XML allows
    spelled = b"".join(leaf_text(element).encode().split())
    try:
        octets = binascii.a2b_base64(spelled, strict_mode=True)
    except binascii.Error as error:
        raise malformed("xmldsig.base64", "alphabet", element=local_name(element)) from error
    if not octets or binascii.b2a_base64(octets, newline=False) != spelled:
        raise malformed("xmldsig.base64", "spelling", element=local_name(element))
    return octets


def local_name(element: etree._Element) -> str:
    return str(element.tag).rpartition("}")[2][:100]


def fragment(uri: str) -> str | None:
    """The identifier a same-document URI names, None when the URI points elsewhere ("xmldsig.reference-targets")."""
    if uri.startswith("#") and not _PLAIN_FRAGMENT.fullmatch(uri):
        raise unsupported("xmldsig.reference-targets", SubIndication.SIGNED_DATA_NOT_FOUND, "XPointer", uri=uri[:200])
    return uri[1:] if uri.startswith("#") else None


def certificates_in(key_info: etree._Element | None) -> tuple[bytes, ...]:
    """DER certificates of ds:X509Data in document order; all else in KeyInfo is left where it is."""
    if key_info is None:
        return ()
    found = [
        certificate
        for group in key_info.iterchildren(f"{{{DS}}}X509Data")
        for certificate in group.iterchildren(f"{{{DS}}}X509Certificate")
    ]
    if len(found) > MAX_CERTIFICATES:
        raise malformed("xmldsig.limits", "certificates", limit=str(MAX_CERTIFICATES))
    return tuple(certificate_text(element) for element in found)


def certificate_text(element: etree._Element) -> bytes:
    """The octets of one embedded certificate, under its limit."""
    octets = base64_text(element)
    if len(octets) > MAX_CERTIFICATE_BYTES:
        raise malformed("xmldsig.limits", "certificate size", limit=str(MAX_CERTIFICATE_BYTES))
    return octets


# --- canonical form ------------------------------------------------------------------------------------------------
class Canonicalizer:
    """Canonical octets of parts of one document, within a budget of bytes for the whole of it ("xmldsig.limits")."""

    def __init__(self, input_size: int) -> None:
        self._left = MAX_CANONICAL_FACTOR * input_size + CANONICAL_FLOOR
        self._known: dict[tuple[etree._Element, Canonicalization], bytes] = {}

    def octets(self, element: etree._Element, method: Canonicalization) -> bytes:
        """Canonical form of an element with all it holds ("xmldsig.canonicalization"); never empty."""
        known = self._known.get((element, method))
        if known is not None:
            return known
        try:
            octets = _exclusive(element, method) if method.uri == EXC_C14N else _inclusive(element, method)
        except etree.LxmlError as error:  # a relative namespace URI: the standard says fail
            raise malformed("xmldsig.canonicalization", "not canonicalizable") from error
        except schemas.XmlRefused as error:
            raise malformed("xmldsig.canonicalization", error.code) from error
        if not octets:  # "void canonicalization": a failure is never the digest of nothing
            raise malformed("xmldsig.canonicalization", "empty")
        self._left -= len(octets)
        if self._left < 0:
            raise malformed("xmldsig.limits", "canonical bytes")
        self._known[element, method] = octets
        return octets


def _exclusive(element: etree._Element, method: Canonicalization) -> bytes:
    return etree.tostring(
        element,
        method="c14n",
        exclusive=True,
        inclusive_ns_prefixes=list(method.prefixes) or None,
        with_comments=False,
    )


def _inclusive(element: etree._Element, method: Canonicalization) -> bytes:
    """Canonical XML 1.0, and 1.1 where no xml:base stands above, by the recipe of signing README 5.1.

    The library is wrong on a sub-element in place: it invents xmlns="" and loses inherited xml:* attributes.
    """
    _require_cheap(element)
    inherited: dict[str, str] = {}
    for ancestor in element.iterancestors():
        for name, value in ancestor.attrib.items():
            if str(name).startswith(f"{{{XML_NS}}}"):
                inherited.setdefault(str(name), str(value))
    if method.uri == C14N_11:
        if f"{{{XML_NS}}}base" in inherited:
            raise unsupported("xmldsig.canonicalization", SubIndication.GENERIC, "Canonical XML 1.1 with xml:base")
        inherited = {name: value for name, value in inherited.items() if name.endswith(("}lang", "}space"))}
    apex = schemas.parse_untrusted(etree.tostring(element, with_tail=False, encoding="utf-8"), schemas.ENVELOPE_LIMITS)
    for name, value in inherited.items():
        if name not in apex.attrib:
            apex.set(name, value)
    return etree.tostring(apex, method="c14n", with_comments=False)


def _require_cheap(element: etree._Element) -> None:
    """Refuse what inclusive C14N would take too long for; counted without asking the tree for its namespace maps."""
    parent = element.getparent()
    above = 0 if parent is None else len(parent.nsmap)
    elements = widest = depth_declared = 0
    declared: list[int] = []
    pending = 0
    for event, _ in etree.iterwalk(element, events=("start", "end", "start-ns")):
        if event == "start-ns":
            pending += 1
        elif event == "start":
            elements += 1
            declared.append(pending)
            depth_declared += pending
            pending = 0
            widest = max(widest, above + depth_declared)
        else:
            depth_declared -= declared.pop()
    if elements * widest * widest > MAX_INCLUSIVE_COST:
        raise malformed("xmldsig.limits", "namespaces for inclusive canonicalization")


# --- digests, key, value -------------------------------------------------------------------------------------------


def digest_algorithm(uri: str, check_id: str) -> DigestAlgorithm:
    algorithm = algorithms.digest_by_uri(uri)
    if algorithm is None or algorithm.standing is algorithms.Standing.UNSUPPORTED:
        raise unsupported(check_id, SubIndication.CRYPTO_CONSTRAINTS_FAILURE, "unsupported", algorithm=uri[:200])
    if algorithm.standing is not algorithms.Standing.TRUSTED:
        raise failed(check_id, SubIndication.CRYPTO_CONSTRAINTS_FAILURE, "refused", algorithm=algorithm.id)
    return algorithm


def require_key_value(key_info: etree._Element | None, certificate: Certificate) -> None:
    """A ds:KeyValue, if there is one, must be the certificate's own key ("xmldsig.key-value"); it is never used."""
    for value in () if key_info is None else key_info.iterfind(f"{{{DS}}}KeyValue"):
        given = children(value)
        if len(given) != 1:
            raise malformed("xmldsig.structure", "children", element="KeyValue")
        expected = _key_numbers(certificate.public_key_info)
        leaves = {local_name(leaf): leaf for leaf in children(given[0])}
        if expected is None or leaves.keys() - {"NamedCurve"} != expected.keys():
            raise unsupported("xmldsig.key-value", SubIndication.GENERIC, "form", element=local_name(given[0]))
        if any(base64_text(leaves[name]) != octets for name, octets in expected.items()):
            raise failed("xmldsig.key-value", SubIndication.SIG_CONSTRAINTS_FAILURE, "another key")


def _key_numbers(public_key_info: bytes) -> dict[str, bytes] | None:
    """The leaves an RSAKeyValue or ECKeyValue of this key must have (XMLDSig 1.1, 4.5.2); None for other keys."""
    try:
        key = load_der_public_key(public_key_info)
    except (ValueError, UnsupportedAlgorithm):
        return None
    if isinstance(key, rsa.RSAPublicKey):
        numbers = key.public_numbers()
        pairs = {"Modulus": numbers.n, "Exponent": numbers.e}
        return {name: number.to_bytes((number.bit_length() + 7) // 8, "big") for name, number in pairs.items()}
    if isinstance(key, ec.EllipticCurvePublicKey):
        return {"PublicKey": key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)}
    return None


def signed_info_octets(signature: Signature, canonicalizer: Canonicalizer) -> bytes:
    """What the signature value is over."""
    return canonicalizer.octets(signature.signed_info, signature.canonicalization)


# --- building ------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, kw_only=True, slots=True)
class NewReference:
    """A ds:Reference to be written: `digest` is the digest of what `uri` stands for, after exclusive C14N if
    `canonical`.
    """

    uri: str
    digest: bytes
    id: str | None = None
    type: str | None = None
    canonical: bool = False
    prefixes: tuple[str, ...] = ()


def escape_attribute(value: str) -> str:
    """Text of an attribute value in canonical form (Canonical XML 1.0, 2.3), to stand between double quotes."""
    for char, entity in (
        ("&", "&amp;"),
        ("<", "&lt;"),
        ('"', "&quot;"),
        ("\t", "&#x9;"),
        ("\n", "&#xA;"),
        ("\r", "&#xD;"),
    ):
        if char in value:
            value = value.replace(char, entity)
    return value


def new_signed_info(
    algorithm: SignatureAlgorithm, digest: DigestAlgorithm, references: Iterable[NewReference]
) -> bytes:
    """ds:SignedInfo in its own exclusive canonical form: what is signed is a slice of the file."""
    return (
        f'<ds:SignedInfo xmlns:ds="{DS}">'
        f'<ds:CanonicalizationMethod Algorithm="{EXC_C14N}"></ds:CanonicalizationMethod>'
        f'<ds:SignatureMethod Algorithm="{algorithm.xmldsig_uri}"></ds:SignatureMethod>'
        f"{''.join(_new_reference(reference, digest) for reference in references)}</ds:SignedInfo>"
    ).encode()


def _new_reference(reference: NewReference, digest: DigestAlgorithm) -> str:
    named = "".join(
        f' {name}="{escape_attribute(value)}"'
        for name, value in (("Id", reference.id), ("Type", reference.type), ("URI", reference.uri))
        if value is not None
    )
    transforms = ""
    if reference.canonical:
        parameters = ""
        if reference.prefixes:
            prefixes = escape_attribute(" ".join(reference.prefixes))
            parameters = (
                f'<ec:InclusiveNamespaces xmlns:ec="{EXC_C14N}" PrefixList="{prefixes}"></ec:InclusiveNamespaces>'
            )
        transforms = f'<ds:Transforms><ds:Transform Algorithm="{EXC_C14N}">{parameters}</ds:Transform></ds:Transforms>'
    return (
        f"<ds:Reference{named}>{transforms}"
        f'<ds:DigestMethod Algorithm="{digest.xml_uri}"></ds:DigestMethod>'
        f"<ds:DigestValue>{base64.b64encode(reference.digest).decode()}</ds:DigestValue></ds:Reference>"
    )


def signing_algorithms(algorithm_id: str, digest_id: str) -> tuple[SignatureAlgorithm, DigestAlgorithm]:
    """What a key of this algorithm signs with, and references are hashed with. Raises SigningError signing.algorithm-refused."""
    algorithm = algorithms.signature_algorithm(algorithm_id)
    digest = algorithms.digest_algorithm(digest_id)
    if algorithm is None or algorithm.xmldsig_uri is None or algorithm.standing is not algorithms.Standing.TRUSTED:
        raise SigningError("signing.algorithm-refused", algorithm=algorithm_id)
    if digest is None or digest.standing is not algorithms.Standing.TRUSTED:
        raise SigningError("signing.algorithm-refused", algorithm=digest_id)
    return algorithm, digest


def new_signature_value(
    sign: Callable[[bytes], bytes], algorithm: SignatureAlgorithm, certificate: Certificate, signed_info: bytes
) -> bytes:
    """What `SigningKey.sign` gives for SignedInfo, in the XML form; verified with the certificate's key before it leaves.

    Raises SigningError signing.own-signature-wrong: a fault in the token, or a certificate that is not the key's.
    """
    value = sign(signed_info)
    if algorithm.key_type == "ec":
        try:
            value = algorithms.ecdsa_to_raw(value, certificate.public_key.bits)
        except (ValueError, OverflowError) as error:
            raise SigningError("signing.own-signature-wrong", algorithm=algorithm.id) from error
    if not algorithms.verify_signature(algorithm, certificate, signed_info, value, form="xmldsig"):
        raise SigningError("signing.own-signature-wrong", algorithm=algorithm.id)
    return value
