"""The front door over HTTP: the SOAP endpoint that the exchange calls, the JSON API, the probes."""

from adapter.server.app import Server, application

__all__ = ["Server", "application"]
