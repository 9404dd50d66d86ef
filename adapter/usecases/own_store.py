"""Errors of our own store that say nothing about the document or message in hand: the next one would meet them as well."""

from __future__ import annotations

from adapter.errors import ElshiError, Final, OutcomeUnknown, Retryable

_OURS = frozenset(
    {
        "storage.full",
        "storage.failed",
        "storage.blob-directory-gone",
        "storage.blob-directory-needed",
        "storage.file-replaced",
        "storage.read-only",
        "storage.not-permitted",
        "storage.login-refused",
        "storage.server-not-verified",
        "storage.commit-unknown",
    }
)
"""A full disk, a database that lets nobody in: the administrator mends it, and then every row goes on by itself. A commit
of whose end nothing is known is looked up by whoever comes next: it finds the row as it was, or as it was to become."""


def later_if_ours(error: ElshiError) -> ElshiError:
    """The same error as Retryable where our store is what is wrong, else the error itself.

    A row that is given to a person for it would not be alone: a worker gives him the whole backlog in a minute.
    """
    if isinstance(error, Final | OutcomeUnknown) and error.code in _OURS:
        return Retryable(error.code, place=error.place, params=dict(error.params))
    return error
