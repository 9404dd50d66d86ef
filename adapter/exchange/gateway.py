"""One signed question to the gateway and its judged answer; what channel, file store and directory have in common.

Out: sign the envelope, verify what was signed, keep SHEP's size limit, POST.
Back: verify the signature over the bytes as received, read the one Body that was verified, decide by the table of
faults.

What a message of theirs is worth:

    signature                                                     verdict       counts
    confirmed                                                     VERIFIED      yes
    none                                                          UNVERIFIED    as the setting says
    over this Body, but its certificate cannot be judged to the
    end: revocation not asked, validity, no path; nobody pinned
    and only a name of a certificate                              UNVERIFIED    as the setting says
    wrong, or in a wrong place of the header                      FAILED        never
    of another than the pinned certificates, or not to be tried
    with any of them: unknown name, unknown algorithm             FAILED        never
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from lxml import etree

import schemas
import signing
from adapter.domain.receipt import MessageVerdict
from adapter.errors import Final, OutcomeUnknown, Retryable
from adapter.exchange import envelope
from adapter.exchange.config import ExchangeConfig
from adapter.exchange.encoding import repaired
from adapter.exchange.faults import Form, Reply, error_of, excerpt, retry_after, row_for
from adapter.exchange.markup import Markup
from adapter.http_client import HttpAnswer, HttpClient
from adapter.ports import Identifiers

_NO_CODES: tuple[str, ...] = ()
_NOBODY_REACHED = frozenset({"http.no-connection", "http.name-not-found", "http.tls-failed"})
_HEADERS = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": '""', "Accept": "text/xml, application/xml"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Judged:
    """What the signature of a message is worth, and the Body it is worth it for.

    body    None when the bytes are no envelope of the allowed shape
    reason  the id of the check that decided; empty for VERIFIED
    """

    verdict: MessageVerdict
    body: etree._Element | None
    reason: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Answered:
    """An accepted answer: its bytes, the verdict on their signature, what it says."""

    raw: bytes
    verdict: MessageVerdict
    answer: envelope.Answer


@dataclass(frozen=True, kw_only=True, slots=True)
class Gateway:
    """The gateway of SHEP for one participant.

    key                signs our envelopes
    validation_policy  for envelopes, theirs and (without revocation) our own; `anchors` likewise
    """

    config: ExchangeConfig
    http: HttpClient
    key: signing.SigningKey
    signing_policy: signing.SigningPolicy
    validation_policy: signing.ValidationPolicy
    anchors: signing.TrustAnchors
    identifiers: Identifiers

    def __post_init__(self) -> None:
        """Final `exchange.pinned-certificate` now, and not in the middle of judging a message."""
        for place, der in enumerate(self.config.gateway.certificates, start=1):
            try:
                signing.certificate_facts(der)
            except signing.SigningError as error:
                raise Final("exchange.pinned-certificate", params={"place": place, "cause": error.code}) from error

    def sign(self, message: bytes, *, at: datetime) -> bytes:
        """The message with our signature, verified as a stranger would: we send nothing that we would not accept.

        Whether our own certificate is revoked is not asked here; that is the readiness check's question.
        Raises Final with the code of the signing error, `exchange.own-signature`, `exchange.message-too-large`.
        """
        try:
            signed = signing.sign_envelope(
                message, self.key, policy=self.signing_policy, body_id=f"id-{self.identifiers.new()}"
            )
            validation = signing.verify_envelope(
                signed,
                policy=replace(self.validation_policy, revocation="not-checked"),
                anchors=self.anchors,
                at=at,
                pinned=self.key.certificate_chain[:1],
            )
        except signing.SigningError as error:
            raise Final(error.code, params=error.params) from error
        if validation.report.indication is not signing.Indication.TOTAL_PASSED:
            raise Final("exchange.own-signature", params={"reason": _reason(validation.report)})
        limit = self.config.files.max_message_bytes
        if len(signed) > limit:
            raise Final("exchange.message-too-large", params={"size": len(signed), "limit": limit})
        return signed

    def judge(self, raw: bytes, *, at: datetime) -> Judged:
        """The verdict on a message of theirs, by the table at the head of this module."""
        validation = signing.verify_envelope(
            raw,
            policy=self.validation_policy,
            anchors=self.anchors,
            at=at,
            pinned=self.config.gateway.certificates,
        )
        reason = _reason(validation.report)
        if validation.body is None:
            return Judged(verdict=MessageVerdict.UNVERIFIED, body=None, reason=reason)
        if not validation.is_signed:
            verdict = MessageVerdict.FAILED if _is_signed_elsewhere(validation.body) else MessageVerdict.UNVERIFIED
        elif validation.report.indication is signing.Indication.INDETERMINATE:
            is_pinned = bool(self.config.gateway.certificates)
            lacks_trust = all(_lacks_trust_alone(one, is_pinned=is_pinned) for one in validation.report.signatures)
            verdict = MessageVerdict.UNVERIFIED if lacks_trust else MessageVerdict.FAILED
        else:
            verdict = _DECIDED[validation.report.indication]
        return Judged(verdict=verdict, body=validation.body, reason=reason)

    def post(
        self, message: bytes, *, at: datetime, repeatable: bool = False, leave_within: timedelta | None = None
    ) -> Answered:
        """POST a signed message and judge the answer; raises by the table in faults.py when it was not accepted.

        What the network door raises because nobody was reached closes the channel: the cause is no document.
        """
        try:
            reached = self.http.post(
                self.config.endpoint, message, headers=_HEADERS, repeatable=repeatable, leave_within=leave_within
            )
        except Retryable as error:
            is_closed = error.code in _NOBODY_REACHED
            raise Retryable(error.code, params=error.params, channel_closed=is_closed) from error
        reply, answer = self._read(reached, at=at)
        row = row_for(reply, self.config.codes)
        made = error_of(replace(reply, codes=tuple(self.shown(code) for code in reply.codes)), row)
        if made is not None:
            raise made
        assert answer is not None  # the only row that accepts is one for answers
        return Answered(raw=reached.body, verdict=reply.verdict, answer=answer)

    def ask(self, *, service: str, data: Markup, at: datetime) -> envelope.Answer:
        """A question that is harmless to repeat, so an unknown outcome is Retryable here and never OutcomeUnknown.

        No readable answer is the channel's fault here too: the question names no document.
        """
        question = envelope.request(
            service=service,
            route="",
            account=self.config.account,
            message_id=str(self.identifiers.new()),
            at=at,
            data=data,
        )
        try:
            return self.post(self.sign(question, at=at), at=at, repeatable=True).answer
        except OutcomeUnknown as error:
            raise Retryable(error.code, params=error.params, channel_closed=True) from error

    def _read(self, reached: HttpAnswer, *, at: datetime) -> tuple[Reply, envelope.Answer | None]:
        judged = self.judge(reached.body, at=at)
        said = None if judged.body is None else envelope.read(judged.body)
        marks = self.config.gateway.unsigned_answer == "mark"
        is_trusted = judged.verdict is MessageVerdict.VERIFIED or (
            marks and judged.verdict is MessageVerdict.UNVERIFIED
        )
        wait = retry_after(reached.headers.get("retry-after"), at=at)
        form, codes, words = Form.NEITHER, _NO_CODES, ""
        if isinstance(said, envelope.Answer):
            form, codes, words = Form.ANSWER, (said.code,), said.words
        elif isinstance(said, envelope.Fault):
            form, codes, words = Form.FAULT, said.codes, " | ".join(said.words)
        else:
            words = excerpt(reached.body)
        reply = Reply(
            status=reached.status,
            form=form,
            raw=reached.body,
            codes=codes,
            words=self.shown(words),
            verdict=judged.verdict,
            is_trusted=is_trusted,
            reason=judged.reason,
            retry_after=wait,
        )
        return reply, said if isinstance(said, envelope.Answer) else None

    def shown(self, words: str) -> str:
        """Words for a person: readable, and without our passwords, which a careless answer may repeat."""
        shown = repaired(words) if self.config.notices.encoding_repair == "display_only" else words
        for account in (self.config.account, self.config.file_store, self.config.directory.account):
            password = account.password.reveal()
            shown = shown.replace(password, "***") if password else shown
        return shown


_DECIDED = {
    signing.Indication.TOTAL_PASSED: MessageVerdict.VERIFIED,
    signing.Indication.TOTAL_FAILED: MessageVerdict.FAILED,
}
_SIGNATURE = "{http://www.w3.org/2000/09/xmldsig#}Signature"
_OVER_THIS_BODY = frozenset({"xmldsig.signature-value", "xmldsig.digests"})


def _lacks_trust_alone(signature: signing.SignatureReport, *, is_pinned: bool) -> bool:
    """Whether all that can be tried with a signature was tried and holds, so that only its certificate is in doubt.

    A certificate that is merely named leaves nothing to try where nobody is pinned. Where somebody is, an unknown name is
    another than the pinned: a forger would otherwise only have to leave the certificate out.
    """
    conclusions = {check.id: check.conclusion for check in signature.checks}
    passed = {id_ for id_, conclusion in conclusions.items() if conclusion is signing.Conclusion.PASSED}
    is_nameless = conclusions.get("wss.key-info") is signing.Conclusion.INDETERMINATE
    return passed >= _OVER_THIS_BODY or (is_nameless and not is_pinned)


def _is_signed_elsewhere(body: etree._Element) -> bool:
    """Whether the header holds a signature that is none by its place: nobody leaves out a signature in that way."""
    return any(next(part.iter(_SIGNATURE), None) is not None for part in body.itersiblings("*", preceding=True))


def _reason(report: signing.ValidationReport) -> str:
    """The id of the first check that did not pass; empty when all did."""
    checks = (*report.checks, *(check for one in report.signatures for check in one.checks))
    bad = {signing.Conclusion.FAILED, signing.Conclusion.INDETERMINATE}
    return next((check.id for check in checks if check.conclusion in bad), "")


def refusal_of(raw: bytes) -> str:
    """Why bytes are not taken as XML (`xml.*`); empty when they are."""
    try:
        schemas.parse_untrusted(raw, schemas.ENVELOPE_LIMITS)
    except schemas.XmlRefused as error:
        return error.code
    return ""
