"""DSS judges what we sign at every level, what we augmented of its own, and what was changed since."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Final

from signing import DEFAULT_SIGNING, add_cades_signature, add_signer
from tests.interop import dss, trust_services
from tests.interop.case import Case, flipped
from tests.interop.made_by_us import (
    ATTACHED,
    CAS_CONTAINER,
    CMS_FILE,
    CONTAINER,
    DETACHED,
    ENVELOPED,
    ENVELOPING,
    FILES,
    KEYS,
    LEVELS,
    MANIFEST_FILE,
    REPORT,
    SUFFIX,
    Shape,
    in_part,
    is_online,
    our_container,
    ours,
    passed,
    raised,
    raised_cms,
    raised_xml,
    two_signatures,
)
from tests.unit.signing import xml_material as m


def asked_dss(
    folder: Path,
    shape: Shape,
    document: bytes,
    *,
    online: bool = False,
    detached: dict[str, bytes] | None = None,
    at: datetime | None = None,
) -> tuple[str, str]:
    others = shape.detached if detached is None else detached
    try:
        found = dss.validate(folder, SUFFIX[shape.form], document, detached=others, online=online, at=at)
    except dss.Refused as error:
        return "refuses", str(error)
    return (
        "; ".join(each.verdict() for each in found) or "no signature",
        "; ".join(f"{each.errors} | {each.warnings}" for each in found),
    )


def _dss_judges(folder: Path, *, shape: Shape, level: str, key: str) -> tuple[str, str]:
    return asked_dss(folder, shape, ours(shape, level, key), online=is_online(level))


def _dss_judges_changed(
    folder: Path, *, shape: Shape, change: Callable[[bytes], bytes], level: str = "B-B"
) -> tuple[str, str]:
    return asked_dss(folder, shape, change(ours(shape, level, "ec-p256")), online=is_online(level))


def _dss_judges_other_content(folder: Path) -> tuple[str, str]:
    signature = ours(DETACHED, "B-B", "ec-p256")
    return asked_dss(folder, DETACHED, signature, online=True, detached={"report.xml": flipped(REPORT)})


def _dss_judges_stranger(folder: Path, *, shape: Shape) -> tuple[str, str]:
    """A signature under another root, which DSS was not told to trust."""
    return asked_dss(folder, shape, ours(shape, "B-B", "stranger"), online=True)


def _dss_judges_two(folder: Path, *, level: str) -> tuple[str, str]:
    return asked_dss(folder, CONTAINER, two_signatures(level), online=is_online(level))


def _dss_judges_what_we_augmented(folder: Path, *, shape: Shape, level: str) -> tuple[str, str]:
    """Its own signature at B-T, raised by us."""
    signed = dss.sign(folder, shape.form, "B-T", FILES, key="ec-p256")
    return asked_dss(folder, shape, raised(signed, level))


def _dss_judges_a_mixture(folder: Path, *, level: str) -> tuple[str, str]:
    """The head's XAdES signature, then a CMS of the office over the same files."""
    out = io.BytesIO()
    add_cades_signature(
        our_container(trust_services.key_of("head", "rsa-2048"), time_stamped=level != "B-B"),
        out,
        trust_services.key_of("employee", "ec-p256"),
        policy=DEFAULT_SIGNING,
        signing_time=trust_services.NOW,
        time_stamps=trust_services.authority() if level != "B-B" else None,
    )
    return asked_dss(folder, CONTAINER, out.getvalue(), online=True)


def _dss_judges_its_cms_that_we_augmented(folder: Path, *, shape: Shape, level: str) -> tuple[str, str]:
    signed = dss.sign(folder, shape.form, "B-T", shape.inputs, key="ec-p256", packaging=shape.packaging)
    return asked_dss(folder, shape, raised_cms(signed, level, shape))


def _dss_judges_two_signers(folder: Path, *, shape: Shape, level: str) -> tuple[str, str]:
    """The head's signature, then the office's beside it in the same CMS."""
    made = add_signer(
        ours(shape, "B-B" if level == "B-B" else "B-T", "rsa-2048"),
        [REPORT],
        trust_services.key_of("employee", "ec-p256"),
        policy=DEFAULT_SIGNING,
        signing_time=trust_services.NOW,
        time_stamps=trust_services.authority() if level != "B-B" else None,
    )
    return asked_dss(folder, shape, raised_cms(made, level, shape), online=is_online(level))


def _dss_judges_its_document_that_we_augmented(folder: Path, *, shape: Shape, level: str) -> tuple[str, str]:
    signed = dss.sign(folder, shape.form, "B-T", shape.inputs, key="ec-p256", packaging=shape.packaging)
    return asked_dss(folder, shape, raised_xml(signed, level))


def _dss_judges_renewed_document(folder: Path) -> tuple[str, str]:
    return asked_dss(folder, ENVELOPED, raised_xml(ours(ENVELOPED, "B-LTA", "ec-p256"), "B-LTA"))


def _dss_judges_renewed(folder: Path) -> tuple[str, str]:
    """B-LTA with a second archive time-stamp over the first."""
    return asked_dss(folder, CONTAINER, raised(ours(CONTAINER, "B-LTA", "ec-p256"), "B-LTA"))


def _dss_judges_renewed_cms(folder: Path, *, shape: Shape) -> tuple[str, str]:
    return asked_dss(folder, shape, raised_cms(ours(shape, "B-LTA", "ec-p256"), "B-LTA", shape))


