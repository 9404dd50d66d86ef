"""The half of the year after the ministries: summary, consolidated information, publication; each rests on what verifies."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from typing import Any

import pytest

import signing
from adapter import rules
from adapter.domain.codes import Action, CoverageStatus
from adapter.domain.delivery import Delivery
from adapter.domain.document import BodyCode
from adapter.domain.header import Supersedes
from adapter.domain.incoming import ContainerVerdict, JournalState
from adapter.domain.outgoing import ContentKind
from adapter.domain.reference import Digest, DocRef
from adapter.domain.report import ConsolidatedInformation, ProcessingResponse, PublishedResults, SummaryInformation
from adapter.errors import DocumentRefused, Final
from adapter.ports import FetchedFile, KeptBlob
from adapter.usecases.process_message import Processed
from adapter.usecases.publish import PublicationTexts
from adapter.usecases.verified_container import judge_bytes, sha256_of
from tests.factories import at, bi, fx1, fx2, fx5, fx6, fx7a, uuid
from tests.unit.usecases.houses import ALL_BINS, ATTACHED, House, issued, org, rulesets

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
    mlsp = House("KZ-MLSP")
    mlsp.carried(mlsp.submit().report(fx5(), ATTACHED), reported)
    processed = reported.process()
    assert processed is not None
    assert processed.code.startswith("receive.registered"), processed
    named = {one.document_ref.document_id for one in reported.summarise(2026).sources}
    assert named == {fx1().header.document_id, fx5().header.document_id}
    assert reported.registered(fx2().header.document_id) is not None


def summary_of(mfa: House) -> SummaryInformation:
    """What the register computes, joined with the words of FX-6."""
    draft = mfa.summarise(2026)
    return replace(
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


# --- the whole chain -------------------------------------------------------------------------------------------------
@pytest.fixture
def summed_up(reported: House) -> tuple[House, House]:
    """The MFA has sent its summary, the Office has registered it."""
    office = House("KZ-GA", clock=reported.clock)
    reported.carried(reported.submit().report(summary_of(reported), reported.summarise(2026).files), office)
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


# --- corrections of the summary ----------------------------------------------------------------------------------------
def correction_of_the_summary(mfa: House, *, name: str = "FX-6b") -> SummaryInformation:
    """Drawn anew from the register, under an identifier of its own, with what it replaces and why."""
    reason = bi("Қосымша есеп келді.", "Поступил дополнительный отчёт.")
    summary = summary_of(mfa)
    supersedes = Supersedes(document_ref=DocRef(document_id=summary.header.document_id), reason=reason)
    header = replace(
        summary.header,
        document_id=uuid(name),
        action=Action.CORRECTION,
        supersedes=supersedes,
        registration_number=name,
    )
    return replace(summary, header=header)


def carried_and_registered(summary: SummaryInformation, mfa: House, office: House) -> Delivery:
    sent = mfa.submit().report(summary, mfa.summarise(2026).files).delivery
    mfa.carried(sent, office)
    processed = office.process()
    assert processed is not None
    assert processed.code.startswith("receive.registered"), processed
    return sent


def test_a_corrected_summary_is_what_the_office_consolidates_and_the_first_one_stays(
    summed_up: tuple[House, House],
) -> None:
    mfa, office = summed_up
    first = office.registered(fx6().header.document_id)
    mlsp = House("KZ-MLSP")
    mlsp.carried(mlsp.submit().report(fx5(), ATTACHED), mfa)
    assert mfa.process() is not None
    corrected = correction_of_the_summary(mfa)
    sent = carried_and_registered(corrected, mfa, office)

    draft = office.consolidate(2026)
    assert draft.summary.header.document_id == corrected.header.document_id
    assert draft.source.digest.value.hex() == sent.content.files[0].sha256
    assert fx5().header.document_id in {one.document_ref.document_id for one in draft.summary.source_submissions}
    row = office.registered(corrected.header.document_id)
    assert row.supersedes == first.document_id
    assert office.registered(first.document_id) == first
    assert office.store.blobs.read(first.container)


def test_a_recall_of_the_summary_is_not_consolidated_in_its_place(summed_up: tuple[House, House]) -> None:
    mfa, office = summed_up
    corrected = correction_of_the_summary(mfa)
    recall = replace(corrected, header=replace(corrected.header, action=Action.RECALL))
    carried_and_registered(recall, mfa, office)
    assert office.consolidate(2026).summary.header.document_id == fx6().header.document_id


def test_a_recalled_report_is_no_source_and_a_recall_takes_nothing_away_by_itself(reported: House) -> None:
    mlsp = House("KZ-MLSP")
    recall = replace(fx5(), header=replace(fx5().header, action=Action.RECALL))
    mlsp.carried(mlsp.submit().report(recall, ATTACHED), reported)
    assert reported.process() is not None
    named = {one.document_ref.document_id for one in reported.summarise(2026).sources}
    assert named == {fx1().header.document_id, fx2().header.document_id}


def test_a_correction_of_another_bodys_report_is_refused_and_replaces_nothing(reported: House) -> None:
    mof = House("KZ-MOF")
    target = DocRef(document_id=fx2().header.document_id)
    supersedes = Supersedes(document_ref=target, reason=bi("Себебі", "Причина"))
    header = replace(fx1().header, document_id=uuid("FX-1b"), action=Action.CORRECTION, supersedes=supersedes)
    mof.carried(mof.submit().report(replace(fx1(), header=header), ()), reported)
    processed = reported.process()
    assert processed is not None
    assert processed.code == "receive.refused-against-rules"
    assert told_findings(reported) == {"receive.corrects-other"}
    assert fx2().header.document_id in {one.document_ref.document_id for one in reported.summarise(2026).sources}


# --- the summary that is forwarded --------------------------------------------------------------------------------------
def told_findings(house: House) -> set[str]:
    """Rules named by the ProcessingResponses that a house has queued."""
    found: set[str] = set()
    for row in house.everything_queued():
        if row.content_kind is not ContentKind.DOCUMENT:
            continue
        content = house.store.blobs.read(row.content.files[0].sha256)
        kept = KeptBlob(sha256=sha256_of(content), size=len(content))
        report = judge_bytes(content, kept, house.trust, at=house.clock.at).report
        if isinstance(report, ProcessingResponse):
            found |= {one.rule_id for one in report.findings}
    return found


def consolidated(office: House, **changes: Any) -> ConsolidatedInformation:
    draft = office.consolidate(2026)
    header = replace(fx7a().header, attachments=(draft.attachment,), **changes)
    return replace(fx7a(), header=header, source_summary=draft.source)


@pytest.fixture
def forwarded(summed_up: tuple[House, House]) -> tuple[House, Delivery]:
    """The Office has signed its consolidated information, which carries the MFA's container."""
    _, office = summed_up
    return office, office.submit().report(consolidated(office), (office.consolidate(2026).file,)).delivery


