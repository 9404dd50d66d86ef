"""One signed question and its judged answer."""

from __future__ import annotations

import traceback
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

import schemas
import signing
from adapter.domain.receipt import MessageVerdict
from adapter.errors import ElshiError, Final, OutcomeUnknown, Retryable
from adapter.exchange import envelope
from adapter.exchange.config import GatewayConfig, NoticesConfig
from adapter.exchange.markup import Markup, element
from tests.unit.exchange import kit

MARK = GatewayConfig(certificates=(kit.keys().gateway.certificate,))
REJECT = replace(MARK, unsigned_answer="reject")
NOBODY_PINNED = GatewayConfig()


def post(answer: Any, gateway: GatewayConfig = MARK, **changes: Any) -> Any:
    reached = answer if not isinstance(answer, bytes) else kit.http(answer)
    return kit.gateway(kit.CannedHttp([reached]), kit.config(gateway=gateway, **changes)).post(b"x", at=kit.AT)


def test_an_accepted_answer_carries_its_bytes_and_the_verdict_on_them() -> None:
    raw = kit.signed(kit.answer())
    answered = post(raw)
    assert (answered.raw, answered.verdict, answered.answer.code) == (raw, MessageVerdict.VERIFIED, "SCSS001")


def test_a_verified_answer_is_accepted_where_others_are_rejected() -> None:
    assert post(kit.signed(kit.answer()), REJECT).verdict is MessageVerdict.VERIFIED


def test_an_unsigned_answer_is_used_and_marked_or_leaves_the_outcome_unknown() -> None:
    assert post(kit.answer()).verdict is MessageVerdict.UNVERIFIED
    with pytest.raises(OutcomeUnknown) as caught:
        post(kit.answer(), REJECT)
    assert (caught.value.code, caught.value.answer) == ("exchange.answer-unverified", kit.answer())


def test_without_pinned_certificates_a_strangers_authority_is_unverified() -> None:
    other = signing.SandboxPki.create(
        not_before=kit.keys().pki.not_before, not_after=kit.keys().pki.not_after, name="Other", keys_of=kit.keys().pki
    )
    stranger = other.issue("gateway", "g", "o", key="ec-p256")
    anchors = kit.gateway(None).anchors
    assert stranger.chain[0] not in anchors.intermediates
    assert post(kit.signed(kit.answer(), stranger), NOBODY_PINNED).verdict is not MessageVerdict.VERIFIED


def test_an_answer_signed_by_another_than_the_pinned_one_leaves_the_outcome_unknown() -> None:
    with pytest.raises(OutcomeUnknown) as caught:
        post(kit.signed(kit.answer(), kit.keys().stranger))
    assert caught.value.code == "exchange.answer-signature"


@pytest.mark.parametrize(
    "change", [(b"SCSS001", b"SCSS002"), (b"successfully", b"successfully "), (b"<messageId>e4f0", b"<messageId>e4f1")]
)
def test_an_answer_changed_after_signing_leaves_the_outcome_unknown(change: tuple[bytes, bytes]) -> None:
    raw = kit.signed(kit.answer()).replace(*change)
    with pytest.raises(OutcomeUnknown) as caught:
        post(raw)
    assert (caught.value.code, caught.value.answer) == ("exchange.answer-signature", raw)


@pytest.mark.parametrize("how", [MARK, REJECT], ids=["mark", "reject"])
@pytest.mark.parametrize("forged", kit.forgeries(kit.answer()))
def test_a_forged_answer_never_counts_whatever_the_setting_says(forged: str, how: GatewayConfig) -> None:
    """A forger must not be better off than somebody who does not sign at all."""
    raw, check = kit.forgeries(kit.answer())[forged]
    with pytest.raises(OutcomeUnknown) as caught:
        post(raw, how)
    found = (caught.value.code, caught.value.params["reason"], caught.value.answer)
    assert found == ("exchange.answer-signature", check, raw)


def test_an_answer_that_names_the_pinned_certificate_is_verified() -> None:
    raw = kit.naming(kit.keys().gateway.certificate, kit.signed(kit.answer()))
    assert post(raw).verdict is MessageVerdict.VERIFIED


ONLY_THE_CERTIFICATE_IS_IN_DOUBT: dict[str, tuple[GatewayConfig, dict[str, Any]]] = {
    "nobody pinned, and the certificate only named": (NOBODY_PINNED, {"is_named": True}),
    "pinned, and revocation is wanted, which nobody asks": (MARK, {"revocation": "required"}),
}


