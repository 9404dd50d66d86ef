"""The two validators agree about every document of the corpus, but for the differences that are written down."""

from __future__ import annotations

import pytest

import schemas
from adapter import conversion
from tests import corpus


def verdicts(document, schema_id):
    root = schemas.parse_untrusted(document)
    return schemas.gate(root, schema_id), schemas.validate(root, schema_id)


@pytest.mark.parametrize("root", corpus.ROOTS, ids=lambda root: root.name)
def test_both_validators_agree_about_every_way_to_break_a_small_document(root):
    count = 0
    for name, document in corpus.mutations(conversion.build(corpus.small(root))):
        gate, violations = verdicts(document, root.schema_id)
        assert all(violation.code != "xsd.validators-disagree" for violation in violations), name
        if gate != (not violations):
            assert name.split(" ")[0] in {"wrong", "duplicate"}, name
        count += 1
    assert count > 100


@pytest.mark.parametrize("root", corpus.ROOTS, ids=lambda root: root.name)
def test_both_validators_agree_about_a_full_document_broken_here_and_there(root):
    document = conversion.build(corpus.full(root))
    size = sum(1 for _ in schemas.parse_untrusted(document).iter("*"))
    for name, broken in corpus.mutations(document, every=max(1, size // 4)):
        _, violations = verdicts(broken, root.schema_id)
        assert all(violation.code != "xsd.validators-disagree" for violation in violations), name


@pytest.mark.parametrize("root", corpus.ROOTS, ids=lambda root: root.name)
def test_every_change_that_breaks_structure_is_refused(root):
    harmless = {"drop", "duplicate", "move"}  # of an optional or repeating element
    left_to_rules = "lost attribute Recommendations"  # BR-15c: neither recommendations nor the mark
    for name, document in corpus.mutations(conversion.build(corpus.small(root))):
        if name.split(" ")[0] not in harmless and not name.startswith(("foreign value", left_to_rules)):
            assert verdicts(document, root.schema_id)[1], name


@pytest.mark.parametrize("root", corpus.ROOTS, ids=lambda root: root.name)
def test_reading_a_broken_document_ends_in_a_report_or_an_error_of_ours(root):
    from adapter.errors import Final

    for name, document in corpus.mutations(conversion.build(corpus.small(root))):
        try:
            report = conversion.read(document)
        except Final:
            continue
        assert conversion.read(conversion.build(report)) == report, name
