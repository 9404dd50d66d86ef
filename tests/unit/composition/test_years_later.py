"""Signed, renewed and judged after the authority has ended: what was time-stamped proves itself, what was not does not."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from adapter.composition.years_later import JUDGED, STRICT, YearsLater, objects_of, years_later
from signing import DataObject, Indication, TrustAnchors, ValidationData, verify_container


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> YearsLater:
    objects = [DataObject.of("document.xml", "application/xml", b"<a/>")]
    return years_later(objects, tmp_path_factory.mktemp("kept") / "years-later")


def test_the_renewed_document_passes_in_2041_and_the_neglected_one_cannot_be_told(found: YearsLater) -> None:
    assert (found.kept, found.neglected) == (Indication.TOTAL_PASSED, Indication.INDETERMINATE)


def test_what_is_left_can_be_judged_again_and_needs_the_lists_of_its_last_authority(found: YearsLater) -> None:
    anchors = TrustAnchors.from_pem("t", "sandbox", found.anchors.read_bytes())
    given = ValidationData(crls=tuple(path.read_bytes() for path in found.lists))
    content = found.container.read_bytes()
    with_lists = verify_container(content, policy=STRICT, anchors=anchors, at=JUDGED, data=given).report
    without = verify_container(content, policy=STRICT, anchors=anchors, at=JUDGED).report
    assert with_lists.indication is Indication.TOTAL_PASSED
    assert with_lists.signatures[0].best_signature_time.year == 2026
    assert without.indication is Indication.INDETERMINATE


def test_before_it_was_renewed_it_proves_itself_only_while_its_authority_lasts(found: YearsLater) -> None:
    content = (found.container.parent / "signed-2026.asice").read_bytes()
    anchors = TrustAnchors.from_pem("t", "sandbox", found.anchors.read_bytes())
    for year, indication in ((2030, Indication.TOTAL_PASSED), (2041, Indication.INDETERMINATE)):
        at = datetime(year, 5, 1, tzinfo=UTC)
        assert verify_container(content, policy=STRICT, anchors=anchors, at=at).report.indication is indication


def test_nothing_is_taken_out_of_a_container_that_does_not_pass(found: YearsLater) -> None:
    anchors = TrustAnchors.from_pem("t", "sandbox", found.anchors.read_bytes())
    content = (found.container.parent / "neglected.asice").read_bytes()
    assert objects_of(content, STRICT, anchors, JUDGED) == []
