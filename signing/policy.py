"""What a signature must satisfy, as frozen values; each field says what loosening it costs.

Sources: Rules of verifying a signature, Order 1187 of 09.12.2015 (nonRepudiation under a document, item 4(1) validity
of every certificate at the reference time, item 5 time-stamps); the national certificate profile (roles in extended
key usage).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from datetime import date

EMAIL_PROTECTION = "1.3.6.1.5.5.7.3.4"
CLIENT_AUTH = "1.3.6.1.5.5.7.3.2"
TIME_STAMPING = "1.3.6.1.5.5.7.3.8"
OCSP_SIGNING = "1.3.6.1.5.5.7.3.9"

INDIVIDUAL = "1.2.398.3.3.4.1.1"
LEGAL_ENTITY = "1.2.398.3.3.4.1.2"
FIRST_HEAD = "1.2.398.3.3.4.1.2.1"
RIGHT_TO_SIGN = "1.2.398.3.3.4.1.2.2"
RIGHT_TO_SIGN_FINANCIAL = "1.2.398.3.3.4.1.2.3"
HR_OFFICER = "1.2.398.3.3.4.1.2.4"
EMPLOYEE = "1.2.398.3.3.4.1.2.5"
INFORMATION_SYSTEM = "1.2.398.3.3.4.1.2.6"
CIVIL_SERVANT = "1.2.398.3.2.3.4"
BTSD_PERSONS = (
    "1.2.398.3.17.3.3",  # first head
    "1.2.398.3.17.3.4",  # right to sign
    "1.2.398.3.17.3.5",  # right to sign financial documents
    "1.2.398.3.17.3.6",  # HR officer
    "1.2.398.3.17.3.7",  # employee
)

# who acts for a legal entity or a state body; which of them may sign a given document is the ruleset's question
PERSONS_OF_A_BODY = (
    FIRST_HEAD,
    RIGHT_TO_SIGN,
    RIGHT_TO_SIGN_FINANCIAL,
    HR_OFFICER,
    EMPLOYEE,
    CIVIL_SERVANT,
    *BTSD_PERSONS,
)

AnchorKind = Literal["production", "test", "sandbox", "named"]
"""Kinds of trust anchors; "named": given by whoever judges, under no national rule."""

SignatureLevel = Literal["B-B", "B-T", "B-LT", "B-LTA"]
"""Baseline levels of EN 319 132-1, 122-1 and 162-1."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SigningPolicy:
    """How we sign. The algorithm follows the key; what is hashed besides is hashed with `digest`."""

    name: str
    digest: str = "sha256"
    """Id in the digest table for references and certificate digests; a weaker one is refused when signing. Whatever a
    national key signs is hashed by that key's own hash instead, as the national profile demands."""
    include_chain: bool = True
    """Issuers travel with the signature; without them a verifier that does not hold them ends INDETERMINATE."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ValidationPolicy:
    """What must hold before a signature is TOTAL-PASSED. Defaults are the strict choice."""

    name: str
    anchor_kinds: tuple[AnchorKind, ...]
    """Kinds of trust anchors this policy may be used with; a wider list lets a test root speak for a real person."""
    required_key_usage: str | None = "nonRepudiation"
    """None also accepts keys made for logging in (Rules 1187 demand nonRepudiation under a document)."""
    required_roles: tuple[str, ...] = ()
    """Extended key usage OIDs, any of which is enough; empty accepts a certificate made for any purpose."""
    refused_roles: tuple[str, ...] = ()
    """Extended key usage OIDs none of which may be present: a person's certificate on an envelope, a system's under a
    document."""
    refuse_authentication_only: bool = True
    """False lets a certificate made for logging in (clientAuth without emailProtection) stand under a document."""
    expected_signer_bin: str | None = None
    """The 12 digits that must stand in the signer's certificate; None leaves the question who signed to the caller."""
    revocation: Literal["required", "not-checked"] = "required"
    """"not-checked" accepts a certificate that was revoked yesterday; the report says so in every case."""
    accept_certificates_without_revocation: bool = False
    """True asks for no status of an end entity whose issuer says that there is none, because it lives too short to be
    revoked (noRevAvail, RFC 9608; validity assured short term, EN 319 412-1, 5.2.2)."""
    revoked_without_proof: Literal["failed", "indeterminate"] = "failed"
    """A certificate that is revoked where nothing proves that the signature is older: "failed" says no (Rules 1187),
    "indeterminate" leaves room for a proof that was not given (EN 319 102-1, 5.3.4: REVOKED_NO_POE)."""
    hold_counts_as_revoked: bool = True
    """False takes certificateHold for "cannot tell": it may be lifted again."""
    ocsp_window: timedelta = timedelta(minutes=5)
    """How long after thisUpdate an OCSP answer without nextUpdate still speaks: the national responder states none."""
    max_revocation_age: timedelta | None = None
    """Oldest thisUpdate before the time judged at that is still fresh; None: nextUpdate, or the window, decides."""
    accept_responder_without_nocheck: bool = True
    """A delegated responder whose own status nobody looks up (its certificate has no id-pkix-ocsp-nocheck) is asked for
    in the evidence; where there is none, True takes it within its validity, False ends INDETERMINATE."""
    timestamp_authority_revocation: Literal["required", "if-any"] = "required"
    """"if-any" takes a time-stamp whose authority's status nobody tells, as national tools do (Rules 1187 ask for the
    path and the purpose); evidence that says "revoked" counts in every case."""
    timestamp: Literal["required", "not-required"] = "required"
    """"not-required" leaves no proof of when; a signature then ends with its certificate."""
    timestamp_authority_policies: tuple[str, ...] = ()
    """TSA policy OIDs, one of which a token must state; empty takes any policy of a TSA with a path to an anchor."""
    max_timestamp_delay: timedelta | None = None
    """Longest time from the claimed signing to the signature time-stamp; None does not ask."""
    accept_sha1_certificate_reference_in_timestamps: bool = True
    """ESSCertID of the first version (RFC 3161, 2.4.1) knows SHA-1 only; national and older TSAs have nothing else. It
    chooses among the certificates of the token, whose signature is verified with the one chosen."""
    require_signing_certificate: bool = True
    """The signed ESSCertIDv2 or SigningCertificateV2. False accepts Java-made national CMS that lack it, and leaves the
    certificate unbound: another certificate for the same key could be put in its place. A wrong one fails in every
    case."""
    require_signing_time: bool = True
    """The signed claim of the time (mandatory at level B-B)."""
    expected_signature_policy: str | None = None
    """Identifier of the signature policy that must be stated, as a URI or URN; None leaves a stated one INDETERMINATE,
    because its rules are not known here."""
    every_signature_covers_everything: bool = True
    """False is content when each data object of a container is covered by at least one of its signatures: a reader who
    looks at the signers alone may then take one for the signer of what another signed."""
    require_manifest: bool = True
    """META-INF/manifest.xml in an ASiC-E container with XAdES. False (EN 319 162-1, 4.4.3.2: optional) leaves the media
    types to the signatures."""
    exact_container_layout: bool = True
    """`mimetype` first, stored and exact, and no archive comment but the standard's own (EN 319 162-1, A.1): what a program
    that looks at the first bytes takes the file for is then what it is. False reads containers that were packed again
    without such care; the report says what was not as it should be."""
    require_data_object_formats: bool = True
    """False takes XAdES signatures that do not state the media type of what they sign (mandatory at level B-B, EN 319
    132-1, 6.3; optional before): what they state must be about what they sign all the same."""
    require_named_canonicalization: bool = True
    """The Reference to the signed properties names its canonicalization. False lets it be Canonical XML 1.0 where none is
    named (XMLDSig, 4.4.3.2)."""
    accept_simple_containers: bool = False
    """True also takes ASiC-S, a container of one data object (EN 319 162-1, 4.3)."""
    accept_key_oid_as_signature_algorithm: bool = False
    """True takes the hash from digestAlgorithm when a CMS names only the national key type, as national tools did in
    2018-2019; otherwise the two must say the same thing. Plain rsaEncryption is ordinary CMS (RFC 3370) and always
    read so."""
    allow_attached_content: bool = False
    """True lets a CMS that carries its own content stand where a detached one is demanded, if that content is the
    same."""
    accept_ber: bool = False
    """True reads CMS whose lengths are open and whose content comes in pieces, as programs write that cannot look ahead;
    what is signed must be DER in every case. False refuses any second way of writing the same thing."""
    accept_sha1_certificate_reference: bool = False
    """True lets a CMS name its signer's certificate by ESSCertID of the first version, which knows SHA-1 only; where the
    second version is there as well, that one is judged."""
    xml_coverage: Literal["document", "signed-parts"] = "document"
    """"signed-parts" takes an XML signature over a part of its document, beside or around what it signs: whoever then
    reads anything but the parts that are handed out reads what nobody signed."""
    co_signatures: bool = False
    """True takes an earlier signature of a document on what is left when the later ones, each after it passed, are taken
    out, as the national tools sign one after another. The first signer then did not sign that others would follow."""
    anchor_validity: Literal["required", "ignored"] = "required"
    """"ignored" trusts an anchor after its own end (Rules 1187, item 4(1) ask every certificate of the path to be
    valid)."""
    max_path: int = 6
    """Certificates in a path, signer and anchor included; more costs time to a stranger's wish."""
    max_candidates_per_issuer: int = 8
    max_signature_checks: int = 64
    max_name_comparisons: int = 10_000
    """Limits of path building; two published chains hang a known library for over ten seconds without them."""
    acceptable_certificate_policies: tuple[str, ...] = ()
    """Certificate policy OIDs, one of which must hold where an authority or this policy demands one; empty is any
    (RFC 5280, 6.1.1 (c))."""
    require_certificate_policy: bool = False
    inhibit_policy_mapping: bool = False
    inhibit_any_policy: bool = False
    """RFC 5280, 6.1.1 (e), (f), (g): a policy must hold through every path; authorities may not rename one; anyPolicy
    stands for none."""
    require_critical_constraints: bool = True
    """False takes basicConstraints, policyConstraints and inhibitAnyPolicy of authorities that did not mark them
    critical, as RFC 3280 allowed; they bind the path all the same."""
    require_key_identifiers: bool = True
    """False takes certificates that do not name their issuer's key, or authorities that do not name their own: which of
    two keys of one name was meant is then found by trying."""
    clock_tolerance: timedelta = timedelta(minutes=5)
    """How far in the future a claimed signing time may lie before it is not believed."""
    algorithm_end_dates: tuple[tuple[str, date], ...] = ()
    """(id of a signature or digest algorithm, first day it is not trusted): earlier than the table's own date wins."""

    def __hash__(self) -> int:
        # a policy is looked up in caches at each signature, and hashing forty fields would cost more than a look-up
        return hash((self.name, self.revocation, self.timestamp))


