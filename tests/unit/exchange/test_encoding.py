"""Broken encodings: repaired when it is certain, left alone otherwise."""

from __future__ import annotations

import pytest

from adapter.exchange.encoding import repaired

SENTENCES = [
    "Отрицательный результат проверки ЭЦП",
    "Сообщение успешно обработано",
    "Құжат тіркеуден өткен жоқ: ұйым табылмады",
    "ИИИ Иванов И.И.",
    "№ 12-3/45 «О мерах» — в срок",
]


def wrong(text: str, encoding: str) -> str:
    """UTF-8 bytes read in another encoding, by a reader that passes unknown bytes through."""
    return "".join(
        bytes([byte]).decode(encoding) if encoding == "latin-1" or _knows(byte, encoding) else chr(byte)
        for byte in text.encode()
    )


def _knows(byte: int, encoding: str) -> bool:
    try:
        bytes([byte]).decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "cp1251"])
@pytest.mark.parametrize("text", SENTENCES)
def test_repairs_utf_8_that_was_read_in_another_encoding(text: str, encoding: str) -> None:
    assert repaired(wrong(text, encoding)) == text


@pytest.mark.parametrize("text", [SENTENCES[0], SENTENCES[1]])
def test_repairs_cp1251_that_was_read_as_latin(text: str) -> None:
    assert repaired(text.encode("cp1251").decode("latin-1")) == text


@pytest.mark.parametrize(
    "text",
    [
        *SENTENCES,
        "",
        "Message has been processed successfully",
        "Décision refusée, où êtes-vous?",
        "Größe überschritten",
        "Республика Казахстан",
        "РС",
        "\x98",
    ],
)
def test_leaves_sound_text_alone(text: str) -> None:
    assert repaired(text) == text


def test_what_was_lost_stays_lost() -> None:
    assert repaired("\ufffd\ufffd\ufffd") == "\ufffd\ufffd\ufffd"
