"""GeneralName (RFC 5280, 4.2.1.6): the names a certificate bears, and what a constraint of each form holds.

A name or constraint that does not follow the grammar of its form is Malformed: two readers would not agree on it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from signing import asn1
from signing import certificates as x509
from signing.errors import Malformed

if TYPE_CHECKING:
    from signing.certificates import Certificate, Name

RFC822_NAME: Final = 0x81
DNS_NAME: Final = 0x82
DIRECTORY_NAME: Final = 0xA4
URI: Final = 0x86
IP_ADDRESS: Final = 0x87

_EMAIL_ADDRESS: Final = "1.2.840.113549.1.9.1"
_ADDRESS_SIZES: Final = (4, 16)
_LABEL: Final = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_HOST: Final = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_DOTTED_NUMBERS: Final = re.compile(r"[0-9.]+")
_MAILBOX: Final = re.compile(rf"[!-?A-~]+@(?:{_LABEL})(?:\.{_LABEL})*")
_ABSOLUTE_URI: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[!-~]+")


@dataclass(frozen=True, kw_only=True, slots=True)
class GeneralName:
    """One name by the tag of its form; `text` of e-mail, DNS and URI, `octets` of an address, `directory` of a DN."""

    tag: int
    text: str = ""
    octets: bytes = b""
    directory: Name | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class AddressBlock:
    """An address and its mask, 4 or 16 octets each."""

    address: bytes
    mask: bytes

    def holds(self, address: bytes) -> bool:
        return len(address) == len(self.mask) and all(
            (ours ^ theirs) & bit == 0 for ours, theirs, bit in zip(self.address, address, self.mask, strict=True)
        )


@lru_cache(maxsize=1024)
def names_of(certificate: Certificate) -> tuple[GeneralName, ...]:
    """Subject and subjectAltName; an e-mail address in the subject counts too (RFC 5280, 4.2.1.10). Raises Malformed."""
    found: list[GeneralName] = []
    if certificate.subject.key:
        found.append(GeneralName(tag=DIRECTORY_NAME, directory=certificate.subject))
    found += [GeneralName(tag=RFC822_NAME, text=value) for value in certificate.subject.values(_EMAIL_ADDRESS)]
    extension = certificate.extension(x509.SUBJECT_ALT_NAME)
    if extension is None:
        return tuple(found)
    for element in asn1.children(asn1.expect(asn1.read_der(extension.value), asn1.SEQUENCE)):
        if element.tag == DIRECTORY_NAME:
            inside = asn1.children(element)
            if len(inside) != 1:
                raise Malformed("asn1.structure", expected="one element", found=str(len(inside)))
            found.append(GeneralName(tag=DIRECTORY_NAME, directory=x509.read_name(inside[0])))
        elif element.tag == IP_ADDRESS:
            if len(element.content) not in _ADDRESS_SIZES:
                raise Malformed("signing.certificate-name")
            found.append(GeneralName(tag=IP_ADDRESS, octets=element.content))
        elif element.tag in (RFC822_NAME, DNS_NAME, URI):
            text = _ascii(element.content)
            if not _is_well_formed(element.tag, text):
                raise Malformed("signing.certificate-name")
            found.append(GeneralName(tag=element.tag, text=text))
        else:
            found.append(GeneralName(tag=element.tag))
    return tuple(found)


def _is_well_formed(tag: int, text: str) -> bool:
    """A mailbox (RFC 5321), a host name in the preferred syntax with at most a wildcard before it, an absolute URI."""
    if tag == RFC822_NAME:
        return _MAILBOX.fullmatch(text) is not None
    if tag == URI:
        return _ABSOLUTE_URI.fullmatch(text) is not None
    return _HOST.fullmatch(text.removeprefix("*.")) is not None and not _DOTTED_NUMBERS.fullmatch(text)


# --- constraints ---------------------------------------------------------------------------------------------------
def email_constraint(content: bytes) -> str:
    """A mailbox, a host, or a domain with a dot before it."""
    text = _ascii(content)
    local, at, host = text.rpartition("@")
    if (at and not (local and _HOST.fullmatch(host))) or (not at and not _HOST.fullmatch(text.removeprefix("."))):
        raise Malformed("signing.certificate-name-constraints")
    return text


def dns_constraint(content: bytes) -> str:
    """A host name; empty means every name. A dot before it or a wildcard has no meaning in the RFC."""
    text = _ascii(content)
    if text and not _HOST.fullmatch(text):
        raise Malformed("signing.certificate-name-constraints")
    return text


def uri_constraint(content: bytes) -> str:
    """A host, or a domain with a dot before it; never an address."""
    text = _ascii(content)
    if not _HOST.fullmatch(text.removeprefix(".")) or _DOTTED_NUMBERS.fullmatch(text):
        raise Malformed("signing.certificate-name-constraints")
    return text


def address_block(content: bytes) -> AddressBlock:
    """Address and mask side by side; the mask is a prefix (RFC 4632)."""
    half = len(content) // 2
    mask = content[half:]
    bits = int.from_bytes(mask, "big")
    inverted = bits ^ ((1 << 8 * len(mask)) - 1)
    if half not in _ADDRESS_SIZES or len(content) % 2 or inverted & (inverted + 1):
        raise Malformed("signing.certificate-name-constraints")
    return AddressBlock(address=content[:half], mask=mask)


# --- comparing -----------------------------------------------------------------------------------------------------
def permits_email(base: str, address: str) -> bool:
    """The local part as it is written, the host without regard to case (RFC 5280, 7.5)."""
    local, at, host = address.rpartition("@")
    if not at:
        return False
    base_local, base_at, base_host = base.rpartition("@")
    if base_at:
        return local == base_local and host.lower() == base_host.lower()
    if base.startswith("."):
        return host.lower().endswith(base.lower())
    return host.lower() == base.lower()


def permits_dns(base: str, name: str) -> bool:
    """The host itself and every name that adds labels on the left; of a wildcard, what it stands for."""
    return _is_under(name.removeprefix("*."), base)


def excludes_dns(base: str, name: str) -> bool:
    if name.startswith("*."):
        domain = name[2:]
        return _is_under(domain, base) or _is_under(base, domain)
    return _is_under(name, base)


def permits_uri(base: str, uri: str, *, without_host: bool = False) -> bool:
    """By the host of the URI's authority; `without_host` is the answer for a URI that has no host name."""
    host = _host_of(uri)
    if host is None:
        return without_host
    if base.startswith("."):
        return host.lower().endswith(base.lower())
    return host.lower() == base.lower()


def _is_under(name: str, base: str) -> bool:
    name, base = name.lower(), base.lower()
    return not base or name == base or name.endswith(f".{base}")


def _host_of(uri: str) -> str | None:
    """The host name in a URI's authority, None for an address or where there is none."""
    try:
        host = urlsplit(uri).hostname
    except ValueError:
        return None
    if not host or ":" in host or _DOTTED_NUMBERS.fullmatch(host) or not _HOST.fullmatch(host):
        return None
    return host


def _ascii(content: bytes) -> str:
    try:
        return content.decode("ascii")
    except UnicodeDecodeError as error:
        raise Malformed("signing.certificate-name") from error
