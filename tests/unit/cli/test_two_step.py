"""elshi sign --prepare and --complete: the key is elsewhere, and nothing can be put in between the two steps."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shutil
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from adapter.composition import Node
from adapter.composition.stand import Stand
from adapter.composition.two_step import prepare_report
from adapter.settings import load_settings
from signing import DEFAULT_SIGNING, IssuedKey, SandboxPki, SigningKey, sign_attached, sign_detached
from signing.keys import pkcs12
from tests.stands import copied
from tests.unit.cli.conftest import REPORT, Elshi, Ran


@pytest.fixture
def node(stand: Stand) -> Path:
    return stand.nodes["KZ-MOF"]


def _head_of(node: Path) -> SigningKey:
    settings = tomllib.loads(node.read_text(encoding="utf-8"))["keys"]["document"]
    password = (node.parent / settings["password_file"]).read_bytes().strip()
    return pkcs12.load((node.parent / settings["file"]).read_bytes(), password)


@pytest.fixture
def head(node: Path) -> SigningKey:
    """The head's key on a device of its own: the node is never asked for it here."""
    return _head_of(node)


def _certificate_file(head: SigningKey, path: Path) -> Path:
    path.write_text(
        "".join(
            f"-----BEGIN CERTIFICATE-----\n{base64.encodebytes(der).decode()}-----END CERTIFICATE-----\n"
            for der in head.certificate_chain
        )
    )
    return path


@pytest.fixture
def certificate(head: SigningKey, tmp_path: Path) -> Path:
    return _certificate_file(head, tmp_path / "head.pem")


