"""The signature policy that a signature states, held against the one that is expected (step 3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from signing.validation_report import Check, SubIndication
from signing.xades.certificate_reference import digest_in
from signing.xades.names import local
from signing.xmldsig import DS, StepError, children, failed, leaf_text, malformed, passed, unsupported

if TYPE_CHECKING:
    from lxml import etree

_POLICY_ID: Final = local("SignaturePolicyId")
_POLICY_PARTS: Final = (
    local("SigPolicyId"),
    f"{{{DS}}}Transforms",
    local("SigPolicyHash"),
    local("SigPolicyQualifiers"),
)
_IDENTIFIER: Final = local("Identifier")


def policy_check(element: etree._Element | None, expected: str | None) -> Check:
    """Step 3; the steps after it do not depend on it."""
    try:
        stated = _require_policy(element, expected)
    except StepError as error:
        return error.check
    return passed("xades.signature-policy") if stated is None else Check.passed("xades.signature-policy", policy=stated)


def _require_policy(element: etree._Element | None, expected: str | None) -> str | None:
    """Absent is not accepted where one is expected, nor is one that is only implied."""
    check_id = "xades.signature-policy"
    if element is None:
        if expected is not None:
            raise failed(check_id, SubIndication.SIG_CONSTRAINTS_FAILURE, "absent", expected=expected[:200])
        return None
    if expected is None:
        raise unsupported(check_id, SubIndication.SIGNATURE_POLICY_NOT_AVAILABLE, "present")
    choice = children(element, check_id)
    if len(choice) != 1 or choice[0].tag != _POLICY_ID:
        raise failed(check_id, SubIndication.SIG_CONSTRAINTS_FAILURE, "implied", expected=expected[:200])
    parts = {part.tag: part for part in children(choice[0], check_id)}
    if parts.keys() - set(_POLICY_PARTS) or not parts.keys() >= {_POLICY_PARTS[0], _POLICY_PARTS[2]}:
        raise malformed(check_id, "children")
    digest_in(parts[_POLICY_PARTS[2]], check_id)
    named = children(parts[_POLICY_PARTS[0]], check_id)
    if not named or named[0].tag != _IDENTIFIER:
        raise malformed(check_id, "children")
    identifier = leaf_text(named[0], check_id).strip(" \t\r\n")
    if identifier != expected:
        raise failed(
            check_id, SubIndication.SIG_CONSTRAINTS_FAILURE, "another", expected=expected[:200], found=identifier[:200]
        )
    return identifier[:200]
