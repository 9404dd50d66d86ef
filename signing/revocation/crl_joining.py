"""How lists of revoked certificates speak together: RFC 5280, 6.3.3 (c), (h), (l).

1. A list that names the certificate, or that covers every reason, speaks alone.
2. Lists for some reasons speak together when every reason is covered (revocation.scope).
3. A delta speaks with a complete list of its own; alone it can only say "revoked" (revocation.delta).
4. "Not listed" counts from a list made while the certificate was kept in mind (revocation.lifetime).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from signing.revocation.certificate_list import CertificateList
from signing.revocation.crl import Finding, finding
from signing.revocation.crl_index import Entry
from signing.revocation.extensions import ALL_REASONS
from signing.revocation.judgement import shown
from signing.revocation.question import Question, require_lifetime
from signing.revocation.statement import REMOVE_FROM_CRL, Origin, StatusStatement, TurnedAwayError, turned_away
from signing.validation_report import Check


def crl_statements(
    lists: Iterable[tuple[CertificateList, Origin]], question: Question
) -> tuple[tuple[StatusStatement, ...], tuple[Check, ...]]:
    """All that these lists say on the certificate, and a check for each that had to be turned away."""
    found: list[Finding] = []
    refused: list[Check] = []
    statements: list[StatusStatement] = []
    for crl, origin in lists:
        try:
            one = finding(crl, origin, question)
        except TurnedAwayError as error:
            refused.append(error.check)
        else:
            found += [one] if one is not None else []
    complete = [each for each in found if each.crl.base_number is None]
    for judged in (_complete(complete, question), _deltas(found, complete, question)):
        for outcome in judged:
            if isinstance(outcome, Check):
                refused.append(outcome)
            else:
                statements.append(outcome)
    return tuple(statements), tuple(refused)


def _complete(complete: Sequence[Finding], question: Question) -> Iterator[StatusStatement | Check]:
    """A list that names the certificate, or that covers every reason, speaks alone; the rest speak together (l)."""
    partial: list[Finding] = []
    alone = False
    for each in complete:
        if each.entry is not None:
            yield _statement(each, question, each.entry)
        elif each.reasons == ALL_REASONS:
            alone = True
            yield from _good(each, question)
        else:
            partial.append(each)
    if partial and not alone:
        yield from _together(partial, question)


def _together(partial: Sequence[Finding], question: Question) -> Iterator[StatusStatement | Check]:
    """One statement of the newest lists that cover every reason: as old as the oldest, ending with the first to end."""
    used: list[Finding] = []
    covered: frozenset[int] = frozenset()
    for each in sorted(partial, key=lambda each: each.crl.this_update, reverse=True):
        if not each.reasons <= covered:
            used.append(each)
            covered |= each.reasons
    if covered != ALL_REASONS:
        yield turned_away("revocation.scope", "not every reason", certificate=shown(question.certificate)).check
        return
    ends = [each.crl.next_update for each in used]
    for outcome in _good(used[-1], question):
        if isinstance(outcome, Check):
            yield outcome
        else:
            yield replace(
                outcome,
                next_update=None if None in ends else min(end for end in ends if end is not None),
                based_on=tuple(each.crl.der for each in used[:-1]),
                based_on_evidence=tuple(each.crl.sha256 for each in used[:-1]),
            )


def _deltas(
    found: Sequence[Finding], complete: Sequence[Finding], question: Question
) -> Iterator[StatusStatement | Check]:
    for delta in (each for each in found if each.crl.base_number is not None):
        base = next((each for each in complete if _fits(delta, each)), None)
        entry = delta.entry
        if entry is not None and entry.reason != REMOVE_FROM_CRL:
            yield _statement(delta, question, entry, base)
        elif base is None:
            yield turned_away("revocation.delta", "no complete list", base=str(delta.crl.base_number)).check
        elif (entry is not None or base.entry is None) and delta.reasons == base.reasons == ALL_REASONS:
            yield from _good(delta, question, base)
        # else the complete list's own entry stands, unchanged by the delta


def _fits(delta: Finding, base: Finding) -> bool:
    """RFC 5280, 5.2.4 and 6.3.3 (c): same issuer, key and scope, and the delta begins at or before the base."""
    numbers = (delta.crl.base_number, base.crl.number, delta.crl.number)
    begins, has, brings = numbers
    return (
        begins is not None
        and has is not None
        and brings is not None
        and begins <= has <= brings
        and base.crl.issuer.key == delta.crl.issuer.key
        and base.signer.public_key_info == delta.signer.public_key_info
        and base.crl.scope == delta.crl.scope
    )


def _good(one: Finding, question: Question, base: Finding | None = None) -> Iterator[StatusStatement | Check]:
    try:
        require_lifetime(question, one.crl.this_update, one.crl.expired_kept_since)
    except TurnedAwayError as error:
        yield error.check
    else:
        yield _statement(one, question, None, base)


def _statement(one: Finding, question: Question, entry: Entry | None, base: Finding | None = None) -> StatusStatement:
    crl = one.crl
    return StatusStatement(
        certificate=question.certificate,
        kind="crl" if crl.base_number is None else "delta-crl",
        status="good" if entry is None else "revoked",
        this_update=crl.this_update,
        next_update=crl.next_update,
        produced_at=crl.this_update,
        revoked_at=entry.revoked_at if entry is not None else None,
        reason=entry.reason if entry is not None else None,
        invalidity_date=entry.invalidity_date if entry is not None else None,
        issuer_certificate=one.signer,
        issuer_path=one.path,
        algorithm=one.algorithm,
        origin=one.origin,
        evidence=crl.sha256,
        der=crl.der,
        based_on=(base.crl.der,) if base is not None else (),
        based_on_evidence=(base.crl.sha256,) if base is not None else (),
    )
