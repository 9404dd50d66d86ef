"""Steps 1, 2 and 4 of EN 319 102-1 as far as an XML signature in a container and one in an envelope share them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeVar

from signing import algorithms, xades, xmldsig
from signing.validation_data import NO_DATA
from signing.validation_report import Check, Conclusion, SignatureReport, SubIndication, conclude
from signing.verify.cryptographic_verification import signature_value_check, worst_of
from signing.verify.signature import SignedClaims, algorithm_check, judge_signer
from signing.xmldsig import StepError, passed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from signing.algorithms import DigestAlgorithm, SignatureAlgorithm
    from signing.certificates import Certificate
    from signing.validation_data import FoundTimeStamp, ValidationData
    from signing.verify.context import Context
    from signing.xades import QualifyingProperties
    from signing.xmldsig import Canonicalizer, Element, Reference, Signature

CHECKS: Final = frozenset({"xmldsig.signature-algorithm", "xmldsig.digest-algorithms", "xmldsig.signature-value"})

_FAILED: Final = Conclusion.FAILED  # a member found once: Python 3.11 looks each up through a descriptor

_FORMS: Final = {"B-B": "BES", "B-T": "T", "B-LT": "X-L", "B-LTA": "A"}

T = TypeVar("T")

_NC_NAME: Final = re.compile(r"[^\W\d][\w.-]{0,199}")


def report_id(element: Element, otherwise: str) -> str:
    """What a report calls a signature: its Id where that is an XML name, else `otherwise`, which is none.

    An Id that is no name could be what another signature is called, or a line of the report.
    """
    identifier = element.get("Id")
    return identifier if identifier is not None and _NC_NAME.fullmatch(identifier) else otherwise


@dataclass(kw_only=True, slots=True)
class Examination:
    """What is known so far of one signature; steps fill it in, `report` closes it."""

    id: str
    format: str
    level: str
    checks: list[Check] = field(default_factory=list)
    signer: Certificate | None = None
    others: tuple[Certificate, ...] = ()
    signing_time: datetime | None = None
    covered: tuple[str, ...] = ()
    time_stamps: tuple[FoundTimeStamp, ...] = ()
    embedded: ValidationData = NO_DATA
    value: bytes | None = None
    is_complete: bool = False
    """Every step of the format was reached; otherwise the signer is not judged, the verdict stands without that."""

    def take(self, check_id: str, step: Callable[[], T]) -> T | None:
        """Run one step that others do not depend on: its Check is appended, whatever it is."""
        try:
            result = step()
        except StepError as error:
            self.checks.append(error.check)
            return None
        self.checks.append(passed(check_id))
        return result

    @property
    def has_failed(self) -> bool:
        return _FAILED in [check.conclusion for check in self.checks]

    def report(self, context: Context) -> SignatureReport:
        """The verdict. A signature whose examination stopped is never TOTAL-PASSED: what stopped it decides."""
        if self.is_complete:
            claims = SignedClaims(
                id=self.id,
                format=self.format,
                level=self.level,
                covered=self.covered,
                signing_time=self.signing_time,
                time_stamps=self.time_stamps,
                embedded=self.embedded,
                value=self.value,
            )
            return judge_signer(
                claims=claims,
                signer=self.signer,
                candidates=self.others,
                checks=self.checks,
                context=context,
            )
        indication, sub_indication = conclude(self.checks)
        return SignatureReport(
            id=self.id,
            format=self.format,
            level=self.level,
            indication=indication,
            sub_indication=sub_indication,
            signing_time=self.signing_time,
            best_signature_time=context.at,
            signer=self.signer.facts() if self.signer else None,
            covered=(),
            checks=tuple(self.checks),
        )


def judge_algorithms(
    examination: Examination, signature: Signature, context: Context
) -> tuple[SignatureAlgorithm | None, dict[str, DigestAlgorithm]]:
    """Checks "xmldsig.signature-algorithm" and "xmldsig.digest-algorithms"; gives those that may be computed with."""
    policy, day = context.policy, context.at.date()
    method = algorithms.signature_algorithm_by_uri(signature.method_uri)
    examination.checks.append(
        algorithm_check("xmldsig.signature-algorithm", method, named=signature.method_uri, day=day, policy=policy)
    )
    digests: dict[str, DigestAlgorithm] = {}
    checks = []
    for uri in dict.fromkeys(reference.digest_uri for reference in signature.references):
        digest = algorithms.digest_by_uri(uri)
        checks.append(algorithm_check("xmldsig.digest-algorithms", digest, named=uri, day=day, policy=policy))
        if digest is not None and digest.standing is algorithms.Standing.TRUSTED:
            digests[uri] = digest
    examination.checks.append(worst_of(checks, passed("xmldsig.digest-algorithms")))
    usable = method is not None and method.standing is algorithms.Standing.TRUSTED
    return (method if usable else None), digests


def certificate_reference_check(properties: QualifyingProperties, context: Context) -> Check:
    """Check "xades.signing-certificate" of a reference that names the certificate: by a hash that is trusted that day."""
    check_id, uri = "xades.signing-certificate", properties.certificate_digest_uri
    digest, day = algorithms.digest_by_uri(uri), context.at.date()
    check = algorithm_check(check_id, digest, named=uri, day=day, policy=context.policy)
    return passed(check_id) if check.conclusion is Conclusion.PASSED else check


def judge_value(
    examination: Examination,
    signature: Signature,
    method: SignatureAlgorithm | None,
    candidates: Iterable[Certificate],
    canonicalizer: Canonicalizer,
) -> Certificate | None:
    """Checks "xmldsig.canonicalization" and "xmldsig.signature-value"; gives the candidate whose key verifies."""
    octets = examination.take(
        "xmldsig.canonicalization", lambda: canonicalizer.octets(signature.signed_info, signature.canonicalization)
    )
    if octets is None or method is None:
        examination.checks.append(Check.not_performed("xmldsig.signature-value"))
        return None
    tried = tuple(candidates)
    for candidate in tried:
        if algorithms.verify_signature(method, candidate, octets, signature.value, form="xmldsig"):
            examination.checks.append(passed("xmldsig.signature-value"))
            return candidate
    # which of "does not verify", "weak" and "a curve we do not compute with" it was, by the certificate that comes first
    examination.checks.append(
        signature_value_check("xmldsig.signature-value", method, tried[0], octets, signature.value, form="xmldsig")
        if tried
        else Check.failed("xmldsig.signature-value", SubIndication.SIG_CRYPTO_FAILURE, algorithm=method.id)
    )
    return None


def judge_key_value(examination: Examination, signature: Signature, signer: Certificate) -> None:
    """Check "xmldsig.key-value"."""
    examination.take("xmldsig.key-value", lambda: xmldsig.require_key_value(signature.key_info, signer))


def take_what_was_added(
    examination: Examination,
    signature: Signature,
    properties: QualifyingProperties,
    canonicalizer: Canonicalizer,
    octets_of: Callable[[Reference], Iterable[bytes | memoryview]],
) -> None:
    """Time-stamps, validation data and the level they make; names what was not looked at.

    `octets_of` gives what a data Reference hashes, and raises StepError where that cannot be had.
    """
    examination.value = signature.value
    examination.signing_time = properties.signing_time
    skipped: tuple[str, ...] = ()
    if properties.unsigned is not None or properties.content_time_stamps:
        unsigned = xades.read_unsigned_properties(properties.unsigned, examination.checks)
        content, not_read = xades.read_content_time_stamps(properties.content_time_stamps)
        skipped = (*not_read, *unsigned.not_looked_at)
        octets = xades.TimeStampedOctets(signature, properties, canonicalizer, octets_of)
        examination.time_stamps = xades.found_time_stamps(octets, signature, content, unsigned)
        examination.embedded = unsigned.embedded
        examination.level = unsigned.level
    if properties.is_first_version:
        examination.level = _FORMS[examination.level]
        examination.checks.append(Check.not_performed("xades.baseline", reason="SigningCertificate"))
    if skipped:
        examination.checks.append(Check.not_performed("xades.unsigned-properties", names=" ".join(skipped)[:1000]))
