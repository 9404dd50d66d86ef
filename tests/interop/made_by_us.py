"""What is judged: signatures of ours in every shape and at every level, and the means to break them."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from signing import (
    DEFAULT_SIGNING,
    ETSI_BASELINE,
    DataObject,
    SigningKey,
    add_signature,
    augment_container,
    augment_detached,
    augment_xml,
    sign_attached,
    sign_container,
    sign_container_cades,
    sign_detached,
    sign_xml,
)
from signing.timestamp import TimeStampAuthority
from tests.interop import trust_services
from tests.interop.case import flipped
from tests.unit.signing import xml_material as m

Form = Literal["asic-xades", "asic-cades", "xades", "cades"]

REPORT: Final = "<есеп><сома>100</сома></есеп>".encode()
PDF: Final = b"%PDF-1.7 " + bytes(range(256)) * 8
FILES: Final = {"report.xml": REPORT, "a.pdf": PDF}
CMS_FILE: Final = "META-INF/signature001.p7s"
MANIFEST_FILE: Final = "META-INF/ASiCManifest001.xml"
LEVELS: Final = ("B-B", "B-T", "B-LT", "B-LTA")
KEYS: Final = ("rsa-2048", "ec-p256", "ec-p384")
SUFFIX: Final = {"asic-xades": "c.asice", "asic-cades": "c.asice", "xades": "c.xml", "cades": "c.p7m"}


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


def passed(shape: Shape, level: str) -> str:
    return f"TOTAL-PASSED, {shape.family}-BASELINE-{level.removeprefix('B-')}"


def is_online(level: str) -> bool:
    """At B-LT and above what the signature brings must be enough."""
    return level in ("B-B", "B-T")


# --- made by us ------------------------------------------------------------------------------------------------------
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
        stamps = trust_services.authority() if level != "B-B" else None
        made = sign_xml(REPORT, signer, policy=DEFAULT_SIGNING, signing_time=trust_services.NOW, time_stamps=stamps)
        return raised_xml(made, level)
    raise ValueError(f"no case asks us for this shape: {shape.words}")


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


def raised_xml(document: bytes, level: str) -> bytes:
    """Each of its signatures at this level."""
    if level in ("B-B", "B-T"):
        return document
    return augment_xml(
        document,
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


# --- broken ----------------------------------------------------------------------------------------------------------
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


def flipped_value(xml: bytes) -> bytes:
    start = xml.index(b"<ds:SignatureValue")
    return flipped(xml, after=xml[start : xml.index(b">", start) + 1])
