from __future__ import annotations

import ssl
import tomllib
from datetime import timedelta

import pytest

import signing
from adapter.errors import Final, SettingsRefused
from adapter.sandbox import SandboxSettings, sandbox_settings
from tests.unit.sandbox.soap import CHANNEL, EVERY_SECRET, Keys, participants, settings

TEXT = """
[gateway]
key = "gateway.key"
key_password_file = "gateway.password"
path = "/shep/"

[trust]
certificates = ["anchors.pem"]

[exchange]
file_form = "qualified"
read_within_seconds = 2.5
retry_delays_ms = [10, 20]
sends_start_notice = false

[[participant]]
code = "MIN"
name_kk = "Министрлік"
name_ru = "Министерство"
member = 90000001
sender_org = 90000002
account = "elshi_test"
channel_password = "channel-secret-1"
file_password_file = "file.password"
directory_password = "directory-secret-3"
endpoint = "http://127.0.0.1:8201/esedo/"
certificates = ["min.pem"]

[[participant]]
code = "PLAY"
name_kk = "Ойын"
name_ru = "Игра"
member = 90000005
sender_org = 90000006
account = "play_test"
plays = "registers"

[[fault]]
name = "http-503"
service = "EDS_TEMP_FILES"
"""


def read(keys: Keys, text: str) -> SandboxSettings:
    files = {
        "gateway.key": b"key",
        "gateway.password": b"gateway-secret\n",
        "file.password": b"store-secret-2\r\n",
        "anchors.pem": keys.pki.anchor_pem(),
        "min.pem": ssl.DER_cert_to_PEM_cert(keys.ministry.certificate).encode(),
        "min.der": keys.ministry.certificate,
        "noise": b"\xff\xfe",
    }

    def reader(name: str) -> bytes:
        if name not in files:
            raise FileNotFoundError(name)
        return files[name]

    def load_key(content: bytes, password: bytes | None) -> signing.SigningKey:
        if (content, password) != (b"key", b"gateway-secret"):
            raise signing.SigningError("signing.p12-wrong-password")
        return keys.gateway.signing_key()

    return sandbox_settings(tomllib.loads(text), reader, load_key=load_key)


def test_settings_are_read_with_secrets_from_files(keys: Keys) -> None:
    found = read(keys, TEXT)
    ministry, played = found.participants
    assert (found.path, found.file_form, found.sends_start_notice) == ("/shep/", "qualified", False)
    assert found.read_within == timedelta(seconds=2.5)
    assert found.retry_delays == (timedelta(milliseconds=10), timedelta(milliseconds=20))
    assert (ministry.file_password, ministry.certificates) == ("store-secret-2", (keys.ministry.certificate,))
    assert (played.plays, played.endpoint) == ("registers", None)
    assert [one.fault for one in found.script] == ["http-503"]


def test_a_certificate_may_be_der(keys: Keys) -> None:
    assert read(keys, TEXT.replace("min.pem", "min.der")).participants[0].certificates == (keys.ministry.certificate,)


def test_settings_never_show_a_secret(keys: Keys) -> None:
    shown = repr(read(keys, TEXT)) + repr(settings(keys))
    for secret in (*EVERY_SECRET, "gateway-secret"):
        assert secret not in shown


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("[trust]", "[trusted]", "sandbox.settings-unknown-key"),
        ('path = "/shep/"', 'paths = "/shep/"', "sandbox.settings-unknown-key"),
        ('path = "/shep/"', "path = 1", "sandbox.settings-bad-value"),
        ('path = "/shep/"', 'path = "shep"', "sandbox.settings-bad-value"),
        ('path = "/shep/"', 'path = "/sandbox/x"', "sandbox.settings-bad-value"),
        ('key = "gateway.key"', "", "sandbox.settings-missing"),
        ('"gateway.key"', '"absent"', "sandbox.settings-unreadable-file"),
        ("gateway.password", "file.password", "signing.p12-wrong-password"),
        ("anchors.pem", "noise", "signing.anchors-unreadable"),
        ('"qualified"', '"both"', "sandbox.settings-bad-value"),
        ("2.5", "-1", "sandbox.settings-bad-value"),
        ("2.5", "nan", "sandbox.settings-bad-value"),
        ("2.5", "0", "sandbox.settings-bad-value"),
        ("[10, 20]", "[]", "sandbox.settings-bad-value"),
        ("[10, 20]", '["soon"]', "sandbox.settings-bad-value"),
        ('code = "MIN"', "", "sandbox.settings-missing"),
        ('code = "MIN"', 'code = "PLAY"', "sandbox.settings-repeated"),
        ("member = 90000001", "member = -1", "sandbox.settings-bad-value"),
        ("member = 90000001", "member = true", "sandbox.settings-bad-value"),
        (f'channel_password = "{CHANNEL}"', "", "sandbox.settings-missing"),
        (f'channel_password = "{CHANNEL}"', "channel_password = 5", "sandbox.settings-bad-value"),
        ("file.password", "noise", "sandbox.settings-unreadable-file"),
        ("min.pem", "noise", "sandbox.settings-unreadable-file"),
        ('plays = "registers"', 'plays = "chess"', "sandbox.settings-bad-value"),
        ('name = "http-503"', 'name = "http-599"', "sandbox.unknown-fault"),
    ],
)
def test_what_is_wrong_is_refused_at_start(keys: Keys, old: str, new: str, code: str) -> None:
    assert old in TEXT
    with pytest.raises(SettingsRefused) as refused:
        read(keys, TEXT.replace(old, new, 1))
    assert code in {one.code for one in refused.value.findings}
    assert CHANNEL not in repr(refused.value.findings)


def test_every_finding_is_told_at_once(keys: Keys) -> None:
    broken = TEXT.replace("2.5", "-1").replace('"qualified"', '"both"').replace("min.pem", "absent")
    with pytest.raises(SettingsRefused) as refused:
        read(keys, broken)
    assert len(refused.value.findings) == 3


def test_a_certificate_that_is_none_is_refused(keys: Keys) -> None:
    with pytest.raises(Final, match=r"participant\.MIN\.certificates"):
        settings(keys, participants=participants(keys, min={"certificates": (b"\x30\x00",)}))


def test_the_seed_of_the_settings_is_that_of_their_rules(keys: Keys) -> None:
    found = read(keys, TEXT.replace("[gateway]", "seed = 11\n[gateway]", 1) + "share = 0.5\n")
    assert [(one.seed, one.share, one.count) for one in found.script] == [(11, 0.5, 0)]
