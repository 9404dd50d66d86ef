"""DSS judges what we sign at every level, and we judge what DSS signs.

Verdicts are those of both reports, indication and sub-indication, with the format and level that was found.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Final, Literal

from signing import (
    DEFAULT_SIGNING,
    ETSI_BASELINE,
    DataObject,
    SigningKey,
    ValidationReport,
    add_signature,
    add_signer,
    augment_container,
    augment_detached,
    sign_attached,
    sign_container,
    sign_container_cades,
    sign_detached,
    sign_xml,
    verify_attached,
    verify_container,
    verify_detached,
    verify_xml,
)
from signing.timestamp import TimeStampAuthority
from tests.interop import dss, trust_services
from tests.interop.case import Case, flipped
from tests.interop.verdicts import our_verdict
from tests.unit.signing import xml_material as m

Form = Literal["asic-xades", "asic-cades", "xades", "cades"]

REPORT: Final = "<есеп><сома>100</сома></есеп>".encode()
PDF: Final = b"%PDF-1.7 " + bytes(range(256)) * 8
FILES: Final = {"report.xml": REPORT, "a.pdf": PDF}
LEVELS: Final = ("B-B", "B-T", "B-LT", "B-LTA")
KEYS: Final = ("rsa-2048", "ec-p256", "ec-p384")
_SUFFIX: Final = {"asic-xades": "c.asice", "asic-cades": "c.asice", "xades": "c.xml", "cades": "c.p7m"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Shape:
    """A form of signature with its packaging; `detached` is what it is over and does not hold."""

    form: Form
    packaging: str = ""
    words: str

    @property
    def inputs(self) -> dict[str, bytes]:
        return FILES if self.form.startswith("asic") else {"report.xml": REPORT}

    @property
    def detached(self) -> dict[str, bytes]:
        return self.inputs if self.packaging == "DETACHED" else {}

    @property
    def family(self) -> str:
        return "XAdES" if self.form.endswith("xades") else "CAdES"


CONTAINER: Final = Shape(form="asic-xades", words="container")
CAS_CONTAINER: Final = Shape(form="asic-cades", words="container with CAdES")
DETACHED: Final = Shape(form="cades", packaging="DETACHED", words="detached CMS")
ATTACHED: Final = Shape(form="cades", packaging="ENVELOPING", words="attached CMS")
ENVELOPED: Final = Shape(form="xades", packaging="ENVELOPED", words="enveloped XML")
ENVELOPING: Final = Shape(form="xades", packaging="ENVELOPING", words="enveloping XML")


# --- DSS judges ----------------------------------------------------------------------------------------------------
def ours(shape: Shape, level: str, key: str) -> bytes:
    """One of our signatures."""
    signer = trust_services.stranger() if key == "stranger" else trust_services.key_of("head", key)
    if shape == CONTAINER:
        return raised(our_container(signer, time_stamped=level != "B-B"), level)
    if shape == CAS_CONTAINER:
        return raised(our_container(signer, time_stamped=level != "B-B", sign=sign_container_cades), level)
    if shape.form == "cades":
        return our_cms(shape, signer, level)
    if shape == ENVELOPED:
        return sign_xml(REPORT, signer, policy=DEFAULT_SIGNING, signing_time=trust_services.NOW)
    raise NotImplementedError(shape)


def our_cms(shape: Shape, signer: SigningKey, level: str) -> bytes:
    time_stamps = trust_services.authority() if level != "B-B" else None
    if shape == ATTACHED:
        made = sign_attached(
            REPORT, signer, policy=DEFAULT_SIGNING, signing_time=trust_services.NOW, time_stamps=time_stamps
        )
    else:
        made = sign_detached(
            [REPORT], signer, policy=DEFAULT_SIGNING, signing_time=trust_services.NOW, time_stamps=time_stamps
        )
    return raised_cms(made, level, shape)


def raised_cms(signature: bytes, level: str, shape: Shape) -> bytes:
    """Each of its signers at this level."""
    if level in ("B-B", "B-T"):
        return signature
    return augment_detached(
        signature,
        None if shape == ATTACHED else [REPORT],
        level=level,  # type: ignore[arg-type]
        time_stamps=trust_services.authority(),
        anchors=trust_services.anchors(),
        policy=ETSI_BASELINE,
        at=trust_services.now(),
        fetcher=trust_services.services(),
    )


def our_container(
    signer: SigningKey,
    *,
    time_stamped: bool = False,
    signing_time: datetime = trust_services.NOW,
    authority: TimeStampAuthority | None = None,
    sign: Callable[..., None] = sign_container,
) -> bytes:
    out = io.BytesIO()
    sign(
        tuple(DataObject.of(name, _media_type(name), content) for name, content in FILES.items()),
        signer,
        policy=DEFAULT_SIGNING,
        signing_time=signing_time,
        out=out,
        time_stamps=authority or (trust_services.authority() if time_stamped else None),
    )
    return out.getvalue()


def raised(container: bytes, level: str) -> bytes:
    """Each of its signatures at this level."""
    if level in ("B-B", "B-T"):
        return container
    out = io.BytesIO()
    augment_container(
        container,
        out,
        level=level,  # type: ignore[arg-type]
        time_stamps=trust_services.authority(),
        anchors=trust_services.anchors(),
        policy=ETSI_BASELINE,
        at=trust_services.now(),
        fetcher=trust_services.services(),
    )
    return out.getvalue()


def _media_type(name: str) -> str:
    return "application/pdf" if name.endswith(".pdf") else "application/xml"


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
        found = dss.validate(folder, _SUFFIX[shape.form], document, detached=others, online=online, at=at)
    except dss.Refused as error:
        return "refuses", str(error)
    return (
        "; ".join(each.verdict() for each in found) or "no signature",
        "; ".join(f"{each.errors} | {each.warnings}" for each in found),
    )


def _dss_judges(folder: Path, *, shape: Shape, level: str, key: str) -> tuple[str, str]:
    return asked_dss(folder, shape, ours(shape, level, key), online=_is_online(level))


def _dss_judges_changed(
    folder: Path, *, shape: Shape, change: Callable[[bytes], bytes], level: str = "B-B"
) -> tuple[str, str]:
    return asked_dss(folder, shape, change(ours(shape, level, "ec-p256")), online=_is_online(level))


def _dss_judges_other_content(folder: Path) -> tuple[str, str]:
    signature = ours(DETACHED, "B-B", "ec-p256")
    return asked_dss(folder, DETACHED, signature, online=True, detached={"report.xml": flipped(REPORT)})


def _dss_judges_stranger(folder: Path, *, shape: Shape) -> tuple[str, str]:
    """A signature under another root, which DSS was not told to trust."""
    return asked_dss(folder, shape, ours(shape, "B-B", "stranger"), online=True)


def two_signatures(level: str = "B-B") -> bytes:
    """The head's, then the office's, over the same files."""
    out = io.BytesIO()
    add_signature(
        our_container(trust_services.key_of("head", "rsa-2048"), time_stamped=level != "B-B"),
        out,
        trust_services.key_of("employee", "ec-p256"),
        policy=DEFAULT_SIGNING,
        signing_time=trust_services.NOW,
        time_stamps=trust_services.authority() if level != "B-B" else None,
    )
    return raised(out.getvalue(), level)


def _dss_judges_two(folder: Path, *, level: str) -> tuple[str, str]:
    return asked_dss(folder, CONTAINER, two_signatures(level), online=_is_online(level))


def _dss_judges_what_we_augmented(folder: Path, *, level: str) -> tuple[str, str]:
    """Its own signature at B-T, raised by us."""
    signed = dss.sign(folder, CONTAINER.form, "B-T", FILES, key="ec-p256")
    return asked_dss(folder, CONTAINER, raised(signed, level))


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
    return asked_dss(folder, shape, raised_cms(made, level, shape), online=_is_online(level))


def _dss_judges_renewed(folder: Path) -> tuple[str, str]:
    """B-LTA with a second archive time-stamp over the first."""
    return asked_dss(folder, CONTAINER, raised(ours(CONTAINER, "B-LTA", "ec-p256"), "B-LTA"))


def in_part(name: str, change: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
    """A container with one entry changed."""

    def changed(container: bytes) -> bytes:
        parts = m.parts_of(container)
        return m.raw_zip(m.raw_entries({**parts, name: change(parts[name])}))

    return changed


def in_its_signature(change: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
    """A container with its first signature file changed, whatever its signer calls it."""

    def changed(container: bytes) -> bytes:
        name = next(each for each in m.parts_of(container) if each.startswith("META-INF/signatures"))
        return in_part(name, change)(container)

    return changed


def _flipped_value(xml: bytes) -> bytes:
    start = xml.index(b"<ds:SignatureValue")
    return flipped(xml, after=xml[start : xml.index(b">", start) + 1])


def _dss_judges_renewed_cms(folder: Path, *, shape: Shape) -> tuple[str, str]:
    return asked_dss(folder, shape, raised_cms(ours(shape, "B-LTA", "ec-p256"), "B-LTA", shape))


# --- we judge ------------------------------------------------------------------------------------------------------
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


def _is_online(level: str) -> bool:
    """At B-LT and above what the signature brings must be enough."""
    return level in ("B-B", "B-T")


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
    return our_verdict(judged(shape, change(signed), online=_is_online(level)))


def _we_judge_what_it_augmented(folder: Path, *, shape: Shape, level: str) -> tuple[str, str]:
    """Our signature at B-B, raised by DSS."""
    signed = ours(shape, "B-B", "ec-p256")
    try:
        augmented = dss.augment(folder, shape.form, level, signed, detached=shape.detached)
    except dss.Refused as error:
        return "not augmented", str(error)
    return our_verdict(judged(shape, augmented, online=_is_online(level)))


def _passed(shape: Shape, level: str) -> str:
    return f"TOTAL-PASSED, {shape.family}-BASELINE-{level.removeprefix('B-')}"


# what each shape can be made at by us
OURS: Final = (
    *((shape, LEVELS) for shape in (CONTAINER, CAS_CONTAINER, DETACHED, ATTACHED)),
    (ENVELOPED, ("B-B",)),
)

# what we are known to judge of what it signs
THEIRS: Final = tuple(
    (shape, LEVELS) for shape in (CONTAINER, CAS_CONTAINER, DETACHED, ATTACHED, ENVELOPED, ENVELOPING)
)


_EVERY: Final = (CONTAINER, DETACHED, ATTACHED, ENVELOPED, ENVELOPING)
_XML: Final = (ENVELOPED, ENVELOPING)
# (in words, shapes, level, key, ways of Ways.java, digest)
WAYS: Final = (
    ("RSASSA-PSS", _EVERY, "B-LTA", "rsa-2048", ("pss",), ""),
    ("RSA and SHA-512", _EVERY, "B-LTA", "rsa-2048", (), "SHA512"),
    ("P-384", _EVERY, "B-LTA", "ec-p384", (), ""),
    # not over XML: see docs/interop.md
    ("P-521", (DETACHED, ATTACHED), "B-LTA", "ec-p521", (), "SHA512"),
    ("roles, commitment and place", _EVERY, "B-LTA", "ec-p256", ("claims",), ""),
    ("a signature policy", _EVERY, "B-LTA", "ec-p256", ("policy",), ""),
    ("a content time-stamp", _EVERY, "B-LTA", "ec-p256", ("content-time-stamp",), ""),
    ("AnyValidationData", (CONTAINER, *_XML), "B-LTA", "ec-p256", ("any-validation-data",), ""),
    ("inclusive canonicalization", (CONTAINER, *_XML), "B-LTA", "ec-p256", ("inclusive",), ""),
    ("SigningCertificate", (CONTAINER, *_XML), "B-LTA", "ec-p256", ("first-reference",), ""),
    ("signed KeyInfo", (CONTAINER, *_XML), "B-LTA", "ec-p256", ("signed-key-info",), ""),
    ("indented", (CONTAINER, *_XML), "B-LTA", "ec-p256", ("pretty",), ""),
    ("ASiC-S", (CONTAINER,), "B-LTA", "ec-p256", ("asic-s",), ""),
)

# where the verdict is another one: see docs/interop.md
_EXPECTED: Final = {
    "a signature policy": "INDETERMINATE (SIGNATURE_POLICY_NOT_AVAILABLE), {}-BASELINE-LTA",
    "SigningCertificate": "TOTAL-PASSED, {}",
}


def _case(name: str, expected: str, ask: Callable[[Path], tuple[str, str]]) -> Case:
    return Case(tool="DSS", name=name, expected=expected, ask=ask)


_HASH: Final = "TOTAL-FAILED (HASH_FAILURE), {}-BASELINE-B"
_VALUE: Final = "TOTAL-FAILED (SIG_CRYPTO_FAILURE), {}-BASELINE-B"
_THEIR_HASH: Final = "TOTAL-FAILED (HASH_FAILURE), {}-BASELINE-{}"
_THEIR_VALUE: Final = "TOTAL-FAILED (SIG_CRYPTO_FAILURE), {}-BASELINE-{}"
_STRANGER: Final = "INDETERMINATE (NO_CERTIFICATE_CHAIN_FOUND), {}-BASELINE-B"

CASES: Final[tuple[Case, ...]] = (
    *(
        _case(
            f"judges {shape.words}, {level}, {key}",
            _passed(shape, level),
            partial(_dss_judges, shape=shape, level=level, key=key),
        )
        for shape, levels in OURS
        for level in levels
        for key in KEYS
    ),
    *(
        _case(
            f"judges a container with two signatures, {level}",
            "; ".join([_passed(CONTAINER, level)] * 2),
            partial(_dss_judges_two, level=level),
        )
        for level in LEVELS
    ),
    *(
        _case(
            f"judges its own container, B-T, that we raised to {level}",
            _passed(CONTAINER, level),
            partial(_dss_judges_what_we_augmented, level=level),
        )
        for level in ("B-LT", "B-LTA")
    ),
    *(
        _case(
            f"judges its own {shape.words}, B-T, that we raised to {level}",
            _passed(shape, level),
            partial(_dss_judges_its_cms_that_we_augmented, shape=shape, level=level),
        )
        for shape in (DETACHED, ATTACHED)
        for level in ("B-LT", "B-LTA")
    ),
    *(
        _case(
            f"judges {shape.words} of two signers, {level}",
            "; ".join([_passed(shape, level)] * 2),
            partial(_dss_judges_two_signers, shape=shape, level=level),
        )
        for shape in (DETACHED, ATTACHED)
        for level in ("B-B", "B-LTA")
    ),
    *(
        _case(
            f"judges {shape.words}, B-LTA, renewed",
            _passed(shape, "B-LTA"),
            partial(_dss_judges_renewed_cms, shape=shape),
        )
        for shape in (DETACHED, ATTACHED)
    ),
    _case("judges a container, B-LTA, renewed", _passed(CONTAINER, "B-LTA"), _dss_judges_renewed),
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
    *(
        _case(
            f"signs, we judge {shape.words}, {level}, {key}",
            _passed(shape, level),
            partial(_we_judge, shape=shape, level=level, key=key),
        )
        for shape, levels in THEIRS
        for level in levels
        for key in (KEYS if level == "B-B" else ("ec-p256",))
    ),
    *(
        _case(
            f"signs, we judge {shape.words}, {level}, {words}",
            _EXPECTED.get(words, _passed(shape, level)).format(shape.family),
            partial(_we_judge, shape=shape, level=level, key=key, ways=ways, digest=digest),
        )
        for words, shapes, level, key, ways, digest in WAYS
        for shape in shapes
    ),
    *(
        _case(
            f"augments our {shape.words} to {level}, we judge",
            _passed(shape, level),
            partial(_we_judge_what_it_augmented, shape=shape, level=level),
        )
        for shape, levels in tuple(
            (each, ("B-T", "B-LT", "B-LTA")) for each in (CONTAINER, DETACHED, ATTACHED, ENVELOPED)
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
            (CONTAINER, "B-LTA", "the signature value", _THEIR_VALUE, in_its_signature(_flipped_value)),
            (ATTACHED, "B-LTA", "the content", _THEIR_HASH, lambda der: flipped(der, offset=der.index(b">100<") + 1)),
            (ENVELOPED, "B-LTA", "the document", _THEIR_HASH, lambda xml: flipped(xml, offset=xml.index(b"100"))),
            (ENVELOPED, "B-LTA", "the signature value", _THEIR_VALUE, _flipped_value),
        )
    ),
)
