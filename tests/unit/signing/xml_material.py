"""Signed things for the tests of containers and envelopes, and the tools to break them one way at a time.

Keys are made once per run. `craft_signature` signs again after an edit, so that a vector fails by its flaw and not by a
digest; `raw_zip` writes archives that no honest program writes.
"""

from __future__ import annotations

import base64
import hashlib
import io
import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache

from lxml import etree

from signing import xades
from signing.asic import DataObject
from signing.keys import SigningKey
from signing.policy import DEFAULT_SIGNING, SANDBOX_DOCUMENT, SANDBOX_ENVELOPE
from signing.sandbox_pki import IssuedKey, SandboxPki
from signing.sign.container import sign_container
from signing.sign.envelope import sign_envelope
from signing.trust_anchors import TrustAnchors
from signing.validation_report import Conclusion, ValidationReport
from signing.verify.container import ContainerValidation, verify_container
from signing.verify.envelope import EnvelopeValidation, verify_envelope

NOW = datetime(2026, 11, 20, 10, 15, tzinfo=UTC)
BIN = "123456789012"
DS = "http://www.w3.org/2000/09/xmldsig#"
XADES = "http://uri.etsi.org/01903/v1.3.2#"
EXC = "http://www.w3.org/2001/10/xml-exc-c14n#"
MIMETYPE = b"application/vnd.etsi.asic-e+zip"
SIGNATURES = "META-INF/signatures0.xml"
MANIFEST = "META-INF/manifest.xml"
REPORT_NAME = "есеп/report 1.xml"

Edit = Callable[[str], str]


def same(text: str) -> str:
    return text


# --- keys ----------------------------------------------------------------------------------------------------------
@cache
def pki() -> SandboxPki:
    return SandboxPki.create(not_before=NOW - timedelta(days=30), not_after=NOW + timedelta(days=400))


@cache
def stranger_pki() -> SandboxPki:
    return SandboxPki.create(
        not_before=NOW - timedelta(days=30), not_after=NOW + timedelta(days=400), name="Stranger", keys_of=pki()
    )


@cache
def anchors() -> TrustAnchors:
    return pki().trust_anchors()


@cache
def issued(kind: str, key: str = "rsa-2048", name: str = "Үлгі Б.") -> IssuedKey:
    return pki().issue(kind, name, "Үлгі министрлігі", bin=BIN, key=key)  # type: ignore[arg-type]


@cache
def head() -> SigningKey:
    return issued("head").signing_key()


@cache
def other_head() -> SigningKey:
    return issued("head", name="Басқа Б.").signing_key()


@cache
def system() -> SigningKey:
    return issued("information-system").signing_key()


# --- good things ---------------------------------------------------------------------------------------------------
REPORT = "<report><сома>100</сома></report>".encode() * 40
PDF = b"%PDF-1.7 " + bytes(range(256)) * 8


def data_objects() -> tuple[DataObject, ...]:
    return (
        DataObject.of(REPORT_NAME, "application/xml", REPORT),
        DataObject.of("docs/a.pdf", "application/pdf", PDF),
    )


def signed(objects: Sequence[DataObject] | None = None, key: SigningKey | None = None) -> bytes:
    out = io.BytesIO()
    sign_container(objects or data_objects(), key or head(), policy=DEFAULT_SIGNING, signing_time=NOW, out=out)
    return out.getvalue()


@cache
def good() -> bytes:
    return signed()


