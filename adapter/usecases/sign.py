"""A composed document becomes a container: one signature over the XML, the printed form and every attachment."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import BinaryIO, Literal

import signing
from adapter.domain.outgoing import TravellingFile
from adapter.errors import Final, Retryable
from adapter.ports import Blobs, Clock, KeptBlob
from adapter.usecases.certificate_runway import refuse_short_runway
from adapter.usecases.convert import Composed
from adapter.usecases.sign_refusals import (
    SIGNED_AHEAD,
    STATUS_LATER,
    is_of_services,
    is_signed_ahead,
    refusal,
    refuse_unfit_key,
    refuse_unless_passed,
    told,
)
from adapter.usecases.silence import Silence
from adapter.usecases.verified_container import (
    ATTACHMENTS,
    DOCUMENT_NAME,
    RENDITION_NAME,
    Judged,
    Trust,
    judge,
)

_CHUNK = 256 * 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class Baseline:
    """What a signature is raised to before anybody sees it: with time-stamps of this authority."""

    level: Literal["B-T", "B-LT", "B-LTA"]
    time_stamps: signing.TimeStampAuthority


@dataclass(frozen=True, kw_only=True, slots=True)
class Queued:
    """A container for the queue; `pending` is the code of the trust service's silence, None when all is there."""

    kept: KeptBlob
    judged: Judged
    pending: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Sign:
    """Keys are asked for only when something is signed: `document_key` may prompt a person for a PIN.

    document_key    the head's key, or the registrar's for receipts and responses
    baseline        level and authority of time-stamps; None: level B-B
    office_key      the office's key for the detached signature over the travelling files; None: the office does not sign
    waits_for_stamp a document is queued although a trust service is silent, and gets its time-stamp before it leaves
    """

    blobs: Blobs
    document_key: Callable[[], signing.SigningKey]
    office_key: Callable[[], signing.SigningKey] | None
    policy: signing.SigningPolicy
    trust: Trust
    office_trust: Trust
    baseline: Baseline | None = None
    waits_for_stamp: bool = False
    silence: Silence = field(default_factory=Silence, repr=False, compare=False)

    def container(
        self, composed: Composed, *, at: datetime, deadline: datetime | None = None
    ) -> tuple[KeptBlob, Judged]:
        """Sign, keep, and judge what was kept with our own verifier: what we would not accept is never sent.

        Raises Final `sign.own-verification` with the sub-indication when our verifier does not end TOTAL-PASSED, Final and
        Retryable with the code of the signing error: a time-stamp that was not to be had now is Retryable, and so is a
        status (`sign.status-later`); DocumentRefused for a certificate that ends before `deadline`.
        """
        key = self.document_key()
        refuse_unfit_key(key, at=at)
        refuse_short_runway(signing.certificate_facts(key.certificate_chain[0]), now=at, deadline=deadline)
        kept = self.raised(
            lambda out, time_stamps: signing.sign_container(
                container_objects(composed), key, policy=self.policy, signing_time=at, out=out, time_stamps=time_stamps
            ),
            at=at,
        )
        judged = judge(kept, self.blobs, self.trust, at=at)
        if judged.validation.sub_indication is signing.SubIndication.TRY_LATER:
            later = refusal(STATUS_LATER, judged.validation)
            raise Retryable(later.code, params=later.params)
        refuse_unless_passed(judged, "sign.own-verification")
        return kept, judged

    def container_for_queue(
        self, composed: Composed, *, clock: Clock, at: datetime, deadline: datetime | None = None
    ) -> Queued:
        """As `container`; where only a trust service fails, at level B-B and "stamp pending", if the settings wait.

        That form is judged by all but what the failing ones would say. Raises as `container` does, and the failure where
        the settings do not wait.
        """
        silent = self.silence.lasts(clock.now()) if self.waits_for_stamp else None
        if silent is not None:
            return self._pending(composed, silent, at=at, deadline=deadline)
        begun = clock.running()
        try:
            kept, judged = self.container(composed, at=at, deadline=deadline)
            return Queued(kept=kept, judged=judged, pending=None)
        except (Retryable, Final) as error:
            if not self.waits_for_stamp or not is_of_services(error.code):
                raise
            self.silence.begins(error.code, now=clock.now(), took=clock.running() - begun)
            return self._pending(composed, error.code, at=at, deadline=deadline)

    def offered(self, kept: KeptBlob, *, at: datetime) -> Queued:
        """A container that was signed elsewhere, judged; pending where the status of a certificate is not to be had now, and
        everything else passes. The caller looks at the verdict.
        """
        judged = judge(kept, self.blobs, self.trust, at=at)
        if self.waits_for_stamp and judged.validation.sub_indication is signing.SubIndication.TRY_LATER:
            policy = replace(
                self.trust.policy, name=f"{self.trust.policy.name}#status-pending", revocation="not-checked"
            )
            without = judge(kept, self.blobs, replace(self.trust, policy=policy, fetcher=None), at=at)
            if without.validation.indication is signing.Indication.TOTAL_PASSED:
                return Queued(kept=kept, judged=without, pending=STATUS_LATER)
        return Queued(kept=kept, judged=judged, pending=None)

    def _pending(self, composed: Composed, code: str, *, at: datetime, deadline: datetime | None) -> Queued:
        kept, judged = self.without_services.container(composed, at=at, deadline=deadline)
        return Queued(kept=kept, judged=judged, pending=code)

    def raised_later(self, handed_over: KeptBlob, *, clock: Clock) -> KeptBlob:
        """A container that was kept "stamp pending", at the level of `baseline` and judged under the whole policy.

        Raises as `container` does, and Retryable `sign.signed-ahead`. Without a baseline nothing is added, and the verdict
        alone is asked for.
        """
        now = clock.now()
        bare = judge(handed_over, self.blobs, self.without_services.trust, at=now)
        if is_signed_ahead(bare.validation):
            raise Retryable(SIGNED_AHEAD)
        kept = handed_over if self.baseline is None else self._augmented(handed_over, self.baseline, at=now)
        judged = judge(kept, self.blobs, self.trust, at=clock.now())
        if judged.validation.sub_indication is signing.SubIndication.TRY_LATER:
            later = refusal(STATUS_LATER, judged.validation)
            raise Retryable(later.code, params=later.params)
        refuse_unless_passed(judged, "sign.own-verification")
        return kept

    @property
    def level(self) -> str:
        """What signatures are raised to."""
        return "B-B" if self.baseline is None else self.baseline.level

    @property
    def without_services(self) -> Sign:
        """The same, asking no trust service and judged without what one would say."""
        return replace(
            self, baseline=None, trust=_without_services(self.trust), office_trust=_without_services(self.office_trust)
        )

    def _augmented(self, lower: KeptBlob, baseline: Baseline, *, at: datetime) -> KeptBlob:
        try:
            with self.blobs.open(lower.sha256) as source, self.blobs.new() as higher:
                self._augment(source, higher.file, baseline, at=at)
                return higher.keep()
        except signing.SigningError as error:
            if error.code == "signing.level-reached":  # who signed it elsewhere has seen to it
                return lower
            raise told(error) from error

    def _augment(self, source: BinaryIO, out: BinaryIO, baseline: Baseline, *, at: datetime) -> None:
        signing.augment_container(
            source,
            out,
            level=baseline.level,
            time_stamps=baseline.time_stamps,
            anchors=self.trust.anchors,
            policy=self.trust.policy,
            at=at,
            fetcher=self.trust.fetcher,
        )

    def raised(
        self,
        write: Callable[[BinaryIO, signing.TimeStampAuthority | None], None],
        *,
        at: datetime,
        is_time_stamped: bool = True,
    ) -> KeptBlob:
        """What `write` signs, kept at the level of `baseline`; only the last form of it is kept.

        `is_time_stamped`: whether `write` uses the authority it is given, so that B-T is reached without a second pass.
        Raises Final and Retryable with the code of the signing error.
        """
        authority = None if self.baseline is None else self.baseline.time_stamps
        try:
            with self.blobs.new() as signed:
                write(signed.file, authority)
                if self.baseline is None or (is_time_stamped and self.baseline.level == "B-T"):
                    return signed.keep()
                signed.file.seek(0)
                with self.blobs.new() as higher:
                    self._augment(signed.file, higher.file, self.baseline, at=at)
                    return higher.keep()
        except signing.SigningError as error:
            raise told(error) from error

    def office_signature(self, files: Sequence[TravellingFile], *, at: datetime) -> bytes | None:
        """Detached CMS (DER) over the files' bytes joined in their order, verified by ourselves; None without a key.

        The order and the joining are assumed (docs/assumptions.md, second_sign.scope).
        """
        if self.office_key is None:
            return None
        return detached(
            lambda: joined(files, self.blobs),
            self.office_key(),
            policy=self.policy,
            trust=self.office_trust,
            at=at,
            code="sign.office-verification",
            baseline=self.baseline,
        )


