"""Key files as OpenSSL writes them, the forty-bit RC2 of the national CA's files included."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from signing import IssuedKey, SigningError
from signing.keys import pem, pkcs12
from signing.sandbox_pki import key_files
from signing.sandbox_pki.private_keys import private_key_info

OPENSSL = shutil.which("openssl")
pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(OPENSSL is None, reason="the openssl command is not installed"),
]


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([OPENSSL, *map(str, arguments)], capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    "options",
    [
        pytest.param([], id="today's"),
        pytest.param(["-legacy"], id="RC2-40, triple DES, SHA-1"),
        pytest.param(["-macalg", "sha512", "-keypbe", "aes-256-cbc"], id="SHA-512"),
        pytest.param(["-nomac"], id="no MAC"),
        pytest.param(["-keypbe", "NONE", "-certpbe", "NONE"], id="not encrypted, MAC only"),
    ],
)
def test_opens_what_openssl_wrote_and_names_a_wrong_password(head: IssuedKey, tmp_path: Path, options: list[str]):
    (tmp_path / "key.pem").write_bytes(head.pem())
    done = run(
        "pkcs12", "-export", "-in", tmp_path / "key.pem", "-out", tmp_path / "key.p12",
        "-passout", "pass:Secret1", *options,
    )  # fmt: skip
    if "-legacy" in options and done.returncode:
        pytest.skip("this openssl has no legacy provider")
    assert done.returncode == 0, done.stderr
    content = (tmp_path / "key.p12").read_bytes()
    assert pkcs12.load(content, b"Secret1").certificate_chain[0] == head.certificate
    with pytest.raises(SigningError) as caught:
        pkcs12.load(content, b"Secret2")
    assert caught.value.code == "signing.p12-wrong-password"


def test_openssl_opens_what_the_sandbox_writes_in_the_national_ca_s_form(head: IssuedKey, tmp_path: Path):
    (tmp_path / "key.p12").write_bytes(
        key_files.national_pkcs12(private_key_info(head.private_key), head.certificate, b"Secret1")
    )
    done = run("pkcs12", "-legacy", "-in", tmp_path / "key.p12", "-passin", "pass:Secret1", "-nodes")
    if done.returncode and "provider" in done.stderr:
        pytest.skip("this openssl has no legacy provider")
    assert done.returncode == 0, done.stderr
    assert pem.load(done.stdout.encode(), None).certificate_chain == (head.certificate,)


@pytest.mark.parametrize(
    "arguments", [["rsa", "-traditional"], ["rsa", "-traditional", "-aes128", "-passout", "pass:Secret1"]]
)
def test_reads_the_older_form_of_a_pem_key(head: IssuedKey, tmp_path: Path, arguments: list[str]):
    (tmp_path / "key.pem").write_bytes(head.pem())
    done = run(*arguments, "-in", tmp_path / "key.pem")
    assert done.returncode == 0, done.stderr
    certificates = head.pem().split(b"-----END PRIVATE KEY-----\n")[1]
    password = b"Secret1" if "-aes128" in arguments else None
    assert pem.load(done.stdout.encode() + certificates, password).certificate_chain[0] == head.certificate
