"""The half of the year after the ministries: summary, consolidated information, publication; each rests on what verifies."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache

import pytest

from adapter.domain.codes import CoverageStatus
from adapter.domain.incoming import ContainerVerdict
from adapter.domain.reference import Digest
from adapter.domain.report import PublishedResults
from adapter.errors import DocumentRefused, Final
from adapter.ports import KeptBlob
from adapter.usecases.publish import PublicationTexts
from adapter.usecases.verified_container import judge_bytes, sha256_of
from tests.factories import at, bi, fx1, fx2, fx6
from tests.unit.usecases.houses import ATTACHED, House

TEXTS = PublicationTexts(
    results=bi("Нәтижелер", "Результаты"), location="https://example.test/2026", treaties={}, license=None
)


@cache
def _containers() -> tuple[tuple[House, str], ...]:
    """Two ministries that have reported: FX-1 with nothing to say, FX-2 with a recommendation's copy."""
    mof, mlsp = House("KZ-MOF"), House("KZ-MLSP")
    return (
        (mof, mof.submit().report(fx1(), ()).delivery.id),
        (mlsp, mlsp.submit().report(fx2(), ATTACHED).delivery.id),
    )


@pytest.fixture
def reported(mfa: House) -> Iterator[House]:
    for house, delivery_id in _containers():
        house.carried(house.delivery(delivery_id), mfa)
        processed = mfa.process()
        assert processed is not None
        assert processed.code == "receive.registered"
    yield mfa


def damage(house: House, document_id: str) -> None:
    """The bytes of a registered container rot."""
    house.store.blobs.damage(house.registered(document_id).container)


# --- summarise -------------------------------------------------------------------------------------------------------
def test_the_summary_names_exactly_the_bytes_that_were_registered(reported: House) -> None:
    draft = reported.summarise(2026)
    named = {one.document_ref.document_id: one.digest.value.hex() for one in draft.sources}
    assert named == {one: reported.registered(one).container for one in named}
    assert set(named) == {fx1().header.document_id, fx2().header.document_id}


def test_the_coverage_counts_who_has_reported_and_who_has_not(reported: House) -> None:
    coverage = {one.body.code: one.status for one in reported.summarise(2026).coverage}
    on_time = {code for code, status in coverage.items() if status is CoverageStatus.RECEIVED_ON_TIME}
    assert on_time == {"KZ-MOF", "KZ-MLSP"}
    assert len(coverage) > 2


def test_recommendations_of_international_organisations_come_with_their_copies(reported: House) -> None:
    draft = reported.summarise(2026)
    assert [one.recommendation_id.rsplit(":", 1)[1] for one in draft.recommendations.recommendations] == ["R-1"]
    (file,) = draft.files
    with file.open() as source:
        content = source.read()
    assert sha256_of(content) == draft.attachments[0].digest.value.hex()


def test_nothing_received_is_nothing_to_sum_up(mfa: House) -> None:
    with pytest.raises(Final, match="summarise.nothing-received"):
        mfa.summarise(2026)


def test_a_year_without_a_list_of_bodies_is_refused(reported: House) -> None:
    with pytest.raises(Final, match="summarise.no-coverage-list"):
        reported.summarise(2019)


def test_bytes_that_have_rotted_since_stop_the_summary(reported: House) -> None:
    damage(reported, fx1().header.document_id)
    with pytest.raises(Final) as refused:
        reported.summarise(2026)
    assert refused.value.code in {"summarise.source-fails", "storage.damaged-bytes"}


# --- consolidate -----------------------------------------------------------------------------------------------------
def test_without_a_summary_there_is_nothing_to_consolidate() -> None:
    with pytest.raises(Final, match="consolidate.no-summary"):
        House("KZ-GA").consolidate(2026)


# --- publish ---------------------------------------------------------------------------------------------------------
def test_without_a_summary_nothing_is_published(reported: House) -> None:
    with pytest.raises(Final, match="publish.no-summary"):
        reported.publish(2026, TEXTS)