@pytest.mark.parametrize("case", ONLY_THE_CERTIFICATE_IS_IN_DOUBT)
def test_where_only_trust_is_missing_the_setting_decides(case: str) -> None:
    how, more = ONLY_THE_CERTIFICATE_IS_IN_DOUBT[case]
    raw = kit.signed(kit.answer())
    raw = kit.naming(kit.keys().gateway.certificate, raw) if "is_named" in more else raw

    def asked(how: GatewayConfig) -> Any:
        http = kit.CannedHttp([kit.http(raw)])
        policy = replace(signing.SANDBOX_ENVELOPE, revocation=more.get("revocation", "not-checked"))
        return kit.gateway(http, kit.config(gateway=how), validation_policy=policy).post(b"x", at=kit.AT)

    assert asked(how).verdict is MessageVerdict.UNVERIFIED
    with pytest.raises(OutcomeUnknown) as caught:
        asked(replace(how, unsigned_answer="reject"))
    assert caught.value.code == "exchange.answer-unverified"


@pytest.mark.parametrize("forged", ["altered body", "altered value", "algorithm nobody has", "not over this body"])
def test_where_nobody_is_pinned_a_wrong_signature_does_not_count_either(forged: str) -> None:
    raw, check = kit.forgeries(kit.answer())[forged]
    with pytest.raises(OutcomeUnknown) as caught:
        post(raw, NOBODY_PINNED)
    assert (caught.value.code, caught.value.params["reason"]) == ("exchange.answer-signature", check)


def test_a_fault_is_judged_like_an_answer() -> None:
    with pytest.raises(Final) as caught:
        post(kit.http(kit.signed(kit.fault("VAL-R-004")), 500))
    assert (caught.value.code, caught.value.params["code"]) == ("exchange.refused", "VAL-R-004")
    with pytest.raises(OutcomeUnknown):
        post(kit.http(kit.signed(kit.fault("VAL-R-004"), kit.keys().stranger), 500))


@pytest.mark.parametrize(
    ("body", "status", "error", "code"),
    [
        (b"<html><body>Bad Gateway</body></html>", 502, Retryable, "exchange.unavailable"),
        (b"<html>hello</html>", 200, OutcomeUnknown, "exchange.answer-unreadable"),
        (b"", 200, OutcomeUnknown, "exchange.answer-unreadable"),
        (b"\x00\xff", 200, OutcomeUnknown, "exchange.answer-unreadable"),
        (b"<!DOCTYPE a><a/>", 200, OutcomeUnknown, "exchange.answer-unreadable"),
        (kit.soap("<a/>"), 200, OutcomeUnknown, "exchange.answer-unreadable"),
        (kit.answer(code=""), 200, OutcomeUnknown, "exchange.answer-unreadable"),
        (kit.answer()[:-9], 200, OutcomeUnknown, "exchange.answer-unreadable"),
        (
            kit.answer().replace(b"</soap:Envelope>", b"<soap:Body/></soap:Envelope>"),
            200,
            OutcomeUnknown,
            "exchange.answer-unreadable",
        ),
        (kit.push("<data/>"), 200, OutcomeUnknown, "exchange.answer-unreadable"),
        (kit.fault("X"), 200, Final, "exchange.not-understood"),
        (kit.answer(code="SCSE777"), 200, Final, "exchange.not-understood"),
        (b"no", 403, Retryable, "exchange.channel-closed"),
    ],
)
def test_whatever_comes_has_a_row(body: bytes, status: int, error: type[ElshiError], code: str) -> None:
    with pytest.raises(error) as caught:
        post(kit.http(body, status))
    assert caught.value.code == code


def test_retry_after_is_passed_on() -> None:
    with pytest.raises(Retryable) as caught:
        post(kit.http(b"later", 503, retry_after="17"))
    assert caught.value.retry_after == timedelta(seconds=17)


def test_what_went_wrong_below_http_passes_as_it_is() -> None:
    unknown = OutcomeUnknown("http.no-answer", answer=b"half")
    with pytest.raises(OutcomeUnknown) as caught:
        post(unknown)
    assert caught.value is unknown


@pytest.mark.parametrize(
    ("code", "is_closed"),
    [
        ("http.no-connection", True),
        ("http.name-not-found", True),
        ("http.tls-failed", True),
        ("http.left-too-late", False),
    ],
)
def test_nobody_reached_closes_the_channel_and_a_pause_of_our_own_does_not(code: str, is_closed: bool) -> None:
    with pytest.raises(Retryable) as caught:
        post(Retryable(code, params={"host": "gw"}))
    assert (caught.value.code, caught.value.params, caught.value.channel_closed) == (code, {"host": "gw"}, is_closed)


