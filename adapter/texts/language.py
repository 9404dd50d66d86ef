"""The three languages of texts; Kazakh and Russian are of equal standing, English is for engineers and auditors."""

from __future__ import annotations

from enum import StrEnum


class Language(StrEnum):
    """Values are the BCP 47 tags; `kk` is Cyrillic."""

    KK = "kk"
    RU = "ru"
    EN = "en"
