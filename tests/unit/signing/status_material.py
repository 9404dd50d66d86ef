"""A sandbox with status services, made once per run, and what evidence says on the certificates in it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache, cached_property

from signing import ETSI_BASELINE, Certificate, IssuedKey, SandboxPki, ValidationData, ValidationPolicy
from signing.revocation import StatusStatement, statements_on
from signing.sandbox_pki import StatusUrls
from signing.sandbox_services.crl import SandboxCrl
from signing.sandbox_services.ocsp import SandboxOcsp
from signing.sandbox_services.register import SandboxRegister
from signing.validation_report import Check
from tests.unit.signing.crafted_pki import BIN, IIN

NOT_BEFORE = datetime(2026, 1, 1, tzinfo=UTC)
NOT_AFTER = datetime(2030, 1, 1, tzinfo=UTC)
AT = datetime(2026, 11, 10, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
DELTA_URL = "http://crl.sandbox.invalid/ca-delta.crl"


@cache
def world() -> World:
    return World()


class World:
    """PKI, keys and honest services; everything is P-256, so that it is quick."""

    @cached_property
    def pki(self) -> SandboxPki:
        return SandboxPki.create(
            not_before=NOT_BEFORE, not_after=NOT_AFTER, key="ec-p256", urls=StatusUrls(delta_crl=DELTA_URL)
        )

    @cached_property
    def stranger(self) -> SandboxPki:
        """Another PKI with the same names."""
        return SandboxPki.create(not_before=NOT_BEFORE, not_after=NOT_AFTER, key="ec-p256")

    @cached_property
    def head(self) -> IssuedKey:
        return self.pki.issue("head", "ТЕСТОВ ТЕСТ", "Министерство испытаний", bin=BIN, iin=IIN, key="ec-p256")

    @cached_property
    def responder(self) -> IssuedKey:
        return self.pki.issue("ocsp-responder", "OCSP", "Sandbox", key="ec-p256")

    @cached_property
    def leaf(self) -> Certificate:
        return Certificate.from_der(self.head.certificate)

    @cached_property
    def issuer(self) -> Certificate:
        return Certificate.from_der(self.pki.intermediate)

    @cached_property
    def root(self) -> Certificate:
        return Certificate.from_der(self.pki.root)

    def ocsp(self, register: SandboxRegister | None = None, **form: object) -> SandboxOcsp:
        return SandboxOcsp(
            key=self.responder.signing_key(), register=register or SandboxRegister(), clock=lambda: AT
        ).wrong(**form)

    def answer(self, register: SandboxRegister | None = None, **form: object) -> bytes:
        """An answer on the head's certificate."""
        return self.ocsp(register, **form).status(self.head.certificate, self.pki.intermediate)

    def crl(self, register: SandboxRegister | None = None, **form: object) -> bytes:
        """A list of the intermediate authority, an hour old."""
        own = SandboxCrl(key=self.pki.issuing_key(), register=register or SandboxRegister())
        return own.wrong(**form).issue(AT - HOUR)

    def revoked(self, at: datetime = AT - 2 * HOUR, **more: object) -> SandboxRegister:
        register = SandboxRegister()
        register.revoke(self.head.certificate, at, **more)
        return register


@dataclass(frozen=True, kw_only=True)
class Said:
    statements: tuple[StatusStatement, ...]
    checks: tuple[Check, ...]

    @property
    def only(self) -> StatusStatement:
        """The one statement, when nothing was turned away."""
        assert self.checks == ()
        (statement,) = self.statements
        return statement


def said(
    *,
    ocsp: tuple[bytes, ...] = (),
    crls: tuple[bytes, ...] = (),
    certificate: Certificate | None = None,
    issuer: Certificate | None = None,
    candidates: tuple[Certificate, ...] = (),
    at: datetime = AT,
    policy: ValidationPolicy = ETSI_BASELINE,
    **changes: object,
) -> Said:
    """What this evidence says on the head's certificate."""
    here = world()
    statements, checks = statements_on(
        certificate or here.leaf,
        issuer or here.issuer,
        given=ValidationData(ocsp_responses=ocsp, crls=crls),
        candidates=candidates,
        anchors=here.pki.trust_anchors(),
        at=at,
        policy=replace(policy, **changes) if changes else policy,
    )
    return Said(statements=statements, checks=checks)
