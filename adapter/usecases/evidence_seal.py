"""The seal of an evidence folder: a detached CMS over evidence.json, made with a key of the exporting body.

evidence.json names the digest of every other file, so the seal covers the folder. It is judged in this order:

    1 signature   over the bytes of evidence.json as they lie there, under the policy and anchors of documents
    2 exporter    each signer's certificate is one of the body that `exportedBy` names, and that body sent the document or
                  was sent it: whose certificates those are is taken from the signed document and the signed answers
    3 time        `exportedAt` is the time that the signature claims

Any certificate of the body that may stand under a document may stand under its evidence: a state body has one BIN.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import signing
from adapter.domain.reference import OrgRef
from adapter.usecases.verdict import FAILED, INDETERMINATE, PASSED, check
from adapter.usecases.verified_container import Judged, Trust

SEAL = "evidence.json.p7s"
UNSEALED = "elshi-evidence/1"
"""Folders of this form were written before there were seals: without one they are not wrong, but cannot be told."""

_LARGEST = 1_000_000
"""Bytes; a CMS with three certificates has about five thousand."""


@dataclass(frozen=True, kw_only=True, slots=True)
class JudgedSeal:
    """The verdict on the seal, with the signatures it rests on; `checks` are those that the folder's verdict takes over.

    signers     certificates that the seal names, whatever its verdict
    """

    indication: str
    sub_indication: str | None
    signatures: tuple[Mapping[str, Any], ...]
    checks: tuple[Mapping[str, Any], ...]
    signers: tuple[signing.CertificateFacts, ...] = ()

    def as_json(self, manifest: Mapping[str, Any]) -> Mapping[str, Any]:
        """Plain values, with what evidence.json says of its own making."""
        return {
            "indication": self.indication,
            "sub_indication": self.sub_indication,
            "exportedBy": str(manifest.get("exportedBy")),
            "exportedAt": str(manifest.get("exportedAt")),
            "signatures": [dict(item) for item in self.signatures],
        }


def judge_seal(
    seal: bytes | None,
    content: bytes,
    manifest: Mapping[str, Any],
    *,
    parties: Mapping[str, Sequence[Party]],
    trust: Trust,
    at: datetime,
) -> JudgedSeal:
    """Judge `seal` over `content`, the bytes that `manifest` was read from; `at` is the validation time of the seal."""
    if seal is None:
        conclusion = INDETERMINATE if manifest.get("version") == UNSEALED else FAILED
        absent = check("evidence.seal-absent", conclusion, name=SEAL)
        return JudgedSeal(indication=conclusion, sub_indication=_NO_SEAL, signatures=(), checks=(absent,))
    if len(seal) > _LARGEST:
        large = check("evidence.seal", FAILED, name=SEAL, reason="too large")
        return JudgedSeal(indication=FAILED, sub_indication="FORMAT_FAILURE", signatures=(), checks=(large,))
    report = signing.verify_detached(
        seal,
        [content],
        policy=trust.policy,
        anchors=trust.anchors,
        at=at,
        data=trust.data,
        fetcher=trust.fetcher,
    )
    sub = report.sub_indication.value if report.sub_indication else None
    checks = [check("evidence.seal", report.indication.value, name=SEAL, reason=sub or "", signer=_names(report))]
    if report.indication is signing.Indication.TOTAL_PASSED:
        # Who a signature is of, and when it claims to be made, is worth a look only when it is one.
        checks += [_exporter(manifest, report, parties), _exported_at(manifest, report)]
    conclusions = {str(one["conclusion"]) for one in checks}
    indication = report.indication.value
    if indication == PASSED and conclusions != {"PASSED"}:
        indication, sub = (FAILED, "SIG_CONSTRAINTS_FAILURE") if "FAILED" in conclusions else (INDETERMINATE, "GENERIC")
    return JudgedSeal(
        indication=indication,
        sub_indication=sub,
        signatures=tuple(report.as_json()["signatures"]),
        checks=tuple(checks),
        signers=tuple(signers_of(report)),
    )


_NO_SEAL = "SIGNED_DATA_NOT_FOUND"


# --- 2 exporter ------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, kw_only=True, slots=True)
class Party:
    """What signed material says of a body: its BIN, and the names a certificate may give its organisation."""

    bin: str | None = None
    names: tuple[str, ...] = ()

    def owns(self, signer: signing.CertificateFacts) -> bool | None:
        """Whether the certificate is the body's; None when neither number nor name can tell. A number beats a name."""
        if self.bin is not None:
            return signer.bin == self.bin
        return True if is_named(signer, self.names) else None