def parts_of(container: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(container)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def judged(container: bytes, at: datetime = NOW, **changes: object) -> ContainerValidation:
    policy = replace(SANDBOX_DOCUMENT, **changes)  # type: ignore[arg-type]
    return verify_container(container, policy=policy, anchors=anchors(), at=at)


def flaws(report: ValidationReport) -> dict[str, Conclusion]:
    """Every check that did not pass and was performed."""
    checks = [*report.checks, *(check for each in report.signatures for check in each.checks)]
    return {
        check.id: check.conclusion
        for check in checks
        if check.conclusion in (Conclusion.FAILED, Conclusion.INDETERMINATE)
    }


def check_ids(report: ValidationReport) -> set[str]:
    return {check.id for check in (*report.checks, *(c for each in report.signatures for c in each.checks))}


# --- archives nobody honest writes ---------------------------------------------------------------------------------
@dataclass(frozen=True, kw_only=True)
class Raw:
    """One entry; None means: what an honest writer would put."""

    name: bytes
    content: bytes
    deflate: bool = False
    flags: int | None = None
    local_flags: int | None = None
    method: int | None = None
    extra: bytes = b""
    local_extra: bytes | None = None
    local_name: bytes | None = None
    attributes: int = 0o100644 << 16
    is_text: int = 0
    made_by: int = 0x0314
    needed: int = 20
    moment: tuple[int, int] = (0, 0x21)
    local_needed: int | None = None
    local_moment: tuple[int, int] | None = None
    crc: int | None = None
    size: int | None = None
    descriptor: bool = False
    at: int | None = None
    """Listed in the directory at this offset, without bytes of its own."""


def raw_zip(
    entries: Sequence[Raw],
    *,
    before: bytes = b"",
    shifted: bool = True,
    gap: bytes = b"",
    count: int | None = None,
    comment: bytes = b"",
    after_directory: bytes = b"",
    after: bytes = b"",
) -> bytes:
    out = bytearray(before)
    base = 0 if shifted else len(before)
    directory = bytearray()
    for entry in entries:
        flags = (0 if entry.name.isascii() else 0x0800) if entry.flags is None else entry.flags
        flags |= 8 if entry.descriptor else 0
        packer = zlib.compressobj(1, zlib.DEFLATED, -15)
        packed = packer.compress(entry.content) + packer.flush() if entry.deflate else entry.content
        method = entry.method if entry.method is not None else (8 if entry.deflate else 0)
        crc = zlib.crc32(entry.content) if entry.crc is None else entry.crc
        size = len(entry.content) if entry.size is None else entry.size
        sums = struct.pack("<III", crc, len(packed), size)
        offset = len(out) - base if entry.at is None else entry.at
        if entry.at is None:
            name = entry.name if entry.local_name is None else entry.local_name
            extra = entry.extra if entry.local_extra is None else entry.local_extra
            local_flags = flags if entry.local_flags is None else entry.local_flags
            out += b"PK\x03\x04" + struct.pack(
                "<HHHHH", entry.local_needed or entry.needed, local_flags, method, *(entry.local_moment or entry.moment)
            )
            out += (b"\0" * 12 if entry.descriptor else sums) + struct.pack("<HH", len(name), len(extra))
            out += name + extra + packed
            out += b"PK\x07\x08" + sums if entry.descriptor else b""
        directory += b"PK\x01\x02" + struct.pack("<HHHHHH", entry.made_by, entry.needed, flags, method, *entry.moment)
        directory += sums + struct.pack("<HHHHH", len(entry.name), len(entry.extra), 0, 0, entry.is_text)
        directory += struct.pack("<II", entry.attributes, offset)
        directory += entry.name + entry.extra
    out += gap
    start = len(out) - base
    number = len(entries) if count is None else count
    out += directory + after_directory
    out += b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, number, number, len(directory), start, len(comment))
    return bytes(out + comment + after)


def raw_entries(parts: dict[str, bytes] | None = None) -> list[Raw]:
    """The good container as raw entries, deflated where it is."""
    parts = parts or parts_of(good())
    return [
        Raw(name=name.encode(), content=content, deflate=not (name == "mimetype" or name.endswith(".pdf")))
        for name, content in parts.items()
    ]


def changed(**contents: bytes | None) -> bytes:
    """The good container with whole parts replaced; keys are short names, None takes the part out."""
    names = {"report": REPORT_NAME, "pdf": "docs/a.pdf", "manifest": MANIFEST, "signatures": SIGNATURES}
    parts = parts_of(good())
    for short, content in contents.items():
        if content is None:
            del parts[names[short]]
        else:
            parts[names[short]] = content
    return raw_zip(raw_entries(parts))


def with_part(name: str, content: bytes) -> bytes:
    return raw_zip([*raw_entries(), Raw(name=name.encode(), content=content)])


def in_manifest(container_parts: dict[str, bytes], name: str, media_type: str = "text/plain") -> dict[str, bytes]:
    entry = f'<manifest:file-entry manifest:full-path="{name}" manifest:media-type="{media_type}"/></manifest:manifest>'
    manifest = container_parts[MANIFEST].replace(b"</manifest:manifest>", entry.encode())
    return {**container_parts, MANIFEST: manifest}


# --- signatures signed again after an edit -------------------------------------------------------------------------
def signature_text(objects: Sequence[DataObject] | None = None, key: SigningKey | None = None) -> str:
    text = parts_of(signed(objects, key))[SIGNATURES].decode()
    return text[text.index("<ds:Signature ") : text.index("</asic:XAdESSignatures>")]


def unsigned(inside: str) -> str:
    return f"<xades:UnsignedProperties>{inside}</xades:UnsignedProperties>"


def wrapped(*signatures: str) -> bytes:
    inside = "".join(signatures)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<asic:XAdESSignatures '
        f'xmlns:asic="http://uri.etsi.org/02918/v1.2.1#">{inside}</asic:XAdESSignatures>'
    ).encode()


