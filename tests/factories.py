"""Small documents for tests of the rules, shaped like the worked examples of the domain: a valid one each, to break one thing in.

The treaties are real, the texts, names and numbers are invented. `put(report, path, value)` gives the report with one
value replaced; `facts()` is the picture in which everything is known and in order.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import fields, is_dataclass, replace
from typing import Any, Final

from adapter import rules
from adapter.domain.analysis_basis import (
    AdvisoryBodyProposals,
    AnalysisBasis,
    ExternalRecommendations,
    FactualInformation,
    MediaPublications,
    NationalLegalActs,
    PeriodicReports,
    TreatyProvisions,
)
from adapter.domain.codes import (
    AccessMarking,
    Action,
    Capacity,
    CompetenceBasis,
    ConsolidatedMode,
    CoverageStatus,
    ProcedureState,
    PublicationDecision,
    RecommendationOrigin,
    Scope,
    SignatureVerdict,
    SourceState,
)
from adapter.domain.document import BodyCode, DocumentId, DocumentType
from adapter.domain.header import (
    ActingOrder,
    Attachment,
    Executor,
    Header,
    ReportingPeriod,
    RulesetRef,
    Signatory,
    SubdivisionOrder,
    Supersedes,
)
from adapter.domain.record import (
    Issue,
    NonCompletion,
    OtherParties,
    PendingRecord,
    Procedure,
    Proposal,
    Publishable,
    TreatyRecord,
)
from adapter.domain.reference import (
    ActRef,
    Bilingual,
    Digest,
    DocRef,
    LanguageText,
    Multilingual,
    OrgRef,
    PartyRef,
    RecordRef,
    TreatyRef,
)
from adapter.domain.report import (
    ConsolidatedInformation,
    InForceSection,
    PendingSection,
    PublishedResults,
    PublishedTreatyEntry,
    SourceSummary,
    SummaryInformation,
    TreatyInformation,
)
from adapter.domain.summary import (
    AssessmentItem,
    Coverage,
    ForeignPolicyAssessment,
    SourceSubmission,
    SummaryRecommendations,
    SummaryTreatyEntry,
)
from adapter.domain.treaty import (
    Adoption,
    DiplomaticChannel,
    EntryIntoForce,
    IssuingBody,
    Party,
    Recommendation,
    Treaty,
    TreatySignature,
)

ALMATY: Final = dt.timezone(dt.timedelta(hours=5))
BASELINE: Final = ("RK-GOV-1141-2010", "2021-03-18")
NINE: Final = ("KZ-MOF", "KZ-MLSP", "KZ-MENR", "KZ-MTI", "KZ-MOT", "KZ-MFA", "KZ-ASPR", "KZ-MCI", "KZ-KNB")
BINS: Final = {
    "KZ-MOF": "991340000106",
    "KZ-MLSP": "991340000473",
    "KZ-MENR": "991340000849",
    "KZ-MTI": "991340001213",
    "KZ-MOT": "991340001580",
    "KZ-MFA": "991340000801",
}
COPY_BYTES: Final = b"TEST DOCUMENT. FICTITIOUS TEXT.\n"
TABLE_BYTES: Final = b"indicator;value\nobjects checked;130\n"


def uuid(name: str) -> DocumentId:
    """A stable identifier by name."""
    digest = hashlib.sha256(name.encode()).hexdigest()
    return DocumentId(f"urn:uuid:{digest[:8]}-{digest[8:12]}-5{digest[13:16]}-8{digest[17:20]}-{digest[20:32]}")


def sha256(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()


def bi(kk: str, ru: str) -> Bilingual:
    return Bilingual(kk=kk, ru=ru)


def org(code: str) -> OrgRef:
    return OrgRef(
        code=BodyCode(code),
        name=bi(f"«{code}» мемлекеттік органы", f"Государственный орган «{code}»"),
        bin=BINS.get(code),
    )


def at(report: Any, path: tuple[str | int, ...]) -> Any:
    """The value at a path."""
    for step in path:
        report = report[step] if isinstance(step, int) else getattr(report, step)
    return report


def put(report: Any, path: tuple[str | int, ...], value: Any) -> Any:
    """The report with the value at the path replaced."""
    if not path:
        return value
    step, rest = path[0], path[1:]
    if isinstance(step, int):
        return (*report[:step], put(report[step], rest, value), *report[step + 1 :])
    return replace(report, **{step: put(getattr(report, step), rest, value)})


def without(report: Any, path: tuple[str | int, ...]) -> Any:
    """The report with an optional value taken out: None, or one fewer in a tuple."""
    *head, last = path
    if isinstance(last, int):
        items = at(report, tuple(head))
        return put(report, tuple(head), (*items[:last], *items[last + 1 :]))
    return put(report, path, None)


def parts(value: Any) -> int:
    """How many values a report holds; to see that a walk leaves none out."""
    if isinstance(value, tuple):
        return 1 + sum(parts(item) for item in value)
    if is_dataclass(value) and not isinstance(value, type):
        return 1 + sum(parts(getattr(value, part.name)) for part in fields(value))
    return 1


# --- treaties --------------------------------------------------------------------------------------------------------
def treaty(
    key: str,
    kk: str,
    ru: str,
    *,
    lead: str,
    since: dt.date | None,
    signed: dt.date | None = None,
    adopted: dt.date | None = None,
    scope: Scope = Scope.BILATERAL,
    parties: tuple[str, ...] = ("KZ", "RU"),
    status: str = "in-force",
    number: str | None = None,
) -> Treaty:
    return Treaty(
        treaty_id=f"urn:x-elshi:treaty:{key}",
        state_register_number=number,
        title=bi(kk, ru),
        short_title=bi(kk, ru),
        scope=scope,
        parties=tuple(Party(ref=PartyRef(scheme="io" if code == "EU" else "iso3166-1", code=code)) for code in parties),
        adoption=Adoption(date=adopted) if adopted else None,
        signature=TreatySignature(date=signed) if signed else None,
        entry_into_force=EntryIntoForce(for_kazakhstan=since) if since else None,
        status=status,
        lead_body=org(lead),
    )


def t1() -> Treaty:
    return treaty(
        "T1",
        "Бірлескен бақылау туралы келісім",
        "Соглашение о совместном контроле",
        lead="KZ-MOF",
        signed=dt.date(2009, 9, 11),
        since=dt.date(2013, 7, 30),
        number="ТЕСТ-ТІЗ-01",
    )


def t2() -> Treaty:
    return treaty(
        "T2",
        "Әуе қатынасы туралы келісім",
        "Соглашение о воздушном сообщении",
        lead="KZ-MOT",
        signed=dt.date(2019, 12, 30),
        since=dt.date(2022, 3, 15),
        parties=("KZ", "US"),
        number="ТЕСТ-ТІЗ-02",
    )


def t3() -> Treaty:
    return treaty(
        "T3",
        "Мүгедектердің құқықтары туралы конвенция",
        "Конвенция о правах инвалидов",
        lead="KZ-MLSP",
        adopted=dt.date(2006, 12, 13),
        since=dt.date(2015, 5, 21),
        scope=Scope.MULTILATERAL,
        parties=("KZ", "FR", "JP"),
        number="ТЕСТ-ТІЗ-03",
    )


def t4() -> Treaty:
    return treaty(
        "T4",
        "Париж келісімі",
        "Парижское соглашение",
        lead="KZ-MENR",
        adopted=dt.date(2015, 12, 12),
        since=dt.date(2017, 1, 5),
        scope=Scope.MULTILATERAL,
        parties=("KZ", "FR", "JP"),
        number="ТЕСТ-ТІЗ-04",
    )


def t5(lead: str = "KZ-MTI") -> Treaty:
    return treaty(
        "T5",
        "Кеңейтілген әріптестік пен ынтымақтастық туралы келісім",
        "Соглашение о расширенном партнёрстве и сотрудничестве",
        lead=lead,
        signed=dt.date(2015, 12, 21),
        since=dt.date(2020, 3, 1),
        parties=("KZ", "EU", "DE", "FR", "IT", "LV", "PL"),
        number="ТЕСТ-ТІЗ-05",
    )


def t6() -> Treaty:
    return treaty(
        "T6",
        "Каспий теңізінің құқықтық мәртебесі туралы конвенция",
        "Конвенция о правовом статусе Каспийского моря",
        lead="KZ-MFA",
        signed=dt.date(2018, 8, 12),
        since=None,
        scope=Scope.MULTILATERAL,
        parties=("AZ", "IR", "KZ", "RU", "TM"),
        status="signed",
    )


def t8() -> Treaty:
    return treaty(
        "T8",
        "Чикаго конвенциясын өзгерту туралы хаттамалар",
        "Протоколы об изменении Чикагской конвенции",
        lead="KZ-MOT",
        adopted=dt.date(2016, 10, 6),
        since=None,
        scope=Scope.MULTILATERAL,
        parties=("KZ",),
        status="signed",
    )


# --- records ---------------------------------------------------------------------------------------------------------
def sources(**slots: Any) -> AnalysisBasis:
    analysed = {
        "state": SourceState.ANALYSED,
        "finding": bi("Дереккөз талданды, қайшылықтар анықталған жоқ.", "Источник изучен, противоречий не выявлено."),
    }
    basis = AnalysisBasis(
        treaty_provisions=TreatyProvisions(**analysed),
        national_legal_acts=NationalLegalActs(**analysed),
        factual_information=FactualInformation(**analysed),
        media_publications=MediaPublications(state=SourceState.NONE_AVAILABLE),
        periodic_reports=PeriodicReports(state=SourceState.NOT_APPLICABLE),
        external_recommendations=ExternalRecommendations(state=SourceState.NONE_AVAILABLE),
        advisory_body_proposals=AdvisoryBodyProposals(state=SourceState.NONE_AVAILABLE),
    )
    return replace(basis, **slots)


def record(of: Treaty, name: str, **values: Any) -> TreatyRecord:
    plain = TreatyRecord(
        record_id=uuid(f"record {name}"),
        treaty=of,
        competence_basis=CompetenceBasis.COMPETENCE_EARLIER,
        progress=bi(
            "Есепті кезеңде келісім әдеттегі тәртіппен қолданылды, өзгерістер енгізілген жоқ.",
            "В отчётном периоде соглашение применялось в обычном порядке, изменений не вносилось.",
        ),
        own_obligations=bi(
            "Міндеттемелер уәкілетті органдардың өкілеттіктері шегінде орындалуда.",
            "Обязательства выполняются в пределах полномочий уполномоченных органов.",
        ),
        own_rights=bi(
            "Келісімде көзделген құқықтар іске асырылуда, кедергілер анықталған жоқ.",
            "Предусмотренные соглашением права реализуются, препятствий не выявлено.",
        ),
        other_parties=OtherParties(
            assessment=bi(
                "Екінші тараптың міндеттемелерін орындамағаны туралы мәліметтер түскен жоқ.",
                "Сведений о невыполнении обязательств другой стороной не поступало.",
            )
        ),
        analysis_basis=sources(),
        no_issues=True,
        publishable=Publishable(decision=PublicationDecision.YES),
    )
    return replace(plain, **values)


def issue(identifier: str, kk: str, ru: str) -> Issue:
    return Issue(id=identifier, description=bi(kk, ru), cause="institutional")


def proposal(identifier: str, *issues: str) -> Proposal:
    return Proposal(
        id=identifier,
        issue_refs=issues,
        text=bi("Бірыңғай көрсеткіштер тізбесін бекіту.", "Утвердить единый перечень показателей."),
        kind="institutional",
    )


def partly(kk: str, ru: str, reason: str = "other") -> Publishable:
    return Publishable(decision=PublicationDecision.PART, reason=reason, public_text=bi(kk, ru))


def withheld(reason: str = "other") -> Publishable:
    return Publishable(decision=PublicationDecision.NO, reason=reason)


def step(name: str, state: ProcedureState) -> Procedure:
    return Procedure(step=name, responsible_body=org("KZ-MOT"), state=state)


def pending(of: Treaty, name: str, **values: Any) -> PendingRecord:
    plain = PendingRecord(
        record_id=uuid(f"record {name}"),
        treaty=of,
        competence_basis=CompetenceBasis.PROPOSER,
        procedures=(step("legal-expertise", ProcedureState.COMPLETED),),
        progress=bi("Мемлекетішілік рәсімдер жүргізілуде.", "Внутригосударственные процедуры проводятся."),
        publishable=Publishable(decision=PublicationDecision.YES),
    )
    return replace(plain, **values)


def recommendation(name: str, origin: RecommendationOrigin, **values: Any) -> Recommendation:
    plain = Recommendation(
        recommendation_id=f"urn:x-elshi:recommendation:{name}",
        origin=origin,
        issuing_body=IssuingBody(name=Multilingual(texts=(LanguageText(language="en", text="Committee (test name)"),))),
        document_symbol="TEST/CO/1",
        paragraph="12",
        diplomatic_channel=DiplomaticChannel(received=True),
    )
    return replace(plain, **values)


def attachment(identifier: str, file_name: str, content: bytes, role: str) -> Attachment:
    return Attachment(
        id=identifier,
        role=role,
        title=Multilingual(texts=(LanguageText(language="en", text="Attachment for tests"),)),
        file_name=file_name,
        media_type="text/plain",
        size_bytes=len(content),
        digest=Digest(value=sha256(content)),
        languages=("en",),
        access_marking=AccessMarking.PUBLIC,
    )


def copy_attachment() -> Attachment:
    return attachment("A-1", "recommendation-1-en.txt", COPY_BYTES, "recommendation-copy")


# --- documents -------------------------------------------------------------------------------------------------------
def header(name: str, kind: DocumentType, sender: str, recipient: str | None, **values: Any) -> Header:
    plain = Header(
        document_id=uuid(name),
        case_id=f"urn:x-elshi:case:{BASELINE[0]}:{BASELINE[1]}:2026:{kind}:{sender}",
        action=Action.NEW,
        document_type=kind,
        ruleset=RulesetRef(id=BASELINE[0], version=BASELINE[1]),
        reporting_year=2026,
        sender=org(sender),
        recipient=org(recipient) if recipient else None,
        access_marking=AccessMarking.PUBLIC,
    )
    return replace(plain, **values)


def business(name: str, kind: DocumentType, sender: str, recipient: str, on: dt.date, **values: Any) -> Header:
    signed = {
        "reporting_period": ReportingPeriod(from_=dt.date(2026, 1, 1), to=dt.date(2026, 10, 31)),
        "registration_number": f"ТЕСТ-{name}",
        "registration_date": on,
        "signatory": Signatory(
            name=bi("Сынақова Әсел Мысалқызы", "Сынакова Асель Мысаловна"),
            position=bi("Министр (үлгі)", "Министр (пример)"),
            capacity=Capacity.HEAD,
        ),
        "executor": Executor(name="Т. Орындаушы", phone="+7 000 000 00 00", email="executor@mof.example"),
    }
    return header(name, kind, sender, recipient, **(signed | values))


def information(
    name: str,
    sender: str,
    in_force: tuple[TreatyRecord, ...] = (),
    waiting: tuple[PendingRecord, ...] = (),
    **values: Any,
) -> TreatyInformation:
    asked = {
        "responsible_subdivision": bi(
            "Халықаралық ынтымақтастық департаменті", "Департамент международного сотрудничества"
        ),
        "subdivision_order": SubdivisionOrder(number="ТЕСТ-Б-17", date=dt.date(2025, 2, 3)),
        "due_date": dt.date(2026, 11, 10),
    }
    return TreatyInformation(
        header=business(
            name, DocumentType.TREATY_INFORMATION, sender, "KZ-MFA", dt.date(2026, 11, 2), **(asked | values)
        ),
        in_force_section=InForceSection(nil_return=not in_force, treaty_records=in_force),
        pending_section=PendingSection(nil_return=not waiting, pending_records=waiting),
    )


def fx1() -> TreatyInformation:
    """One treaty in force, no issues."""
    return information("FX-1", "KZ-MOF", (record(t1(), "FX-1"),))


def fx2() -> TreatyInformation:
    """Two issues with a proposal each, three recommendations, two attachments."""
    given = ExternalRecommendations(
        state=SourceState.ANALYSED,
        finding=bi("Ұсынымдар қаралды, орындалуы бақылауда.", "Рекомендации рассмотрены, исполнение на контроле."),
        recommendations=(
            recommendation("R-1", RecommendationOrigin.INTERNATIONAL_ORGANIZATION, copy="A-1"),
            recommendation("R-2", RecommendationOrigin.INTERNATIONAL_EXPERT),
            recommendation("R-3", RecommendationOrigin.NGO),
        ),
    )
    of_t3 = record(
        t3(),
        "FX-2",
        no_issues=False,
        analysis_basis=sources(external_recommendations=given),
        issues=(
            issue("I-1", "Деректер әртүрлі көрсеткіштер бойынша жиналады", "Данные собираются по разным показателям"),
            issue("I-2", "Ұсынымдардың аудармасы кешігіп дайындалады", "Перевод рекомендаций готовится с задержкой"),
        ),
        proposals=(proposal("P-1", "I-1"), proposal("P-2", "I-2")),
        publishable=partly("Қолжетімділікті қамтамасыз ету жалғасты.", "Работа по доступности продолжена."),
    )
    files = (copy_attachment(), attachment("A-2", "accessibility-2026.csv", TABLE_BYTES, "statistics"))
    return information("FX-2", "KZ-MLSP", (of_t3,), attachments=files)


def fx2b(lead: str = "KZ-MTI") -> TreatyInformation:
    """Two treaties; on T5 this body is competent and another leads."""
    of_t4 = record(
        t4(),
        "FX-2b T4",
        no_issues=False,
        issues=(issue("I-1", "Есептілік мерзімдері сәйкес келмейді", "Сроки отчётности не совпадают"),),
        proposals=(proposal("P-1", "I-1"),),
        progress=bi(
            "Кезең ішінде CO₂-баламасы бойынша шығарындылар есебі жүргізілді және жарияланды.",
            "В течение периода вёлся и опубликован учёт выбросов в CO₂-эквиваленте.",
        ),
    )
    return information("FX-2b", "KZ-MENR", (of_t4, record(t5(lead), "FX-2b T5", publishable=withheld())))


def fx2c() -> TreatyInformation:
    """A mixed agreement: bilateral with many parties."""
    of_t5 = record(
        t5(),
        "FX-2c",
        no_issues=False,
        issues=(issue("I-1", "Байланыс пункттерінің тізбесін жаңарту қажет", "Требуется обновить перечень контактов"),),
        proposals=(proposal("P-1", "I-1"),),
        publishable=partly(
            "Келісім толық көлемде қолданылады.", "Соглашение применяется полностью.", "other-party-consent"
        ),
    )
    return information("FX-2c", "KZ-MTI", (of_t5,))


def fx3a() -> TreatyInformation:
    """The MFA to itself, one treaty pending."""
    of_t6 = pending(
        t6(),
        "FX-3a",
        procedures=(step("ratification-law", ProcedureState.COMPLETED),),
        non_completion=NonCompletion(
            reasons=("other-party-not-completed",),
            explanation=bi("Басқа тараптар рәсімдерді аяқтаған жоқ.", "Другие стороны не завершили процедуры."),
        ),
        publishable=withheld(),
    )
    return information("FX-3a", "KZ-MFA", (), (of_t6,))


def fx3b() -> TreatyInformation:
    """In force and pending, signed by an acting head; T8 was adopted, not signed."""
    of_t8 = pending(
        t8(),
        "FX-3b T8",
        procedures=(
            step("legal-expertise", ProcedureState.COMPLETED),
            step("bill-submitted", ProcedureState.IN_PROGRESS),
            step("ratification-law", ProcedureState.NOT_STARTED),
            step("deposit", ProcedureState.NOT_STARTED),
            step("exchange", ProcedureState.NOT_REQUIRED),
        ),
        non_completion=NonCompletion(
            reasons=("parliament-schedule",),
            explanation=bi("Заң жобасы қаралуда.", "Законопроект рассматривается."),
        ),
    )
    acting = Signatory(
        name=bi("Үлгіұлы Дәурен", "Улгиулы Даурен"),
        position=bi("Министрдің міндетін атқарушы (үлгі)", "Исполняющий обязанности министра (пример)"),
        capacity=Capacity.ACTING_HEAD,
        acting_order=ActingOrder(number="ТЕСТ-Б-9", date=dt.date(2026, 10, 30)),
    )
    return information("FX-3b", "KZ-MOT", (record(t2(), "FX-3b T2"),), (of_t8,), signatory=acting)


def fx4() -> TreatyInformation:
    """Nothing to report."""
    return information("FX-4", "KZ-ASPR")


def fx5() -> TreatyInformation:
    """A correction of FX-2 that came late."""
    reason = bi("Көрсеткіштің мәні нақтыланды.", "Уточнено значение показателя.")
    base = fx2()
    supersedes = Supersedes(document_ref=DocRef(document_id=uuid("FX-2")), reason=reason)
    changed = replace(base.header, document_id=uuid("FX-5"), action=Action.CORRECTION, supersedes=supersedes)
    return replace(base, header=changed)


def used() -> tuple[TreatyInformation, ...]:
    """The submissions that the summary rests on: the correction instead of what it supersedes."""
    return (fx1(), fx5(), fx2b(), fx2c(), fx3a(), fx3b(), fx4())


def stored_bytes(report: TreatyInformation | SummaryInformation) -> bytes:
    """Bytes that stand for the stored container of a report."""
    return f"container of {report.header.document_id}".encode()


def source_of(report: TreatyInformation) -> SourceSubmission:
    number, day = report.header.registration_number, report.header.registration_date
    assert number is not None
    assert day is not None
    return SourceSubmission(
        document_ref=DocRef(document_id=report.header.document_id),
        registration_number=number,
        registration_date=day,
        digest=Digest(value=sha256(stored_bytes(report))),
        signature_verdict=SignatureVerdict.VALID,
        received_at=dt.datetime(2026, 11, 5, 12, tzinfo=ALMATY),
    )


def coverage_lines() -> tuple[Coverage, ...]:
    status = {"KZ-MCI": CoverageStatus.NOT_RECEIVED, "KZ-KNB": CoverageStatus.OTHER_CHANNEL}
    return tuple(
        Coverage(body=org(code), status=status.get(code, CoverageStatus.RECEIVED_ON_TIME), date=dt.date(2026, 11, 10))
        for code in NINE
    )


def reference(of: Treaty) -> TreatyRef:
    assert of.short_title is not None
    return TreatyRef(treaty_id=of.treaty_id, short_title=of.short_title)


def fx6() -> SummaryInformation:
    """The summary over nine expected bodies."""
    return SummaryInformation(
        header=business(
            "FX-6",
            DocumentType.SUMMARY_INFORMATION,
            "KZ-MFA",
            "KZ-GA",
            dt.date(2026, 12, 8),
            due_date=dt.date(2026, 12, 10),
            attachments=(copy_attachment(),),
        ),
        coverage=coverage_lines(),
        source_submissions=tuple(source_of(report) for report in used()),
        statistics=rules.statistics(used(), coverage_lines()),
        analysis=bi(
            "Тоғыз органның жетеуі ақпаратты мерзімінде ұсынды.", "Из девяти органов семь представили информацию."
        ),
        foreign_policy_assessment=ForeignPolicyAssessment(
            text=bi("Шарттардың орындалуы басымдықтарға сай келеді.", "Выполнение договоров отвечает приоритетам."),
            items=(
                AssessmentItem(
                    treaty=reference(t5()), text=bi("Тізбені жаңарту қажет.", "Перечень нужно обновить."), risk="low"
                ),
            ),
        ),
        treaty_entries=(
            SummaryTreatyEntry(
                treaty=reference(t5()),
                record_refs=(RecordRef(document_id=uuid("FX-2c"), record_id=uuid("record FX-2c")),),
            ),
        ),
        problems=(issue("S-1", "Деректер әртүрлі мерзімде түседі", "Данные поступают в разные сроки"),),
        proposals=(proposal("SP-1", "S-1"),),
        recommendations=SummaryRecommendations(
            recommendations=(recommendation("R-1", RecommendationOrigin.INTERNATIONAL_ORGANIZATION, copy="A-1"),)
        ),
    )


def fx7(mode: ConsolidatedMode) -> ConsolidatedInformation:
    own_text = bi("Жиынтық ақпарат негізінде дайындалды.", "Подготовлено на основе сводной информации.")
    return ConsolidatedInformation(
        header=business(
            f"FX-7 {mode}",
            DocumentType.CONSOLIDATED_INFORMATION,
            "KZ-GA",
            "KZ-AP",
            dt.date(2026, 12, 15),
            reporting_period=None,
        ),
        source_summary=SourceSummary(
            document_ref=DocRef(document_id=uuid("FX-6")),
            digest=Digest(value=sha256(stored_bytes(fx6()))),
            signature_verdict=SignatureVerdict.VALID,
        ),
        mode=mode,
        text=own_text if mode is ConsolidatedMode.REDRAFTED else None,
        procedure=ActRef(type="presidential-decree", issuer=org("KZ-AP"), number="1037", date=dt.date(2010, 8, 12)),
    )


def fx7a() -> ConsolidatedInformation:
    return fx7(ConsolidatedMode.FORWARDED)


def fx7b() -> ConsolidatedInformation:
    return fx7(ConsolidatedMode.REDRAFTED)


def entry(of: Treaty, text: Bilingual | None = None) -> PublishedTreatyEntry:
    plain = bi("Келісім әдеттегі тәртіппен қолданылды.", "Соглашение применялось в обычном порядке.")
    return PublishedTreatyEntry(treaty=of, public_text=text or plain)


def fx8() -> PublishedResults:
    """The publishable part: T6 is withheld, T3 and T5 have the texts given for the public."""
    released = {"T3": at(fx2(), RECORD).publishable.public_text, "T5": at(fx2c(), RECORD).publishable.public_text}
    return PublishedResults(
        header=header("FX-8", DocumentType.PUBLISHED_RESULTS, "KZ-MFA", None),
        source=DocRef(document_id=uuid("FX-6")),
        results=bi("2026 жылы бес шарт мониторингпен қамтылды.", "В 2026 году мониторингом охвачены пять договоров."),
        treaty_entries=(
            entry(t1()),
            entry(t2()),
            entry(t3(), released["T3"]),
            entry(t4()),
            entry(t5(), released["T5"]),
            entry(t8()),
        ),
        location="https://mfa.example/monitoring/2026",
        published_at=dt.datetime(2026, 12, 21, 12, tzinfo=ALMATY),
        formats=("text/html",),
    )


RECORD: Final = ("in_force_section", "treaty_records", 0)
PENDING: Final = ("pending_section", "pending_records", 0)


# --- facts -----------------------------------------------------------------------------------------------------------
def coverage_list(year: int = 2026, codes: tuple[str, ...] = NINE) -> rules.CoverageList:
    other = {"KZ-KNB": rules.OtherChannel(set_by="Мысал Үлгі", on=dt.date(2026, 11, 9))}
    return rules.CoverageList(
        year=year,
        bodies=tuple(rules.ExpectedBody(code=BodyCode(code), other_channel=other.get(code)) for code in codes),
        confirmed_by="Мысал Үлгі",
        confirmed_on=dt.date(2026, 10, 1),
    )


def signature(**values: Any) -> rules.SignatureFact:
    plain = rules.SignatureFact(
        verdict=SignatureVerdict.VALID,
        covers_all=True,
        certificate=rules.CertificateState.VALID,
        signing_time=dt.datetime(2026, 11, 2, 11, tzinfo=ALMATY),
    )
    return replace(plain, **values)


def receipt(**values: Any) -> rules.ReceiptFact:
    plain = rules.ReceiptFact(
        kind="signed-receipt",
        verdict=SignatureVerdict.VALID,
        document_id=uuid("FX-1"),
        sender=BodyCode("KZ-MOF"),
        sha256=sha256(b"sent"),
    )
    return replace(plain, **values)


def delivery(**values: Any) -> rules.DeliveryFact:
    plain = rules.DeliveryFact(
        attempts=1,
        last_attempt_at=dt.datetime(2026, 11, 2, 11, 20, 5, tzinfo=ALMATY),
        is_overdue=False,
        is_given_up=False,
        sent_sha256=sha256(b"sent"),
        receipt=receipt(),
    )
    return replace(plain, **values)


def facts(report: Any, **values: Any) -> rules.Facts:
    """Everything known and in order for this report; single facts are replaced by name."""
    head = report.header
    known = {item.file_name: item for item in head.attachments}
    plain = rules.Facts(
        at=dt.datetime(2026, 11, 2, 10, tzinfo=ALMATY),
        coverage=coverage_list(head.reporting_year),
        signature=signature(),
        signer=rules.SignerFact(
            name="Сынақова Ә. М.",
            body=head.sender.code,
            capacity=head.signatory.capacity if head.signatory else Capacity.HEAD,
        ),
        files=tuple(
            rules.FoundFile(name=name, size=item.size_bytes, sha256=item.digest.value) for name, item in known.items()
        ),
        received_at=dt.datetime(2026, 11, 2, 11, 20, 41, tzinfo=ALMATY),
        first_sent_at=dt.datetime(2026, 11, 2, 11, 20, 5, tzinfo=ALMATY),
        identity=rules.Identity.NEW,
        submissions=tuple(
            rules.Submission(document_id=each.header.document_id, body=each.header.sender.code, report=each)
            for each in used()
        ),
        stored=tuple(
            rules.StoredDocument(
                document_id=each.header.document_id,
                body=each.header.sender.code,
                sha256=sha256(stored_bytes(each)),
                verdict=SignatureVerdict.VALID,
            )
            for each in (*used(), fx6())
        ),
        forwarded=sha256(stored_bytes(fx6())),
        delivery=delivery(receipt=receipt(document_id=head.document_id, sender=head.sender.code)),
    )
    return replace(plain, **values)