def test_words_are_shown_readable_and_without_our_passwords() -> None:
    mangled = f"Пароль {kit.CHANNEL_SECRET} неверен".encode().decode("latin-1")
    with pytest.raises(Final) as caught:
        post(kit.answer("SCSE1", mangled))
    assert caught.value.params["text"] == "Пароль *** неверен"
    with pytest.raises(Final) as caught:
        post(kit.answer("SCSE1", "Ð\x9f"), notices=NoticesConfig(encoding_repair="off"))
    assert caught.value.params["text"] == "Ð\x9f"


# --- signing ---------------------------------------------------------------------------------------------------------
def question(data: Markup | None = None) -> bytes:
    settings = kit.config()
    return envelope.request(
        service="S", route="", account=settings.account, message_id="m", at=kit.AT, data=data or element("data", "x")
    )


def test_what_leaves_is_signed_over_its_body_and_otherwise_unchanged() -> None:
    signed = kit.gateway(None).sign(question(), at=kit.AT)
    validation = signing.verify_envelope(
        signed,
        policy=signing.SANDBOX_ENVELOPE,
        anchors=kit.keys().pki.trust_anchors(),
        at=kit.AT,
        pinned=(kit.keys().ours.certificate,),
    )
    assert validation.report.indication is signing.Indication.TOTAL_PASSED
    inside = question().split(b"<soap:Body>")[1]
    assert signed.endswith(inside)
    assert b"<ds:Signature" in signed
    assert schemas.validate(signed, "shep/v10/envelope") == ()


def test_nothing_leaves_that_we_would_not_accept_ourselves() -> None:
    wrong_key = kit.gateway(None, validation_policy=replace(signing.SANDBOX_ENVELOPE, required_roles=("1.2.3.4",)))
    with pytest.raises(Final) as caught:
        wrong_key.sign(question(), at=kit.AT)
    assert caught.value.code == "exchange.own-signature"
    with pytest.raises(Final) as caught:
        kit.gateway(None).sign(question(), at=kit.keys().pki.not_after + timedelta(days=1))
    assert caught.value.code == "exchange.own-signature"


def test_a_key_that_cannot_sign_is_final_under_its_own_code() -> None:
    class Broken:
        certificate_chain = kit.keys().ours.signing_key().certificate_chain
        algorithm = kit.keys().ours.signing_key().algorithm

        def sign(self, message: bytes) -> bytes:
            raise signing.SigningError("signing.key-unusable", reason="token absent")

    with pytest.raises(Final) as caught:
        kit.gateway(None, key=Broken()).sign(question(), at=kit.AT)
    assert caught.value.code == "signing.key-unusable"


def test_a_pinned_certificate_that_is_none_is_found_at_start() -> None:
    with pytest.raises(Final) as caught:
        kit.gateway(None, kit.config(gateway=GatewayConfig(certificates=(kit.keys().gateway.certificate, b"0"))))
    assert (caught.value.code, caught.value.params["place"]) == ("exchange.pinned-certificate", 2)


def test_a_message_over_the_limit_is_refused_before_it_leaves() -> None:
    with pytest.raises(Final) as caught:
        kit.gateway(None).sign(question(element("data", "x" * 15_000_000)), at=kit.AT)
    assert caught.value.code == "exchange.message-too-large"
    assert caught.value.params["limit"] == 15_000_000


# --- questions -------------------------------------------------------------------------------------------------------
def test_a_question_is_repeatable_and_its_unknown_outcome_is_only_later() -> None:
    http = kit.CannedHttp([OutcomeUnknown("http.no-answer")])
    with pytest.raises(Retryable) as caught:
        kit.gateway(http).ask(service="S", data=element("data"), at=kit.AT)
    assert caught.value.code == "http.no-answer"
    assert http.repeatable == [True]


def test_no_secret_is_in_any_error_of_a_question() -> None:
    settings = kit.config()
    echo = "".join(kit.SECRETS)
    replies = [kit.http(kit.answer("X", echo)), kit.http(echo.encode(), 503), kit.http(kit.fault(echo), 500)]
    replies += [OutcomeUnknown("http.no-answer", answer=echo.encode())]
    for reply in replies:
        with pytest.raises(ElshiError) as caught:
            kit.gateway(kit.CannedHttp([reply]), settings).ask(service="S", data=element("data"), at=kit.AT)
        shown = str(caught.value) + repr(caught.value.params) + "".join(traceback.format_exception(caught.value))
        assert not any(secret in shown for secret in kit.SECRETS)
