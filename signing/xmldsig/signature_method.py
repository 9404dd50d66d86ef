"""ds:SignatureMethod: the algorithm, with the parameters that RFC 9231 gives to RSASSA-PSS and to nothing else of ours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from signing import algorithms
from signing.validation_report import SubIndication
from signing.xmldsig.steps import DS, StepError, malformed, unsupported
from signing.xmldsig.structure import attributes, children, leaf_text

if TYPE_CHECKING:
    from lxml import etree

RSA_PSS: Final = "http://www.w3.org/2007/05/xmldsig-more#rsa-pss"
_PSS_SPACE: Final = "http://www.w3.org/2007/05/xmldsig-more#"
_MGF1: Final = f"{_PSS_SPACE}MGF1"
_PARAMETERS: Final = f"{{{_PSS_SPACE}}}RSAPSSParams"
_MASK: Final = f"{{{_PSS_SPACE}}}MaskGenerationFunction"
_SALT: Final = f"{{{_PSS_SPACE}}}SaltLength"
_TRAILER: Final = f"{{{_PSS_SPACE}}}TrailerField"
_DIGEST_METHOD: Final = f"{{{DS}}}DigestMethod"


def read_signature_method(element: etree._Element) -> str:
    """The URI of the algorithm; RSASSA-PSS with parameters becomes the URI that means the same without them.

    RFC 9231, 2.3.9: the default is SHA-256, MGF1 with the same hash, a salt as long as the hash, trailer 1. Other
    combinations than one hash throughout are "unsupported" (check "xmldsig.structure").
    """
    uri = attributes(element, required=("Algorithm",))["Algorithm"]
    parameters = children(element)
    if uri == RSA_PSS and [part.tag for part in parameters] in ([], [_PARAMETERS]):
        return _pss(parameters[0] if parameters else None)
    if parameters:  # HMACOutputLength and the like: no algorithm of ours has any
        raise malformed("xmldsig.structure", "children", element="SignatureMethod")
    return uri


def _pss(parameters: etree._Element | None) -> str:
    digest = algorithms.DIGESTS[0]
    if parameters is not None:
        attributes(parameters)
        parts = {part.tag: part for part in children(parameters)}
        if parts.keys() - {_DIGEST_METHOD, _MASK, _SALT, _TRAILER} or len(parts) != len(parameters):
            raise malformed("xmldsig.structure", "children", element="RSAPSSParams")
        digest = _digest(parts.get(_DIGEST_METHOD))
        if (
            _digest_of_mask(parts.get(_MASK)) != digest
            or _number(parts.get(_SALT), digest.size) != digest.size
            or _number(parts.get(_TRAILER), 1) != 1
        ):
            raise _unsupported()
    entry = algorithms.signature_algorithm(f"rsa-pss-{digest.id}")
    if entry is None or entry.xmldsig_uri is None:
        raise _unsupported()
    return entry.xmldsig_uri


def _digest(element: etree._Element | None) -> algorithms.DigestAlgorithm:
    if element is None:
        return algorithms.DIGESTS[0]
    if children(element):
        raise malformed("xmldsig.structure", "children", element="DigestMethod")
    found = algorithms.digest_by_uri(attributes(element, required=("Algorithm",))["Algorithm"])
    if found is None:
        raise _unsupported()
    return found


def _digest_of_mask(element: etree._Element | None) -> algorithms.DigestAlgorithm:
    if element is None:
        return algorithms.DIGESTS[0]
    inside = children(element)
    if attributes(element, required=("Algorithm",))["Algorithm"] != _MGF1 or [part.tag for part in inside] not in (
        [],
        [_DIGEST_METHOD],
    ):
        raise _unsupported()
    return _digest(inside[0] if inside else None)


def _number(element: etree._Element | None, default: int) -> int:
    if element is None:
        return default
    spelled = leaf_text(element).strip(" \t\r\n")
    if not (spelled.isascii() and spelled.isdigit() and len(spelled) <= 5):  # noqa: PLR2004 - longer than any salt
        raise malformed("xmldsig.structure", "number", element="RSAPSSParams")
    return int(spelled)


def _unsupported() -> StepError:
    return unsupported("xmldsig.structure", SubIndication.CRYPTO_CONSTRAINTS_FAILURE, "RSASSA-PSS parameters")