def arrives_at_the_administration(
    office: House, delivery: Delivery, changed: dict[bytes, bytes], *, inner: bytes | None = None, **house: Any
) -> tuple[House, Processed]:
    """The Office's container with the XML changed and signed again by its head, and with another summary when given."""
    administration = House("KZ-AP", clock=office.clock, **house)
    announced, _ = office.carried(delivery, administration)
    held = administration.incoming.files[announced.files[0]]
    assert isinstance(held, FetchedFile)
    judged = signing.verify_container(
        held.content, policy=office.trust.policy, anchors=office.trust.anchors, at=office.clock.at
    )
    contents = {one.name: (one.media_type, one.read()) for one in judged.objects}
    xml = contents["document.xml"][1]
    for old, new in changed.items():
        assert old in xml, old
        xml = xml.replace(old, new)
    contents["document.xml"] = (contents["document.xml"][0], xml)
    if inner is not None:
        name = next(one for one in contents if one.endswith(".asice"))
        contents[name] = (contents[name][0], inner)
    out = io.BytesIO()
    signing.sign_container(
        [signing.DataObject.of(name, kind, content) for name, (kind, content) in contents.items()],
        issued("head", "KZ-GA").signing_key(),
        policy=signing.DEFAULT_SIGNING,
        signing_time=office.clock.at,
        out=out,
    )
    administration.incoming.files[announced.files[0]] = replace(held, content=out.getvalue())
    processed = administration.process()
    assert processed is not None
    return administration, processed


