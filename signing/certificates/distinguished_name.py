"""Distinguished names: read, compared, and shown without a personal number."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from signing import asn1
from signing.errors import Malformed

SERIAL_NUMBER: Final = "2.5.4.5"
_SHORT_NAMES: Final = {
    "2.5.4.3": "CN",
    "2.5.4.4": "SN",
    "2.5.4.5": "serialNumber",
    "2.5.4.6": "C",
    "2.5.4.7": "L",
    "2.5.4.8": "ST",
    "2.5.4.10": "O",
    "2.5.4.11": "OU",
    "2.5.4.12": "title",
    "2.5.4.15": "businessCategory",
    "2.5.4.42": "G",
    "0.9.2342.19200300.100.1.1": "UID",
    "0.9.2342.19200300.100.1.25": "DC",
    "1.2.840.113549.1.9.1": "E",
}

_PERSONAL_NUMBER: Final = re.compile(r"IIN[ :=-]{0,3}[0-9]{12}", re.IGNORECASE)

NameKey = tuple[frozenset[tuple[str, str]], ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Attribute:
    """One attribute of a distinguished name."""

    oid: str
    value: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Name:
    """A distinguished name: its DER, its attributes in order, and a key under which equal names are equal.

    The key follows RFC 5280, 7.1 as far as it matters: case and runs of blanks do not count, the string type does not
    count.
    """

    der: bytes
    attributes: tuple[Attribute, ...]
    key: NameKey

    def values(self, oid: str) -> tuple[str, ...]:
        return tuple(attribute.value for attribute in self.attributes if attribute.oid == oid)

    def shown(self) -> str:
        """One line for people. A personal number is never shown: `serialNumber=IIN…` becomes
        `serialNumber=IIN(hidden)`, and so it is in any other attribute.
        """
        return ", ".join(
            f"{_SHORT_NAMES.get(attribute.oid, attribute.oid)}={_hidden(attribute)}" for attribute in self.attributes
        )


def read_name(element: asn1.Der) -> Name:
    """A distinguished name from a walked tree; raises Malformed."""
    attributes: list[Attribute] = []
    key: list[frozenset[tuple[str, str]]] = []
    for relative in asn1.children(asn1.expect(element, asn1.SEQUENCE)):
        part: set[tuple[str, str]] = set()
        for pair in asn1.children(asn1.expect(relative, asn1.SET)):
            fields = asn1.Fields(pair)
            oid = asn1.oid(fields.take(asn1.OID))
            value = fields.take()
            fields.end()
            shown = asn1.text(value) if asn1.is_string(value) else f"#{value.raw.hex()}"
            attributes.append(Attribute(oid=oid, value=shown))
            part.add((oid, " ".join(shown.split()).casefold()))
        if not part:
            raise Malformed("asn1.structure", expected="attribute", found="nothing")
        key.append(frozenset(part))
    return Name(der=element.raw, attributes=tuple(attributes), key=tuple(key))


def _hidden(attribute: Attribute) -> str:
    if attribute.oid == SERIAL_NUMBER:
        # the personal number of an individual; nothing of it may reach a report or a log
        return "IIN(hidden)" if attribute.value.startswith("IIN") else "(hidden)"
    return without_personal_number(attribute.value)


def without_personal_number(text: str) -> str:
    """The same text, in which what is written as a personal number is hidden wherever it stands."""
    return _PERSONAL_NUMBER.sub("IIN(hidden)", text)
