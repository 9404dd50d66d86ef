"""What the form of an evidence folder demands: values, files, and nothing of a kind that nobody judges.

What an exporter leaves out is no statement of its, so the comparison of statements does not miss it; here it is missed.
The form before there were seals demands the same; a node's own statements came with the third form, and only there is
a place for them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import signing
from adapter.usecases.evidence_own import VERSION
from adapter.usecases.export import CONTAINER, HANDED_OVER, PRINTED_FORM
from adapter.usecases.verdict import FAILED, check
from adapter.usecases.verified_container import RENDITION_NAME, Judged

_KEYS = ("version", "documentId", "exportedBy", "exportedAt", "container", "deliveries", "registered", "files")
_KEYS_OF_A_DELIVERY = (
    *("delivery", "addressee", "state", "proof", "number", "queuedAt"),
    *("deadline", "xml", "reason", "reasonText"),
)
_KEYS_OF_OWN_STATEMENTS = ("receipt", "nonDelivery")
"""Of a delivery, from the form on in which nodes state something themselves."""
_KEYS_OF_THE_REGISTRATION = ("number", "receivedAt", "sender", "late", "verdict", "officeSignature", "xml")
_KEYS_OF_A_FILE = ("sha256", "size")
_KEYS_OF_A_STATEMENT = (*_KEYS_OF_A_FILE, "what", "digest")
_KEYS_OF_AN_ANSWER = (*_KEYS_OF_A_FILE, "what", "says", "verdict", "receivedAt", "number", "statedDigest", "dispute")

_KEYS_OF_FOLDERS = {
    "messages": _KEYS_OF_AN_ANSWER,
    "receipts": _KEYS_OF_AN_ANSWER,
    "statements": _KEYS_OF_A_STATEMENT,
}

_ATTEMPTS, _CHAIN = "attempts.json", "audit.json"
_KNOWN = re.compile(r"messages/[^/]+\.xml|receipts/[^/]+\.asice|answers/[^/]+\.bin|certificates/[^/]+\.cer")
_STATED = re.compile(r"statements/[^/]+\.xml")
_SHOWN = 10
"""Places named in one check."""


def form(manifest: Mapping[str, Any], contents: Mapping[str, bytes], judged: Judged) -> list[Mapping[str, Any]]:
    """A check for each thing that the form does not allow; none when it is as `elshi export` writes it."""
    checks = []
    missing = list(_missing(manifest, judged))
    if missing:
        more = ["..."] if len(missing) > _SHOWN else []
        checks.append(check("evidence.form", FAILED, missing=", ".join([*missing[:_SHOWN], *more])))
    known = {CONTAINER, PRINTED_FORM, HANDED_OVER, _ATTEMPTS, _CHAIN}
    has_statements = manifest.get("version") == VERSION
    checks += [
        check("evidence.unknown-file", FAILED, name=name)
        for name in sorted(manifest["files"])
        if name not in known and not _KNOWN.fullmatch(name) and not (has_statements and _STATED.fullmatch(name))
    ]
    checks += [
        check("evidence.certificate", FAILED, name=name)
        for name in sorted(contents)
        if name.startswith("certificates/") and not is_certificate(contents[name])
    ]
    return checks


def is_certificate(content: bytes) -> bool:
    """Whether the bytes are one certificate in DER."""
    try:
        signing.certificate_facts(content)
    except signing.Malformed:
        return False
    return True


def _missing(manifest: Mapping[str, Any], judged: Judged) -> Iterator[str]:
    """Places of what is not there; a value of another kind than the form's is a wrong statement and found as one."""
    files: Mapping[str, Any] = manifest["files"]
    yield from (key for key in _KEYS if key not in manifest)
    demanded = [_ATTEMPTS, _CHAIN, *([PRINTED_FORM] if RENDITION_NAME in judged.objects else [])]
    yield from (name for name in demanded if name not in files)
    deliveries = manifest.get("deliveries")
    for number, row in enumerate(deliveries if isinstance(deliveries, list) else []):
        yield from _absent(f"deliveries[{number}]", row, _KEYS_OF_A_DELIVERY)
        if manifest.get("version") == VERSION:
            yield from _absent(f"deliveries[{number}]", row, _KEYS_OF_OWN_STATEMENTS)
    yield from _absent("registered", manifest.get("registered"), _KEYS_OF_THE_REGISTRATION)
    for name, facts in files.items():
        folder = name.partition("/")[0]
        yield from _absent(f'files["{name}"]', facts, _KEYS_OF_FOLDERS.get(folder, _KEYS_OF_A_FILE))


def _absent(place: str, facts: object, keys: tuple[str, ...]) -> Iterator[str]:
    return (f"{place}.{key}" for key in keys if isinstance(facts, dict) and key not in facts)
