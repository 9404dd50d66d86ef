"""What every step over XML shares: its namespaces, and how it says that it passed or did not."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import TYPE_CHECKING, Final

from signing import algorithms
from signing.validation_report import Check, SubIndication

if TYPE_CHECKING:
    from signing.algorithms import DigestAlgorithm

DS: Final = "http://www.w3.org/2000/09/xmldsig#"
EXC_C14N: Final = "http://www.w3.org/2001/10/xml-exc-c14n#"
C14N_10: Final = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
C14N_11: Final = "http://www.w3.org/2006/12/xml-c14n11"
XML_NS: Final = "http://www.w3.org/XML/1998/namespace"

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


class StepError(Exception):
    """A step of a verification did not pass; `check` says which and why. Never leaves `signing`."""

    def __init__(self, check: Check) -> None:
        super().__init__(check.id, dict(check.params))
        self.check = check


@cache
def passed(check_id: str) -> Check:
    """The Check of a step that passed and has nothing to add; one value for all verifications."""
    return Check.passed(check_id)


@lru_cache(maxsize=1024)
def passed_in(check_id: str, file: str) -> Check:
    """The same of one file among several."""
    return Check.passed(check_id, file=file)


def malformed(check_id: str, reason: str, **params: str) -> StepError:
    """The step failed because the format is broken or over a limit."""
    return failed(check_id, SubIndication.FORMAT_FAILURE, reason, **params)


def failed(check_id: str, sub_indication: SubIndication, reason: str, **params: str) -> StepError:
    return StepError(Check.failed(check_id, sub_indication, reason=reason, **params))


def unsupported(check_id: str, sub_indication: SubIndication, reason: str, **params: str) -> StepError:
    """The step cannot be decided here: a feature we do not have, or evidence that is missing."""
    return StepError(Check.indeterminate(check_id, sub_indication, reason=reason, **params))


def digest_algorithm(uri: str, check_id: str) -> DigestAlgorithm:
    algorithm = algorithms.digest_by_uri(uri)
    if algorithm is None or algorithm.standing is algorithms.Standing.UNSUPPORTED:
        raise unsupported(check_id, SubIndication.CRYPTO_CONSTRAINTS_FAILURE, "unsupported", algorithm=uri[:200])
    if algorithm.standing is not algorithms.Standing.TRUSTED:
        raise failed(check_id, SubIndication.CRYPTO_CONSTRAINTS_FAILURE, "refused", algorithm=algorithm.id)
    return algorithm
