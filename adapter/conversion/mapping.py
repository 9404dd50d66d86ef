"""Which field of a Report is which element or attribute of the XML, and in which order: one table; the rest follows.

    row of the table             reads
    "progress Progress"          the field `progress` is the element Progress
    "issues Issue"               a tuple: the element repeats
    "changed @changed"           an attribute
    "value text()"               the text of the element itself
    "treaty Treaty|TreatyRef"    the field has one of two types: the element's name tells which
    "issuer Issuer/Body|Name"    the same, inside an element of its own

Order of rows is order in the document. An element lives in the namespace of the module that declares its parent, so
each block of the table names the namespace of its children. What a field's type is, is said once, in adapter.domain.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from adapter.domain import analysis_basis as a
from adapter.domain import header as h
from adapter.domain import record as s
from adapter.domain import reference as c
from adapter.domain import report as r
from adapter.domain import summary as m
from adapter.domain import treaty as t

TABLE: Final[Mapping[type[Any], tuple[str, str]]] = {
    # --- core
    c.Bilingual: ("core", "kk Kk, ru Ru"),
    c.Multilingual: ("core", "texts Text"),
    c.LanguageText: ("core", "language @xml:lang, text text()"),
    c.Digest: ("core", "algorithm @algorithm, value text()"),
    c.Period: ("core", "from_ @from, to @to, year @year"),
    c.DocRef: (
        "core",
        """
        document_id DocumentId, registration_number RegistrationNumber, registration_date RegistrationDate,
        digest Digest
        """,
    ),
    c.RecordRef: ("core", "document_id DocumentId, record_id RecordId"),
    c.TreatyRef: ("core", "treaty_id TreatyId, short_title ShortTitle"),
    # --- org
    c.OrgRef: ("org", "scheme @scheme, code @code, name Name, bin Bin"),
    c.PartyRef: ("org", "scheme @scheme, code @code"),
    c.ActRef: (
        "org",
        """
        type Type, issuer Issuer/Body|Name, number Number, date Date, adilet_id AdiletId, title Title
        """,
    ),
    # --- header
    h.RulesetRef: ("header", "id @id, version @version"),
    h.ReportingPeriod: ("header", "from_ @from, to @to"),
    h.SubdivisionOrder: ("header", "number Number, date Date"),
    h.ActingOrder: ("header", "number Number, date Date"),
    h.Supersedes: ("header", "document_ref DocumentRef, reason Reason"),
    h.Signatory: ("header", "name Name, position Position, capacity Capacity, acting_order ActingOrder"),
    h.Executor: ("header", "name Name, phone Phone, email Email"),
    h.PaperCopy: ("header", "sheets @sheets, rendition_digest RenditionDigest"),
    h.Attachment: (
        "header",
        """
        id @id, role Role, title Title, file_name FileName, media_type MediaType, size_bytes SizeBytes,
        digest Digest, languages Language, pages Pages, access_marking AccessMarking
        """,
    ),
    h.Header: (
        "header",
        """
        document_id DocumentId, case_id CaseId, action Action, document_type DocumentType, ruleset Ruleset,
        schema_version SchemaVersion, reporting_year ReportingYear, reporting_period ReportingPeriod,
        sender Sender, recipient Recipient, responsible_subdivision ResponsibleSubdivision,
        subdivision_order SubdivisionOrder, registration_number RegistrationNumber,
        registration_date RegistrationDate, due_date DueDate, in_reply_to InReplyTo, supersedes Supersedes,
        access_marking AccessMarking, signatory Signatory, executor Executor, paper_copy PaperCopy,
        attachments Attachment
        """,
    ),
    # --- treaty
    t.ExternalId: ("treaty", "scheme @scheme, value text()"),
    t.Party: ("treaty", "ref Ref, role Role, since Since, until Until"),
    t.Adoption: ("treaty", "date Date, place Place"),
    t.TreatySignature: ("treaty", "date Date, place Place, country Country"),
    t.Consent: ("treaty", "mode Mode, act Act, instrument_date InstrumentDate, deposit_date DepositDate"),
    t.EntryIntoForce: ("treaty", "general General, for_kazakhstan ForKazakhstan, method Method"),
    t.TreatyProvisionalApplication: ("treaty", "from_ @from, to @to"),
    t.Duration: ("treaty", "auto_renewal @autoRenewal, text Text"),
    t.ReservationDeclaration: ("treaty", "kind Kind, text Text, date Date, withdrawn Withdrawn"),
    t.ReportingObligation: ("treaty", "body Body, cycle Cycle, next_due NextDue"),
    t.RelatedTreaty: ("treaty", "ref Ref, relation Relation"),
    t.TextLink: ("treaty", "url Url, language Language, digest Digest"),
    t.Treaty: (
        "treaty",
        """
        treaty_id TreatyId, state_register_number StateRegisterNumber, external_ids ExternalId, title Title,
        titles_other TitleOther, short_title ShortTitle, form Form, scope Scope, level Level,
        on_behalf_of OnBehalfOf, parties Party, adoption Adoption, signature Signature,
        national_signature_date NationalSignatureDate, consent Consent, entry_into_force EntryIntoForce,
        provisional_application ProvisionalApplication, duration Duration, status Status,
        depositary Depositary/Body|Party, authentic_languages AuthenticLanguage,
        reservations_declarations ReservationDeclaration, subject_areas SubjectArea,
        proposing_body ProposingBody, lead_body LeadBody, competent_bodies CompetentBody,
        reporting_obligations ReportingObligation, related_treaties RelatedTreaty, text_links TextLink
        """,
    ),
    t.IssuingBody: ("treaty", "code @code, name Name"),
    t.DiplomaticChannel: ("treaty", "received @received, date @date"),
    t.RecommendationResponse: ("treaty", "position Position, text Text"),
    t.FollowUp: ("treaty", "status Status, responsible_body ResponsibleBody, due Due, text Text"),
    t.Recommendation: (
        "treaty",
        """
        recommendation_id RecommendationId, origin Origin, issuing_body IssuingBody,
        document_symbol DocumentSymbol, paragraph Paragraph, date Date, original_text OriginalText,
        translation Translation, diplomatic_channel DiplomaticChannel, follows_report FollowsReport,
        response Response, follow_ups FollowUp, copy Copy
        """,
    ),
    s.Issue: ("treaty", "id @id, description Description, since Since, cause Cause"),
    s.Proposal: (
        "treaty",
        """
        id @id, issue_refs IssueRef, text Text, kind Kind, responsible_bodies ResponsibleBody,
        target_date TargetDate, decision_level DecisionLevel
        """,
    ),
    # --- submission
    a.Provision: ("submission", "article Article, subject Subject, nature Nature, due_date DueDate"),
    a.NationalAct: ("submission", "reference Reference, article Article, relation Relation"),
    a.Indicator: (
        "submission",
        """
        name Name, value Value/Decimal|Text, unit Unit, period Period, source Source, side Side
        """,
    ),
    a.Publication: (
        "submission",
        """
        title Title, outlet Outlet, date Date, url Url, language Language,
        archived_copy_digest ArchivedCopyDigest
        """,
    ),
    a.PeriodicReport: (
        "submission",
        """
        id @id, organization Organization, symbol Symbol, cycle Cycle, due Due, submitted Submitted, url Url,
        attachment_ref AttachmentRef
        """,
    ),
    a.AdvisoryItem: (
        "submission",
        """
        body Body, under Under, protocol_number ProtocolNumber, protocol_date ProtocolDate, text Text,
        follow_up FollowUp
        """,
    ),
    a.TreatyProvisions: ("submission", "state @state, finding Finding, provisions Provision"),
    a.NationalLegalActs: ("submission", "state @state, finding Finding, acts Act"),
    a.FactualInformation: ("submission", "state @state, finding Finding, indicators Indicator"),
    a.MediaPublications: ("submission", "state @state, finding Finding, publications Publication"),
    a.PeriodicReports: ("submission", "state @state, finding Finding, reports Report"),
    a.ExternalRecommendations: ("submission", "state @state, finding Finding, recommendations Recommendation"),
    a.AdvisoryBodyProposals: ("submission", "state @state, finding Finding, items Item"),
    a.AnalysisBasis: (
        "submission",
        """
        treaty_provisions TreatyProvisions, national_legal_acts NationalLegalActs,
        factual_information FactualInformation, media_publications MediaPublications,
        periodic_reports PeriodicReports, external_recommendations ExternalRecommendations,
        advisory_body_proposals AdvisoryBodyProposals
        """,
    ),
    s.PartyAssessment: ("submission", "party Party, status Status, text Text"),
    s.OtherParties: ("submission", "assessment Assessment, by_party ByParty"),
    s.PreviousRecord: ("submission", "changed @changed, record_ref RecordRef, follow_up FollowUp"),
    s.Publishable: ("submission", "decision Decision, reason Reason, public_text PublicText"),
    s.TreatyRecord: (
        "submission",
        """
        record_id RecordId, treaty Treaty|TreatyRef, competence_basis CompetenceBasis,
        co_authoring_bodies CoAuthoringBody, progress Progress, implementation_status ImplementationStatus,
        own_obligations OwnObligations, own_rights OwnRights, other_parties OtherParties,
        analysis_basis AnalysisBasis, no_issues NoIssues, issues Issue, proposals Proposal,
        previous_record PreviousRecord, publishable Publishable
        """,
    ),
    s.Procedure: (
        "submission",
        """
        step Step, responsible_body ResponsibleBody, state State, started Started, due Due, completed Completed,
        acts Act
        """,
    ),
    s.NonCompletion: ("submission", "reasons Reason, explanation Explanation"),
    s.OtherPartyProcedure: ("submission", "party Party, state State, as_of AsOf"),
    s.ProvisionalApplication: ("submission", "from_ @from, scope Scope"),
    s.PendingRecord: (
        "submission",
        """
        record_id RecordId, treaty Treaty|TreatyRef, competence_basis CompetenceBasis, procedures Procedure,
        progress Progress, non_completion NonCompletion, other_party_procedures OtherPartyProcedure,
        expected_entry_into_force ExpectedEntryIntoForce, provisional_application ProvisionalApplication,
        previous_record PreviousRecord, publishable Publishable
        """,
    ),
    r.InForceSection: ("submission", "nil_return NilReturn, treaty_records TreatyRecord"),
    r.PendingSection: ("submission", "nil_return NilReturn, pending_records PendingRecord"),
    r.TreatyInformation: (
        "submission",
        """
        header Header, in_force_section InForceSection, pending_section PendingSection,
        general_remarks GeneralRemarks
        """,
    ),
    # --- summary
    m.Coverage: ("summary", "body Body, status Status, date Date"),
    m.SourceSubmission: (
        "summary",
        """
        document_ref DocumentRef, registration_number RegistrationNumber, registration_date RegistrationDate,
        digest Digest, signature_verdict SignatureVerdict, received_at ReceivedAt
        """,
    ),
    m.Statistics: (
        "summary",
        """
        bodies_expected @bodiesExpected, received_on_time @receivedOnTime, received_late @receivedLate,
        not_received @notReceived, other_channel @otherChannel, nil_returns @nilReturns,
        treaties_in_force @treatiesInForce, records_in_force @recordsInForce, pending_treaties @pendingTreaties,
        issues @issues, proposals @proposals, recommendations @recommendations,
        recommendations_of_international_organizations @recommendationsOfInternationalOrganizations
        """,
    ),
    m.AssessmentItem: ("summary", "party Party, treaty Treaty, text Text, risk Risk"),
    m.ForeignPolicyAssessment: ("summary", "text Text, items Item"),
    m.SummaryTreatyEntry: ("summary", "treaty Treaty, record_refs RecordRef, comment Comment"),
    m.SummaryPendingEntry: ("summary", "treaty Treaty, record_refs RecordRef, comment Comment"),
    m.SummaryRecommendations: ("summary", "none @none, recommendations Recommendation"),
    r.SummaryInformation: (
        "summary",
        """
        header Header, coverage Coverage, source_submissions SourceSubmission, statistics Statistics,
        analysis Analysis, foreign_policy_assessment ForeignPolicyAssessment, treaty_entries TreatyEntry,
        pending_entries PendingEntry, problems Problem, proposals Proposal, recommendations Recommendations,
        general_remarks GeneralRemarks
        """,
    ),
    # --- consolidated, published, receipt, response
    r.SourceSummary: ("consolidated", "document_ref DocumentRef, digest Digest, signature_verdict SignatureVerdict"),
    r.ConsolidatedInformation: (
        "consolidated",
        """
        header Header, source_summary SourceSummary, mode Mode, text Text, procedure Procedure
        """,
    ),
    r.PublishedTreatyEntry: ("published", "treaty Treaty, public_text PublicText"),
    r.Withheld: ("published", "reason Reason, count Count"),
    r.PublishedResults: (
        "published",
        """
        header Header, source Source, results Results, treaty_entries TreatyEntry, withheld Withheld,
        location Location, published_at PublishedAt, license License, formats Format
        """,
    ),
    r.ReceivedDocument: ("receipt", "document_ref DocumentRef, digest Digest"),
    r.ReceiptSender: ("receipt", "ref Ref, certificate_subject CertificateSubject"),
    r.PaperReceived: ("receipt", "received @received, date @date"),
    r.Receipt: (
        "receipt",
        """
        header Header, ref_document RefDocument, sender Sender, received_at ReceivedAt, recorded_in RecordedIn,
        incoming_number IncomingNumber, incoming_date IncomingDate, paper_received PaperReceived
        """,
    ),
    r.ResponseFinding: ("response", "rule_id RuleId, severity Severity, xpath XPath, text Text"),
    r.ProcessingResponse: (
        "response",
        """
        header Header, ref_document RefDocument, outcome Outcome, decided_by DecidedBy, due_date DueDate,
        findings Finding
        """,
    ),
}
