"""Bytes -> ValidatedXml, or every violation at once. The only maker of ValidatedXml.

An access marking that the schema does not know may be one above official use. Then rule BR-18 stops everything: nothing
else is said about the document, and not a word of it is repeated (content model, section 6, severity `stop`).
"""

from __future__ import annotations

import hashlib
import re
from collections import OrderedDict
from threading import Lock

from lxml import etree

import schemas
from adapter.conversion.roots import ROOTS, Root
from adapter.domain.codes import AccessMarking
from adapter.domain.document import DocumentId, Sha256, ValidatedXml
from adapter.errors import DocumentRefused, Finding, Place, Severity

_ALLOWED = frozenset(marking.value for marking in AccessMarking)
_MENTIONED = re.compile(rb"<(?:[\w.-]{1,64}:)?AccessMarking\b")
_PLAINLY_ALLOWED = re.compile(
    rb"<(?:[\w.-]{1,64}:)?AccessMarking\s*>\s*(?:%b)\s*</"
    % b"|".join(re.escape(word.encode()) for word in sorted(_ALLOWED))
)


class _Remembered:
    """The last pairs of digest and schema that held: a report is judged when it is made, when it is signed and when it is
    queued, and the same bytes satisfy the same schema each time. Safe under threads.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._pairs: OrderedDict[tuple[Sha256, str], None] = OrderedDict()
        self._lock = Lock()

    def __contains__(self, pair: tuple[Sha256, str]) -> bool:
        with self._lock:
            return pair in self._pairs

    def add(self, pair: tuple[Sha256, str]) -> None:
        """Remember; the oldest one is forgotten."""
        with self._lock:
            self._pairs[pair] = None
            while len(self._pairs) > self._most:
                self._pairs.popitem(last=False)


_SATISFIES = _Remembered(most=256)


def violations(document: bytes) -> tuple[schemas.Violation, ...]:
    """Every breach of the schema that the root names; () when there is none.

    Raises DocumentRefused when the bytes are no XML we read, or the root is none of ours.
    """
    element, root = _parsed(document)
    return schemas.validate(element, root.schema_id)


def validated(document: bytes) -> ValidatedXml:
    """The document as a value that says: these bytes satisfy the schema named.

    Not checked here: the rules, any signature. Raises DocumentRefused with every finding: codes `xml.*` and `xsd.*`
    with line and XPath, or BR-18 alone.
    """
    sha256 = Sha256(hashlib.sha256(document).hexdigest())
    element, root = _parsed(document)
    if (sha256, root.schema_id) not in _SATISFIES:
        found = schemas.validate(element, root.schema_id)
        if found:
            raise DocumentRefused(findings_of(found), code="document.against-schema")
        _SATISFIES.add((sha256, root.schema_id))
    document_id = DocumentId(" ".join((element.findtext("{*}Header/{*}DocumentId") or "").split()))
    return ValidatedXml(
        content=document,
        sha256=sha256,
        schema_id=root.schema_id,
        document_type=root.document_type,
        document_id=document_id,
    )


def has_marking_above(document: bytes) -> bool:
    """Whether an access marking, wherever it stands, is anything but public or official-use (BR-18).

    Asked before everything else and of XML that nobody has verified, so the schema's answer is not waited for: it lists
    a limited number of violations, and the one that matters could come after the last. Of XML that we refuse to read
    (an instruction in it, another encoding, no end) every mention of the element counts that does not plainly hold an
    allowed word. False for what mentions none.
    """
    try:
        element = schemas.parse_untrusted(document)
    except schemas.XmlRefused:
        # Without its NULs markup in UTF-16 or UTF-32 reads like markup in UTF-8.
        letters = document.replace(b"\0", b"")
        return len(_MENTIONED.findall(letters)) > len(_PLAINLY_ALLOWED.findall(letters))
    written = (" ".join(str(text) for text in one.itertext()) for one in element.iter("{*}AccessMarking"))
    return any(" ".join(text.split()) not in _ALLOWED for text in written)


def findings_of(found: tuple[schemas.Violation, ...]) -> tuple[Finding, ...]:
    """Violations as findings. One about an access marking becomes BR-18 and drives out all others, values included."""
    if any(violation.xpath.rpartition("/")[2] == "AccessMarking" for violation in found):
        return (Finding(code="BR-18", severity=Severity.STOP),)
    return tuple(
        Finding(
            code=violation.code,
            severity=Severity.ERROR,
            params=dict(violation.params),
            place=Place(line=violation.line, xpath=violation.xpath),
        )
        for violation in found
    )


def _parsed(document: bytes) -> tuple[etree._Element, Root]:
    try:
        element = schemas.parse_untrusted(document)
    except schemas.XmlRefused as error:
        finding = Finding(
            code=error.code, severity=Severity.ERROR, params=dict(error.params), place=Place(line=error.line)
        )
        raise DocumentRefused((finding,), code="document.not-xml") from error
    root = next((root for root in ROOTS if root.tag == element.tag), None)
    if root is None:
        params = {"root": str(element.tag)[:200]}
        finding = Finding(code="conversion.not-a-report", severity=Severity.ERROR, params=params)
        raise DocumentRefused((finding,), code="document.against-schema")
    return element, root
