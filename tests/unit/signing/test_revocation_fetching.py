"""Status is asked for where a certificate says, and gathered for a whole path."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count

import pytest

from signing import ETSI_BASELINE, Certificate, FetchRequest, SigningError, ValidationData
from signing.revocation import CHECKS, fetch_status, gather, judge_status
from signing.revocation.fetching import OCSP_REQUEST
from signing.sandbox_pki import SandboxPki, StatusUrls
from signing.sandbox_services.ocsp import SandboxOcsp
from signing.sandbox_services.services import SandboxServices
from signing.validation_report import Conclusion
from tests.unit.signing import test_revocation_crl, test_revocation_ocsp
from tests.unit.signing.status_material import AT, DELTA_URL, HOUR, NOT_AFTER, NOT_BEFORE, said, world
from tests.unit.signing.test_revocation_ocsp import DIGITAL_SIGNATURE, OCSP_SIGNING, responder

OCSP_URL, CRL_URL, ROOT_URL = StatusUrls().ocsp, StatusUrls().crl, StatusUrls().root_crl
NONCE = b"0123456789abcdef"


@pytest.fixture
def services() -> SandboxServices:
    return SandboxServices.of(world().pki, lambda: AT, responder=world().responder)


def asked(services: SandboxServices) -> list[str]:
    return [request.url for request in services.asked]


def fetched(services: SandboxServices, nonce: bytes | None = NONCE) -> tuple[ValidationData, list[str]]:
    data, checks = fetch_status(world().leaf, world().issuer, services, nonce=nonce)
    return data, [f"{check.id} {check.params.get('reason', check.params.get('kind'))}" for check in checks]


# --- one certificate -------------------------------------------------------------------------------------------------
def test_the_responder_is_asked_first_and_alone(services: SandboxServices):
    data, checks = fetched(services)
    assert (len(data.ocsp_responses), data.crls, checks) == (1, (), ["revocation.fetched ocsp"])
    (request,) = services.asked
    assert (request.kind, request.url, request.content_type) == ("ocsp", OCSP_URL, OCSP_REQUEST)
    assert said(ocsp=data.ocsp_responses).only.status == "good"


@pytest.mark.parametrize("status", ["good", "unknown", "never issued"])
def test_a_list_is_not_asked_for_after_an_answer(services: SandboxServices, status: str):
    services.ocsp = services.ocsp.wrong(status=status)
    assert fetched(services)[0].crls == ()
    assert asked(services) == [OCSP_URL]


def test_the_list_and_its_delta_are_asked_for_when_the_responder_is_silent(services: SandboxServices):
    services.down.add(OCSP_URL)
    data, checks = fetched(services)
    assert asked(services) == [OCSP_URL, CRL_URL, DELTA_URL]
    assert checks == ["revocation.fetched down", "revocation.fetched crl", "revocation.fetched crl"]
    assert {each.kind for each in said(crls=data.crls).statements} == {"crl", "delta-crl"}


NO_ANSWER = [
    ("R07 tryLater", {"response_status": 3}, "revocation.ocsp-status tryLater"),
    ("R07 unauthorized", {"response_status": 6}, "revocation.ocsp-status unauthorized"),
    ("R08 another serial number", {"serial": 5}, "revocation.certificate-id another certificate"),
    ("R08 another issuer", {"key_hash": b"\1" * 32}, "revocation.certificate-id another issuer"),
    ("R10 no nonce", {"nonce": "none"}, "revocation.nonce absent"),
    ("R10 another nonce", {"nonce": b"another"}, "revocation.nonce another"),
    ("no DER", {"after": b"\0"}, "revocation.evidence-format asn1.trailing-bytes"),
]


@pytest.mark.parametrize(("form", "expected"), [row[1:] for row in NO_ANSWER], ids=[row[0] for row in NO_ANSWER])
def test_an_answer_that_is_none_leaves_it_to_the_list(
    services: SandboxServices, form: dict[str, object], expected: str
):
    services.ocsp = services.ocsp.wrong(**form)
    data, checks = fetched(services)
    assert (data.ocsp_responses, len(data.crls)) == ((), 2)
    assert checks[0] == expected


def test_R10_without_a_nonce_of_ours_none_is_expected(services: SandboxServices):
    services.ocsp = services.ocsp.wrong(nonce="none")
    assert fetched(services, nonce=None)[1] == ["revocation.fetched ocsp"]


def test_nothing_obtained_is_said_place_by_place(services: SandboxServices):
    services.down |= {OCSP_URL, CRL_URL}
    data, checks = fetched(services)
    assert (data.crls, data.ocsp_responses) == ((), ())
    assert checks == ["revocation.fetched down", "revocation.fetched down"]


def test_a_certificate_that_names_no_place_is_not_asked_about():
    key = world().stranger.issue("head", "B", "O", key="ec-p256")
    services = SandboxServices.of(world().stranger, lambda: AT)
    issuer = Certificate.from_der(world().stranger.intermediate)
    data, (check,) = fetch_status(Certificate.from_der(key.certificate), issuer, services)
    assert (data, check.params["reason"], services.asked) == (ValidationData(), "the certificate names no place", [])


def test_a_place_outside_the_web_is_not_asked():
    urls = StatusUrls(ocsp="ldap://x.invalid/", crl="file:///etc/passwd")
    pki = SandboxPki.create(not_before=NOT_BEFORE, not_after=NOT_AFTER, keys_of=world().pki, urls=urls)
    key = pki.issue("head", "B", "O", key_of=world().head)
    services = SandboxServices.of(pki, lambda: AT)
    _, (check,) = fetch_status(Certificate.from_der(key.certificate), Certificate.from_der(pki.intermediate), services)
    assert (check.conclusion, services.asked) == (Conclusion.INDETERMINATE, [])


def test_an_answer_over_the_limit_is_not_read(services: SandboxServices):
    class Flood:
        def fetch(self, request: FetchRequest, limit: int) -> bytes:
            return b"\x30" * (limit + 1 if request.kind == "ocsp" else 10)

    _, checks = fetch_status(world().leaf, world().issuer, Flood())
    assert [each.params["reason"] for each in checks][:1] == ["too long"]


# --- a path ----------------------------------------------------------------------------------------------------------
def nonces() -> Iterator[bytes]:
    return (f"nonce {number}".encode() for number in count())


def path() -> tuple[Certificate, ...]:
    return world().leaf, world().issuer, world().root


def gathered(services: SandboxServices | None, **more: object) -> ValidationData:
    arguments = {"anchors": world().pki.trust_anchors(), "at": AT, "policy": ETSI_BASELINE, "fetcher": services, **more}
    return gather(path(), **arguments)


def test_a_path_is_judged_from_what_was_gathered_alone(services: SandboxServices):
    data = gathered(services, nonces=nonces())
    assert (len(data.ocsp_responses), len(data.crls)) == (1, 1)  # the signer by OCSP, the authority by the root's list
    assert set(data.certificates) == {
        world().head.certificate,
        world().pki.intermediate,
        world().responder.certificate,
    }
    for certificate, issuer in ((path()[0], path()[1]), (path()[1], path()[2])):
        result = said(ocsp=data.ocsp_responses, crls=data.crls, certificate=certificate, issuer=issuer)
        check, _ = judge_status(result.statements, certificate, at=AT, policy=ETSI_BASELINE)
        assert check.conclusion is Conclusion.PASSED
    questions = [request.body for request in services.asked if request.kind == "ocsp"]
    assert b"nonce 0" in questions[0]
    assert gathered(None, given=data) == data


def test_what_is_given_and_good_is_not_fetched_again(services: SandboxServices):
    first = gathered(services)
    services.asked.clear()
    assert gathered(services, given=first) == first
    assert services.asked == []


def test_the_status_of_a_responder_without_nocheck_comes_along(services: SandboxServices):
    signing_key = responder(world(), OCSP_SIGNING, DIGITAL_SIGNATURE)
    services.ocsp = SandboxOcsp(key=signing_key, register=services.register, clock=lambda: AT)
    listed = world().crl()
    strict = replace(ETSI_BASELINE, accept_responder_without_nocheck=False)
    answer = services.ocsp.status(world().head.certificate, world().pki.intermediate)
    data = gathered(services, given=ValidationData(ocsp_responses=(answer,), crls=(listed,)), policy=strict)
    assert data.ocsp_responses == (answer,)
    assert listed in data.crls


def test_a_delta_is_gathered_with_its_base(services: SandboxServices):
    services.down.add(OCSP_URL)
    ended = services.crl.issue(AT - 48 * HOUR)
    delta = services.delta_crl.issue(AT - HOUR)
    services.down.add(CRL_URL)
    data = gathered(services, given=ValidationData(crls=(ended, delta)))
    assert data.crls[:2] == (ended, delta)


REFUSED = [
    (
        "R01 the signer is revoked",
        lambda s: s.register.revoke(world().head.certificate, AT - HOUR),
        "signing.certificate-revoked",
    ),
    (
        "R01 the authority is revoked",
        lambda s: s.register.revoke(world().pki.intermediate, AT - HOUR),
        "signing.certificate-revoked",
    ),
    ("R07 nothing answers", lambda s: s.down.update({OCSP_URL, CRL_URL}), "signing.status-unavailable"),
    ("nothing on the authority", lambda s: s.down.add(ROOT_URL), "signing.status-unavailable"),
    (
        "R09 an answer that may not speak",
        lambda s: setattr(s, "ocsp", s.ocsp.wrong(broken_value=True)),
        "signing.status-unavailable",
    ),
]


@pytest.mark.parametrize(("spoil", "code"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_nothing_is_gathered_for_a_path_that_is_not_good(
    services: SandboxServices, spoil: Callable[[SandboxServices], object], code: str
):
    spoil(services)
    with pytest.raises(SigningError) as caught:
        gathered(services)
    assert caught.value.code == code
    assert "SANDBOX" in caught.value.params["certificate"]


def test_without_a_fetcher_what_is_missing_is_named():
    with pytest.raises(SigningError, match=r"signing\.status-unavailable") as caught:
        gathered(None)
    assert caught.value.params["reason"] == "absent"


# --- counting --------------------------------------------------------------------------------------------------------
def test_every_check_has_a_case_that_fails_it_alone():
    broken = {row[1] for module in (test_revocation_ocsp, test_revocation_crl) for row in module.CASES}
    broken |= {"revocation.lifetime", "revocation.crl-issuer"}  # cases with a certificate or an issuer of their own
    broken |= {row[2].split()[0] for row in NO_ANSWER} | {"revocation.fetched", "revocation.status"}
    assert broken == CHECKS