def test_the_administration_takes_the_consolidated_information_with_the_summary_inside(
    forwarded: tuple[House, Delivery],
) -> None:
    _, processed = arrives_at_the_administration(*forwarded, {})
    assert processed.code == "receive.registered"


def test_a_consolidated_document_is_not_signed_over_the_summary_of_another_year(summed_up: tuple[House, House]) -> None:
    _, office = summed_up
    with pytest.raises(Final, match="consolidate.no-summary"):
        office.consolidate(2027)
    with pytest.raises(DocumentRefused) as refused:
        office.submit().report(consolidated(office, reporting_year=2027), (office.consolidate(2026).file,))
    assert {one.code for one in refused.value.findings} == {"BR-16a"}


def test_the_summary_of_another_year_inside_a_consolidated_document_is_found_at_the_addressee(
    forwarded: tuple[House, Delivery],
) -> None:
    administration, processed = arrives_at_the_administration(
        *forwarded, {b"ReportingYear>2026<": b"ReportingYear>2027<"}
    )
    assert processed.code == "receive.refused-against-rules"
    assert told_findings(administration) == {"BR-16a"}


def signed_by(key: signing.IssuedKey, container: bytes, house: House) -> bytes:
    """The same objects under another signature."""
    judged = signing.verify_container(
        container, policy=house.trust.policy, anchors=house.trust.anchors, at=house.clock.at
    )
    out = io.BytesIO()
    signing.sign_container(
        [signing.DataObject.of(one.name, one.media_type, one.read()) for one in judged.objects],
        key.signing_key(),
        policy=signing.DEFAULT_SIGNING,
        signing_time=house.clock.at,
        out=out,
    )
    return out.getvalue()


def test_a_summary_that_another_body_signed_in_the_ministrys_name_is_no_summary(
    forwarded: tuple[House, Delivery],
) -> None:
    """Everything agrees, digests included: only the certificate under the summary is another body's."""
    office, delivery = forwarded
    draft = office.consolidate(2026)
    with draft.file.open() as source:
        genuine = source.read()
    forged = signed_by(issued("head", "KZ-MLSP"), genuine, office)
    changed = {
        base64.b64encode(bytes.fromhex(sha256_of(genuine))): base64.b64encode(bytes.fromhex(sha256_of(forged))),
        f"SizeBytes>{len(genuine)}<".encode(): f"SizeBytes>{len(forged)}<".encode(),
    }
    administration, processed = arrives_at_the_administration(office, delivery, changed, inner=forged)
    assert processed.code == "receive.refused-against-rules"
    assert told_findings(administration) == {"BR-16a"}


def test_a_forwarded_summary_whose_signer_nobody_knows_is_held_and_the_office_not_blamed(
    forwarded: tuple[House, Delivery],
) -> None:
    bins = {BodyCode(code): number for code, number in ALL_BINS.items() if code != "KZ-MFA"}
    administration, processed = arrives_at_the_administration(*forwarded, {}, bins=bins)
    assert (processed.code, processed.entry.state) == ("rules.cannot-tell", JournalState.HELD)
    assert told_findings(administration) == set()


def test_a_summary_that_another_body_than_the_ministry_issues_is_not_signed_and_not_taken(reported: House) -> None:
    """A minister's good signature under a summary: the Office would otherwise consolidate the last one that came."""
    mlsp = House("KZ-MLSP", clock=reported.clock)
    own = replace(summary_of(reported), header=replace(summary_of(reported).header, sender=org("KZ-MLSP")))
    with pytest.raises(DocumentRefused) as refused:
        mlsp.submit().report(own, reported.summarise(2026).files)
    assert "rules.sender-unexpected" in {one.code for one in refused.value.findings}
    facts = rules.Facts(at=reported.clock.at)
    ruleset = rulesets().find(own.header.ruleset.id, own.header.ruleset.version)
    found = rules.check_all(own, stage=rules.Stage.RECEIVE, ruleset=ruleset, facts=facts)
    assert "rules.sender-unexpected" in {one.finding.code for one in found}
