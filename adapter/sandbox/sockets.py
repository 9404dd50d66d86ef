"""The sandbox's sockets: a port that stays its own while nobody listens on it."""

from __future__ import annotations

import socket

from adapter.errors import Final

BACKLOG = 128
"""Connections that may wait to be taken."""


def url_of(address: tuple[str, int]) -> str:
    """The address as a URL without a path; an IPv6 host stands in brackets."""
    host, port = address
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def reserved(host: str, port: int) -> socket.socket:
    """A bound socket that never listens: it holds the port while the listener is closed."""
    if port:
        # Sharing a port is what the option below allows; somebody else's listener must not be joined by mistake.
        _bound((host, port), shares=False).close()
    return _bound((host, port), shares=True)


def listening(address: tuple[str, int], *, shares: bool) -> socket.socket:
    """A socket that listens; `shares` lets it join a port that another socket of ours holds.

    Final `sandbox.address-taken`, here and in `reserved`.
    """
    bound = _bound(address, shares=shares)
    bound.listen(BACKLOG)
    return bound


def _bound(address: tuple[str, int], *, shares: bool) -> socket.socket:
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shares and hasattr(socket, "SO_REUSEPORT"):
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        made.bind(address)
    except OSError as error:
        made.close()
        raise Final(
            "sandbox.address-taken", params={"address": f"{address[0]}:{address[1]}", "reason": error.strerror or ""}
        ) from error
    return made
