"""ds:Transforms read as one of the few exact sequences there are a meaning for; nothing foreign is ever executed.

Each caller names its profile, the sequences it takes:

    DETACHED    one canonicalization (containers and envelopes: nothing there holds its own Signature)
    ENVELOPED   + enveloped-signature alone, or before the one canonicalization; + no Transforms at all
    EUROPEAN    + the two well-known spellings of "without any Signature" (XPath and XPath Filter 2.0, as the European
                Commission's tools write them for parallel signatures) in the place of enveloped-signature or behind it;
                + base64 alone, over a ds:Object

The spellings are compared as text, their prefix bound to the XMLDSig namespace: they are names for a removal that is
done here, no XPath engine sees them. Where no canonicalization is named, XMLDSig (4.4.3.2) says Canonical XML 1.0.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import TYPE_CHECKING, Final, NamedTuple

from signing.validation_report import SubIndication
from signing.xmldsig.canonical import Canonicalization
from signing.xmldsig.steps import C14N_10, C14N_11, DS, EXC_C14N, failed, malformed, unsupported
from signing.xmldsig.structure import attributes, children, leaf_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lxml import etree


class Removal(Enum):
    """What a Reference leaves out of its target."""

    NOTHING = "nothing"
    OWN_SIGNATURE = "own signature"
    EVERY_SIGNATURE = "every signature"
    SIGNATURES_UNDER_ROOT = "signatures under the root"


MAX_TRANSFORMS: Final = 3
MAX_PREFIXES: Final = 32

ENVELOPED_SIGNATURE: Final = f"{DS}enveloped-signature"
BASE64: Final = f"{DS}base64"
XPATH: Final = "http://www.w3.org/TR/1999/REC-xpath-19991116"
XPATH_FILTER_2: Final = "http://www.w3.org/2002/06/xmldsig-filter2"

_TRANSFORM: Final = f"{{{DS}}}Transform"
_INCLUSIVE_NAMESPACES: Final = f"{{{EXC_C14N}}}InclusiveNamespaces"
_CANONICALIZATIONS: Final = {
    EXC_C14N: EXC_C14N,
    EXC_C14N + "WithComments": EXC_C14N,
    C14N_10: C14N_10,
    C14N_10 + "#WithComments": C14N_10,
    C14N_11: C14N_11,
    C14N_11 + "#WithComments": C14N_11,
}
_NO_SIGNATURE: Final = re.compile(r"not\(ancestor-or-self::([A-Za-z_][\w.-]*):Signature\)")
_UNDER_ROOT: Final = re.compile(r"/\*/([A-Za-z_][\w.-]*):Signature")
_EVERY_SIGNATURE: Final = re.compile(r"(?:/?descendant::|//)([A-Za-z_][\w.-]*):Signature")
_SUBTRACTED: Final = ((Removal.EVERY_SIGNATURE, _EVERY_SIGNATURE), (Removal.SIGNATURES_UNDER_ROOT, _UNDER_ROOT))
_UNNAMED: Final = Canonicalization(uri=C14N_10)


class TransformProfile(Enum):
    """Which sequences of transforms a format takes."""

    DETACHED = "detached"
    ENVELOPED = "enveloped"
    EUROPEAN = "european"


class Transforms(NamedTuple):
    """What happens to the target of a Reference before it is hashed.

    `canonicalization` None: as octets, without any (a data object), or decoded when `is_base64`.
    """

    removal: Removal = Removal.NOTHING
    canonicalization: Canonicalization | None = None
    is_base64: bool = False

    def of_nodes(self) -> Canonicalization:
        """The canonicalization of a target that is part of a document: where none is named, Canonical XML 1.0."""
        return self.canonicalization or _UNNAMED


NO_TRANSFORMS: Final = Transforms()


def read_transforms(element: etree._Element, profile: TransformProfile) -> Transforms:
    """The one meaning of a ds:Transforms; StepError "xmldsig.transforms", "xmldsig.limits" when it has none."""
    attributes(element)
    steps = children(element)
    if len(steps) > MAX_TRANSFORMS:
        raise malformed("xmldsig.limits", "transforms", limit=str(MAX_TRANSFORMS))
    if {step.tag for step in steps} != {_TRANSFORM}:
        raise malformed("xmldsig.transforms", "not exactly one canonicalization")
    removal = Removal.NOTHING
    if profile is not TransformProfile.DETACHED:
        removal = _removal(steps[0], profile)
        if removal is Removal.NOTHING and _is_base64(steps, profile):
            return Transforms(is_base64=True)
        if removal is not Removal.NOTHING:
            steps.pop(0)
            if steps and removal is Removal.OWN_SIGNATURE and _removal(steps[0], profile) is Removal.EVERY_SIGNATURE:
                steps.pop(0)  # templates of xmlsec write both; the second removes what the first did as well
                removal = Removal.EVERY_SIGNATURE
            if not steps:
                return Transforms(removal=removal)
    canonicalization = read_canonicalization(steps[0], "xmldsig.transforms")
    if len(steps) != 1:
        read_canonicalization(steps[1], "xmldsig.transforms")
        raise malformed("xmldsig.transforms", "not exactly one canonicalization")
    return Transforms(removal=removal, canonicalization=canonicalization)


def read_canonicalization(element: etree._Element, check_id: str) -> Canonicalization:
    """A canonicalization with its PrefixList, of a Transform or a CanonicalizationMethod."""
    algorithm = attributes(element, required=("Algorithm",))["Algorithm"]
    uri = _CANONICALIZATIONS.get(algorithm)
    if uri is None:
        # never executed: XSLT, foreign XPath and the rest have no place in any of our profiles
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


def _removal(step: etree._Element, profile: TransformProfile) -> Removal:
    algorithm = attributes(step, required=("Algorithm",))["Algorithm"]
    if algorithm == ENVELOPED_SIGNATURE:
        if children(step):
            raise malformed("xmldsig.transforms", "parameters", algorithm=algorithm)
        return Removal.OWN_SIGNATURE
    if profile is not TransformProfile.EUROPEAN:
        return Removal.NOTHING
    if algorithm == XPATH and _spells(step, f"{{{DS}}}XPath", _NO_SIGNATURE, {}):
        return Removal.EVERY_SIGNATURE
    if algorithm == XPATH_FILTER_2:
        for removal, expression in _SUBTRACTED:
            if _spells(step, f"{{{XPATH_FILTER_2}}}XPath", expression, {"Filter": "subtract"}):
                return removal
    return Removal.NOTHING


def _spells(step: etree._Element, tag: str, expression: re.Pattern[str], named: dict[str, str]) -> bool:
    """Whether the one parameter is this very expression, with its prefix meaning what it must."""
    parameters = children(step)
    if len(parameters) != 1 or parameters[0].tag != tag or dict(parameters[0].items()) != named:
        return False
    spelled = expression.fullmatch(leaf_text(parameters[0]).strip(" \t\r\n"))
    return spelled is not None and parameters[0].nsmap.get(spelled[1]) == DS


def _is_base64(steps: Sequence[etree._Element], profile: TransformProfile) -> bool:
    return (
        profile is TransformProfile.EUROPEAN
        and len(steps) == 1
        and steps[0].get("Algorithm") == BASE64
        and not children(steps[0])
    )
