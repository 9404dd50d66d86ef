"""A path is passed only when every rule holds; each rule has a chain that breaks it alone."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

import pytest

from signing import SANDBOX_DOCUMENT, Certificate, Indication, SigningError, SubIndication, asn1
from signing import certificates as x509
from signing.certification_path import CHECKS, PathResult, validate_path
from signing.certification_path.building import _is_signed_by, first_path
from signing.policy import ValidationPolicy
from signing.validation_report import Conclusion
from tests.unit.signing import crafted_pki as made
from tests.unit.signing.crafted_pki import Chain, Draft, extension, sequence

AT = datetime(2026, 11, 10, 12, 0, tzinfo=UTC)
POLICY = SANDBOX_DOCUMENT
FAILED, UNDECIDED = Indication.TOTAL_FAILED, Indication.INDETERMINATE
ANY_POLICY = "2.5.29.32.0"
ROW = re.compile(r"P\d\d")


@dataclass(frozen=True)
class Case:
    """A broken chain: the check it breaks, the verdict, and how it is made."""

    what: str
    check: str
    indication: Indication
    sub_indication: SubIndication
    make: Callable[[], PathResult]


def judged(chain: Chain, *, at: datetime = AT, policy: object = POLICY) -> PathResult:
    return validate_path(chain.signer, chain.candidates, chain.anchors, at=at, policy=policy)


def judged_with(chain: Chain, candidates: list[Certificate], **policy: object) -> PathResult:
    return validate_path(chain.signer, candidates, chain.anchors, at=AT, policy=replace(POLICY, **policy))


def constrained(value: bytes) -> bytes:
    return extension(x509.NAME_CONSTRAINTS, value, critical=True)


def explicit_policy(skip: int = 0) -> bytes:
    return extension(x509.POLICY_CONSTRAINTS, sequence(asn1.encode(0x80, bytes((skip,)))), critical=True)


def authority_key_id(value: bytes) -> bytes:
    return extension(x509.AUTHORITY_KEY_IDENTIFIER, sequence(asn1.encode(0x80, value)))


def look_alikes(chain: Chain, count: int) -> list[Certificate]:
    """CAs with the right name and no key identifier, but other keys."""
    return [
        Certificate.from_der(
            replace(chain.ca, key=made.key(f"look-alike-{n}"), with_key_ids=False).signed_by(chain.root)
        )
        for n in range(count)
    ]


def two_intermediates(chain: Chain) -> PathResult:
    middle = replace(chain.ca, subject=made.cn("Middle"), key=made.key("middle"))
    signer = Certificate.from_der(chain.leaf.signed_by(middle))
    bag = [Certificate.from_der(middle.signed_by(chain.ca)), *chain.candidates]
    return validate_path(signer, bag, chain.anchors, at=AT, policy=POLICY)


def self_issued_below_path_length_0() -> PathResult:
    chain = Chain().with_ca(extensions=(made.basic_constraints(ca=True, path_length=0), made.CA_USAGE))
    renewed = replace(chain.ca, key=made.key("renewed"), extensions=(made.basic_constraints(ca=True), made.CA_USAGE))
    signer = Certificate.from_der(chain.leaf.signed_by(renewed))
    bag = [Certificate.from_der(renewed.signed_by(chain.ca)), *chain.candidates]
    return validate_path(signer, bag, chain.anchors, at=AT, policy=POLICY)


def many_names() -> PathResult:
    bases = tuple(made.directory_name(made.cn(f"Base {n}")) for n in range(110))
    names = extension(x509.SUBJECT_ALT_NAME, sequence(*(made.directory_name(made.cn(f"Name {n}")) for n in range(110))))
    value = made.name_constraints(excluded=bases)
    chain = Chain()
    return judged(chain.with_ca(extensions=(*chain.ca.extensions, constrained(value))).with_leaf(extra=(names,)))


def long_path() -> PathResult:
    chain, issuer, bag = Chain(), Chain().root, []
    for n in range(5):
        draft = replace(chain.ca, subject=made.cn(f"Level {n}"), key=made.key(f"level-{n}"))
        bag.append(Certificate.from_der(draft.signed_by(issuer)))
        issuer = draft
    signer = Certificate.from_der(chain.leaf.signed_by(issuer))
    return validate_path(signer, bag, chain.anchors, at=AT, policy=POLICY)


LOOSE = replace(POLICY, require_key_identifiers=False)
"""For chains in which the issuer has to be found by trying."""


def general(tag: int, content: bytes) -> bytes:
    return asn1.encode(tag, content)


def permitted(tag: int, content: bytes) -> bytes:
    return made.name_constraints(permitted=(general(tag, content),))


def excluded(tag: int, content: bytes) -> bytes:
    return made.name_constraints(excluded=(general(tag, content),))


def mapped() -> Chain:
    """The authority knows 1.2.3, and calls it 1.2.4 below."""
    mapping = extension(x509.POLICY_MAPPINGS, sequence(sequence(asn1.encode_oid("1.2.3"), asn1.encode_oid("1.2.4"))))
    return ca_with(made.policies("1.2.3"), mapping).with_leaf(extra=(made.policies("1.2.4"),))


def named(constraints: bytes | None, names: tuple[bytes, ...]) -> Chain:
    """A signer with these other names below an authority with these constraints."""
    chain = ca_with(constrained(constraints)) if constraints is not None else C
    if names:
        chain = chain.with_leaf(extra=(extension(x509.SUBJECT_ALT_NAME, sequence(*names)),))
    return chain


C = Chain()
REGISTERED = asn1.encode(0x88, b"\x2a\x03")
UNKNOWN = "1.2.3.4.5"
DNS = asn1.encode(0x82, b"example.kz")
BODY = made.directory_name(made.name(("2.5.4.6", "KZ"), ("2.5.4.10", "Body")))
OTHER = made.directory_name(made.name(("2.5.4.6", "KZ"), ("2.5.4.10", "Other")))
SIG, CHAIN = SubIndication.SIG_CONSTRAINTS_FAILURE, SubIndication.CHAIN_CONSTRAINTS_FAILURE
CRYPTO = SubIndication.CRYPTO_CONSTRAINTS_FAILURE


def ca_with(*extra: bytes) -> Chain:
    return C.with_ca(extra=extra)


def root_with(*extra: bytes) -> Chain:
    return C.with_root(extra=extra)


CASES = (
    Case("stranger's anchor", "path.found", UNDECIDED, SubIndication.NO_CERTIFICATE_CHAIN_FOUND,
         lambda: validate_path(C.signer, C.candidates, C.with_root(key=made.key("stranger")).anchors, at=AT, policy=POLICY)),
    Case("P22 issuer by name alone", "path.found", UNDECIDED, SubIndication.NO_CERTIFICATE_CHAIN_FOUND,
         lambda: judged_with(C.with_leaf(with_key_ids=False), look_alikes(C, 3))),
    Case("issuer under another key identifier", "path.found", UNDECIDED, SubIndication.NO_CERTIFICATE_CHAIN_FOUND,
         lambda: judged(C.with_leaf(with_key_ids=False, extra=(authority_key_id(made.key_id(made.key("other"))),)))),
    Case("authority renewed six times under one key, none of it an anchor", "path.found", UNDECIDED, SubIndication.NO_CERTIFICATE_CHAIN_FOUND,
         lambda: judged_with(C, [Certificate.from_der(replace(C.ca, serial=n).signed_by(C.ca)) for n in range(1, 7)])),
    Case("no issuer came along", "path.found", UNDECIDED, SubIndication.NO_CERTIFICATE_CHAIN_FOUND,
         lambda: judged_with(C, [])),
    Case("P09 too many look-alikes", "path.limits", FAILED, SubIndication.FORMAT_FAILURE,
         lambda: judged_with(C.with_leaf(with_key_ids=False), look_alikes(C, 9))),
    Case("P09 too many signature checks", "path.limits", FAILED, SubIndication.FORMAT_FAILURE,
         lambda: judged_with(C.with_leaf(with_key_ids=False), look_alikes(C, 5), max_signature_checks=4, require_key_identifiers=False)),
    Case("P04 seven certificates", "path.limits", FAILED, SubIndication.FORMAT_FAILURE, long_path),
    Case("P15 one second before", "path.validity", UNDECIDED, SubIndication.NOT_YET_VALID,
         lambda: judged(C.with_leaf(not_before=AT + timedelta(seconds=1)))),
    Case("P15 one second after", "path.validity", UNDECIDED, SubIndication.OUT_OF_BOUNDS_NO_POE,
         lambda: judged(C.with_leaf(not_after=AT - timedelta(seconds=1)))),
    Case("authority ended", "path.validity", UNDECIDED, SubIndication.OUT_OF_BOUNDS_NO_POE,
         lambda: judged(C.with_ca(not_after=AT - timedelta(seconds=1)))),
    Case("P15 anchor ended", "path.validity", UNDECIDED, SubIndication.OUT_OF_BOUNDS_NO_POE,
         lambda: judged(C.with_root(not_after=AT - timedelta(seconds=1)))),
    Case("P12 unknown critical in signer", "path.extensions", FAILED, SIG,
         lambda: judged(C.with_leaf(extra=(extension(UNKNOWN, b"\x05\x00", critical=True),)))),
    Case("P16 critical authority information access", "path.extensions", FAILED, SIG,
         lambda: judged(C.with_leaf(extra=(extension("1.3.6.1.5.5.7.1.1", sequence(), critical=True),)))),
    Case("P12 unknown critical in authority", "path.extensions", UNDECIDED, CHAIN,
         lambda: judged(ca_with(extension(UNKNOWN, b"\x05\x00", critical=True)))),
    Case("P12 same extension twice", "path.extensions", FAILED, SIG,
         lambda: judged(C.with_leaf(extra=(made.SIGNER_USAGE,)))),
    Case("P06 name constraints not critical", "path.extensions", UNDECIDED, CHAIN,
         lambda: judged(ca_with(extension(x509.NAME_CONSTRAINTS, made.name_constraints(permitted=(BODY,)))))),
    Case("P06 name constraints in an end entity", "path.extensions", FAILED, SIG,
         lambda: judged(C.with_leaf(extra=(constrained(made.name_constraints(permitted=(BODY,))),)))),
    Case("P10 policy constraints not critical", "path.extensions", UNDECIDED, CHAIN,
         lambda: judged(ca_with(extension(x509.POLICY_CONSTRAINTS, sequence(asn1.encode(0x80, b"\x05")))))),
    Case("P14 basic constraints of the anchor not critical", "path.extensions", UNDECIDED, CHAIN,
         lambda: judged(C.with_root(extensions=(extension(x509.BASIC_CONSTRAINTS, sequence(b"\x01\x01\xff")), made.CA_USAGE)))),
    Case("P10 any policy inhibited, not critical", "path.extensions", UNDECIDED, CHAIN,
         lambda: judged(ca_with(extension(x509.INHIBIT_ANY_POLICY, b"\x02\x01\x00")))),
    Case("P02 extended key usage without a usage", "path.extensions", FAILED, SIG,
         lambda: judged(C.with_leaf(extra=(extension(x509.EXTENDED_KEY_USAGE, sequence()),)))),
    Case("no name at all, and the other name not critical", "path.extensions", FAILED, SIG,
         lambda: judged(C.with_leaf(subject=made.name(), extra=(extension(x509.SUBJECT_ALT_NAME, sequence(BODY)),)))),
    Case("P11 signer does not name its issuer's key", "path.key-identifiers", FAILED, SIG,
         lambda: judged(C.with_leaf(with_key_ids=False))),
    Case("P11 authority does not name its key", "path.key-identifiers", UNDECIDED, CHAIN,
         lambda: judged(C.with_ca(with_key_ids=False))),
    Case("P11 key identifier of the issuer critical", "path.key-identifiers", FAILED, SIG,
         lambda: judged(C.with_leaf(with_key_ids=False, extra=(
             extension(x509.AUTHORITY_KEY_IDENTIFIER, sequence(asn1.encode(0x80, made.key_id(C.ca.key))), critical=True),)))),
    Case("P13 serial zero", "path.serial", FAILED, SIG, lambda: judged(C.with_leaf(serial=0))),
    Case("P13 serial negative", "path.serial", FAILED, SIG, lambda: judged(C.with_leaf(serial=-5))),
    Case("P13 serial of 21 octets", "path.serial", FAILED, SIG, lambda: judged(C.with_leaf(serial=1 << 159))),
    Case("serial zero above", "path.serial", UNDECIDED, CHAIN, lambda: judged(C.with_ca(serial=0))),
    Case("P18 inner and outer parameters differ", "path.algorithms", FAILED, SIG,
         lambda: judged(C.with_leaf(inner=sequence(made.ECDSA_SHA256[2:], b"\x02\x01\x05"), outer=made.ECDSA_SHA256))),
    Case("P18 inner and outer algorithm differ", "path.algorithms", FAILED, SIG,
         lambda: judged(C.with_leaf(inner=made.ECDSA_SHA384, outer=made.ECDSA_SHA256))),
    Case("signer certified with SHA-1", "path.algorithms", FAILED, CRYPTO,
         lambda: judged(C.with_leaf(inner=made.ECDSA_SHA1))),
    Case("authority certified with SHA-1", "path.algorithms", UNDECIDED, CRYPTO,
         lambda: judged(C.with_ca(inner=made.ECDSA_SHA1))),
    Case("unknown algorithm", "path.algorithms", UNDECIDED, CRYPTO,
         lambda: judged(C.with_leaf(inner=sequence(asn1.encode_oid("1.2.3.4"))))),
    Case("algorithm past its end", "path.algorithms", UNDECIDED, SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE,
         lambda: judged(C, policy=replace(POLICY, algorithm_end_dates=(("sha256", AT.date()),)))),
    Case("P19 RSA of 1024 bits", "path.keys", FAILED, CRYPTO, lambda: judged(C.with_leaf(key=made.rsa_key(1024)))),
    Case("P20 national key", "path.keys", UNDECIDED, CRYPTO,
         lambda: judged(C.with_leaf(spki=sequence(sequence(asn1.encode_oid("1.2.398.3.10.1.1.2.2")), b"\x03\x02\x00\x00")))),
    Case("weak key above", "path.keys", UNDECIDED, CRYPTO,
         lambda: judged(C.with_ca(key=made.rsa_key(1024)))),
    Case("P04 issuer is no authority", "path.issuers", UNDECIDED, CHAIN,
         lambda: judged(C.with_ca(extensions=(made.basic_constraints(ca=False), made.CA_USAGE)))),
    Case("P04 issuer without basic constraints", "path.issuers", UNDECIDED, CHAIN,
         lambda: judged(C.with_ca(extensions=(made.CA_USAGE,)))),
    Case("issuer may not sign certificates", "path.issuers", UNDECIDED, CHAIN,
         lambda: judged(C.with_ca(extensions=(made.basic_constraints(ca=True), made.SIGNER_USAGE)))),
    Case("P03 issuer without a name", "path.issuers", UNDECIDED, CHAIN, lambda: judged(C.with_ca(subject=made.name()))),
    Case("P04 path length 0 exceeded", "path.length", UNDECIDED, CHAIN,
         lambda: two_intermediates(C.with_ca(extensions=(made.basic_constraints(ca=True, path_length=0), made.CA_USAGE)))),
    Case("path length of the anchor exceeded, the authority below claims more", "path.length", UNDECIDED, CHAIN,
         lambda: two_intermediates(
             C.with_root(extensions=(made.basic_constraints(ca=True, path_length=1), made.CA_USAGE))
             .with_ca(extensions=(made.basic_constraints(ca=True, path_length=5), made.CA_USAGE)))),
    Case("P04 path length of the anchor exceeded", "path.length", UNDECIDED, CHAIN,
         lambda: judged(C.with_root(extensions=(made.basic_constraints(ca=True, path_length=0), made.CA_USAGE)))),
    Case("P05 name outside what is permitted", "path.names", UNDECIDED, CHAIN,
         lambda: judged(ca_with(constrained(made.name_constraints(permitted=(OTHER,)))))),
    Case("P05 name excluded", "path.names", UNDECIDED, CHAIN,
         lambda: judged(ca_with(constrained(made.name_constraints(excluded=(BODY,)))))),
    Case("P05 anchor's name constraints", "path.names", UNDECIDED, CHAIN,
         lambda: judged(root_with(constrained(made.name_constraints(excluded=(BODY,)))))),
    Case("P05 second name excluded", "path.names", UNDECIDED, CHAIN,
         lambda: judged(ca_with(constrained(made.name_constraints(excluded=(OTHER,))))
                        .with_leaf(extra=(extension(x509.SUBJECT_ALT_NAME, sequence(OTHER)),)))),
    Case("P05 constrained form that is not judged", "path.names", UNDECIDED, CHAIN,
         lambda: judged(ca_with(constrained(made.name_constraints(permitted=(REGISTERED,))))
                        .with_leaf(extra=(extension(x509.SUBJECT_ALT_NAME, sequence(REGISTERED)),)))),
    *(Case(f"P05 {what}", "path.names", UNDECIDED, CHAIN, lambda bases=bases, names=names: judged(named(bases, names)))
      for what, bases, names in (
          ("DNS name outside", permitted(0x82, b"gov.kz"), (general(0x82, b"gov.kz.example"),)),
          ("DNS name excluded", excluded(0x82, b"gov.kz"), (general(0x82, b"mfa.gov.kz"),)),
          ("P07 wildcard that could match what is excluded", excluded(0x82, b"mfa.gov.kz"), (general(0x82, b"*.gov.kz"),)),
          ("mailbox outside", permitted(0x81, b"a@gov.kz"), (general(0x81, b"b@gov.kz"),)),
          ("mailbox of a sub-domain where the host is meant", permitted(0x81, b"gov.kz"), (general(0x81, b"a@mfa.gov.kz"),)),
          ("mailbox of the host where sub-domains are meant", permitted(0x81, b".gov.kz"), (general(0x81, b"a@gov.kz"),)),
          ("mailbox excluded", excluded(0x81, b".gov.kz"), (general(0x81, b"a@mfa.gov.kz"),)),
          ("URI outside", permitted(0x86, b"gov.kz"), (general(0x86, b"https://mfa.gov.kz/x"),)),
          ("URI without a host", excluded(0x86, b"gov.kz"), (general(0x86, b"urn:example:1"),)),
          ("URI excluded", excluded(0x86, b".gov.kz"), (general(0x86, b"https://mfa.gov.kz:8443/x"),)),
          ("address outside", permitted(0x87, bytes((192, 0, 2, 0, 255, 255, 255, 0))), (general(0x87, bytes((192, 0, 3, 1))),)),
          ("address excluded", excluded(0x87, bytes((192, 0, 2, 0, 255, 255, 255, 0))), (general(0x87, bytes((192, 0, 2, 9))),)),
          ("address of the other kind", permitted(0x87, bytes((192, 0, 2, 0, 255, 255, 255, 0))), (general(0x87, bytes(16)),)),
      )),
    *(Case(f"P06 {what}", "path.names", UNDECIDED, CHAIN, lambda bases=bases: judged(named(bases, ())))
      for what, bases in (
          ("mask that is no prefix", permitted(0x87, bytes((192, 0, 2, 0, 255, 0, 255, 0)))),
          ("address of five octets", permitted(0x87, bytes(10))),
          ("DNS constraint with a dot before it", permitted(0x82, b".gov.kz")),
          ("DNS constraint with a wildcard", permitted(0x82, b"*.gov.kz")),
          ("mailbox constraint without a mailbox", permitted(0x81, b"@gov.kz")),
          ("URI constraint that is an address", permitted(0x86, b"192.0.2.1")),
          ("constraint outside ASCII", permitted(0x82, "қаз.kz".encode())),
      )),
    *(Case(f"malformed name: {what}", "path.names", UNDECIDED, CHAIN, lambda found=found: judged(named(None, (found,))))
      for what, found in (
          ("DNS name with a dot before it", general(0x82, b".gov.kz")),
          ("address as a DNS name", general(0x82, b"192.0.2.1")),
          ("mailbox with two signs", general(0x81, b"a@b@gov.kz")),
          ("URI without a scheme", general(0x86, b"//gov.kz")),
          ("address of five octets", general(0x87, bytes(5))),
          ("name outside ASCII", general(0x82, "қаз.kz".encode())),
      )),
    Case("constrained address in the subject", "path.names", UNDECIDED, CHAIN,
         lambda: judged(ca_with(constrained(made.name_constraints(excluded=(asn1.encode(0x81, b"x@y.kz"),))))
                        .with_leaf(subject=made.name(("1.2.840.113549.1.9.1", "x@y.kz"))))),
    Case("P06 empty name constraints", "path.names", UNDECIDED, CHAIN, lambda: judged(ca_with(constrained(sequence())))),
    Case("P06 name constraints with a minimum", "path.names", UNDECIDED, CHAIN,
         lambda: judged(ca_with(constrained(sequence(asn1.encode(0xA0, sequence(BODY, asn1.encode(0x80, b"\x01")))))))),
    Case("no policy where one is demanded", "path.policies", UNDECIDED, CHAIN, lambda: judged(ca_with(explicit_policy()))),
    Case("policies do not meet", "path.policies", UNDECIDED, CHAIN,
         lambda: judged(ca_with(explicit_policy(), made.policies("1.2.3")).with_leaf(extra=(made.policies("1.2.4"),)))),
    Case("any policy inhibited", "path.policies", UNDECIDED, CHAIN,
         lambda: judged(ca_with(explicit_policy(), made.policies("1.2.3"),
                                extension(x509.INHIBIT_ANY_POLICY, b"\x02\x01\x00", critical=True))
                        .with_leaf(extra=(made.policies(ANY_POLICY),)))),
    Case("the signer itself demands a policy and has none", "path.policies", UNDECIDED, CHAIN,
         lambda: judged(C.with_leaf(extra=(extension(x509.POLICY_CONSTRAINTS, sequence(asn1.encode(0x80, b"\x00")), critical=True),)))),
    Case("a policy is demanded one certificate further down", "path.policies", UNDECIDED, CHAIN,
         lambda: judged(root_with().with_ca(extra=(made.policies("1.2.3"), extension(
             x509.POLICY_CONSTRAINTS, sequence(asn1.encode(0x80, b"\x01")), critical=True))))),
    Case("a policy that the caller does not accept", "path.policies", UNDECIDED, CHAIN,
         lambda: judged(ca_with(made.policies("1.2.3")).with_leaf(extra=(made.policies("1.2.3"),)),
                        policy=replace(POLICY, require_certificate_policy=True, acceptable_certificate_policies=("1.2.4",)))),
    Case("mapped though mapping is inhibited", "path.policies", UNDECIDED, CHAIN,
         lambda: judged(mapped(), policy=replace(POLICY, require_certificate_policy=True, inhibit_policy_mapping=True))),
    Case("any policy where it stands for none", "path.policies", UNDECIDED, CHAIN,
         lambda: judged(ca_with(made.policies("1.2.3")).with_leaf(extra=(made.policies(ANY_POLICY),)),
                        policy=replace(POLICY, require_certificate_policy=True, inhibit_any_policy=True))),
    Case("a negative number of certificates", "path.policies", UNDECIDED, CHAIN,
         lambda: judged(ca_with(extension(x509.INHIBIT_ANY_POLICY, b"\x02\x01\xff", critical=True)))),
    Case("too many policies", "path.limits", FAILED, SubIndication.FORMAT_FAILURE,
         lambda: judged(C.with_leaf(extra=(made.policies(*(f"1.2.{n}" for n in range(65))),)))),
    Case("same policy twice", "path.policies", UNDECIDED, CHAIN,
         lambda: judged(C.with_leaf(extra=(made.policies("1.2.3", "1.2.3"),)))),
    Case("mapping of any policy", "path.policies", UNDECIDED, CHAIN,
         lambda: judged(ca_with(made.policies(ANY_POLICY), extension(x509.POLICY_MAPPINGS, sequence(sequence(
             asn1.encode_oid(ANY_POLICY), asn1.encode_oid("1.2.3"))))).with_leaf(extra=(made.policies("1.2.3"),)))),
)  # fmt: skip


def test_passes_a_good_path():
    result = judged(C)
    assert result.indication is Indication.TOTAL_PASSED
    assert [c.subject.values("2.5.4.3") for c in result.path] == [("Signer",), ("CA",), ("Root",)]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.what)
def test_refuses_a_path_that_breaks_one_rule_and_says_which(case: Case):
    result = case.make()
    assert (result.indication, result.sub_indication) == (case.indication, case.sub_indication)
    assert {c.id for c in result.checks if c.conclusion is not Conclusion.PASSED} == {case.check}


def test_every_check_has_a_chain_that_breaks_it_alone():
    assert {case.check for case in CASES} == CHECKS


@pytest.mark.parametrize(
    "chain",
    [
        pytest.param(C.with_leaf(not_before=AT), id="valid from this instant"),
        pytest.param(C.with_leaf(not_after=AT), id="valid to this instant"),
        pytest.param(C.with_leaf(serial=(1 << 159) - 1), id="serial of 20 octets"),
        pytest.param(C.with_leaf(extra=(extension(UNKNOWN, b"\x05\x00"),)), id="unknown extension, not critical"),
        pytest.param(C.with_leaf(key=made.rsa_key(2048, 3)), id="RSA exponent 3"),
        pytest.param(named(permitted(0x82, b"gov.kz"), (general(0x82, b"MFA.gov.kz"),)), id="DNS name below what is permitted"),
        pytest.param(named(permitted(0x82, b"gov.kz"), (general(0x82, b"*.gov.kz"),)), id="wildcard below what is permitted"),
        pytest.param(named(permitted(0x82, b""), (general(0x82, b"gov.kz"),)), id="every DNS name permitted"),
        pytest.param(named(permitted(0x81, b"*@gov.kz"), (general(0x81, b"*@GOV.kz"),)), id="mailbox by its very letters"),
        pytest.param(named(permitted(0x81, b"gov.kz"), (general(0x81, b"a@gov.kz"),)), id="mailbox of the host"),
        pytest.param(named(permitted(0x81, b".gov.kz"), (general(0x81, b"a@mfa.gov.kz"),)), id="mailbox below the domain"),
        pytest.param(named(permitted(0x86, b".gov.kz"), (general(0x86, b"https://mfa.gov.kz/x"),)), id="URI below the domain"),
        pytest.param(named(permitted(0x87, bytes((192, 0, 2, 0, 255, 255, 255, 0))), (general(0x87, bytes((192, 0, 2, 77))),)), id="address in the block"),
        pytest.param(named(excluded(0x82, b"gov.kz"), (general(0x81, b"a@gov.kz"),)), id="excluded in another form"),
        pytest.param(C.with_ca(not_before=AT - timedelta(days=900)), id="starts before its issuer"),
        pytest.param(C.with_root(extensions=(made.basic_constraints(ca=True, path_length=1), made.CA_USAGE)), id="path length enough"),
        pytest.param(ca_with(constrained(made.name_constraints(permitted=(BODY,)))), id="name permitted"),
        pytest.param(ca_with(constrained(made.name_constraints(permitted=(DNS,)))), id="constrained form that is not borne"),
        pytest.param(ca_with(explicit_policy(), made.policies("1.2.3")).with_leaf(extra=(made.policies("1.2.3"),)), id="policy holds"),
        pytest.param(ca_with(explicit_policy(), made.policies(ANY_POLICY)).with_leaf(extra=(made.policies("1.2.3"),)), id="any policy above"),
        pytest.param(
            ca_with(
                explicit_policy(),
                made.policies("1.2.3"),
                extension(x509.POLICY_MAPPINGS, sequence(sequence(asn1.encode_oid("1.2.3"), asn1.encode_oid("1.2.9")))),
            ).with_leaf(extra=(made.policies("1.2.9"),)),
            id="policy mapped",
        ),
    ],
)  # fmt: skip
def test_passes_what_the_rules_leave_free(chain: Chain):
    assert judged(chain).indication is Indication.TOTAL_PASSED


def test_P08_many_names_against_many_constraints_are_refused_before_they_are_compared():
    result = many_names()
    assert (result.indication, result.sub_indication) == (FAILED, SubIndication.FORMAT_FAILURE)
    assert "path.limits" in {check.id for check in result.checks}


def test_a_self_issued_authority_does_not_count_towards_the_path_length():
    assert self_issued_below_path_length_0().indication is Indication.TOTAL_PASSED


def test_absent_and_null_parameters_are_the_same_algorithm():
    chain = C.with_ca(key=made.rsa_key(2048)).with_leaf(inner=made.RSA_SHA256, outer=made.RSA_SHA256_NO_NULL)
    assert judged(chain).indication is Indication.TOTAL_PASSED


def test_an_expired_anchor_passes_only_when_the_policy_ignores_its_end():
    chain = C.with_root(not_after=AT - timedelta(seconds=1))
    assert judged(chain, policy=replace(POLICY, anchor_validity="ignored")).indication is Indication.TOTAL_PASSED


def test_key_identifiers_may_be_absent_only_where_the_policy_says_so():
    chain = C.with_leaf(with_key_ids=False).with_ca(with_key_ids=False)
    assert judged(chain, policy=LOOSE).indication is Indication.TOTAL_PASSED
    assert judged(chain).indication is FAILED


def test_extensions_that_an_older_authority_did_not_mark_critical_bind_all_the_same():
    loose = replace(POLICY, require_critical_constraints=False)
    demanding = extension(x509.POLICY_CONSTRAINTS, sequence(asn1.encode(0x80, b"\x00")))
    good = ca_with(demanding, made.policies("1.2.3")).with_leaf(extra=(made.policies("1.2.3"),))
    assert judged(good, policy=loose).indication is Indication.TOTAL_PASSED
    assert judged(ca_with(demanding), policy=loose).sub_indication is CHAIN


def test_a_policy_that_the_caller_accepts_may_have_been_renamed_on_the_way():
    wanted = replace(POLICY, require_certificate_policy=True, acceptable_certificate_policies=("1.2.3",))
    assert judged(mapped(), policy=wanted).indication is Indication.TOTAL_PASSED
    other = replace(wanted, acceptable_certificate_policies=("1.2.4",))
    assert judged(mapped(), policy=other).sub_indication is CHAIN


def test_the_last_second_of_a_certificate_is_its_own():
    chain = C.with_leaf(not_after=AT)
    assert judged(chain, at=AT + timedelta(milliseconds=999)).indication is Indication.TOTAL_PASSED
    assert judged(chain, at=AT + timedelta(seconds=1)).sub_indication is SubIndication.OUT_OF_BOUNDS_NO_POE


def test_every_row_of_the_list_of_attacks_on_paths_has_a_chain():
    elsewhere = {"P01", "P08", "P17", "P21"}  # signer's purpose, many names below, trust anchors, certificates
    rows = {row for case in CASES for row in ROW.findall(case.what)}
    assert rows | elsewhere == {f"P{number:02}" for number in range(1, 23)}


def test_an_end_date_binds_from_its_day_on():
    before = replace(POLICY, algorithm_end_dates=(("ecdsa-sha256", date(2026, 11, 11)),))
    assert judged(C, policy=before).indication is Indication.TOTAL_PASSED


def test_finds_the_good_issuer_among_look_alikes():
    chain = C.with_leaf(with_key_ids=False)
    found = judged_with(chain, [*look_alikes(C, 7), *C.candidates], require_key_identifiers=False)
    assert found.indication is Indication.TOTAL_PASSED


@pytest.mark.parametrize(
    ("theirs", "other"),
    [
        pytest.param(
            b"\x5b\x6a\x73\xe9", b"\x5b\x6a\x74\x11", id="four octets, as the national authority had until 2025"
        ),
        pytest.param(made.key_id(made.key("ca")), made.key_id(made.key("other")), id="twenty octets"),
    ],
)
def test_the_issuer_among_two_of_one_name_is_the_one_whose_key_is_named(theirs: bytes, other: bytes):
    """The search never tries the other key: its identifier differs, and the name they share decides nothing."""

    def authority(key_id: bytes, key: str) -> Certificate:
        ids = (
            extension(x509.SUBJECT_KEY_IDENTIFIER, asn1.encode(asn1.OCTET_STRING, key_id)),
            authority_key_id(made.key_id(C.root.key)),
        )
        draft = replace(C.ca, key=made.key(key), with_key_ids=False, extra=ids)
        return Certificate.from_der(draft.signed_by(C.root))

    own_id = extension(x509.SUBJECT_KEY_IDENTIFIER, asn1.encode(asn1.OCTET_STRING, made.key_id(C.leaf.key)))
    chain = C.with_leaf(with_key_ids=False, extra=(own_id, authority_key_id(theirs)))
    both = [authority(other, "other"), authority(theirs, "ca")]
    assert both[0].subject.key == both[1].subject.key
    result = judged_with(chain, both, max_signature_checks=2)
    assert result.indication is Indication.TOTAL_PASSED
    assert result.path[1] == both[1]
    # an identifier is a hint and no proof: who claims the right one with another key has not signed
    claimed = judged_with(chain, [authority(theirs, "other")])
    assert claimed.sub_indication is SubIndication.NO_CERTIFICATE_CHAIN_FOUND


def test_a_common_name_shared_by_two_generations_decides_nothing():
    """The roots of 2015 and 2020 have one common name, and the older one an organisation besides."""
    older = replace(
        C.root,
        subject=made.name(("2.5.4.6", "KZ"), ("2.5.4.10", "An organisation"), ("2.5.4.3", "Root")),
        key=made.key("older root"),
    )
    for root, expected in ((C.root, Indication.TOTAL_PASSED), (older, Indication.INDETERMINATE)):
        anchors = replace(C.anchors, certificates=(root.signed_by(root),))
        assert validate_path(C.signer, C.candidates, anchors, at=AT, policy=POLICY).indication is expected


def test_takes_the_path_that_passes_when_another_does_not():
    expired = Certificate.from_der(replace(C.ca, serial=77, not_after=AT - timedelta(days=1)).signed_by(C.root))
    assert judged_with(C, [expired, *C.candidates]).indication is Indication.TOTAL_PASSED


def test_a_loop_of_two_authorities_ends():
    a = replace(C.ca, subject=made.cn("A"), key=made.key("loop-a"))
    b = replace(C.ca, subject=made.cn("B"), key=made.key("loop-b"))
    signer = Certificate.from_der(C.leaf.signed_by(a))
    bag = [Certificate.from_der(a.signed_by(b)), Certificate.from_der(b.signed_by(a))]
    result = validate_path(signer, bag, C.anchors, at=AT, policy=POLICY)
    assert result.sub_indication is SubIndication.NO_CERTIFICATE_CHAIN_FOUND


def test_a_certificate_in_the_bag_is_never_an_anchor():
    rogue = Draft(subject=made.cn("CA"), key=made.key("rogue"), extensions=C.ca.extensions)
    signer = Certificate.from_der(C.leaf.signed_by(rogue))
    bag = [Certificate.from_der(rogue.signed_by(rogue))]
    result = validate_path(signer, bag, C.anchors, at=AT, policy=POLICY)
    assert result.sub_indication is SubIndication.NO_CERTIFICATE_CHAIN_FOUND


def test_only_successes_are_remembered():
    _is_signed_by.cache_clear()
    judged_with(C.with_leaf(with_key_ids=False), look_alikes(C, 3))
    assert _is_signed_by.cache_info().currsize == 0
    judged(C)
    assert _is_signed_by.cache_info().currsize == 2


def test_refuses_a_time_without_a_zone():
    with pytest.raises(SigningError) as caught:
        judged(C, at=datetime(2026, 11, 10))
    assert caught.value.code == "signing.naive-time"


def test_what_strangers_send_along_is_not_remembered_without_bound() -> None:
    """A certificate of 60 KB, and a bag with it, are judged as ever and leave nothing behind."""
    signer, bag, anchors = C.signer, C.candidates, C.anchors
    padded = replace(C.leaf, extensions=(*C.leaf.extensions, extension(UNKNOWN, bytes(60_000))))
    ballast = padded.signed_by(C.ca)
    before = first_path.cache_info().currsize
    result = validate_path(signer, [*bag, Certificate.from_der(ballast)], anchors, at=AT, policy=POLICY)
    assert result.indication is Indication.TOTAL_PASSED
    assert first_path.cache_info().currsize == before
    assert Certificate.from_der(ballast) is not Certificate.from_der(ballast)
    assert Certificate.from_der(signer.der) is Certificate.from_der(signer.der)


def test_a_remembered_path_is_judged_at_each_moment_anew() -> None:
    signer, bag, anchors = C.signer, C.candidates, C.anchors
    ended = replace(POLICY, algorithm_end_dates=(("sha256", AT.date()),))

    def at(moment: datetime, policy: ValidationPolicy = POLICY) -> PathResult:
        return validate_path(signer, bag, anchors, at=moment, policy=policy)

    assert at(AT).indication is Indication.TOTAL_PASSED
    before = first_path.cache_info().hits
    assert at(signer.not_after + timedelta(seconds=1)).sub_indication is SubIndication.OUT_OF_BOUNDS_NO_POE
    assert first_path.cache_info().hits == before + 1
    assert at(AT, ended).sub_indication is SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE
    assert at(AT - timedelta(days=1), ended).indication is Indication.TOTAL_PASSED
    assert at(AT).indication is Indication.TOTAL_PASSED