# what each shape can be made at by us
OURS: Final = tuple((shape, LEVELS) for shape in (CONTAINER, CAS_CONTAINER, DETACHED, ATTACHED, ENVELOPED))

_HASH: Final = "TOTAL-FAILED (HASH_FAILURE), {}-BASELINE-B"
_VALUE: Final = "TOTAL-FAILED (SIG_CRYPTO_FAILURE), {}-BASELINE-B"
_STRANGER: Final = "INDETERMINATE (NO_CERTIFICATE_CHAIN_FOUND), {}-BASELINE-B"


def _case(name: str, expected: str, ask: Callable[[Path], tuple[str, str]]) -> Case:
    return Case(tool="DSS", name=name, expected=expected, ask=ask)


CASES: Final[tuple[Case, ...]] = (
    *(
        _case(
            f"judges {shape.words}, {level}, {key}",
            passed(shape, level),
            partial(_dss_judges, shape=shape, level=level, key=key),
        )
        for shape, levels in OURS
        for level in levels
        for key in KEYS
    ),
    *(
        _case(
            f"judges a container with two signatures, {level}",
            "; ".join([passed(CONTAINER, level)] * 2),
            partial(_dss_judges_two, level=level),
        )
        for level in LEVELS
    ),
    *(
        _case(
            f"judges its own {shape.words}, B-T, that we raised to {level}",
            passed(shape, level),
            partial(_dss_judges_what_we_augmented, shape=shape, level=level),
        )
        for shape in (CONTAINER, CAS_CONTAINER)
        for level in ("B-LT", "B-LTA")
    ),
    *(
        _case(
            f"judges its own {shape.words}, B-T, that we raised to {level}",
            passed(shape, level),
            partial(_dss_judges_its_document_that_we_augmented, shape=shape, level=level),
        )
        for shape in (ENVELOPED, ENVELOPING)
        for level in ("B-LT", "B-LTA")
    ),
    _case("judges enveloped XML, B-LTA renewed", passed(ENVELOPED, "B-LTA"), _dss_judges_renewed_document),
    *(
        _case(
            f"judges XAdES and a CMS in one container, {level}",
            f"{passed(CONTAINER, level)}",
            partial(_dss_judges_a_mixture, level=level),
        )
        for level in ("B-B", "B-T")
    ),
    *(
        _case(
            f"judges container with CAdES, byte flipped in {what}",
            expected.format("CAdES"),
            partial(_dss_judges_changed, shape=CAS_CONTAINER, change=change),
        )
        for what, expected, change in (
            ("the document", _HASH, in_part("report.xml", flipped)),
            ("the signature", _VALUE, in_part(CMS_FILE, lambda der: flipped(der, offset=len(der) - 9))),
            ("the manifest", _HASH, in_part(MANIFEST_FILE, lambda xml: flipped(xml, b"DigestValue>"))),
        )
    ),
    *(
        _case(
            f"judges its own {shape.words}, B-T, that we raised to {level}",
            passed(shape, level),
            partial(_dss_judges_its_cms_that_we_augmented, shape=shape, level=level),
        )
        for shape in (DETACHED, ATTACHED)
        for level in ("B-LT", "B-LTA")
    ),
    *(
        _case(
            f"judges {shape.words} of two signers, {level}",
            "; ".join([passed(shape, level)] * 2),
            partial(_dss_judges_two_signers, shape=shape, level=level),
        )
        for shape in (DETACHED, ATTACHED)
        for level in ("B-B", "B-LTA")
    ),
    *(
        _case(
            f"judges {shape.words}, B-LTA, renewed",
            passed(shape, "B-LTA"),
            partial(_dss_judges_renewed_cms, shape=shape),
        )
        for shape in (DETACHED, ATTACHED)
    ),
    _case("judges a container, B-LTA, renewed", passed(CONTAINER, "B-LTA"), _dss_judges_renewed),
    *(
        _case(
            f"judges a container, byte flipped in {what}",
            expected.format("XAdES"),
            partial(_dss_judges_changed, shape=CONTAINER, change=change),
        )
        for what, expected, change in (
            ("the document", _HASH, in_part("report.xml", flipped)),
            ("an attachment", _HASH, in_part("a.pdf", flipped)),
            ("the signed properties", _HASH, in_part(m.SIGNATURES, lambda xml: flipped(xml, b"SigningTime>"))),
            ("the signature value", _VALUE, in_part(m.SIGNATURES, lambda xml: flipped(xml, b"<ds:SignatureValue>"))),
        )
    ),
    _case("judges detached CMS, byte flipped in the content", _HASH.format("CAdES"), _dss_judges_other_content),
    _case(
        "judges detached CMS, byte flipped in the signature",
        _VALUE.format("CAdES"),
        partial(_dss_judges_changed, shape=DETACHED, change=lambda der: flipped(der, offset=len(der) - 9)),
    ),
    _case(
        "judges enveloped XML, byte flipped in the document",
        _HASH.format("XAdES"),
        partial(_dss_judges_changed, shape=ENVELOPED, change=lambda xml: flipped(xml, offset=xml.index(b"100"))),
    ),
    *(
        _case(
            f"judges {shape.words}, another root",
            _STRANGER.format(shape.family),
            partial(_dss_judges_stranger, shape=shape),
        )
        for shape in (CONTAINER, DETACHED, ENVELOPED)
    ),
)