@pytest.fixture(scope="module")
def made(stand_template: Stand, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both kinds of prepared folder, made once; each test gets a copy."""
    folder = tmp_path_factory.mktemp("prepared")
    path = copied(stand_template, folder / "stand").nodes["KZ-MOF"]
    certificate = _certificate_file(_head_of(path), folder / "head.pem")
    node = Node(load_settings(path, {}))
    try:
        prepare_report(node, REPORT, folder / "xades", form="xades", certificate=certificate)
        prepare_report(node, REPORT, folder / "cades", form="cades", certificate=None)
    finally:
        node.close()
    return folder


@pytest.fixture
def prepared(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made / "xades", tmp_path / "prepared"))


@pytest.fixture
def complete(elshi: Elshi, node: Path, prepared: Path, tmp_path: Path) -> Callable[..., Ran]:
    def run(value: bytes, *, folder: Path = prepared) -> Ran:
        (tmp_path / "value.bin").write_bytes(value)
        output = tmp_path / "report.asice"
        return elshi("sign", "--complete", folder, "--signature", tmp_path / "value.bin", "-o", output, "-s", node)

    return run


def signed(prepared: Path, head: SigningKey) -> bytes:
    return head.sign((prepared / "to-be-signed.bin").read_bytes())


def test_a_report_signed_on_a_device_is_submitted_like_any_other(
    elshi: Elshi, node: Path, prepared: Path, head: SigningKey, complete: Callable[..., Ran]
) -> None:
    ran = complete(signed(prepared, head))
    assert ran.code == 0, ran
    assert elshi("submit", prepared.parent / "report.asice", "-s", node, "--json", code=0).json["state"] == "queued"


@pytest.mark.parametrize("device", ["xades", "cades"])
def test_what_is_left_to_be_signed_is_named_by_its_digest(
    elshi: Elshi, node: Path, report: Path, certificate: Path, device: str
) -> None:
    folder = certificate.parent / "prepared"
    named = ("--certificate", certificate) if device == "xades" else ()
    ran = elshi("sign", report, "--prepare", "--device", device, *named, "-o", folder, "-s", node, "--json", code=0)
    message = (folder / "to-be-signed.bin").read_bytes()
    assert ran.json["digest"] == hashlib.sha256(message).hexdigest()
    assert not folder.with_name("prepared.part").exists()


@pytest.mark.parametrize(
    "wrap",
    [
        base64.b64encode,
        base64.encodebytes,
        lambda value: b"-----BEGIN X-----\n" + base64.encodebytes(value) + b"-----END X-----\n",
    ],
    ids=["base64", "lines", "armour"],
)
def test_a_value_comes_as_tools_write_it(
    prepared: Path, head: SigningKey, complete: Callable[..., Ran], wrap: Callable[[bytes], bytes]
) -> None:
    assert complete(wrap(signed(prepared, head))).code == 0


def test_the_card_says_what_is_signed_in_three_languages(prepared: Path) -> None:
    card = (prepared / "card.txt").read_text(encoding="utf-8")
    message = (prepared / "to-be-signed.bin").read_bytes()
    assert card.count(hashlib.sha256(message).hexdigest()) == 3
    for name in ("document.xml", "document.pdf"):
        digest = hashlib.sha256((prepared / "objects" / name).read_bytes()).hexdigest()
        assert card.count(f"objects/{name}") == 3
        assert card.count(digest) == 3
    for word in ("PREPARED TO BE SIGNED", "ПОДГОТОВЛЕНО К ПОДПИСАНИЮ", "ҚОЛ ҚОЮҒА ДАЙЫНДАЛДЫ"):
        assert word in card


def test_it_is_completed_once(prepared: Path, head: SigningKey, complete: Callable[..., Ran], tmp_path: Path) -> None:
    value = signed(prepared, head)
    assert complete(value).code == 0
    before = (tmp_path / "report.asice").read_bytes()
    ran = complete(value)
    assert ran.code == 2
    assert hashlib.sha256(before).hexdigest() in ran.shown
    assert (tmp_path / "report.asice").read_bytes() == before


def _linked(folder: Path) -> None:
    page = folder / "objects" / "document.pdf"
    elsewhere = folder.parent / "elsewhere.pdf"
    elsewhere.write_bytes(page.read_bytes())
    page.unlink()
    page.symlink_to(elsewhere)


def _pipe(folder: Path) -> None:
    page = folder / "objects" / "document.pdf"
    page.unlink()
    os.mkfifo(page)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda folder: (folder / "objects" / "document.pdf").write_bytes(b"%PDF other"), "document.pdf"),
        (lambda folder: (folder / "objects" / "document.xml").unlink(), "document.xml"),
        (lambda folder: (folder / "objects" / "more.txt").write_bytes(b"more"), "more.txt"),
        (lambda folder: (folder / "to-be-signed.bin").write_bytes(b"other"), "to-be-signed.bin"),
        (lambda folder: (folder / "to-be-signed.bin").unlink(), "to-be-signed.bin"),
        (_linked, "document.pdf"),
        (_pipe, "document.pdf"),
        (lambda folder: (folder / "card.txt").write_bytes(b"sign this"), "card.txt"),
    ],
    ids=["changed", "removed", "added", "another message", "no message", "a link", "a pipe", "another card"],
)
def test_a_folder_that_changed_is_not_finished(
    prepared: Path, head: SigningKey, complete: Callable[..., Ran], spoil: Callable[[Path], object], said: str
) -> None:
    value = signed(prepared, head)
    spoil(prepared)
    ran = complete(value)
    assert ran.code == 2
    assert said in ran.shown
    assert not (prepared.parent / "report.asice").exists()


def test_a_folder_whose_digests_were_changed_as_well_does_not_fit_the_value(
    prepared: Path, head: SigningKey, complete: Callable[..., Ran], tmp_path: Path
) -> None:
    value = signed(prepared, head)
    page = prepared / "objects" / "document.pdf"
    page.write_bytes(b"%PDF other")
    content = json.loads((prepared / "prepared.json").read_text(encoding="utf-8"))
    (row,) = (each for each in content["objects"] if each["name"] == "document.pdf")
    row |= {"size": 10, "sha256": hashlib.sha256(b"%PDF other").hexdigest()}
    (prepared / "prepared.json").write_text(json.dumps(content), encoding="utf-8")
    ran = complete(value)
    assert ran.code == 2
    assert "signing.two-step-changed" in ran.shown or "changed since it was prepared" in ran.shown
    assert not (tmp_path / "report.asice").exists()


@pytest.mark.parametrize("name", ["../../elshi.toml", "/etc/hostname", "a\\b", "c:x", ""])
def test_a_name_that_leads_out_of_the_folder_is_no_name(
    prepared: Path, head: SigningKey, complete: Callable[..., Ran], name: str
) -> None:
    value = signed(prepared, head)
    content = json.loads((prepared / "prepared.json").read_text(encoding="utf-8"))
    content["objects"][0]["name"] = name
    (prepared / "prepared.json").write_text(json.dumps(content), encoding="utf-8")
    assert complete(value).code == 2


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"\xff", b'{"format": "elshi-prepared/2"}', b"[" * 100_000])
def test_what_was_not_prepared_is_called_that(
    prepared: Path, head: SigningKey, complete: Callable[..., Ran], content: bytes
) -> None:
    value = signed(prepared, head)
    (prepared / "prepared.json").write_bytes(content)
    ran = complete(value)
    assert ran.code == 2
    assert "was not prepared for signing" in ran.shown


@pytest.mark.parametrize(
    ("name", "value"),
    [("signingTime", "0001-01-01T00:00:00+23:59"), ("size", float("inf")), ("card", "none")],
)
def test_a_head_with_impossible_values_is_none(
    prepared: Path, head: SigningKey, complete: Callable[..., Ran], name: str, value: object
) -> None:
    made = signed(prepared, head)
    content = json.loads((prepared / "prepared.json").read_text(encoding="utf-8"))
    (content["objects"][0] if name == "size" else content)[name] = value
    (prepared / "prepared.json").write_text(json.dumps(content), encoding="utf-8")
    ran = complete(made)
    assert ran.code == 2
    assert "was not prepared for signing" in ran.shown


def test_other_data_and_another_key_are_told_apart(
    prepared: Path, head: SigningKey, complete: Callable[..., Ran], tmp_path: Path
) -> None:
    other = complete(head.sign(b"other"))
    assert (other.code, hashlib.sha256(b"other").hexdigest() in other.shown) == (2, True)
    stranger = _stranger()
    ran = complete(stranger.signing_key().sign((prepared / "to-be-signed.bin").read_bytes()))
    assert ran.code == 2
    assert "not made by the key of the certificate" in ran.shown
    assert not (tmp_path / "report.asice").exists()


def _stranger() -> IssuedKey:
    from datetime import UTC, datetime

    pki = SandboxPki.create(not_before=datetime(2026, 1, 1, tzinfo=UTC), not_after=datetime(2030, 1, 1, tzinfo=UTC))
    return pki.issue("head", "N", "O", bin="123456789021", iin="123456789011")


def test_a_signer_whom_nobody_here_trusts_ends_in_what_is_missing(
    elshi: Elshi, node: Path, report: Path, tmp_path: Path, complete: Callable[..., Ran]
) -> None:
    stranger, folder, certificate = _stranger(), tmp_path / "other", tmp_path / "stranger.cer"
    certificate.write_bytes(stranger.certificate)
    elshi("sign", report, "--prepare", "--certificate", certificate, "-o", folder, "-s", node, code=0)
    ran = complete(stranger.signing_key().sign((folder / "to-be-signed.bin").read_bytes()), folder=folder)
    assert ran.code == 2
    assert "INDETERMINATE" in ran.shown
    assert not (tmp_path / "report.asice").exists()
    assert not (folder / "completed.json").exists()


def test_a_certificate_for_logging_in_is_refused_before_anybody_signs(
    elshi: Elshi, node: Path, report: Path, tmp_path: Path
) -> None:
    from datetime import UTC, datetime

    pki = SandboxPki.create(not_before=datetime(2026, 1, 1, tzinfo=UTC), not_after=datetime(2026, 2, 1, tzinfo=UTC))
    certificate = tmp_path / "old.cer"
    certificate.write_bytes(pki.issue("head", "N", "O").certificate)
    ran = elshi("sign", report, "--prepare", "--certificate", certificate, "-o", tmp_path / "p", "-s", node)
    assert ran.code == 2
    assert not (tmp_path / "p").exists()
    assert not (tmp_path / "p.part").exists()


def test_a_folder_in_use_is_left_as_it_is(
    elshi: Elshi, node: Path, report: Path, certificate: Path, tmp_path: Path
) -> None:
    (tmp_path / "used").mkdir()
    (tmp_path / "used" / "mine.txt").write_text("mine")
    ran = elshi("sign", report, "--prepare", "--certificate", certificate, "-o", tmp_path / "used", "-s", node)
    assert ran.code == 2
    assert [path.name for path in (tmp_path / "used").iterdir()] == ["mine.txt"]


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("--complete", "p"),
        ("report.yaml", "--complete", "p", "--signature", "s"),
        ("report.yaml", "--signature", "s"),
    ],
)
def test_half_a_step_is_no_step(elshi: Elshi, node: Path, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    ran = elshi("sign", *arguments, "-o", tmp_path / "x", "-s", node)
    assert ran.code == 2
    assert "elshi sign --help" in ran.shown


# --- a CMS of the person's own client --------------------------------------------------------------------------------
@pytest.fixture
def for_a_client(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made / "cades", tmp_path / "for-a-client"))


def _cms(folder: Path, key: SigningKey, *, content: bytes | None = None, attached: bool = False) -> bytes:
    from datetime import UTC, datetime

    message = (folder / "to-be-signed.bin").read_bytes() if content is None else content
    at = datetime.now(UTC)
    if attached:
        return sign_attached(message, key, policy=DEFAULT_SIGNING, signing_time=at)
    return sign_detached([message], key, policy=DEFAULT_SIGNING, signing_time=at)


@pytest.mark.parametrize("attached", [False, True], ids=["detached", "attached with the same content"])
@pytest.mark.parametrize("wrap", [bytes, base64.b64encode], ids=["DER", "base64"])
def test_a_cms_of_the_national_client_finishes_the_container_and_is_submitted(
    for_a_client: Path, head: SigningKey, complete: Callable[..., Ran], attached: bool, wrap: Callable[[bytes], bytes]
) -> None:
    ran = complete(wrap(_cms(for_a_client, head, attached=attached)), folder=for_a_client)
    assert ran.code == 0, ran
    assert (for_a_client / "completed.json").exists()


def test_a_container_with_a_cms_is_submitted_like_any_other(
    elshi: Elshi, node: Path, for_a_client: Path, head: SigningKey, complete: Callable[..., Ran]
) -> None:
    assert complete(_cms(for_a_client, head), folder=for_a_client).code == 0
    ran = elshi("submit", for_a_client.parent / "report.asice", "-s", node, "--json", code=0)
    assert ran.json["state"] == "queued"


def test_the_card_for_a_client_needs_no_certificate_and_names_the_file(for_a_client: Path) -> None:
    card = (for_a_client / "card.txt").read_text(encoding="utf-8")
    message = (for_a_client / "to-be-signed.bin").read_bytes()
    assert card.count("CMS") == 3
    assert card.count(hashlib.sha256(message).hexdigest()) == 3
    assert b"ASiCManifest" in message


def test_a_cms_over_other_data_is_refused(for_a_client: Path, head: SigningKey, complete: Callable[..., Ran]) -> None:
    for attached in (False, True):
        ran = complete(_cms(for_a_client, head, content=b"other", attached=attached), folder=for_a_client)
        assert ran.code == 2
        assert not (for_a_client.parent / "report.asice").exists()


@pytest.mark.parametrize("spoilt", [b"no CMS at all", b"\x30\x03\x02\x01\x00", b""])
def test_what_is_no_cms_is_refused(for_a_client: Path, complete: Callable[..., Ran], spoilt: bytes) -> None:
    assert complete(spoilt, folder=for_a_client).code == 2
    assert not (for_a_client.parent / "report.asice").exists()


def test_a_cms_by_somebody_else_than_the_one_named_is_refused(
    elshi: Elshi, node: Path, report: Path, certificate: Path, complete: Callable[..., Ran]
) -> None:
    folder = certificate.parent / "named"
    elshi(
        *("sign", report, "--prepare", "--device", "cades", "--certificate", certificate, "-o", folder, "-s", node),
        code=0,
    )
    ran = complete(_cms(folder, _stranger().signing_key()), folder=folder)
    assert ran.code == 2
    assert "not the holder of the certificate named" in ran.shown
    assert not (certificate.parent / "report.asice").exists()


@pytest.mark.parametrize("content", [b"\x30\x03\x02\x01\x00", b"no certificate", b""])
def test_what_is_no_certificate_is_refused_before_anything_is_prepared(
    elshi: Elshi, node: Path, report: Path, tmp_path: Path, content: bytes
) -> None:
    (tmp_path / "x.cer").write_bytes(content)
    ran = elshi("sign", report, "--prepare", "--certificate", tmp_path / "x.cer", "-o", tmp_path / "p", "-s", node)
    assert ran.code == 2
    assert not (tmp_path / "p").exists()
