"""elshi verify on a time-stamp, an OCSP answer, a list and a certificate, each in a file by itself."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from signing.algorithms import digest_algorithm
from signing.sandbox_services.register import SandboxRegister
from signing.sandbox_services.tsa import SandboxTsa
from signing.timestamp import new_request
from tests.unit.cli.conftest import Elshi
from tests.unit.json_shape import breaches
from tests.unit.signing.status_material import AT, world

WHEN = ("--at", AT.strftime("%Y-%m-%dT%H:%M:%S"))
CONTENT = b"what was stamped"
SHA256 = digest_algorithm("sha256")
assert SHA256 is not None


def armoured(der: bytes, label: str) -> bytes:
    return b"-----BEGIN %b-----\n%b-----END %b-----\n" % (label.encode(), base64.encodebytes(der), label.encode())


@pytest.fixture
def trust(tmp_path: Path) -> tuple[object, ...]:
    path = tmp_path / "trust.pem"
    path.write_bytes(world().pki.anchor_pem())
    return ("--trust", path, *WHEN)


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    """One of each kind, under names that say nothing."""
    here = world()
    tsa = SandboxTsa(key=here.pki.issue("tsa", "TSA", "Sandbox", key="ec-p256"), clock=lambda: AT - timedelta(hours=1))
    made = {
        "certificate": armoured(here.head.certificate, "CERTIFICATE"),
        "anchor": here.pki.root,
        "crl": armoured(here.crl(here.revoked(reason=1)), "X509 CRL"),
        "ocsp": here.answer(here.revoked(reason=6)),
        "token": tsa.token(SHA256, SHA256.of(CONTENT)),
        "response": tsa.answer(new_request(SHA256, SHA256.of(CONTENT), nonce=1, policy=None)),
        "base64": base64.encodebytes(here.answer()),
    }
    folder = tmp_path / "files"
    folder.mkdir()
    for name, content in made.items():
        (folder / f"{name}.bin").write_bytes(content)
    return {name: folder / f"{name}.bin" for name in made}


@pytest.mark.parametrize(
    ("name", "kind", "signatures"),
    [
        ("certificate", "certificate", 0),
        ("anchor", "certificate", 0),
        ("crl", "crl", 1),
        ("ocsp", "ocsp", 1),
        ("token", "time-stamp", 1),
        ("response", "time-stamp", 1),
        ("base64", "ocsp", 1),
    ],
)
def test_each_kind_is_known_by_its_bytes_and_passes(
    elshi: Elshi, trust: tuple[object, ...], files: dict[str, Path], *, name: str, kind: str, signatures: int
) -> None:
    row = elshi("verify", files[name], *trust, "--json", code=0).json
    assert (row["indication"], row["terms"]["kind"], row["evidence"]["kind"]) == ("TOTAL-PASSED", kind, kind)
    assert len(row["signatures"]) == signatures


def test_rows_satisfy_the_published_schema(elshi: Elshi, trust: tuple[object, ...], files: dict[str, Path]) -> None:
    schema = json.loads(elshi("verify", "--schema", code=0).out)
    for row in elshi("verify", *files.values(), *trust, "--json", code=0).lines:
        assert list(breaches(row, schema, schema)) == []


@pytest.mark.parametrize("language", ["kk", "ru", "en"])
@pytest.mark.parametrize("form", ["text", "html", "xml"])
def test_every_form_in_every_language(
    elshi: Elshi, trust: tuple[object, ...], files: dict[str, Path], form: str, language: str
) -> None:
    for path in files.values():
        out = elshi("verify", path, *trust, "--format", form, "--language", language, code=0).out
        if form == "xml":
            ET.fromstring(out.encode())
            assert "total-passed" in out
        else:
            assert "TOTAL-PASSED" in out


def test_the_xml_report_holds_the_path_of_a_certificate(
    elshi: Elshi, trust: tuple[object, ...], files: dict[str, Path]
) -> None:
    out = elshi("verify", files["certificate"], *trust, "--format", "xml", code=0).out
    assert "CertificateChain" in out
    assert "TrustAnchor" in out


def test_the_content_of_a_time_stamp_is_named_or_lies_beside_it(
    elshi: Elshi, trust: tuple[object, ...], files: dict[str, Path], tmp_path: Path
) -> None:
    right, wrong = tmp_path / "right.pdf", tmp_path / "wrong.pdf"
    right.write_bytes(CONTENT)
    wrong.write_bytes(b"something else")
    assert elshi("verify", files["token"], *trust, "--content", right, "--json", code=0).json["indication"]
    row = elshi("verify", files["token"], *trust, "--content", wrong, "--json", code=1).json
    assert (row["indication"], row["sub_indication"]) == ("TOTAL-FAILED", "HASH_FAILURE")
    for ending in ("tst", "tsr"):
        beside = tmp_path / f"wrong.pdf.{ending}"
        beside.write_bytes(files["token"].read_bytes())
        assert elshi("verify", beside, *trust, "--json", code=1).json["sub_indication"] == "HASH_FAILURE"
        good = tmp_path / f"right.pdf.{ending}"
        good.write_bytes(files["response"].read_bytes())
        row = elshi("verify", good, *trust, "--json", code=0).json
        assert [one["conclusion"] for one in row["checks"] if one["id"] == "timestamp.imprint"] == ["PASSED"]


def test_without_content_the_imprint_is_said_not_to_be_compared(
    elshi: Elshi, trust: tuple[object, ...], files: dict[str, Path]
) -> None:
    row = elshi("verify", files["token"], *trust, "--json", code=0).json
    (imprint,) = [one for one in row["checks"] if one["id"] == "timestamp.imprint"]
    assert (imprint["conclusion"], imprint["params"]["reason"]) == ("NOT_PERFORMED", "no content")


def test_evidence_of_a_stranger_cannot_be_told_and_a_spoilt_one_fails(
    elshi: Elshi, trust: tuple[object, ...], files: dict[str, Path], tmp_path: Path
) -> None:
    other = tmp_path / "other.pem"
    other.write_bytes(world().stranger.anchor_pem())
    rows = elshi("verify", *files.values(), "--trust", other, *WHEN, "--json").lines
    assert {(row["indication"], row["sub_indication"]) for row in rows} <= {
        ("INDETERMINATE", "NO_CERTIFICATE_CHAIN_FOUND"),
        # the stranger bears the same names with other keys
        ("TOTAL-FAILED", "SIG_CRYPTO_FAILURE"),
    }
    spoilt = tmp_path / "spoilt.crl"
    spoilt.write_bytes(world().crl(SandboxRegister(), broken_value=True))
    row = elshi("verify", spoilt, *trust, "--json", code=1).json
    assert (row["indication"], row["sub_indication"]) == ("TOTAL-FAILED", "SIG_CRYPTO_FAILURE")


def test_several_certificates_in_a_file_are_no_one_verdict(
    elshi: Elshi, trust: tuple[object, ...], tmp_path: Path
) -> None:
    bundle = tmp_path / "bundle.pem"
    bundle.write_bytes(world().pki.anchor_pem())
    row = elshi("verify", bundle, *trust, "--json", code=3).json
    assert (row["error"], row["params"]["count"]) == ("verify.several-in-file", 2)


def test_a_file_of_keys_is_no_evidence_and_ends_as_before(
    elshi: Elshi, trust: tuple[object, ...], tmp_path: Path
) -> None:
    keys = tmp_path / "keys.p12"
    keys.write_bytes(world().head.pkcs12(b"password"))
    row = elshi("verify", keys, *trust, "--json", code=1).json
    assert (row["indication"], row["sub_indication"]) == ("TOTAL-FAILED", "FORMAT_FAILURE")
    assert [one["id"] for one in row["checks"]][:1] == ["verify.key-file"]
    assert "PKCS#12" in elshi("verify", keys, *trust, "--language", "ru", code=1).out


def test_other_files_end_as_before(elshi: Elshi, trust: tuple[object, ...], tmp_path: Path) -> None:
    text = tmp_path / "text.txt"
    text.write_bytes(b"nothing that is signed")
    row = elshi("verify", text, *trust, "--json", code=1).json
    assert (row["indication"], row["evidence"]) == ("TOTAL-FAILED", None)


def test_many_are_told_with_whom_they_name(elshi: Elshi, trust: tuple[object, ...], files: dict[str, Path]) -> None:
    out = elshi("verify", files["certificate"], files["token"], *trust, code=0).out
    assert "ТЕСТОВ ТЕСТ" in out
    assert "TSA" in out