def is_named(signer: signing.CertificateFacts, names: Sequence[str]) -> bool:
    """Whether the organisation in the certificate bears one of the names, whatever their case and spaces."""
    return signer.organization is not None and _plain(signer.organization) in {_plain(name) for name in names}


def parties_of(document: Judged) -> Mapping[str, Sequence[Party]]:
    """The bodies that may export this document, by code: who sent it and who it was sent to.

    Without a verdict TOTAL-PASSED on the container nobody is known. Of the addressee its number in the document counts,
    never one under an answer: whoever answers in its name would be believed to be it.
    """
    if document.report is None:
        return {}
    header = document.report.header
    signers = signers_of(document.validation)
    known: dict[str, list[Party]] = {header.sender.code: [_party(header.sender, one) for one in signers]}
    if header.recipient is not None:
        known.setdefault(header.recipient.code, []).append(_party(header.recipient, None))
    return known


def _party(body: OrgRef, signer: signing.CertificateFacts | None) -> Party:
    """The number that the signed document states, then the one in the certificate that signed: a document may be signed
    by somebody else than it names.
    """
    number = body.bin or (signer.bin if signer is not None else None)
    organization = (signer.organization,) if signer is not None and signer.organization else ()
    return Party(bin=number, names=(body.name.kk, body.name.ru, *organization))


def _exporter(
    manifest: Mapping[str, Any], report: signing.ValidationReport, parties: Mapping[str, Sequence[Party]]
) -> Mapping[str, Any]:
    body = str(manifest.get("exportedBy"))
    numbers = ", ".join(one.signer.bin or one.signer.organization or "" for one in report.signatures if one.signer)
    if not parties:
        return check("evidence.exporter", INDETERMINATE, body=body, signer=numbers, reason="no document")
    if body not in parties:
        return check("evidence.exporter", FAILED, body=body, signer=numbers, reason="not a party")
    verdicts = [
        owned(parties[body], signature.signer) if signature.signer is not None else None
        for signature in report.signatures
    ]
    if any(one is False for one in verdicts):
        return check("evidence.exporter", FAILED, body=body, signer=numbers, reason="another body")
    if any(one is None for one in verdicts):
        return check("evidence.exporter", INDETERMINATE, body=body, signer=numbers, reason="no number")
    return check("evidence.exporter", PASSED, body=body, signer=numbers, reason="")


def owned(parties: Sequence[Party], signer: signing.CertificateFacts) -> bool | None:
    """Whether the certificate is of the body that all of `parties` describe: each that can tell has to say so."""
    said = [told for told in (party.owns(signer) for party in parties) if told is not None]
    return all(said) if said else None


def signers_of(report: signing.ValidationReport) -> list[signing.CertificateFacts]:
    """The certificates that signed, as far as they could be read."""
    return [one.signer for one in report.signatures if one.signer is not None]


def _names(report: signing.ValidationReport) -> str:
    return ", ".join(one.signer.common_name or one.signer.subject for one in report.signatures if one.signer)


def _plain(name: str) -> str:
    return " ".join(name.split()).casefold()


# --- 3 time ----------------------------------------------------------------------------------------------------------
def _exported_at(manifest: Mapping[str, Any], report: signing.ValidationReport) -> Mapping[str, Any]:
    stated = str(manifest.get("exportedAt"))
    try:
        moment = datetime.fromisoformat(stated)
    except ValueError:
        moment = None
    claimed = {one.signing_time for one in report.signatures}
    # the signed claim is in whole seconds
    same = moment is not None and moment.tzinfo is not None and claimed == {moment.replace(microsecond=0)}
    shown = ", ".join(sorted(one.isoformat() for one in claimed if one is not None))
    return check("evidence.exported-at", PASSED if same else FAILED, stated=stated, shown=shown)
