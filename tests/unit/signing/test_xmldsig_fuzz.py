"""Any bytes give a verdict: containers and envelopes mutated at random never leak a foreign exception or a changed content."""

from __future__ import annotations

import random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from signing.validation_report import Indication
from tests.unit.signing import xml_material as m

SETTINGS = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True, database=None
)
SNIPPETS = (
    b"<", b">", b"&", b'"', b"<!-- -->", b"<?x?>", b"<a/>", b"\0", b"\xff", b" Id='id-1'", b"&#13;", b"]]>", b"PK\x05\x06",
    b"xmlns:q='urn:q' ", b"#", b"%", b"ds:", b"=", b"\xe2\x80\xae", b"</ds:Object>", b" xml:base='urn:x' ",
)  # fmt: skip


@st.composite
def mutations(draw: st.DrawFn) -> list[tuple[int, int, bytes]]:
    """(position in thousandths, octets taken out, octets put in)"""
    one = st.tuples(
        st.integers(0, 999_999), st.integers(0, 12), st.one_of(st.binary(max_size=4), st.sampled_from(SNIPPETS))
    )
    return draw(st.lists(one, min_size=1, max_size=3))


def mutated(content: bytes, changes: list[tuple[int, int, bytes]]) -> bytes:
    for place, taken, put in changes:
        at = place * (len(content) + 1) // 1_000_000
        content = content[:at] + put + content[at + taken :]
    return content


def _is_harmless(container: bytes) -> bool:
    """Passed with the content that was signed, or not passed and without any content."""
    result = m.judged(container)
    found = {item.name: item.read() for item in result.objects}
    passed = result.report.indication is Indication.TOTAL_PASSED
    return found == ({m.REPORT_NAME: m.REPORT, "docs/a.pdf": m.PDF} if passed else {})


@SETTINGS
@given(mutations())
def test_a_mutated_container_gives_a_verdict(changes: list[tuple[int, int, bytes]]) -> None:
    assert _is_harmless(mutated(m.good(), changes))


@SETTINGS
@given(mutations(), st.sampled_from(["signatures", "manifest", "report"]))
def test_a_mutated_part_gives_a_verdict(changes: list[tuple[int, int, bytes]], part: str) -> None:
    name = {"signatures": m.SIGNATURES, "manifest": m.MANIFEST, "report": m.REPORT_NAME}[part]
    assert _is_harmless(m.changed(**{part: mutated(m.parts_of(m.good())[name], changes)}))


def _has_the_signed_body(message: bytes) -> bool | None:
    """Whether what passed is the Body that was signed; None when it did not pass."""
    result = m.judged_envelope(message)
    if result.report.indication is not Indication.TOTAL_PASSED:
        return None
    signed = etree.fromstring(m.good_envelope()).find(f"{{{m.SOAP}}}Body")
    return [etree.tostring(body, method="c14n", exclusive=True) for body in (result.body, signed)] == [SIGNED_BODY] * 2


SIGNED_BODY = etree.tostring(etree.fromstring(m.good_envelope())[1], method="c14n", exclusive=True)


@SETTINGS
@given(mutations())
def test_a_mutated_envelope_gives_a_verdict(changes: list[tuple[int, int, bytes]]) -> None:
    assert _has_the_signed_body(mutated(m.good_envelope(), changes)) is not False


def test_every_single_byte_flipped_in_the_envelope_s_signature_gives_a_verdict() -> None:
    message = m.good_envelope()
    start, end = message.index(b"<soap:Header>"), message.index(b"<soap:Body")
    chosen = random.Random(7).sample(range(start, end), 150)
    assert _has_the_signed_body(message)
    for at in chosen:
        flipped = message[:at] + bytes([message[at] ^ (1 << at % 8)]) + message[at + 1 :]
        assert _has_the_signed_body(flipped) is not False, at


def test_every_cut_of_the_container_gives_a_verdict() -> None:
    container = m.good()
    for at in range(0, len(container), 97):
        assert m.judged(container[:at]).report.indication is Indication.TOTAL_FAILED
