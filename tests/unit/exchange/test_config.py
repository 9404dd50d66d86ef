"""Settings of the exchange: secrets stay hidden, contradictions refuse to start, open questions are listed."""

from __future__ import annotations

import pickle
from dataclasses import fields, is_dataclass, replace
from datetime import timedelta

import pytest

from adapter.errors import SettingsRefused
from adapter.exchange.config import CodesConfig, DocumentConfig, ExchangeConfig, FilesConfig, SecondSignConfig
from adapter.secret import Secret
from tests.unit.exchange import kit


def test_a_secret_shows_itself_in_no_way_but_one() -> None:
    secret = Secret("pass-word")
    assert secret.reveal() == "pass-word"
    assert secret == Secret("pass-word")
    assert "pass-word" not in f"{secret} {secret!r} {secret!s} {[secret]}"
    with pytest.raises(TypeError):
        pickle.dumps(secret)


def test_the_whole_configuration_shows_no_secret() -> None:
    shown = repr(kit.config())
    assert not any(secret in shown for secret in kit.SECRETS)


SECTION_10 = {
    "second_sign.enabled",
    "second_sign.scope",
    "second_sign.detached",
    "second_sign.timestamp",
    "second_sign.ocsp",
    "second_sign.file_names_attr",
    "envelope.certificate_role",
    "envelope.inclusive_namespaces",
    "gateway.certificates",
    "gateway.unsigned_answer",
    "gateway.unsigned_push",
    "resend_unknown",
    "unknown.wait",
    "files.qualified",
    "files.max_message_bytes",
    "files.lifetime",
    "files.need_confirm",
    "files.reupload_on_expiry",
    "document.empty_elements",
    "document.doc_lang_case",
    "document.activity_id",
    "document.recipients_per_message",
    "receiver.notices",
    "receiver.not_valid_reason",
    "receiver.second_sign_notif",
    "receiver.answer_message_id",
    "receiver.sign_answer",
    "notices.encoding_repair",
    "tls.verify",
    "codes.success",
}


def test_every_switch_of_the_reference_is_listed_until_it_is_settled() -> None:
    untouched = kit.config(gateway=type(kit.config().gateway)())
    assert set(untouched.unconfirmed()) >= SECTION_10
    assert "codes.final" in untouched.unconfirmed()


def test_a_confirmed_or_changed_switch_is_no_longer_listed() -> None:
    settled = kit.config(confirmed=frozenset({"tls.verify"}), document=DocumentConfig(doc_lang_case="lower"))
    assert not {"tls.verify", "document.doc_lang_case", "gateway.certificates"} & set(settled.unconfirmed())


def test_production_starts_only_when_the_office_signature_is_decided() -> None:
    with pytest.raises(SettingsRefused) as caught:
        kit.production(second_sign=SecondSignConfig())
    assert [finding.params["key"] for finding in caught.value.findings] == ["second_sign.enabled"]
    assert not kit.production(second_sign=SecondSignConfig(enabled=False)).is_office_signed
    assert kit.config().is_office_signed


def test_production_refuses_an_endpoint_without_tls() -> None:
    with pytest.raises(SettingsRefused):
        kit.production(endpoint="http://gw.example/")


def test_every_finding_is_told_at_once() -> None:
    with pytest.raises(SettingsRefused) as caught:
        kit.production(
            second_sign=SecondSignConfig(),
            files=FilesConfig(max_file_bytes=12_000_000),
            codes=CodesConfig(success=("A", "B"), final=("A",), later=("B",)),
            document=DocumentConfig(doc_lang_case="upper"),  # type: ignore[arg-type]
        )
    codes = [finding.code for finding in caught.value.findings]
    assert codes.count("exchange.setting-contradiction") == 3
    assert {"exchange.setting-missing", "exchange.setting-value"} <= set(codes)


def test_the_default_file_limit_fits_the_message_limit() -> None:
    with pytest.raises(SettingsRefused):
        kit.config(files=FilesConfig(max_file_bytes=11 * 1024 * 1024))
    assert kit.config().files.max_file_bytes == 10 * 1024 * 1024


def test_without_a_success_code_nothing_could_ever_be_accepted() -> None:
    with pytest.raises(SettingsRefused):
        kit.config(codes=CodesConfig(success=()))


def test_names_what_this_release_does_not_carry_out() -> None:
    quiet = SecondSignConfig(enabled=True, timestamp="off", ocsp="none")
    assert kit.config(second_sign=quiet).not_carried_out() == ()
    assert kit.config(second_sign=replace(quiet, scope="each_attachment")).not_carried_out() == (
        "second_sign.scope=each_attachment",
    )
    assert "second_sign.timestamp=required" in kit.config().not_carried_out()


def test_every_value_is_frozen() -> None:
    seen = [ExchangeConfig]
    for part in seen:
        assert part.__dataclass_params__.frozen, part  # type: ignore[attr-defined]
        seen += [type(one.default) for one in fields(part) if is_dataclass(one.default)]
    assert len(seen) > 8
    assert kit.config().files.lifetime == timedelta(milliseconds=28_800_000)