def detached(
    content: Callable[[], Iterable[bytes]],
    key: signing.SigningKey,
    *,
    policy: signing.SigningPolicy,
    trust: Trust,
    at: datetime,
    code: str,
    baseline: Baseline | None = None,
) -> bytes:
    """Detached CMS (DER) over `content`, which is read twice: once to sign, once to judge what was signed.

    Raises Final `code` when our own verifier does not end TOTAL-PASSED, and Final with the code of a signing error.
    """
    authority = None if baseline is None else baseline.time_stamps
    try:
        signature = signing.sign_detached(content(), key, policy=policy, signing_time=at, time_stamps=authority)
        if baseline is not None and baseline.level != "B-T":
            signature = signing.augment_detached(
                signature,
                content(),
                level=baseline.level,
                time_stamps=baseline.time_stamps,
                anchors=trust.anchors,
                policy=trust.policy,
                at=at,
                fetcher=trust.fetcher,
            )
    except signing.SigningError as error:
        raise told(error) from error
    report = signing.verify_detached(
        signature,
        content(),
        policy=trust.policy,
        anchors=trust.anchors,
        at=at,
        data=trust.data,
        fetcher=trust.fetcher,
    )
    if report.sub_indication is signing.SubIndication.TRY_LATER:
        later = refusal(STATUS_LATER, report)
        raise Retryable(later.code, params=later.params)
    if report.indication is not signing.Indication.TOTAL_PASSED:
        raise refusal(code, report)
    return signature


def _without_services(trust: Trust) -> Trust:
    """All that can be judged with what is at hand."""
    policy = replace(
        trust.policy, name=f"{trust.policy.name}#stamp-pending", timestamp="not-required", revocation="not-checked"
    )
    return replace(trust, policy=policy, fetcher=None)


def container_objects(composed: Composed) -> list[signing.DataObject]:
    """What one signature covers, in the container's order: the XML, the printed form, every attachment."""
    return [
        signing.DataObject.of(DOCUMENT_NAME, "application/xml", composed.document.content),
        signing.DataObject.of(RENDITION_NAME, "application/pdf", composed.rendition.content),
        *(
            signing.DataObject(name=ATTACHMENTS + item.name, media_type=item.media_type, open=item.open)
            for item in composed.attachments
        ),
    ]


def joined(files: Sequence[TravellingFile], blobs: Blobs) -> Iterator[bytes]:
    """The bytes of the files one after the other, in chunks."""
    for file in files:
        with blobs.open(file.sha256) as source:
            while chunk := source.read(_CHUNK):
                yield chunk
