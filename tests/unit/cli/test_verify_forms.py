"""elshi verify on each form of signature: XML, CMS with its content inside, beside it and nowhere."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from signing.policy import DEFAULT_SIGNING
from signing.sign.detached import sign_attached, sign_detached
from signing.sign.xml import sign_xml
from tests.unit.cli.conftest import Elshi
from tests.unit.signing import xml_material as m

AT = f"{m.NOW:%Y-%m-%dT%H:%M:%SZ}"


@pytest.fixture
def under(tmp_path: Path) -> tuple[object, ...]:
    anchor = tmp_path / "anchor.pem"
    anchor.write_bytes(m.pki().anchor_pem())
    return ("--trust", anchor, "--at", AT, "--json")


def test_every_signature_of_an_xml_document_is_judged(elshi: Elshi, under: tuple[object, ...], tmp_path: Path) -> None:
    document = b"<a>text</a>"
    for key in (m.head(), m.other_head()):
        document = sign_xml(document, key, policy=DEFAULT_SIGNING, signing_time=m.NOW)
    (tmp_path / "two.xml").write_bytes(document)
    (tmp_path / "changed.xml").write_bytes(document.replace(b">text<", b">texT<"))
    ran = elshi("verify", tmp_path / "two.xml", tmp_path / "changed.xml", *under, code=1)
    assert [(one["terms"]["kind"], one["indication"], len(one["signatures"])) for one in ran.lines] == [
        ("xml", "TOTAL-PASSED", 2),
        ("xml", "TOTAL-FAILED", 2),
    ]


def test_a_detached_cms_finds_its_content_by_name(elshi: Elshi, under: tuple[object, ...], tmp_path: Path) -> None:
    signature = sign_detached([b"content"], m.head(), policy=DEFAULT_SIGNING, signing_time=m.NOW)
    folder = tmp_path / "letters"
    folder.mkdir()
    (folder / "letter.txt").write_bytes(b"content")
    (folder / "letter.txt.p7s").write_bytes(signature)
    row = elshi("verify", folder, *under, code=0).json
    assert row["file"].endswith("letter.txt.p7s")
    assert row["not_judged"]["count"] == 0, "the content was judged with its signature"
    (tmp_path / "alone.p7s").write_bytes(signature)
    row = elshi("verify", tmp_path / "alone.p7s", *under, code=2).json
    assert row["sub_indication"] == "SIGNED_DATA_NOT_FOUND"
    assert "verify.content-needed" in [one["id"] for one in row["checks"]]
    named = ("--content", folder / "letter.txt")
    assert elshi("verify", tmp_path / "alone.p7s", *named, *under, code=0).json["terms"]["kind"] == "detached"
    assert elshi("verify", tmp_path / "alone.p7s", "--content", tmp_path / "no", *under, code=3).json["error"]


@pytest.mark.parametrize("armour", [bytes, base64.encodebytes])
def test_a_cms_with_its_content_inside_needs_nothing_beside_it(
    elshi: Elshi, under: tuple[object, ...], tmp_path: Path, armour: object
) -> None:
    assert callable(armour)
    signature = sign_attached(b"content", m.head(), policy=DEFAULT_SIGNING, signing_time=m.NOW)
    (tmp_path / "letter.p7m").write_bytes(armour(signature))
    assert elshi("verify", tmp_path / "letter.p7m", *under, code=0).json["terms"]["kind"] == "attached"


def test_the_report_says_in_whose_name_a_signature_that_fails_stands(
    elshi: Elshi, under: tuple[object, ...], tmp_path: Path
) -> None:
    good = sign_xml(b"<a>text</a>", m.head(), policy=DEFAULT_SIGNING, signing_time=m.NOW)
    (tmp_path / "good.xml").write_bytes(good)
    (tmp_path / "changed.xml").write_bytes(good.replace(b">text<", b">texT<"))
    told = under[:-1]
    assert "Signed by: " in elshi("verify", tmp_path / "good.xml", *told, code=0).out
    out = elshi("verify", tmp_path / "changed.xml", *told, code=1).out
    assert "Signed by: " not in out
    assert "in the name of: " in out
