"""We judge what DSS signs in each of its ways, and what it augments of ours."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

from signing import (
    ETSI_BASELINE,
    ValidationReport,
    verify_attached,
    verify_container,
    verify_detached,
    verify_xml,
)
from tests.interop import dss, trust_services
from tests.interop.case import Case, flipped
from tests.interop.made_by_us import (
    ATTACHED,
    CAS_CONTAINER,
    CONTAINER,
    DETACHED,
    ENVELOPED,
    ENVELOPING,
    KEYS,
    LEVELS,
    REPORT,
    Shape,
    flipped_value,
    in_its_signature,
    in_part,
    is_online,
    ours,
    passed,
)
from tests.interop.verdicts import our_verdict


def judged(shape: Shape, document: bytes, *, online: bool) -> ValidationReport:
    """`online` lets us ask the sandbox for revocation status."""
    context = {
        "policy": ETSI_BASELINE,
        "anchors": trust_services.anchors(),
        "at": trust_services.now(),
        "fetcher": trust_services.services() if online else None,
    }
    if shape.form.startswith("asic"):
        return verify_container(document, **context).report  # type: ignore[arg-type]
    if shape.form == "xades":
        return verify_xml(document, **context).report  # type: ignore[arg-type]
    if shape.packaging == "DETACHED":
        return verify_detached(document, [REPORT], **context)  # type: ignore[arg-type]
    return verify_attached(document, **context).report  # type: ignore[arg-type]


def _unchanged(document: bytes) -> bytes:
    return document


def _we_judge(
    folder: Path,
    *,
    shape: Shape,
    level: str,
    key: str,
    ways: tuple[str, ...] = (),
    digest: str = "",
    change: Callable[[bytes], bytes] = _unchanged,
) -> tuple[str, str]:
    try:
        signed = dss.sign(
            folder, shape.form, level, shape.inputs, key=key, packaging=shape.packaging, ways=ways, digest=digest
        )
    except dss.Refused as error:
        return "not signed", str(error)
    return our_verdict(judged(shape, change(signed), online=is_online(level)))


def _we_judge_what_it_augmented(folder: Path, *, shape: Shape, level: str) -> tuple[str, str]:
    """Our signature at B-B, raised by DSS."""
    signed = ours(shape, "B-B", "ec-p256")
    try:
        augmented = dss.augment(folder, shape.form, level, signed, detached=shape.detached)
    except dss.Refused as error:
        return "not augmented", str(error)
    return our_verdict(judged(shape, augmented, online=is_online(level)))


# what we are known to judge of what it signs
THEIRS: Final = tuple(
    (shape, LEVELS) for shape in (CONTAINER, CAS_CONTAINER, DETACHED, ATTACHED, ENVELOPED, ENVELOPING)
)


_EVERY: Final = (CONTAINER, CAS_CONTAINER, DETACHED, ATTACHED, ENVELOPED, ENVELOPING)
_XML: Final = (ENVELOPED, ENVELOPING)
# (in words, shapes, level, key, ways of Ways.java, digest)
WAYS: Final = (
    ("RSASSA-PSS", _EVERY, "B-LTA", "rsa-2048", ("pss",), ""),
    ("RSA and SHA-512", _EVERY, "B-LTA", "rsa-2048", (), "SHA512"),
    ("P-384", _EVERY, "B-LTA", "ec-p384", (), ""),
    # not over XML: see docs/interop.md
    ("P-521", (CAS_CONTAINER, DETACHED, ATTACHED), "B-LTA", "ec-p521", (), "SHA512"),
    ("roles, commitment and place", _EVERY, "B-LTA", "ec-p256", ("claims",), ""),
    ("a signature policy", _EVERY, "B-LTA", "ec-p256", ("policy",), ""),
    ("a content time-stamp", _EVERY, "B-LTA", "ec-p256", ("content-time-stamp",), ""),
    ("AnyValidationData", (CONTAINER, *_XML), "B-LTA", "ec-p256", ("any-validation-data",), ""),
    ("inclusive canonicalization", (CONTAINER, *_XML), "B-LTA", "ec-p256", ("inclusive",), ""),
    ("SigningCertificate", (CONTAINER, *_XML), "B-LTA", "ec-p256", ("first-reference",), ""),
    ("signed KeyInfo", (CONTAINER, *_XML), "B-LTA", "ec-p256", ("signed-key-info",), ""),
    ("indented", (CONTAINER, *_XML), "B-LTA", "ec-p256", ("pretty",), ""),
    ("ASiC-S", (CONTAINER, CAS_CONTAINER), "B-LTA", "ec-p256", ("asic-s",), ""),
)

# where the verdict is another one: see docs/interop.md
_EXPECTED: Final = {
    "a signature policy": "INDETERMINATE (SIGNATURE_POLICY_NOT_AVAILABLE), {}-BASELINE-LTA",
    "SigningCertificate": "TOTAL-PASSED, {}",
}
_THEIR_HASH: Final = "TOTAL-FAILED (HASH_FAILURE), {}-BASELINE-{}"
_THEIR_VALUE: Final = "TOTAL-FAILED (SIG_CRYPTO_FAILURE), {}-BASELINE-{}"


def _case(name: str, expected: str, ask: Callable[[Path], tuple[str, str]]) -> Case:
    return Case(tool="DSS", name=name, expected=expected, ask=ask)


CASES: Final[tuple[Case, ...]] = (
    *(
        _case(
            f"signs, we judge {shape.words}, {level}, {key}",
            passed(shape, level),
            partial(_we_judge, shape=shape, level=level, key=key),
        )
        for shape, levels in THEIRS
        for level in levels
        for key in (KEYS if level == "B-B" else ("ec-p256",))
    ),
    *(
        _case(
            f"signs, we judge {shape.words}, {level}, {words}",
            _EXPECTED.get(words, passed(shape, level)).format(shape.family),
            partial(_we_judge, shape=shape, level=level, key=key, ways=ways, digest=digest),
        )
        for words, shapes, level, key, ways, digest in WAYS
        for shape in shapes
    ),
    *(
        _case(
            f"augments our {shape.words} to {level}, we judge",
            passed(shape, level),
            partial(_we_judge_what_it_augmented, shape=shape, level=level),
        )
        for shape, levels in tuple(
            (each, ("B-T", "B-LT", "B-LTA")) for each in (CONTAINER, CAS_CONTAINER, DETACHED, ATTACHED, ENVELOPED)
        )
        for level in levels
    ),
    *(
        _case(
            f"signs, we judge {shape.words}, {level}, byte flipped in {what}",
            expected.format(shape.family, level.removeprefix("B-")),
            partial(_we_judge, shape=shape, level=level, key="ec-p256", change=change),
        )
        for shape, level, what, expected, change in (
            (CONTAINER, "B-LTA", "the document", _THEIR_HASH, in_part("report.xml", flipped)),
            (CONTAINER, "B-LTA", "the signature value", _THEIR_VALUE, in_its_signature(flipped_value)),
            (ATTACHED, "B-LTA", "the content", _THEIR_HASH, lambda der: flipped(der, offset=der.index(b">100<") + 1)),
            (ENVELOPED, "B-LTA", "the document", _THEIR_HASH, lambda xml: flipped(xml, offset=xml.index(b"100"))),
            (ENVELOPED, "B-LTA", "the signature value", _THEIR_VALUE, flipped_value),
        )
    ),
)
