"""Signatures of the gateway, right and wrong, and its judgement of others'."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from lxml import etree

from adapter.errors import Final
from adapter.sandbox.participants import Participant
from adapter.sandbox.reading import Refused
from adapter.sandbox.world import World
from adapter.sandbox.writing import element, text_element
from signing import Certificate, Indication, SigningKey, sign_envelope, verify_envelope

_KEY_INFO = re.compile(rb"<ds:KeyInfo>.*?</ds:KeyInfo>", re.DOTALL)
_BODY_END = re.compile(rb"</(?:[A-Za-z-]+:)?Body>")


class Seal(StrEnum):
    """How a message of the gateway is signed."""

    RIGHT = "right"
    NONE = "none"
    BROKEN = "broken"
    STRANGER = "stranger"


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """Judgement of a participant's signature; `root` is the tree of the verified bytes when it passed."""

    passed: bool
    why: str
    root: etree._Element | None


class Signatures:
    """Seals what leaves and judges what comes."""

    def __init__(self, world: World) -> None:
        self._settings = world.settings
        self._clock = world.clock
        self._new_id = world.new_id

    def sealed(self, envelope: bytes, seal: Seal, *, is_answer: bool) -> bytes:
        """The envelope with its signature. Final `sandbox.no-stranger-key` when the settings have no such key."""
        if seal is Seal.NONE:
            return envelope
        key = self._settings.gateway_key
        if seal is Seal.STRANGER:
            if self._settings.stranger_key is None:
                raise Final("sandbox.no-stranger-key")
            key = self._settings.stranger_key
        body_id = f"id-{self._new_id()}"
        signed = sign_envelope(envelope, key, policy=self._settings.signing_policy, body_id=body_id)
        if is_answer and self._settings.answer_key_hint == "issuer-serial":
            signed = _with_issuer_and_serial(signed, key)
        if seal is Seal.BROKEN:
            # A comment is invisible to most readers of the message and no part of exc-c14n; a blank is not.
            end = list(_BODY_END.finditer(signed))[-1].start()
            signed = signed[:end] + b" " + signed[end:]
        return signed

    def judge(self, raw: bytes, participant: Participant | None) -> Verdict:
        """A participant's signature: valid under the trust, by one of its own certificates if it named any."""
        pinned = () if participant is None else participant.certificates
        validation = verify_envelope(
            raw,
            policy=self._settings.envelope_policy,
            anchors=self._settings.trust,
            at=self._clock.now(),
            pinned=pinned,
        )
        report = validation.report
        if not validation.is_signed:
            return Verdict(passed=False, why="not signed", root=None)
        if report.indication is not Indication.TOTAL_PASSED:
            reason = report.sub_indication.value if report.sub_indication else ""
            return Verdict(passed=False, why=f"{report.indication.value} {reason}".strip(), root=None)
        return Verdict(passed=True, why=report.indication.value, root=validation.root)


def require(verdict: Verdict) -> etree._Element:
    """The verified tree; Refused SBX-UNSIGNED or SBX-SIGNATURE."""
    if verdict.root is None or not verdict.passed:
        code = "SBX-UNSIGNED" if verdict.why == "not signed" else "SBX-SIGNATURE"
        raise Refused(code, f"envelope signature: {verdict.why}")
    return verdict.root


def _with_issuer_and_serial(signed: bytes, key: SigningKey) -> bytes:
    """KeyInfo as real answers carry it: only issuer and serial number, the certificate is known beforehand.

    Reference, 2.7. KeyInfo is no part of what is signed, so it can be replaced.
    """
    certificate = Certificate.from_der(key.certificate_chain[0])
    named = element(
        "ds:X509IssuerSerial",
        text_element("ds:X509IssuerName", certificate.issuer.shown()),
        text_element("ds:X509SerialNumber", certificate.serial),
    )
    hint = element("ds:KeyInfo", element("ds:X509Data", named)).encode()
    return _KEY_INFO.sub(lambda _: hint, signed, count=1)
