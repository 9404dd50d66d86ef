"""A file of XAdES signatures without what stands outside of every signature's reach (ETSI EN 319 132-1, 5.4)."""

from __future__ import annotations

from lxml import etree

import schemas
from signing import xmldsig

_UNSIGNED = "{http://uri.etsi.org/01903/v1.3.2#}UnsignedProperties"


def signed_part(markup: bytes, name: str) -> bytes:
    """Canonical XML of the file without its unsigned properties; `name` says in an error which file it was.

    Two files with the same part differ in time-stamps and evidence alone. StepError "xml.accepted" and
    "xmldsig.canonicalization" for what is no XML to sign.
    """
    root = xmldsig.parse(markup, schemas.SIGNATURE_LIMITS, name)
    for found in list(root.iter(_UNSIGNED)):
        parent = found.getparent()
        if parent is not None:
            parent.remove(found)
    try:
        return etree.tostring(root, method="c14n")
    except etree.LxmlError as error:  # a relative namespace URI: the standard says fail
        raise xmldsig.malformed("xmldsig.canonicalization", "not canonicalizable") from error
