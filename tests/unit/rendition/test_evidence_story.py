"""What a person reads of evidence that lies by itself, in each language."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from adapter.rendition import audit_lines
from adapter.rendition.audit_words import WORDS
from adapter.rendition.role_names import ROLES, USAGES, roles_in_words, usages_in_words
from adapter.texts import Language
from adapter.usecases.verdict import Verdict
from tests.unit.rendition import findings

LONE = (
    findings.lone_token,
    findings.lone_answer,
    findings.lone_list,
    findings.lone_certificate,
    findings.lone_anchor,
    findings.lone_and_unread,
    findings.lone_and_refused,
)


def told(verdict: Verdict, language: Language = Language.EN) -> str:
    lines = audit_lines(verdict.as_json(), language, terms=findings.TERMS, program="elshi 0", width=400)
    return "\n".join(one.text for one in lines)


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("make", LONE, ids=lambda make: make.__name__)
def test_every_kind_is_told_in_every_language_and_leaves_no_place_open(make: Any, language: Language):
    text = told(make(), language)
    assert "{" not in text
    assert "lone-" not in text
    assert "states-" not in text
    assert "made-on" not in text


def test_a_token_without_its_content_says_so_and_shows_what_it_states():
    text = told(findings.lone_token())
    assert "none was given" in text
    assert all(part in text for part in ("1.2.398.3.3.2.6.4", "streebog-512", "20.11.2026 08:00:00 (UTC)"))


def test_an_untrusted_hash_of_a_token_is_called_by_its_name():
    made = findings.lone_token()
    weak = {"id": "timestamp.imprint-algorithm", "conclusion": "FAILED", "sub_indication": None, "params": {}}
    facts = {**(made.evidence or {}), "imprint_algorithm": "sha1"}
    assert "The hash sha1 is not to be trusted" in told(replace(made, evidence=facts, checks=(*made.checks, weak)))


def test_each_status_of_an_answer_is_a_sentence_and_the_rest_are_counted():
    text = told(findings.lone_answer())
    for part in ("was not revoked as of", "was revoked on", "is not known to the responder", "was ever issued"):
        assert part in text
    assert "Other certificates in the answer: 2" in text
    assert text.count("never issued") == 4


def test_a_refusal_was_read_and_is_told_in_its_own_words():
    answered = told(findings.lone_and_refused(status="unauthorized"))
    said = {"status": "rejection", "failure": "badAlg", "words": "no money", "answer": "rejection: badAlg: no money"}
    stamped = told(findings.lone_and_refused("time-stamp", "timestamp.response", **said))
    assert "It is a refusal: the service did not give what it was asked for (unauthorized)." in answered
    assert "It is a refusal: the service did not give what it was asked for (rejection: badAlg: no money)." in stamped
    assert "could not be read" not in answered + stamped
    assert "could not be read" in told(findings.lone_and_unread())


def test_a_list_says_what_it_is_not():
    text = told(findings.lone_list())
    assert "changes to the complete list no. 7" in text
    assert "end entities only: superseded" in text
    assert "this distribution point: CN=Part 7, O=Test" in text
    assert "an indirect list" in text


@pytest.mark.parametrize(
    ("facts", "kind"),
    [
        ({}, "complete"),
        ({"distribution_points": ["CN=Part 7, O=Test"]}, "complete for what it speaks of"),
        ({"reasons": ["superseded"]}, "complete for what it speaks of"),
        ({"scope": "authorities"}, "complete for what it speaks of"),
    ],
)
def test_only_a_list_of_everything_is_called_complete(facts: dict[str, object], kind: str):
    made = findings.lone_list()
    whole = {"base_number": None, "scope": "everything", "reasons": None, "distribution_points": []}
    lines = told(replace(made, evidence={**(made.evidence or {}), **whole, **facts})).splitlines()
    assert [one.split("Kind of list")[1].strip() for one in lines if "Kind of list" in one] == [kind]


def test_what_is_wrong_with_the_signer_is_decisive():
    assert "Decisive: Not established: A path of certificates leads to a trust anchor." in told(findings.lone_list())


def test_a_certificate_is_told_with_its_roles_in_words():
    assert "первый руководитель" in told(findings.lone_certificate(), Language.RU)
    assert "бірінші басшы" in told(findings.lone_certificate(), Language.KK)
    assert "certification authority" in told(findings.lone_anchor())
    assert "trust anchor itself" in told(findings.lone_anchor())


def test_a_role_without_a_name_is_shown_as_its_number():
    facts = {"authority": False, "certificate": {"roles": ["1.2.3.4"]}}
    assert roles_in_words(facts, Language.EN) == "1.2.3.4"
    assert roles_in_words({"authority": False, "certificate": {"roles": []}}, Language.EN) == "not stated"
    assert usages_in_words([], Language.EN) == "not stated"


@pytest.mark.parametrize("names", [*ROLES.values(), *USAGES.values()], ids=lambda names: names[2])
def test_names_of_roles_are_in_three_languages(names: tuple[str, str, str]):
    kk, ru, en = names
    assert en.isascii()
    assert all(names)
    assert not set("әғқңөұүһі") & set(ru.casefold())
    assert kk


def test_every_word_of_these_stories_has_a_name():
    used = {"lone-time-stamp", "lone-ocsp", "lone-crl", "lone-certificate", "states-ocsp", "never issued", "everything"}
    assert used <= set(WORDS)
