"""The answer of a time-stamp authority: TimeStampResp (RFC 3161, 2.4.2), compared with what was asked."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Final

from signing import asn1
from signing.certificates import without_personal_number
from signing.errors import Malformed, SigningError
from signing.timestamp.token import MAX_TOKEN_BYTES, read_token

if TYPE_CHECKING:
    from signing.algorithms import DigestAlgorithm

MAX_RESPONSE_BYTES: Final = MAX_TOKEN_BYTES + 4096
"""A token, and a status with some words around it."""

_GRANTED: Final = (0, 1)  # granted, grantedWithMods
_STATUS: Final = {
    2: "rejection",
    3: "waiting",
    4: "revocationWarning",
    5: "revocationNotification",
}
# PKIFailureInfo, RFC 3161, 2.4.2
_FAILURES: Final = {
    0: "badAlg",
    2: "badRequest",
    5: "badDataFormat",
    14: "timeNotAvailable",
    15: "unacceptedPolicy",
    16: "unacceptedExtension",
    17: "addInfoNotAvailable",
    25: "systemFailure",
}
_MAX_WORDS: Final = 200


def read_response(
    der: bytes, *, digest: DigestAlgorithm, imprint: bytes, nonce: int | None, policy: str | None
) -> bytes:
    """DER of the token in an answer to the request with these values.

    The token's signature is not verified here (`judge_token`). Raises Malformed for anything but a TimeStampResp with
    its token; SigningError signing.timestamp-rejected when the authority said no, signing.timestamp-other-answer when
    the token answers another question (imprint, its algorithm, nonce, policy).
    """
    der_of_token = token_in(der)
    token = read_token(der_of_token)
    asked = {
        "algorithm": token.imprint_oid == digest.oid,
        "imprint": hmac.compare_digest(token.imprint, imprint),
        "nonce": nonce is None or token.nonce == nonce,
        "policy": policy is None or token.policy == policy,
    }
    differs = [name for name, same in asked.items() if not same]
    if differs:
        raise SigningError("signing.timestamp-other-answer", differs=", ".join(differs))
    return der_of_token


def token_in(response: bytes) -> bytes:
    """DER of the token in an answer, whatever was asked; not yet read.

    Raises Malformed for anything but a TimeStampResp with its token; SigningError signing.timestamp-rejected when the
    authority said no.
    """
    if len(response) > MAX_RESPONSE_BYTES:
        raise Malformed("signing.timestamp-too-large", limit=str(MAX_RESPONSE_BYTES))
    answer = asn1.read_der(response)
    first = asn1.children(asn1.expect(answer, asn1.SEQUENCE))[:1]
    if first and first[0].tag == asn1.OID:
        raise Malformed("signing.timestamp-not-a-response")
    fields = asn1.Fields(answer)
    status = asn1.Fields(fields.take(asn1.SEQUENCE))
    found = fields.take_optional(asn1.SEQUENCE)
    fields.end()
    code = asn1.integer(status.take(asn1.INTEGER), max_octets=1)
    if code not in _GRANTED:
        words = status.take_optional(asn1.SEQUENCE)
        failure = status.take_optional(asn1.BIT_STRING)
        raise SigningError(
            "signing.timestamp-rejected",
            status=_STATUS.get(code, str(code)),
            failure=_failure(failure),
            words=_words(words),
        )
    if found is None:
        raise Malformed("signing.timestamp-no-token")
    return found.raw


def _failure(bits: asn1.Der | None) -> str:
    if bits is None:
        return "unspecified"
    return ", ".join(_FAILURES.get(bit, str(bit)) for bit in sorted(asn1.named_bits(bits))[:8]) or "unspecified"


def _words(listed: asn1.Der | None) -> str:
    """What the authority says to people, cut: it is a stranger's text."""
    if listed is None:
        return ""
    joined = " ".join(asn1.text(each) for each in asn1.children(listed)[:8])
    return without_personal_number("".join(letter if letter.isprintable() else " " for letter in joined))[:_MAX_WORDS]
