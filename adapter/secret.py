"""A password that the settings hold: shown nowhere, written nowhere, compared with another."""

from __future__ import annotations


class Secret:
    """A password that shows itself only when asked: `reveal()`. Its repr, str and format are masked."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The password in the open; only where it is used: the bytes of a message, the opening of a key."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(***)"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __reduce__(self) -> str:
        raise TypeError("a Secret is not written anywhere")
