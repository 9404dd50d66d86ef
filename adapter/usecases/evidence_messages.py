"""Raw answers and notices of the exchange in an evidence folder: who signed them, and what they say.

A certificate of an information system under the anchors is not yet the exchange's: every body has one. So two things are
asked of the speaker besides the signature:

    1 no party    who sent the document, was sent it or exported the folder does not answer itself in the exchange's place
    2 pinned      where the auditor has named certificates of the exchange, it is one of those; where not, the verdict
                  says that nobody asked
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import signing
from adapter.domain.incoming import IncomingNotice, Interpreted
from adapter.domain.receipt import ReceiptKind
from adapter.usecases.evidence_form import is_certificate
from adapter.usecases.evidence_seal import Party, is_named, signers_of
from adapter.usecases.evidence_statements import Answer
from adapter.usecases.verdict import FAILED, PASSED, check
from adapter.usecases.verified_container import Trust


@dataclass(frozen=True, kw_only=True, slots=True)
class Read:
    """One answer of the folder: what the statements are laid beside, and its line of the history."""

    answer: Answer | None
    event: Mapping[str, Any] | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Envelopes:
    """How a message is judged and read."""

    trust: Trust
    interpret: Callable[[bytes], Interpreted]
    at: datetime

    def judged(self, content: bytes, pinned: Sequence[bytes]) -> signing.EnvelopeValidation:
        """Raises Malformed for a pinned certificate that is none."""
        trust = self.trust
        return signing.verify_envelope(
            content,
            policy=trust.policy,
            anchors=trust.anchors,
            at=self.at,
            pinned=pinned,
            data=trust.data,
            fetcher=trust.fetcher,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Speakers:
    """Who may speak for the exchange, and who may not.

    exchange            DER of the certificates that the auditor named; empty: not pinned
    parties             the bodies that the signed document names
    document, seal      who signed the document and the folder
    """

    exchange: tuple[bytes, ...]
    parties: Mapping[str, Sequence[Party]]
    document: signing.ValidationReport
    seal: Sequence[signing.CertificateFacts]

    def is_party(self, signer: signing.CertificateFacts) -> bool:
        """By its number; a certificate without one by the name of its organisation."""
        signers = [*signers_of(self.document), *self.seal]
        parties = [one for each in self.parties.values() for one in each]
        if signer.bin is not None:
            return signer.bin in {*(one.bin for one in signers), *(one.bin for one in parties)}
        names = [*(one.organization for one in signers), *(name for one in parties for name in one.names)]
        return is_named(signer, [name for name in names if name is not None])


def judge_messages(
    contents: Mapping[str, bytes],
    document: object,
    envelopes: Envelopes,
    speakers: Speakers,
    checks: list[Mapping[str, Any]],
) -> list[Read]:
    """Judge and read everything under messages/; what is found is added to `checks`."""
    read: list[Read] = []
    # Certificates of the folder only help to find a path: every signer still needs one to the anchors of the command.
    named = tuple(
        contents[name]
        for name in sorted(contents)
        if name.startswith("certificates/") and is_certificate(contents[name])
    )
    unpinned = 0
    for name in sorted(contents):
        if not name.startswith("messages/"):
            continue
        content = contents[name]
        judged = envelopes.judged(content, speakers.exchange or named)
        # An unsigned answer is kept as it came and proves nothing; it does not speak against the document either.
        indication = judged.report.indication.value if judged.is_signed else "NOT-SIGNED"
        said = envelopes.interpret(content)
        if indication == "NOT-SIGNED" and isinstance(said, IncomingNotice):
            indication = FAILED  # a node keeps no unsigned notice as proof, so somebody else put it here
        checks.append(check("evidence.message-signature", indication, name=name))
        if judged.is_signed:
            spoken = _speaker(name, judged.report, speakers)
            checks += spoken
            if any(one["conclusion"] == "FAILED" for one in spoken):
                indication = FAILED
            unpinned += not speakers.exchange
        if isinstance(said, IncomingNotice):
            about = said.notice.document_id
            checks.append(
                check("evidence.message-subject", PASSED if about == document else FAILED, name=name, document=about)
            )
        read.append(_read(name, said, indication))
    if unpinned:
        checks.append(check("evidence.exchange-not-pinned", "NOT_PERFORMED", count=str(unpinned)))
    return read


def _speaker(name: str, report: signing.ValidationReport, speakers: Speakers) -> list[Mapping[str, Any]]:
    """Nothing where nobody is pinned and no party speaks: evidence.exchange-not-pinned says so once for all."""
    signers = signers_of(report)
    found = ", ".join(one.bin or one.organization or one.subject for one in signers)
    if any(speakers.is_party(one) for one in signers):
        return [check("evidence.message-speaker", FAILED, name=name, found=found, reason="a party")]
    if not speakers.exchange:
        return []
    pins = [one for signature in report.signatures for one in signature.checks if one.id == "wss.pinned"]
    if any(one.conclusion is signing.Conclusion.FAILED for one in pins):
        return [check("evidence.message-speaker", FAILED, name=name, found=found, reason="not among --exchange")]
    if pins and report.indication is signing.Indication.TOTAL_PASSED:
        return [check("evidence.message-speaker", PASSED, name=name, found=found, reason="")]
    return []


def _read(name: str, said: Interpreted, indication: str) -> Read:
    if not isinstance(said, IncomingNotice):
        answer = Answer(name=name, kind=ReceiptKind.GATEWAY_ANSWER, says=None, verdict=indication)
        return Read(answer=answer, event=None)
    notice = said.notice
    answer = Answer(
        name=name,
        kind=ReceiptKind.NOTICE,
        says=notice.kind.value,
        verdict=indication,
        number=notice.registration_number,
        reason=notice.reason.value if notice.reason is not None else None,
        reason_text=notice.reason_text,
    )
    event = {
        "at": notice.said_at.isoformat() if notice.said_at else "",
        "what": notice.kind.value,
        "who": notice.speaker,
        "number": notice.registration_number,
        "verdict": indication,
    }
    return Read(answer=answer, event=event)
