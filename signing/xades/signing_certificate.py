"""The certificate that a signature names, among those that are at hand (step 5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from signing.certificates import Certificate
from signing.errors import Malformed
from signing.validation_report import SubIndication
from signing.xmldsig import certificates_in, digest_algorithm, failed, malformed, unsupported

if TYPE_CHECKING:
    from collections.abc import Iterable

    from signing.xades.signed_properties import QualifyingProperties
    from signing.xmldsig import Signature


def signing_certificate(
    signature: Signature, properties: QualifyingProperties, known: Iterable[bytes] = ()
) -> tuple[Certificate, list[Certificate]]:
    """(the signer's certificate, the others in KeyInfo); step 5, "xades.signing-certificate".

    `known` (DER) is searched where KeyInfo does not hold it (EN 319 102-1, 5.2.3.4). Not checked here: that
    its key verifies the value, that it may be trusted.
    """
    algorithm = digest_algorithm(properties.certificate_digest_uri, "xades.signing-certificate")
    given = certificates_in(signature.key_info)
    named = next((der for der in (*given, *known) if algorithm.of(der) == properties.certificate_digest), None)
    if named is None and not given:
        raise unsupported(
            "xades.signing-certificate", SubIndication.NO_SIGNING_CERTIFICATE_FOUND, "no certificate in KeyInfo"
        )
    if named is None:
        raise failed(
            "xades.signing-certificate", SubIndication.SIG_CONSTRAINTS_FAILURE, "names no certificate in KeyInfo"
        )
    try:
        others = [Certificate.from_der(der) for der in dict.fromkeys(given) if der != named]
        certificate = Certificate.from_der(named)
    except Malformed as error:
        raise malformed("xades.signing-certificate", error.code) from error
    if properties.serial is not None and properties.serial != certificate.serial:
        raise failed("xades.signing-certificate", SubIndication.SIG_CONSTRAINTS_FAILURE, "states another serial number")
    return certificate, others
