"""DSS and we judge the same files at other times and after something went wrong: past validation, proofs, revocation.

Each case has both verdicts, of DSS and ours; where they differ docs/interop.md says why.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Final

from signing import ETSI_BASELINE, SigningKey, verify_container, verify_detached
from tests.interop import trust_services
from tests.interop.case import Case
from tests.interop.cases.dss_judges import asked_dss
from tests.interop.made_by_us import CONTAINER, DETACHED, REPORT, Shape, in_part, our_cms, our_container, raised
from tests.interop.verdicts import our_verdict
from tests.unit.signing import xml_material as m

LATER: Final = trust_services.NOW + timedelta(days=20)
"""When the certificate of `short_lived` has ended, and the authorities' have not."""
MUCH_LATER: Final = trust_services.NOW + timedelta(days=500)
"""When all have ended."""

_TOKEN: Final = re.compile(rb"<xades:EncapsulatedTimeStamp[^>]*>([^<]*)<")
_REVOCATION_VALUES: Final = re.compile(rb"<xades:RevocationValues.*?</xades:RevocationValues>", re.DOTALL)


def _both(
    folder: Path,
    *,
    make: Callable[[], bytes],
    shape: Shape = CONTAINER,
    online: bool = False,
    at: datetime | None = None,
) -> tuple[str, str]:
    document = make()
    theirs, said = asked_dss(folder, shape, document, online=online, at=at)
    context = {
        "policy": ETSI_BASELINE,
        "anchors": trust_services.anchors(),
        "at": at or trust_services.now(),
        "fetcher": trust_services.services() if online else None,
    }
    if shape is CONTAINER:
        report = verify_container(document, **context).report  # type: ignore[arg-type]
    else:
        report = verify_detached(document, [REPORT], **context)  # type: ignore[arg-type]
    ours, flaws = our_verdict(report)
    return together(theirs, ours), f"{said}\n{flaws}"


def together(theirs: str, ours: str) -> str:
    return f"both {theirs}" if theirs == ours else f"DSS {theirs}; we {ours}"


# --- what is judged ------------------------------------------------------------------------------------------------
def _made(key: Callable[[], SigningKey], level: str) -> bytes:
    return raised(our_container(key(), time_stamped=level != "B-B"), level)


def _made_cms(key: Callable[[], SigningKey], level: str) -> bytes:
    return our_cms(DETACHED, key(), level)


def _stamped_before_revocation() -> bytes:
    """Signed and time-stamped two days ago; the certificate was revoked yesterday."""
    moment = trust_services.NOW - timedelta(days=2)
    services = replace(trust_services.services(), tsa=trust_services.tsa().wrong(generated_at=moment))
    authority = replace(trust_services.authority(), fetcher=services)
    return our_container(trust_services.revoked(), signing_time=moment - timedelta(minutes=5), authority=authority)


def _head() -> SigningKey:
    return trust_services.key_of("head", "ec-p256")


def _with_tokens_of_another(level: str, *, last_only: bool) -> bytes:
    """Time-stamps put in place of its own, made over another signature."""
    other = _TOKEN.search(m.parts_of(_made(lambda: trust_services.key_of("employee", "ec-p256"), "B-T"))[m.SIGNATURES])
    assert other is not None
    token = other[1]

    def swapped(xml: bytes) -> bytes:
        begin = xml.rindex(b"<xades:EncapsulatedTimeStamp") if last_only else 0
        return xml[:begin] + _TOKEN.sub(lambda found: found[0].replace(found[1], token), xml[begin:])

    return in_part(m.SIGNATURES, swapped)(_made(_head, level))


def _without_revocation_values(level: str) -> bytes:
    return in_part(m.SIGNATURES, lambda xml: _REVOCATION_VALUES.sub(b"", xml))(_made(_head, level))


# --- cases ---------------------------------------------------------------------------------------------------------
def _case(name: str, theirs: str, ours: str, ask: Callable[[Path], tuple[str, str]]) -> Case:
    return Case(tool="DSS", name=name, expected=together(theirs, ours), ask=ask)


def _same(name: str, verdict: str, ask: Callable[[Path], tuple[str, str]]) -> Case:
    return _case(name, verdict, verdict, ask)


_PASSED: Final = "TOTAL-PASSED, {}-BASELINE-{}"
_NO_DATA: Final = "INDETERMINATE (CERTIFICATE_CHAIN_GENERAL_FAILURE), {}-BASELINE-{}"
_OUT_OF_BOUNDS: Final = "INDETERMINATE (OUT_OF_BOUNDS_NO_POE), {}-BASELINE-{}"
_TRY_LATER: Final = "INDETERMINATE (TRY_LATER), {}-BASELINE-{}"
_REVOKED: Final = "INDETERMINATE (REVOKED_NO_POE), {}-BASELINE-{}"

CASES: Final[tuple[Case, ...]] = (
    *(
        case
        for words, family, shape, make in (
            ("container", "XAdES", CONTAINER, _made),
            ("detached CMS", "CAdES", DETACHED, _made_cms),
        )
        for case in (
            _case(
                f"both judge {words}, B-T, after its certificate's end",
                _NO_DATA.format(family, "T"),
                _OUT_OF_BOUNDS.format(family, "T"),
                partial(_both, make=partial(make, trust_services.short_lived, "B-T"), shape=shape, at=LATER),
            ),
            *(
                _same(
                    f"both judge {words}, B-{level}, after its certificate's end",
                    _PASSED.format(family, level),
                    partial(_both, make=partial(make, trust_services.short_lived, f"B-{level}"), shape=shape, at=LATER),
                )
                for level in ("LT", "LTA")
            ),
            _same(
                f"both judge {words}, B-LTA, after its certificate's end, then that of all others",
                _OUT_OF_BOUNDS.format(family, "LTA"),
                partial(_both, make=partial(make, trust_services.short_lived, "B-LTA"), shape=shape, at=MUCH_LATER),
            ),
            *(
                _same(
                    f"both judge {words}, B-{level}, after the end of all certificates",
                    _OUT_OF_BOUNDS.format(family, level),
                    partial(_both, make=partial(make, _head, f"B-{level}"), shape=shape, at=MUCH_LATER),
                )
                for level in ("LT", "LTA")
            ),
            *(
                _same(
                    f"both judge {words}, B-{level}, revoked before",
                    _REVOKED.format(family, level),
                    partial(_both, make=partial(make, trust_services.revoked, f"B-{level}"), shape=shape, online=True),
                )
                for level in ("B", "T")
            ),
        )
    ),
    _same(
        "both judge a container, B-T, revoked after",
        _PASSED.format("XAdES", "T"),
        partial(_both, make=_stamped_before_revocation, online=True),
    ),
    _same(
        "both judge a container, B-T, time-stamp of another signature",
        _PASSED.format("XAdES", "T"),
        partial(_both, make=partial(_with_tokens_of_another, "B-T", last_only=False), online=True),
    ),
    _same(
        "both judge a container, B-LTA, archive time-stamp of another signature",
        _PASSED.format("XAdES", "LTA"),
        partial(_both, make=partial(_with_tokens_of_another, "B-LTA", last_only=True)),
    ),
    *(
        _case(
            f"both judge a container, {level}, its revocation values taken out",
            _NO_DATA.format("XAdES", "T"),
            _TRY_LATER.format("XAdES", "T"),
            partial(_both, make=partial(_without_revocation_values, level)),
        )
        for level in ("B-LT", "B-LTA")
    ),
)