def pretend_summary_was_sent(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """The selection is looked at here; the summary itself travels in the demonstration and the acceptance tests."""
    from adapter.domain.reference import DocRef
    from adapter.usecases.publish import Publish

    monkeypatch.setattr(Publish, "_summary", lambda self, year: DocRef(document_id=fx1().header.document_id))


def published(house: House, monkeypatch: pytest.MonkeyPatch, **given: object) -> PublishedResults:
    pretend_summary_was_sent(house, monkeypatch)
    texts = PublicationTexts(results=TEXTS.results, location=TEXTS.location, treaties=given)  # type: ignore[arg-type]
    return house.publish(2026, texts)


def test_only_what_was_released_is_published_and_the_rest_is_counted(
    reported: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    results = published(reported, monkeypatch)
    assert [one.treaty.treaty_id.rsplit(":", 1)[1] for one in results.treaty_entries] == ["T1", "T3"]
    assert [(one.reason, one.count) for one in results.withheld] == [("other", 1)], "the unpublished part of FX-2"
    whole, part = results.treaty_entries
    record = at(fx2(), ("in_force_section", "treaty_records", 0))
    assert part.public_text == record.publishable.public_text
    assert part.public_text != record.progress, "the part that was not released stays inside"
    assert whole.public_text == at(fx1(), ("in_force_section", "treaty_records", 0)).progress


def test_a_text_that_a_person_gives_now_comes_first(reported: House, monkeypatch: pytest.MonkeyPatch) -> None:
    given = bi("Жаңа мәтін", "Новый текст")
    results = published(reported, monkeypatch, **{"urn:x-elshi:treaty:T1": given})
    assert results.treaty_entries[0].public_text == given


def test_internal_parts_of_a_treaty_are_left_out(reported: House, monkeypatch: pytest.MonkeyPatch) -> None:
    for entry in published(reported, monkeypatch).treaty_entries:
        assert entry.treaty.state_register_number is None


# --- a correction ----------------------------------------------------------------------------------------------------
def test_a_correction_is_used_instead_of_what_it_supersedes_and_both_stay(reported: House) -> None:
    from tests.factories import fx5

    mlsp = House("KZ-MLSP")
    mlsp.carried(mlsp.submit().report(fx5(), ATTACHED), reported)
    processed = reported.process()
    assert processed is not None
    assert processed.code.startswith("receive.registered"), processed
    named = {one.document_ref.document_id for one in reported.summarise(2026).sources}
    assert named == {fx1().header.document_id, fx5().header.document_id}
    assert reported.registered(fx2().header.document_id) is not None


# --- the whole chain -------------------------------------------------------------------------------------------------
@pytest.fixture
def summed_up(reported: House) -> tuple[House, House]:
    """The MFA has sent its summary, the Office has registered it."""
    draft = reported.summarise(2026)
    summary = replace(
        fx6(),
        header=replace(fx6().header, attachments=draft.attachments),
        coverage=draft.coverage,
        source_submissions=draft.sources,
        statistics=draft.statistics,
        treaty_entries=draft.treaty_entries,
        pending_entries=draft.pending_entries,
        recommendations=draft.recommendations,
        foreign_policy_assessment=replace(fx6().foreign_policy_assessment, items=()),
    )
    office = House("KZ-GA", clock=reported.clock)
    reported.carried(reported.submit().report(summary, draft.files), office)
    processed = office.process()
    assert processed is not None
    assert processed.code == "receive.registered", processed
    return reported, office


def test_the_consolidated_information_rests_on_the_very_container_of_the_summary(
    summed_up: tuple[House, House],
) -> None:
    _, office = summed_up
    draft = office.consolidate(2026)
    row = office.registered(draft.summary.header.document_id)
    with draft.file.open() as source:
        forwarded = source.read()
    assert (
        sha256_of(forwarded) == row.container == draft.source.digest.value.hex() == draft.attachment.digest.value.hex()
    )
    kept = KeptBlob(sha256=row.container, size=len(forwarded))
    assert judge_bytes(forwarded, kept, office.trust, at=office.clock.at).verdict is ContainerVerdict.PASSED


def test_a_summary_whose_bytes_have_rotted_is_not_consolidated(summed_up: tuple[House, House]) -> None:
    _, office = summed_up
    damage(office, fx6().header.document_id)
    with pytest.raises(Final) as refused:
        office.consolidate(2026)
    assert refused.value.code in {"consolidate.source-fails", "storage.damaged-bytes"}


def test_the_publication_names_the_summary_that_was_sent_of_that_year(summed_up: tuple[House, House]) -> None:
    mfa, _ = summed_up
    results = mfa.publish(2026, TEXTS)
    assert results.source.document_id == fx6().header.document_id
    assert mfa.publish(2026, TEXTS).header.document_id == results.header.document_id, "the same document again"
    with pytest.raises(Final, match="publish.no-summary"):
        mfa.publish(2025, TEXTS)


def test_a_summary_that_names_other_bytes_than_those_registered_is_not_signed(reported: House) -> None:
    draft = reported.summarise(2026)
    wrong = replace(draft.sources[0], digest=Digest(value=bytes(32)))
    summary = replace(
        fx6(),
        header=replace(fx6().header, attachments=draft.attachments),
        coverage=draft.coverage,
        source_submissions=(wrong, *draft.sources[1:]),
        statistics=draft.statistics,
        treaty_entries=draft.treaty_entries,
        pending_entries=draft.pending_entries,
        recommendations=draft.recommendations,
        foreign_policy_assessment=replace(fx6().foreign_policy_assessment, items=()),
    )
    with pytest.raises(DocumentRefused) as refused:
        reported.submit().report(summary, draft.files)
    assert "BR-14b" in {one.code for one in refused.value.findings}