def craft_signature(
    *,
    key: SigningKey | None = None,
    properties: Edit = same,
    signed_info: Edit = same,
    rest: Edit = same,
    value: Callable[[bytes], bytes] = lambda octets: octets,
    digest: str = "sha256",
    objects: Sequence[DataObject] | None = None,
    sign: Callable[[bytes], bytes] | None = None,
) -> str:
    """Our own signature with its parts edited and everything that follows from them computed again."""
    key = key or head()
    text = signature_text(objects, key)
    old = re.search(r"<xades:SignedProperties .*</xades:SignedProperties>", text, re.DOTALL)[0]  # type: ignore[index]
    new = properties(old)
    text = text.replace(old, new)
    before = base64.b64encode(hashlib.sha256(old.encode()).digest()).decode()
    element = etree.fromstring(f'<w xmlns:xades="{XADES}" xmlns:ds="{DS}">{new}</w>')[0]
    octets = etree.tostring(element, method="c14n", exclusive=True)
    text = text.replace(before, base64.b64encode(hashlib.new(digest, octets).digest()).decode())
    info = re.search(r"<ds:SignedInfo .*?</ds:SignedInfo>", text, re.DOTALL)[0]  # type: ignore[index]
    text = text.replace(info, signed_info(info))
    canonical = _signed_info_octets(wrapped(text))
    octets = (sign or key.sign)(canonical) if canonical else b"void"
    spelled = base64.b64encode(value(octets)).decode()
    text = re.sub(r"(<ds:SignatureValue>)[^<]*", lambda found: found[1] + spelled, text)
    return rest(text)


def crafted(**edits: object) -> bytes:
    return changed(signatures=wrapped(craft_signature(**edits)))  # type: ignore[arg-type]


def _signed_info_octets(document: bytes) -> bytes:
    """Canonical form as the method in the document says, computed by the library in place or by its plain rules."""
    try:
        element = etree.fromstring(document).find(f".//{{{DS}}}SignedInfo")
        assert element is not None
        method = element[0].get("Algorithm", "")
        prefixes = [prefix for part in element[0] for prefix in part.get("PrefixList", "").split()]
        if method.startswith(EXC):
            return etree.tostring(element, method="c14n", exclusive=True, inclusive_ns_prefixes=prefixes or None)
        alone = etree.fromstring(etree.tostring(element, with_tail=False))
        return etree.tostring(alone, method="c14n")
    except etree.LxmlError:
        return b""


# --- envelopes -----------------------------------------------------------------------------------------------------
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
WSU = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
PAYLOAD = (
    '<SendMessage xmlns="http://bip.bee.kz/SyncChannel/v10/Types"><request xmlns=""><requestInfo>'
    "<messageId>1f0e7a52</messageId></requestInfo><requestData>"
    '<data xsi:type="d:docOutgoing" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
    ' xmlns:d="http://esedo.nitec.kz/service/model/document"><description>Есеп &amp; жауап</description></data>'
    "</requestData></request></SendMessage>"
)
ENVELOPE = f'<soap:Envelope xmlns:soap="{SOAP}"><soap:Body>{PAYLOAD}</soap:Body></soap:Envelope>'.encode()


@cache
def good_envelope() -> bytes:
    return sign_envelope(ENVELOPE, system(), policy=DEFAULT_SIGNING, body_id="id-1")


def judged_envelope(message: bytes, pinned: Sequence[bytes] = (), **changes: object) -> EnvelopeValidation:
    policy = replace(SANDBOX_ENVELOPE, **changes)  # type: ignore[arg-type]
    return verify_envelope(message, policy=policy, anchors=anchors(), at=NOW, pinned=pinned)


def craft_envelope(
    *,
    document: Edit = same,
    signed_info: Edit = same,
    rest: Edit = same,
    target: str = f"{{{SOAP}}}Body",
    prefixes: Sequence[str] = (),
    inclusive: bool = False,
    key: SigningKey | None = None,
) -> bytes:
    """Our own envelope with its parts edited, the digest of `target` and the signature computed again."""
    key = key or system()
    text = document(good_envelope().decode())
    root = etree.fromstring(text.encode())
    element = next(root.iter(target))
    if inclusive:
        octets = etree.tostring(etree.fromstring(etree.tostring(element, with_tail=False)), method="c14n")
    else:
        octets = etree.tostring(
            element, method="c14n", exclusive=True, inclusive_ns_prefixes=list(prefixes) or None, with_comments=False
        )
    digest = base64.b64encode(hashlib.sha256(octets).digest()).decode()
    text = re.sub(r"(<ds:DigestValue>)[^<]*", lambda found: found[1] + digest, text)
    info = re.search(r"<ds:SignedInfo .*?</ds:SignedInfo>", text, re.DOTALL)[0]  # type: ignore[index]
    text = text.replace(info, signed_info(info))
    spelled = base64.b64encode(key.sign(_signed_info_octets(text.encode()))).decode()
    text = re.sub(r"(<ds:SignatureValue>)[^<]*", lambda found: found[1] + spelled, text)
    return rest(text).encode()


def replaced(old: str, new: str, count: int = 1) -> Edit:
    """An edit that must find what it replaces: a vector that changes nothing would prove nothing."""

    def edit(text: str) -> str:
        assert old in text, old
        return text.replace(old, new, count)

    return edit


def removed(pattern: str) -> Edit:
    def edit(text: str) -> str:
        changed_text, count = re.subn(pattern, "", text, count=1, flags=re.DOTALL)
        assert count == 1, pattern
        return changed_text

    return edit


SHA1 = "http://www.w3.org/2000/09/xmldsig#sha1"
SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"
RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"


def digested(name: str, media_type: str, content: bytes) -> xades.DigestedObject:
    return xades.DigestedObject(uri=name, media_type=media_type, digest=hashlib.sha256(content).digest())
