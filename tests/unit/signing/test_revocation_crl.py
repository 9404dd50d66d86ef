"""Lists of revoked certificates: who may publish them, what they cover, how they join; each check fails alone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from random import Random

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from signing import ETSI_BASELINE, Certificate, ValidationData, asn1
from signing import certificates as certs
from signing.errors import Malformed
from signing.revocation import statements_on
from signing.revocation.certificate_list import read_crl
from signing.revocation.extensions import distribution_points
from signing.sandbox_pki import SandboxPki, StatusUrls
from signing.sandbox_services.crl import SandboxCrl, entry, many_entries
from signing.sandbox_services.register import Revocation, SandboxRegister
from signing.validation_report import Conclusion, SubIndication
from tests.unit.signing.crafted_pki import (
    CA_USAGE,
    ECDSA_SHA384,
    Draft,
    basic_constraints,
    cn,
    directory_name,
    extension,
    key,
    key_id,
    name,
    sequence,
)
from tests.unit.signing.status_material import AT, HOUR, MINUTE, NOT_AFTER, NOT_BEFORE, World, said, world

USER_ONLY = sequence(b"\x81\x01\xff")
AUTHORITIES_ONLY = sequence(b"\x82\x01\xff")
ATTRIBUTES_ONLY = sequence(b"\x85\x01\xff")
CERT_SIGN_ONLY = extension(certs.KEY_USAGE, b"\x03\x02\x02\x04", critical=True)
INDIRECT = b"\x84\x01\xff"


def uri(url: str) -> bytes:
    return asn1.encode(0x86, url.encode())


def point(*general_names: bytes) -> bytes:
    return asn1.encode(0xA0, asn1.encode(0xA0, *general_names))


def only_reasons(tag: int, *bits: int) -> bytes:
    octets = bytearray(2)
    for bit in bits:
        octets[bit // 8] |= 0x80 >> bit % 8
    content = bytes(octets) if 8 in bits else bytes(octets[:1])
    spare = 0
    while not content[-1] & (1 << spare):
        spare += 1
    return asn1.encode(tag, bytes((spare,)), content)


OWN_POINT = point(uri("http://crl.sandbox.invalid/ca.crl"))
OTHER_POINT = point(uri("http://crl.sandbox.invalid/other.crl"))


class CraftedKey:
    algorithm = "ecdsa-p256-sha256"

    def __init__(self, certificate: bytes, named: str):
        self.certificate_chain = (certificate,)
        self._key = key(named)

    def sign(self, message: bytes) -> bytes:
        return self._key.sign(message, ec.ECDSA(hashes.SHA256()))


# --- what a list says ------------------------------------------------------------------------------------------------
def test_a_certificate_that_is_not_listed_is_good():
    statement = said(crls=(world().crl(),)).only
    assert (statement.kind, statement.status, statement.issuer_certificate) == ("crl", "good", world().issuer)
    assert (statement.this_update, statement.next_update) == (AT - HOUR, AT + 23 * HOUR)


def test_R01_a_listed_certificate_is_revoked_with_date_reason_and_invalidity_date():
    register = world().revoked(AT - 2 * HOUR, reason=1, invalidity_date=AT - 50 * HOUR)
    statement = said(crls=(world().crl(register),)).only
    assert (statement.status, statement.revoked_at, statement.reason) == ("revoked", AT - 2 * HOUR, "keyCompromise")
    assert statement.revoked_from == AT - 50 * HOUR


def test_a_list_of_another_authority_is_passed_over():
    der = SandboxCrl(key=world().pki.root_key(), register=SandboxRegister()).issue(AT - HOUR)
    result = said(crls=(der,))
    assert (result.statements, result.checks) == ((), ())
    assert said(crls=(der,), certificate=world().issuer, issuer=world().root).only.status == "good"


@pytest.mark.parametrize(
    "scope",
    [
        USER_ONLY,
        sequence(OWN_POINT),
        sequence(point(directory_name(cn("X")), uri("http://crl.sandbox.invalid/ca.crl"))),
    ],
    ids=["end entities", "its own point", "one of several names"],
)
def test_a_scope_that_covers_the_certificate_is_enough(scope: bytes):
    assert said(crls=(world().crl(scope=scope),)).only.status == "good"


def test_a_list_made_after_the_certificate_expired_says_good_only_when_it_keeps_expired_ones():
    ended = world().pki.issue("head", "B", "O", key_of=world().head, not_after=AT - 2 * HOUR).certificate
    certificate = Certificate.from_der(ended)
    for kept, expected in ((None, 0), (AT, 0), (AT - 3 * HOUR, 1)):
        result = said(crls=(world().crl(expired_kept_since=kept),), certificate=certificate)
        assert len(result.statements) == expected
        assert [each.id for each in result.checks] == ["revocation.lifetime"] * (1 - expected)


# --- each check alone ------------------------------------------------------------------------------------------------
def cases() -> list[tuple[str, str, str, Callable[[World], bytes]]]:
    return [
        ("no DER", "revocation.evidence-format", "asn1.truncated", lambda w: b"\x30\x05"),
        ("octets after", "revocation.evidence-format", "asn1.trailing-bytes", lambda w: w.crl(after=b"\0")),
        ("version", "revocation.evidence-format", "signing.crl-version", lambda w: w.crl(version=None)),
        ("another version", "revocation.evidence-format", "signing.crl-version", lambda w: w.crl(version=2)),
        ("two algorithms", "revocation.evidence-format", "signing.crl-algorithms", lambda w: w.crl(algorithm=ECDSA_SHA384)),
        ("scope against itself", "revocation.evidence-format", "signing.crl-scope",
         lambda w: w.crl(scope=sequence(b"\x81\x01\xff\x82\x01\xff"))),
        ("R13 removeFromCRL in a full list", "revocation.evidence-format", "signing.crl-entry",
         lambda w: w.crl(w.revoked(reason=8))),
        ("reason that is none", "revocation.evidence-format", "signing.revocation-reason",
         lambda w: w.crl(w.revoked(reason=7))),
        ("R03 no number", "revocation.crl-number", "missing", lambda w: w.crl(number=None)),
        ("R03 critical number", "revocation.crl-number", "critical", lambda w: w.crl(number_is_critical=True)),
        ("R03 critical extension", "revocation.critical-extension", "1.2.3", lambda w: w.crl(critical_extension="1.2.3")),
        ("R03 critical extension of the entry", "revocation.critical-extension", "1.2.3",
         lambda w: w.crl(entries=entry(w.leaf.serial, Revocation(at=AT - HOUR), extensions=[CRITICAL]))),
        ("R03 critical extension of another entry", "revocation.critical-extension", "1.2.3",
         lambda w: w.crl(entries=entry(1, Revocation(at=AT - HOUR), extensions=[CRITICAL]))),
        ("R02 issuer of an entry in a list of one issuer", "revocation.critical-extension", "2.5.29.29",
         lambda w: w.crl(entries=entry(1, Revocation(at=AT - HOUR), extensions=[certificate_issuer(cn("X"))]))),
        ("R11 in the future", "revocation.times", "in the future",
         lambda w: SandboxCrl(key=w.pki.issuing_key(), register=SandboxRegister()).issue(AT + 10 * MINUTE)),
        ("ends before it begins", "revocation.times", "nextUpdate before thisUpdate",
         lambda w: w.crl(next_update=-MINUTE)),
        ("R04 authorities only", "revocation.scope", "authorities only", lambda w: w.crl(scope=AUTHORITIES_ONLY)),
        ("R04 attribute certificates only", "revocation.scope", "attribute certificates only",
         lambda w: w.crl(scope=ATTRIBUTES_ONLY)),
        ("R04 another point", "revocation.scope", "another distribution point",
         lambda w: w.crl(scope=sequence(OTHER_POINT))),
        ("R04 some reasons only", "revocation.scope", "not every reason",
         lambda w: w.crl(scope=sequence(only_reasons(0x83, 3, 4, 5)))),
        ("R04 delta as complete", "revocation.delta", "no complete list", lambda w: w.crl(base_number=6)),
        ("R02 other key under the issuer's name", "revocation.signature", "value",
         lambda w: SandboxCrl(key=w.stranger.issuing_key(), register=SandboxRegister())
         .wrong(with_key_id=False).issue(AT - HOUR)),
        ("R02 key identifier of another", "revocation.crl-issuer", "not found", lambda w: w.crl(key_id=b"12345")),
        ("value", "revocation.signature", "value", lambda w: w.crl(broken_value=True)),
        ("before its issuer", "revocation.issuer-path", "path.validity",
         lambda w: SandboxCrl(key=w.pki.issuing_key(), register=SandboxRegister()).issue(NOT_BEFORE - HOUR)),
    ]  # fmt: skip


CRITICAL = extension("1.2.3", b"\x05\x00", critical=True)


def certificate_issuer(*names: bytes) -> bytes:
    return extension("2.5.29.29", sequence(*map(directory_name, names)), critical=True)


CASES = cases()


@pytest.mark.parametrize(("check", "reason", "make"), [row[1:] for row in CASES], ids=[row[0] for row in CASES])
def test_a_list_is_turned_away_for_one_reason(check: str, reason: str, make: Callable[[World], bytes]):
    result = said(crls=(make(world()),))
    assert result.statements == ()
    (found,) = result.checks
    assert (found.id, found.conclusion, found.params["reason"]) == (check, Conclusion.INDETERMINATE, reason)
    assert found.sub_indication is SubIndication.TRY_LATER


def test_R04_a_list_of_end_entities_says_nothing_on_an_authority():
    der = SandboxCrl(key=world().pki.root_key(), register=SandboxRegister()).wrong(scope=USER_ONLY).issue(AT - HOUR)
    (check,) = said(crls=(der,), certificate=world().issuer, issuer=world().root).checks
    assert (check.id, check.params["reason"]) == ("revocation.scope", "end entities only")


def crafted_authority(
    named: str, *extensions: bytes, subject: bytes | None = None, issuer: Draft | None = None
) -> CraftedKey:
    root = Draft(subject=world().root.subject.der, key=world().pki._root_key)
    draft = Draft(
        subject=subject or world().issuer.subject.der,
        key=key(named),
        serial=0x99,
        extensions=(
            basic_constraints(ca=True),
            extension(certs.SUBJECT_KEY_IDENTIFIER, asn1.encode(asn1.OCTET_STRING, key_id(key(named)))),
            extension(certs.AUTHORITY_KEY_IDENTIFIER, sequence(asn1.encode(0x80, world().root.subject_key_id))),
            *extensions,
        ),
        with_key_ids=False,
    )
    return CraftedKey(draft.signed_by(issuer or root), named)


def list_by(
    signing_key: CraftedKey, register: SandboxRegister | None = None, **form: object
) -> tuple[bytes, Certificate]:
    own = SandboxCrl(key=signing_key, register=register or SandboxRegister()).wrong(**form)
    return own.issue(AT - HOUR), Certificate.from_der(signing_key.certificate_chain[0])


def test_R02_an_issuer_that_may_not_sign_lists():
    der, signer = list_by(crafted_authority("crl-1", CERT_SIGN_ONLY))
    (check,) = said(crls=(der,), candidates=(signer,)).checks
    assert (check.id, check.params["reason"]) == ("revocation.crl-issuer", "may not sign lists")


def test_a_second_key_of_the_issuer_signs_its_lists():
    der, signer = list_by(crafted_authority("crl-2", CA_USAGE))
    assert said(crls=(der,), candidates=(signer,)).only.issuer_certificate == signer


def test_R02_a_second_key_that_was_revoked_is_not_heard():
    der, signer = list_by(crafted_authority("crl-2", CA_USAGE))
    register = SandboxRegister()
    register.revoke(signer.der, AT - 2 * HOUR)
    root_list = SandboxCrl(key=world().pki.root_key(), register=register).issue(AT - HOUR)
    result = said(crls=(der, root_list), candidates=(signer,))
    assert result.statements == ()
    assert [(each.id, each.params["reason"]) for each in result.checks] == [("revocation.crl-issuer", "revoked")]
    unknown = said(crls=(der,), candidates=(signer,), accept_responder_without_nocheck=False)
    assert [each.params["reason"] for each in unknown.checks] == ["status unknown"]


def test_lists_outlive_the_renewal_of_their_issuers_key():
    old = Draft(subject=world().issuer.subject.der, key=world().pki._intermediate_key)
    draft = Draft(
        subject=old.subject,
        key=key("renewed"),
        serial=0x9A,
        extensions=(
            basic_constraints(ca=True),
            CA_USAGE,
            extension(certs.SUBJECT_KEY_IDENTIFIER, asn1.encode(asn1.OCTET_STRING, key_id(key("renewed")))),
            extension(certs.AUTHORITY_KEY_IDENTIFIER, sequence(asn1.encode(0x80, world().issuer.subject_key_id))),
        ),
        with_key_ids=False,
    )
    renewed = CraftedKey(draft.signed_by(old), "renewed")
    new_list, signer = list_by(renewed)
    assert said(crls=(new_list,), candidates=(signer,)).only.issuer_certificate == signer
    leaf = Draft(subject=cn("Of the new key"), key=key("leaf"), serial=0x9B).signed_by(draft)
    statement = said(
        crls=(world().crl(),), certificate=Certificate.from_der(leaf), issuer=signer, candidates=(world().issuer,)
    ).only
    assert (statement.status, statement.issuer_certificate) == ("good", world().issuer)


def test_R02_an_authority_of_the_same_name_under_another_is_not_the_issuer():
    between = crafted_authority("between", CA_USAGE, subject=cn("Between"))
    below = Draft(
        subject=world().issuer.subject.der,
        key=key("namesake"),
        extensions=(basic_constraints(ca=True), CA_USAGE),
    )
    namesake = CraftedKey(below.signed_by(Draft(subject=cn("Between"), key=key("between"))), "namesake")
    der, signer = list_by(namesake)
    (check,) = said(crls=(der,), candidates=(signer, Certificate.from_der(between.certificate_chain[0]))).checks
    assert (check.id, check.params["reason"]) == ("revocation.crl-issuer", "another authority of the same name")


def test_R02_a_list_signed_by_a_certificate_without_path_is_turned_away():
    stray = Draft(
        subject=world().issuer.subject.der, key=key("stray"), extensions=(basic_constraints(ca=True), CA_USAGE)
    )
    der, signer = list_by(CraftedKey(stray.signed_by(stray), "stray"))
    (check,) = said(crls=(der,), candidates=(signer,)).checks
    assert (check.id, check.params["reason"]) == ("revocation.issuer-path", "path.found")


# --- joining ---------------------------------------------------------------------------------------------------------
FIRST, SECOND = only_reasons(0x83, 1, 2, 3, 4), only_reasons(0x83, 5, 6, 7, 8)


def test_lists_for_some_reasons_each_speak_together_for_all():
    one, two = world().crl(scope=sequence(FIRST)), world().crl(scope=sequence(SECOND), next_update=2 * HOUR)
    statement = said(crls=(one, two)).only
    assert (statement.status, statement.next_update) == ("good", AT + HOUR)
    assert {statement.der, *statement.based_on} == {one, two}
    stale = SandboxCrl(key=world().pki.issuing_key(), register=SandboxRegister()).wrong(scope=sequence(FIRST))
    assert said(crls=(stale.issue(AT - 80 * HOUR), one, two)).only == statement
    overlapping = said(crls=(one, world().crl(scope=sequence(only_reasons(0x83, 4, 5, 6)))))
    assert (overlapping.statements, overlapping.checks[0].params["reason"]) == ((), "not every reason")


def test_a_list_for_some_reasons_is_enough_to_say_revoked():
    statement = said(crls=(world().crl(world().revoked(reason=3), scope=sequence(FIRST)),)).only
    assert (statement.status, statement.reason) == ("revoked", "affiliationChanged")


DELTAS = [
    ("nothing new", None, None, [("crl", "good"), ("delta-crl", "good")]),
    ("newly revoked", None, 1, [("crl", "good"), ("delta-crl", "revoked")]),
    ("R13 removed from the list", 6, 8, [("crl", "revoked"), ("delta-crl", "good")]),
    ("revoked before, nothing new", 4, None, [("crl", "revoked")]),
    ("hold becomes final", 6, 1, [("crl", "revoked"), ("delta-crl", "revoked")]),
]


def register_with(reason: int | None) -> SandboxRegister:
    return SandboxRegister() if reason is None else world().revoked(reason=reason)


def delta(register: SandboxRegister, **form: object) -> bytes:
    own = SandboxCrl(key=world().pki.issuing_key(), register=register).wrong(number=9, base_number=7, **form)
    return own.issue(AT - MINUTE)


@pytest.mark.parametrize(("before", "after", "expected"), [row[1:] for row in DELTAS], ids=[row[0] for row in DELTAS])
def test_a_delta_joins_its_base(before: int | None, after: int | None, expected: list[tuple[str, str]]):
    base = world().crl(register_with(before))
    result = said(crls=(delta(register_with(after)), base))
    assert sorted((each.kind, each.status) for each in result.statements) == expected
    assert result.checks == ()
    for each in result.statements:
        assert each.based_on == ((base,) if each.kind == "delta-crl" else ())


@pytest.mark.parametrize(
    "form", [{"number": 6}, {"number": 10}, {"scope": USER_ONLY}], ids=["older", "newer than the delta", "other scope"]
)
def test_R04_a_delta_needs_a_base_of_its_own(form: dict[str, object]):
    result = said(crls=(delta(SandboxRegister()), world().crl(**form)))
    assert [(each.id, each.params["reason"]) for each in result.checks] == [("revocation.delta", "no complete list")]
    assert [each.kind for each in result.statements] == ["crl"]


def test_a_delta_alone_is_enough_to_say_revoked():
    statement = said(crls=(delta(world().revoked(reason=1)),)).only
    assert (statement.kind, statement.status) == ("delta-crl", "revoked")


# --- indirect lists --------------------------------------------------------------------------------------------------
PUBLISHER = cn("List publisher")


def indirect_certificate(*points: bytes) -> Certificate:
    """A certificate of the intermediate authority whose distribution points name another issuer of lists."""
    draft = Draft(
        subject=name(("2.5.4.6", "KZ"), ("2.5.4.3", "Indirect")),
        key=key("leaf"),
        extensions=(basic_constraints(ca=False), extension("2.5.29.31", sequence(*points))),
        with_key_ids=False,
    )
    return Certificate.from_der(
        draft.signed_by(Draft(subject=world().issuer.subject.der, key=world().pki._intermediate_key))
    )


INDIRECT_POINT = sequence(point(uri("http://x.invalid/all.crl")), asn1.encode(0xA2, directory_name(PUBLISHER)))
PADDED = "http://x.invalid/all.crl      URL=http://y.invalid/all.crl"


def indirect(entries: bytes, **form: object) -> tuple[bytes, Certificate]:
    signing_key = crafted_authority("publisher", CA_USAGE, subject=PUBLISHER)
    return list_by(signing_key, entries=entries, **{"scope": sequence(INDIRECT), **form})


OF_OURS, OF_ANOTHER = "ours", "another"
ORDERS = [
    ("named on the entry", [(OF_OURS, 0x1234)], "revoked"),
    ("named on an entry before", [(OF_OURS, 1), (None, 0x1234)], "revoked"),
    ("of another issuer", [(OF_ANOTHER, 0x1234)], "good"),
    ("of another issuer by an entry before", [(OF_OURS, 1), (OF_ANOTHER, 2), (None, 0x1234)], "good"),
    ("of the publisher itself", [(None, 0x1234)], "good"),
    ("same serial of two issuers", [(OF_ANOTHER, 0x1234), (OF_OURS, 0x1234)], "revoked"),
]


@pytest.mark.parametrize(("order", "expected"), [row[1:] for row in ORDERS], ids=[row[0] for row in ORDERS])
def test_R02_an_indirect_list_names_whose_certificate_each_entry_is(order: list[tuple[str | None, int]], expected: str):
    names = {OF_OURS: world().issuer.subject.der, OF_ANOTHER: cn("Another")}
    entries = b"".join(
        entry(serial, Revocation(at=AT - HOUR), extensions=[certificate_issuer(names[whose])] if whose else [])
        for whose, serial in order
    )
    der, signer = indirect(entries)
    statement = said(crls=(der,), certificate=indirect_certificate(INDIRECT_POINT), candidates=(signer,)).only
    assert statement.status == expected


def test_R02_an_indirect_list_nobody_named_is_passed_over():
    der, signer = indirect(b"")
    result = said(crls=(der,), candidates=(signer,))
    assert (result.statements, result.checks) == ((), ())


def test_R02_a_list_of_another_issuer_that_does_not_say_it_is_indirect():
    der, signer = indirect(b"", scope=None)
    (check,) = said(crls=(der,), certificate=indirect_certificate(INDIRECT_POINT), candidates=(signer,)).checks
    assert (check.id, check.params["reason"]) == ("revocation.scope", "another distribution point")


# --- names of distribution points ------------------------------------------------------------------------------------
def test_a_padded_national_url_is_read_to_its_first_blank():
    certificate = indirect_certificate(sequence(point(uri(PADDED))))
    assert distribution_points(certificate)[0].urls == ("http://x.invalid/all.crl",)
    der = world().crl(scope=sequence(point(uri("http://x.invalid/all.crl"))))
    assert said(crls=(der,), certificate=certificate).only.status == "good"


def test_a_point_relative_to_the_issuer_is_the_same_written_out():
    relative = asn1.encode(0xA0, asn1.encode(0xA1, sequence(bytes.fromhex("0603550403"), asn1.encode(0x0C, b"Part 1"))))
    whole = asn1.encode(
        asn1.SEQUENCE, asn1.read_der(world().issuer.subject.der).content, name(("2.5.4.3", "Part 1"))[2:]
    )
    certificate = indirect_certificate(sequence(point(directory_name(whole))))
    assert said(crls=(world().crl(scope=sequence(relative)),), certificate=certificate).only.status == "good"
    other = indirect_certificate(sequence(point(directory_name(cn("Part 2")))))
    (check,) = said(crls=(world().crl(scope=sequence(relative)),), certificate=other).checks
    assert check.params["reason"] == "another distribution point"


def test_reasons_of_a_distribution_point_limit_what_its_list_says():
    limited = indirect_certificate(sequence(OTHER_POINT, only_reasons(0x81, 4, 5, 6, 7)))
    (check,) = said(crls=(world().crl(scope=sequence(OTHER_POINT)),), certificate=limited).checks
    assert check.params["reason"] == "not every reason"
    # without a name in its scope the list is also the issuer's own, for every reason
    assert said(crls=(world().crl(),), certificate=limited).only.status == "good"


# --- the index -------------------------------------------------------------------------------------------------------
def test_another_library_finds_the_same_entries():
    random = Random(3)
    register = SandboxRegister()
    for _ in range(300):
        serial = random.getrandbits(random.choice((7, 8, 15, 16, 64, 159))) or 1
        reason = random.choice((None, 1, 2, 3, 4, 5, 6, 9, 10))
        at = AT.replace(microsecond=0) - random.randrange(10_000) * MINUTE
        invalid = random.choice((None, at - HOUR))
        register.revoked[serial] = Revocation(at=at, reason=reason, invalidity_date=invalid)
    der = world().crl(register)
    theirs, index = x509.load_der_x509_crl(der), read_crl(der).index()
    assert len(index) == len(theirs) == len(register.revoked)
    for serial in [*register.revoked, *(random.getrandbits(64) for _ in range(50))]:
        found, expected = index.look_up(serial), theirs.get_revoked_certificate_by_serial_number(serial)
        if expected is None:
            assert found == ()
            continue
        (ours,) = found
        assert ours.revoked_at == expected.revocation_date_utc
        reasons = [e.value.reason.value for e in expected.extensions if isinstance(e.value, x509.CRLReason)]
        assert [ours.reason] == (reasons or [None])
        dates = [e.value.invalidity_date_utc for e in expected.extensions if isinstance(e.value, x509.InvalidityDate)]
        assert [ours.invalidity_date] == (dates or [None])


def test_R12_a_long_list_is_indexed_once_and_found_in_by_serial():
    entries, serials = many_entries(20_000, AT - HOUR)
    der = world().crl(entries=entries)
    index = read_crl(der).index()
    assert read_crl(bytes(der)).index() is index
    assert len(index) == 20_000
    for serial in (serials[0], serials[9_999], serials[-1]):
        assert [each.revoked_at for each in index.look_up(serial)] == [AT - HOUR]
    assert index.look_up(serials[0] + 1) == ()


DAMAGED = [
    ("cut short", lambda entries: entries[:-3]),
    ("no integer first", lambda entries: entries[:2] + b"\x03" + entries[3:]),
    ("no sequence", lambda entries: b"\x31" + entries[1:]),
    ("serial number longer than its entry", lambda entries: entries[:3] + b"\x30" + entries[4:]),
]


@pytest.mark.parametrize("damage", [row[1] for row in DAMAGED], ids=[row[0] for row in DAMAGED])
def test_R12_entries_that_are_none_are_not_skipped(damage: Callable[[bytes], bytes]):
    entries = b"".join(entry(1 << 158 | serial, Revocation(at=AT - HOUR)) for serial in range(3))
    (check,) = said(crls=(world().crl(entries=damage(entries)),)).checks
    assert check.id == "revocation.evidence-format"


def test_R12_one_number_over_and_over_is_refused_and_costs_no_time():
    entries = entry(5, Revocation(at=AT)) * 3_000
    with pytest.raises(Malformed, match=r"signing\.crl-entry"):
        read_crl(world().crl(entries=entries)).index()


def test_entries_longer_than_127_octets_are_found_too():
    long = extension("1.2.3.4", asn1.encode(asn1.OCTET_STRING, b"x" * 300))
    entries = entry(5, Revocation(at=AT - HOUR), extensions=[long]) + entry(6, Revocation(at=AT - HOUR))
    index = read_crl(world().crl(entries=entries)).index()
    assert [len(index.look_up(serial)) for serial in (5, 6, 7)] == [1, 1, 0]


# --- R15 -------------------------------------------------------------------------------------------------------------
def test_R15_a_good_list_of_another_environment_says_nothing_here():
    """Same names, same serial numbers, other keys: what is remembered is known by its octets and its key."""
    here = world()
    twin = SandboxPki.create(not_before=NOT_BEFORE, not_after=NOT_AFTER, key="ec-p256", urls=StatusUrls())
    good = SandboxCrl(key=twin.issuing_key(), register=SandboxRegister()).wrong(with_key_id=False).issue(AT - HOUR)
    issuer, leaf = Certificate.from_der(twin.intermediate), twin.issue("head", "X", "O", key_of=here.head).certificate
    statements, _ = statements_on(
        Certificate.from_der(leaf), issuer, given=ValidationData(crls=(good,)), anchors=twin.trust_anchors(), at=AT,
        policy=ETSI_BASELINE,
    )  # fmt: skip
    assert [each.status for each in statements] == ["good"]
    result = said(crls=(good,))
    assert (result.statements, [each.id for each in result.checks]) == ((), ["revocation.signature"])


def test_a_time_is_kept_to_the_second():
    moment: datetime = AT - HOUR
    assert said(crls=(world().crl(world().revoked(moment)),)).only.revoked_at == moment
