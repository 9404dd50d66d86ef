"""Name constraints (RFC 5280, 4.2.1.10 and 6.1.3 (b), (c))."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from signing import asn1
from signing import certificates as x509
from signing.certification_path.checks import broken
from signing.errors import Malformed
from signing.validation_report import Check, SubIndication

if TYPE_CHECKING:
    from collections.abc import Sequence

    from signing.certificates import Certificate, Name
    from signing.policy import ValidationPolicy

_EMAIL_ADDRESS: Final = "1.2.840.113549.1.9.1"
_DIRECTORY_NAME: Final = 0xA4
_RFC822_NAME: Final = 0x81


@dataclass(frozen=True, slots=True)
class _Subtrees:
    directory: tuple[Name, ...]
    other_forms: frozenset[int]


def require_names(path: Sequence[Certificate], policy: ValidationPolicy) -> Check | None:
    """Directory names are compared; a constraint of another form stops the path only when the certificate has such a
    name.
    """
    permitted: list[_Subtrees] = []
    excluded: list[_Subtrees] = []
    comparisons = 0
    for certificate in reversed(path):
        if certificate is not path[-1] and (certificate is path[0] or not certificate.is_self_issued):
            directory, other_forms = _names_of(certificate)
            comparisons += len(directory) * sum(len(each.directory) for each in (*permitted, *excluded))
            if comparisons > policy.max_name_comparisons:
                return Check.failed("path.limits", SubIndication.FORMAT_FAILURE, limit="name comparisons")
            if any(other_forms & each.other_forms for each in (*permitted, *excluded)):
                return broken("path.names", certificate, "a constrained form of name that is not judged here")
            if not _names_allowed(directory, permitted, excluded):
                return broken("path.names", certificate, "name outside the issuer's constraints")
        extension = certificate.extension(x509.NAME_CONSTRAINTS)
        if extension is not None:
            lists = _read_name_constraints(extension.value)
            permitted += [lists[0]] if lists[0] else []
            excluded += [lists[1]] if lists[1] else []
    return None


def _names_allowed(names: Sequence[Name], permitted: Sequence[_Subtrees], excluded: Sequence[_Subtrees]) -> bool:
    for name in names:
        if any(_is_within(name, base) for each in excluded for base in each.directory):
            return False
        if not all(any(_is_within(name, base) for base in each.directory) for each in permitted if each.directory):
            return False
    return True


def _is_within(name: Name, base: Name) -> bool:
    return name.key[: len(base.key)] == base.key


@lru_cache(maxsize=1024)
def _names_of(certificate: Certificate) -> tuple[tuple[Name, ...], frozenset[int]]:
    """Directory names a certificate bears, and the tags of every other form of name it has."""
    directory = [certificate.subject] if certificate.subject.key else []
    forms: set[int] = set()
    if certificate.subject.values(_EMAIL_ADDRESS):
        forms.add(_RFC822_NAME)  # RFC 5280, 4.2.1.10: an address in the subject counts when there is no other
    extension = certificate.extension(x509.SUBJECT_ALT_NAME)
    if extension is not None:
        for general_name in asn1.children(asn1.expect(asn1.read_der(extension.value), asn1.SEQUENCE)):
            if general_name.tag == _DIRECTORY_NAME:
                directory.append(x509.read_name(_single(general_name)))
            else:
                forms.add(general_name.tag)
    return tuple(directory), frozenset(forms)


def _read_name_constraints(value: bytes) -> tuple[_Subtrees | None, _Subtrees | None]:
    fields = asn1.Fields(asn1.read_der(value))
    permitted, excluded = fields.take_optional(0xA0), fields.take_optional(0xA1)
    fields.end()
    if permitted is None and excluded is None:
        raise Malformed("signing.certificate-name-constraints")
    return _subtrees(permitted), _subtrees(excluded)


def _subtrees(element: asn1.Der | None) -> _Subtrees | None:
    if element is None:
        return None
    directory: list[Name] = []
    forms: set[int] = set()
    for subtree in asn1.children(element):
        base = asn1.Fields(subtree)
        name = base.take()
        base.end()  # a minimum or maximum is not in use (RFC 5280, 4.2.1.10)
        if name.tag == _DIRECTORY_NAME:
            directory.append(x509.read_name(_single(name)))
        else:
            forms.add(name.tag)
    if not directory and not forms:
        raise Malformed("signing.certificate-name-constraints")
    return _Subtrees(tuple(directory), frozenset(forms))


def _single(element: asn1.Der) -> asn1.Der:
    inside = asn1.children(element)
    if len(inside) != 1:
        raise Malformed("asn1.structure", expected="one element", found=str(len(inside)))
    return inside[0]