DEFAULT_SIGNING = SigningPolicy(name="elshi-signing/1")

KZ_DOCUMENT = ValidationPolicy(
    name="kz-document/1",
    anchor_kinds=("production", "test"),
    required_roles=PERSONS_OF_A_BODY,
    refused_roles=(INFORMATION_SYSTEM,),
    # CMS made by the Java version of the national tool carries no ESSCertIDv2; XAdES demands its own in any case
    require_signing_certificate=False,
    accept_key_oid_as_signature_algorithm=True,
    accept_ber=True,
    co_signatures=True,
)
"""A document under national law. It demands revocation status and a time-stamp, whose genTime is the reference time;
without either it ends INDETERMINATE: loosening is the caller's spoken decision (`dataclasses.replace`)."""

KZ_SIGNATURE = replace(
    KZ_DOCUMENT, name="kz-signature/1", required_roles=(), refused_roles=(TIME_STAMPING, OCSP_SIGNING)
)
"""Any signature under national law, whoever made it, an information system too: the report says who, and whether that is
enough is the reader's question. A service that witnesses signs no documents. All else is asked as of a document."""

KZ_ENVELOPE = ValidationPolicy(
    name="kz-envelope/1",
    anchor_kinds=("production", "test"),
    # an envelope is signed on a server: the certificate of a legal entity's information system or of the gateway;
    # whose it must be is decided by pinning, roles differ by year (2023-2024: legal entity alone)
    required_roles=(LEGAL_ENTITY, INFORMATION_SYSTEM, CIVIL_SERVANT),
    refused_roles=(
        INDIVIDUAL,
        FIRST_HEAD,
        RIGHT_TO_SIGN,
        RIGHT_TO_SIGN_FINANCIAL,
        HR_OFFICER,
        EMPLOYEE,
        *BTSD_PERSONS,
    ),
    timestamp="not-required",
    require_signing_certificate=False,
    require_signing_time=False,
)
"""A SOAP envelope under national law: the profile carries no time, no signed certificate reference and no
time-stamp."""

