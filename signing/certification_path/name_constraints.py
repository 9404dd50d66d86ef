"""Name constraints (RFC 5280, 4.2.1.10 and 6.1.3 (b), (c)), in every form of name the RFC gives a rule for.

Directory names, e-mail addresses, DNS names, URIs and IP addresses are compared. A constraint of another form stops the
path only when a certificate has a name of that form. A wildcard DNS name stands for all it could match: permitted when
what follows the asterisk is, excluded when any of its matches would be (CVE-2025-61727).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from signing import asn1
from signing import certificates as x509
from signing.certification_path.checks import broken
from signing.certification_path.general_names import (
    DIRECTORY_NAME,
    DNS_NAME,
    IP_ADDRESS,
    RFC822_NAME,
    URI,
    AddressBlock,
    GeneralName,
    address_block,
    dns_constraint,
    email_constraint,
    excludes_dns,
    names_of,
    permits_dns,
    permits_email,
    permits_uri,
    uri_constraint,
)
from signing.errors import Malformed
from signing.validation_report import Check, SubIndication

if TYPE_CHECKING:
    from collections.abc import Sequence

    from signing.certificates import Certificate, Name
    from signing.policy import ValidationPolicy


@dataclass(frozen=True, kw_only=True, slots=True)
class _Subtrees:
    """One list of one certificate, by form; `other` are tags of forms that are not judged here."""

    directory: tuple[Name, ...] = ()
    email: tuple[str, ...] = ()
    dns: tuple[str, ...] = ()
    uri: tuple[str, ...] = ()
    address: tuple[AddressBlock, ...] = ()
    other: frozenset[int] = field(default=frozenset())

    def count(self) -> int:
        return sum(map(len, (self.directory, self.email, self.dns, self.uri, self.address)))


_NONE: Final = _Subtrees()


def require_names(path: Sequence[Certificate], policy: ValidationPolicy) -> Check | None:
    """Every name of every certificate lies inside each permitted list above it and in no excluded one."""
    permitted: list[_Subtrees] = []
    excluded: list[_Subtrees] = []
    comparisons = 0
    for certificate in reversed(path):
        if certificate is not path[-1] and (certificate is path[0] or not certificate.is_self_issued):
            names = names_of(certificate)
            lists = (*permitted, *excluded)
            if lists:
                comparisons += (len(names) + len(certificate.subject.key)) * sum(each.count() for each in lists)
                if comparisons > policy.max_name_comparisons:
                    return Check.failed("path.limits", SubIndication.FORMAT_FAILURE, limit="name comparisons")
                reason = _why_not(names, permitted, excluded)
                if reason is not None:
                    return broken("path.names", certificate, reason)
        extension = certificate.extension(x509.NAME_CONSTRAINTS)
        if extension is not None:
            given, taken = _read_name_constraints(extension.value)
            permitted += [given] if given is not _NONE else []
            excluded += [taken] if taken is not _NONE else []
    return None


def _why_not(names: Sequence[GeneralName], permitted: Sequence[_Subtrees], excluded: Sequence[_Subtrees]) -> str | None:
    for name in names:
        if any(name.tag in each.other for each in (*permitted, *excluded)):
            return "a constrained form of name that is not judged here"
        if any(_is_excluded(name, each) for each in excluded):
            return "name outside the issuer's constraints"
        if not all(_is_permitted(name, each) for each in permitted):
            return "name outside the issuer's constraints"
    return None


def _is_permitted(name: GeneralName, lists: _Subtrees) -> bool:
    """A list without constraints of this form permits every name of the form."""
    if name.tag == DIRECTORY_NAME:
        return not lists.directory or any(_is_within(name.directory, base) for base in lists.directory)
    if name.tag == RFC822_NAME:
        return not lists.email or any(permits_email(base, name.text) for base in lists.email)
    if name.tag == DNS_NAME:
        return not lists.dns or any(permits_dns(base, name.text) for base in lists.dns)
    if name.tag == URI:
        return not lists.uri or any(permits_uri(base, name.text) for base in lists.uri)
    if name.tag == IP_ADDRESS:
        return not lists.address or any(base.holds(name.octets) for base in lists.address)
    return True


def _is_excluded(name: GeneralName, lists: _Subtrees) -> bool:
    if name.tag == DIRECTORY_NAME:
        return any(_is_within(name.directory, base) for base in lists.directory)
    if name.tag == RFC822_NAME:
        return any(permits_email(base, name.text) for base in lists.email)
    if name.tag == DNS_NAME:
        return any(excludes_dns(base, name.text) for base in lists.dns)
    if name.tag == URI:
        # a URI without a host name cannot be compared: where URIs are excluded, it is not let through
        return any(permits_uri(base, name.text, without_host=True) for base in lists.uri)
    if name.tag == IP_ADDRESS:
        return any(base.holds(name.octets) for base in lists.address)
    return False


def _is_within(name: Name | None, base: Name) -> bool:
    return name is not None and name.key[: len(base.key)] == base.key


@lru_cache(maxsize=256)
def _read_name_constraints(value: bytes) -> tuple[_Subtrees, _Subtrees]:
    fields = asn1.Fields(asn1.read_der(value))
    permitted, excluded = fields.take_optional(0xA0), fields.take_optional(0xA1)
    fields.end()
    if permitted is None and excluded is None:
        raise Malformed("signing.certificate-name-constraints")
    return _subtrees(permitted), _subtrees(excluded)


def _subtrees(element: asn1.Der | None) -> _Subtrees:
    if element is None:
        return _NONE
    directory: list[Name] = []
    texts: dict[int, list[str]] = {RFC822_NAME: [], DNS_NAME: [], URI: []}
    address: list[AddressBlock] = []
    other: set[int] = set()
    subtrees = asn1.children(element)
    for subtree in subtrees:
        base = asn1.Fields(subtree)
        name = base.take()
        base.end()  # a minimum or maximum is not in use (RFC 5280, 4.2.1.10)
        if name.tag == DIRECTORY_NAME:
            directory.append(x509.read_name(_single(name)))
        elif name.tag == IP_ADDRESS:
            address.append(address_block(name.content))
        elif name.tag in _READERS:
            texts[name.tag].append(_READERS[name.tag](name.content))
        else:
            other.add(name.tag)
    if not subtrees:
        raise Malformed("signing.certificate-name-constraints")
    return _Subtrees(
        directory=tuple(directory),
        email=tuple(texts[RFC822_NAME]),
        dns=tuple(texts[DNS_NAME]),
        uri=tuple(texts[URI]),
        address=tuple(address),
        other=frozenset(other),
    )


_READERS: Final = {RFC822_NAME: email_constraint, DNS_NAME: dns_constraint, URI: uri_constraint}


def _single(element: asn1.Der) -> asn1.Der:
    inside = asn1.children(element)
    if len(inside) != 1:
        raise Malformed("asn1.structure", expected="one element", found=str(len(inside)))
    return inside[0]
