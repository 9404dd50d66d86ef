"""RC2 in CBC mode (RFC 2268), for one purpose: certificates in key files of the national CA lie under it, with 40 bits.

It protects nothing: 40 bits are tried out in hours. What it hides there is a certificate, which is public.
"""

from __future__ import annotations

import struct
from typing import Final

BLOCK: Final = 8
_PI: Final = bytes.fromhex(
    "d978f9c419ddb5ed28e9fd794aa0d89dc67e37832b76538e624c6488448bfba2"
    "179a59f587b34f1361456d8d09817d32bd8f40eb86b77b0bf09521225c6b4e82"
    "54d66593ce60b21c7356c014a78cf1dc1275ca1f3bbee4d1423dd430a33cb626"
    "6fbf0eda4669075727f21d9bbc944303f811c7f690ef3ee706c3d52fc8661ed7"
    "08e8eade8052eef784aa72ac354d6a2a961ad2715a1549744b9fd05e0418a4ec"
    "c2e0416e0f51cbcc2491af50a1f47039997c3a8523b8b47afc02365b25559731"
    "2d5dfa98e38a92ae05df2910676cbac9d300e6cfe19ea82c6316013f58e289a9"
    "0d38341bab33ffb0bb480c5fb9b1cd2ec5f3db47e5a59c770aa62068fe7fc1ad"
)
"""PITABLE of section 2: digits of pi."""
_ROTATIONS: Final = (1, 2, 3, 5)
_MIXING: Final = (5, 6, 5)
"""Mixing rounds, with a mashing round between the groups."""
_WORD: Final = 0xFFFF
_LONGEST_KEY: Final = 128


def expanded_key(key: bytes, effective_bits: int) -> tuple[int, ...]:
    """Section 2: 64 words from 1 to 128 octets, of which `effective_bits` (1 to 1024) tell keys apart."""
    if not 0 < len(key) <= _LONGEST_KEY or not 0 < effective_bits <= 8 * _LONGEST_KEY:
        raise ValueError("rc2: key")
    buffer = bytearray(key)
    while len(buffer) < _LONGEST_KEY:
        buffer.append(_PI[(buffer[-1] + buffer[-len(key)]) & 0xFF])
    octets = (effective_bits + 7) // 8
    first = _LONGEST_KEY - octets
    buffer[first] = _PI[buffer[first] & 0xFF >> 8 * octets - effective_bits]
    for at in range(first - 1, -1, -1):
        buffer[at] = _PI[buffer[at + 1] ^ buffer[at + octets]]
    return struct.unpack("<64H", buffer)


def decrypt_block(words: tuple[int, ...], block: bytes) -> bytes:
    """Section 4."""
    r, at = list(struct.unpack("<4H", block)), 63
    for group, rounds in enumerate(_MIXING):
        if group:
            for i in (3, 2, 1, 0):
                r[i] = r[i] - words[r[i - 1] & 63] & _WORD
        for _ in range(rounds):
            for i in (3, 2, 1, 0):
                turned = r[i] >> _ROTATIONS[i] | r[i] << 16 - _ROTATIONS[i] & _WORD
                r[i] = turned - words[at] - (r[i - 1] & r[i - 2]) - (~r[i - 1] & r[i - 3]) & _WORD
                at -= 1
    return struct.pack("<4H", *r)


def encrypt_block(words: tuple[int, ...], block: bytes) -> bytes:
    """Section 3."""
    r, at = list(struct.unpack("<4H", block)), 0
    for group, rounds in enumerate(_MIXING):
        if group:
            for i in range(4):
                r[i] = r[i] + words[r[i - 1] & 63] & _WORD
        for _ in range(rounds):
            for i in range(4):
                mixed = r[i] + words[at] + (r[i - 1] & r[i - 2]) + (~r[i - 1] & r[i - 3]) & _WORD
                r[i] = mixed << _ROTATIONS[i] & _WORD | mixed >> 16 - _ROTATIONS[i]
                at += 1
    return struct.pack("<4H", *r)


def decrypt_cbc(key: bytes, effective_bits: int, vector: bytes, content: bytes) -> bytes:
    """Padding included; ValueError when `content` is no whole number of blocks."""
    if len(content) % BLOCK:
        raise ValueError("rc2: length")
    words, before, found = expanded_key(key, effective_bits), vector, bytearray()
    for at in range(0, len(content), BLOCK):
        block = content[at : at + BLOCK]
        found += _xor(decrypt_block(words, block), before)
        before = block
    return bytes(found)


def encrypt_cbc(key: bytes, effective_bits: int, vector: bytes, padded: bytes) -> bytes:
    """For key files of the sandbox; ValueError when `padded` is no whole number of blocks."""
    if len(padded) % BLOCK:
        raise ValueError("rc2: length")
    words, before, found = expanded_key(key, effective_bits), vector, bytearray()
    for at in range(0, len(padded), BLOCK):
        before = encrypt_block(words, _xor(padded[at : at + BLOCK], before))
        found += before
    return bytes(found)


def _xor(left: bytes, right: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(left, right, strict=True))