ETSI_BASELINE = ValidationPolicy(
    name="etsi-baseline/1",
    anchor_kinds=("production", "test", "sandbox", "named"),
    required_key_usage=None,
    refuse_authentication_only=False,
    timestamp="not-required",
    revoked_without_proof="indeterminate",
    accept_certificates_without_revocation=True,
    hold_counts_as_revoked=True,
    allow_attached_content=True,
    every_signature_covers_everything=False,
    require_manifest=False,
    exact_container_layout=False,
    require_data_object_formats=False,
    require_named_canonicalization=False,
    accept_simple_containers=True,
    accept_ber=True,
    xml_coverage="signed-parts",
    max_path=10,
    require_critical_constraints=False,
)
"""European signatures as EN 319 102-1 judges them, under the anchors that the judge names: no roles, no national
rules; revocation status is asked for at every level, a time-stamp is not."""

SANDBOX_DOCUMENT = replace(
    KZ_DOCUMENT,
    name="sandbox-document/1",
    anchor_kinds=("sandbox",),
    revocation="not-checked",
    timestamp="not-required",
    require_signing_certificate=True,
    accept_key_oid_as_signature_algorithm=False,
    accept_ber=False,
)
"""The same demands on the signer as KZ_DOCUMENT, without the services a sandbox does not have."""

SANDBOX_ENVELOPE = replace(KZ_ENVELOPE, name="sandbox-envelope/1", anchor_kinds=("sandbox",), revocation="not-checked")
"""The same demands on the signer as KZ_ENVELOPE, without revocation."""
