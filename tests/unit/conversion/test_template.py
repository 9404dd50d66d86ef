"""The empty form is made from the same table as the XML, in three languages."""

from __future__ import annotations

import datetime as dt

import pytest

from adapter import texts
from adapter.conversion import template
from adapter.conversion.blocks import blocks
from adapter.domain.document import DocumentType
from adapter.domain.header import RulesetRef
from adapter.sources import SourceContext, read_report
from adapter.texts import Language

CONTEXT = SourceContext(ruleset=RulesetRef(id="R", version="1"), due_date=lambda kind, year: dt.date(year, 11, 10))


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("kind", DocumentType)
def test_the_form_is_read_and_only_its_empty_fields_are_found(kind, language):
    source = read_report(template(kind, language).encode(), CONTEXT)
    assert {finding.code for finding in source.findings} == {"source.missing-field"}


@pytest.mark.parametrize("kind", DocumentType)
def test_every_line_that_may_be_left_out_is_read_when_its_first_sign_is_deleted(kind):
    lines = template(kind, Language.EN).split("\n")
    opened = [line[1:] if line.startswith("#") and not line.startswith("##") else line for line in lines]
    source = read_report("\n".join(opened).encode(), CONTEXT)
    # Where a field has two types, both stand there now; each is told once.
    allowed = {"source.missing-field", "source.one-of", "source.duplicate-key"}
    assert {finding.code for finding in source.findings} <= allowed


def test_every_field_that_a_submission_can_hold_has_its_label_in_the_form():
    form = template(DocumentType.TREATY_INFORMATION, Language.KK)
    ids = {row.field_id for block in blocks().values() for row in block.rows if row.field_id}
    of_submission = {i for i in ids if i.split("-")[0] in {"HDR", "ATT", "TI", "TR", "AB", "PR", "TY", "RC"}}
    # AB-01 and AB-02 are the slots' own; shown in each.
    assert {i for i in of_submission if i not in form} == set()
    assert texts.label("TR-05", Language.KK) in form


def test_closed_codes_stand_in_the_form():
    form = template(DocumentType.TREATY_INFORMATION, Language.RU)
    for code in ("acting-head", "competence-earlier", "none-available", "own-right"):
        assert code in form


def test_a_publication_form_offers_only_what_may_be_published():
    form = template(DocumentType.PUBLISHED_RESULTS, Language.EN)
    assert "stateRegisterNumber" not in form
    assert "leadBody" in form
