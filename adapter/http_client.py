"""The one door to the network: one request over one fresh connection, under limits of time and size.

What can be told apart, exactly:

    no byte of the request left     the name is unknown, nobody listens, the TLS handshake failed      Retryable
    at least one byte may have left everything after that, the whole answer not being there            OutcomeUnknown
    an answer came, whatever it says                                                                    HttpAnswer

The line between the first two is drawn where the bytes leave (`_Departure`), not by the class of the error: a reset, a
time-out and a closed socket look alike on both sides of it. A server that refuses our certificate under TLS 1.3 says so
only after the request began to leave, so that is "may have left", too.

Every request has a connection of its own: a kept connection that the other side has closed meanwhile fails in a way that
does not say whether the request was read. Redirects are not followed; the environment's proxies and .netrc are not
used.
Errors name the host and the kind of failure; never a path, a query, a header or a body.
"""

from __future__ import annotations

import contextlib
import logging
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import SplitResult, urlsplit

import requests
import requests.adapters
import tenacity
import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection

from adapter.errors import ElshiError, Final, OutcomeUnknown, Retryable
from adapter.secret import Secret

logging.getLogger("urllib3.connection").setLevel(logging.ERROR)
# It tells of an answer that was cut in its headers with a traceback and the whole address; we tell it as an outcome.

_CHUNK = 16 * 1024
"""Bytes read at a time; small, so that an answer cut short is kept nearly whole."""

_TOO_LATE = "http.left-too-late"
"""The caller's time for the first byte was over before it left: a new try would be no earlier."""

_SILENCE = TimeoutError.__name__
"""Nobody answered the connection for as long as the settings wait: no blink, and every other document waits meanwhile."""

_TRIES = 3
"""Tries inside one call. Few: the schedule of the delivery does the waiting, this only bridges a blink."""


@dataclass(frozen=True, kw_only=True, slots=True)
class HttpSettings:
    """How the network is reached.

    connect_within      TCP and TLS together; longer only delays the finding that nobody is there
    read_within         longest silence of the other side; ESEDO's own limit is not published, so this is generous
    total_within        one try from start to the last byte; ends a peer that drips one byte at a time
    max_answer_bytes    more than SHEP's limit of about 15 MB for a message; a longer answer is cut off while it streams
    ca_bundle           PEM file; only certificates in it (or issued by them) are trusted. None: those of the system
    client_certificate  PEM file shown to the other side, with `client_key` when the key is in a file of its own
    proxies             scheme -> proxy address, which may hold an account; empty: none, whatever the environment says
    allowed_hosts       when given, every other host is refused before a connection is made
    plain_http_allowed  http:// without TLS; for a simulator on the same machine only: passwords travel in the open
    """

    connect_within: timedelta = timedelta(seconds=10)
    read_within: timedelta = timedelta(seconds=60)
    total_within: timedelta = timedelta(seconds=90)
    max_answer_bytes: int = 20_000_000
    ca_bundle: Path | None = None
    client_certificate: Path | None = None
    client_key: Path | None = None
    client_key_password: Secret | None = None
    proxies: Mapping[str, Secret] = field(default_factory=lambda: MappingProxyType({}))
    allowed_hosts: frozenset[str] | None = None
    plain_http_allowed: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class HttpAnswer:
    """A whole answer: status, headers by lower-case name, body as it came."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Request:
    """One request; `headers` are those of the caller."""

    method: str
    url: str
    body: bytes | None = field(repr=False)
    headers: dict[str, str] = field(repr=False)


class HttpClient:
    """Sends; safe to share between threads."""

    def __init__(self, settings: HttpSettings, *, sleep: Callable[[float], None] = time.sleep) -> None:
        """Load the certificates. Final `http.tls-settings` when they cannot be read."""
        self._settings = settings
        self._sleep = sleep
        self._tls = _tls_context(settings)

    def post(
        self,
        url: str,
        body: bytes,
        *,
        headers: Mapping[str, str] | None = None,
        repeatable: bool = False,
        leave_within: timedelta | None = None,
    ) -> HttpAnswer:
        """POST `body` and read the whole answer, whatever its status.

        Repeated a few times while the connection is refused, so that no byte has left: that bridges the restart of a
        gateway, which the breaker would count and the schedule wait for. Not when nobody answered the connection at all.
        With `repeatable` also when the outcome is unknown, so only for requests that are harmless twice.
        With `leave_within` the first byte leaves within that time from now or none does: Retryable `http.left-too-late`.
        The time runs on while the process is stopped or the machine sleeps.
        Raises Final `http.address-refused`; Retryable `http.no-connection`, `http.name-not-found`, `http.tls-failed`;
        OutcomeUnknown `http.no-answer`, `http.answer-too-large`, `http.answer-encoded`, with the bytes that did come.
        """
        request = _Request(method="POST", url=url, body=body, headers=dict(headers or {}))
        leave_by = None if leave_within is None else _seconds() + leave_within.total_seconds()
        return self._send(request, repeatable=repeatable, limit=self._settings.max_answer_bytes, leave_by=leave_by)

    def fetch(
        self, url: str, body: bytes | None = None, *, headers: Mapping[str, str] | None = None, limit: int
    ) -> HttpAnswer:
        """GET, or POST of a `body` that is only a question: harmless twice, so it is repeated whatever happened.

        An answer over `limit` bytes is refused while it is read. Raises as `post` does.
        """
        request = _Request(method="GET" if body is None else "POST", url=url, body=body, headers=dict(headers or {}))
        return self._send(request, repeatable=True, limit=min(limit, self._settings.max_answer_bytes))

    def _send(self, request: _Request, *, repeatable: bool, limit: int, leave_by: float | None = None) -> HttpAnswer:
        host = self._checked(request.url)

        def is_safe_to_repeat(error: BaseException) -> bool:
            if isinstance(error, Retryable) and (error.code == _TOO_LATE or error.params.get("cause") == _SILENCE):
                return False
            return isinstance(error, Retryable) or (repeatable and isinstance(error, OutcomeUnknown))

        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception(is_safe_to_repeat),
            stop=tenacity.stop_after_attempt(_TRIES),
            wait=tenacity.wait_exponential(multiplier=0.2, max=2),
            sleep=self._sleep,
            reraise=True,
        )
        return retrying(self._send_once, request, host, limit, leave_by)

    def _checked(self, url: str) -> str:
        """The host of `url`, or Final when the address is none that we speak to."""
        try:
            parts = urlsplit(url)
            host, _ = parts.hostname, parts.port
        except ValueError as error:
            raise Final("http.address-refused", params={"host": "", "cause": "not an address"}) from error
        cause = self._why_refused(parts)
        if host is None or cause is not None:
            raise Final("http.address-refused", params={"host": host or "", "cause": cause or "no host"})
        return host

    def _why_refused(self, parts: SplitResult) -> str | None:
        if parts.scheme not in {"https", "http"}:
            return "neither https nor http"
        if parts.scheme == "http" and not self._settings.plain_http_allowed:
            return "http without TLS is switched off"
        if parts.username is not None or parts.password is not None:
            return "a name or password inside the address"
        allowed = self._settings.allowed_hosts
        if allowed is not None and parts.hostname not in allowed:
            return "not on the list of allowed hosts"
        return None

    def _send_once(self, request: _Request, host: str, limit: int, leave_by: float | None) -> HttpAnswer:
        departure = _Departure(leave_by)
        watchdog = threading.Timer(self._settings.total_within.total_seconds(), departure.expire)
        watchdog.daemon = True
        watchdog.start()
        received = bytearray()
        try:
            with _session(self._tls, self._settings, departure) as session:
                response = session.request(
                    request.method,
                    request.url,
                    data=request.body,
                    headers=request.headers,
                    stream=True,
                    allow_redirects=False,
                    timeout=(
                        self._settings.connect_within.total_seconds(),
                        self._settings.read_within.total_seconds(),
                    ),
                )
                with contextlib.closing(response):  # also when the limit ends the reading
                    self._read(response, host, received, limit)
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            raise _failure(error, departure, host, bytes(received)) from _scrubbed(error)
        finally:
            watchdog.cancel()
        if departure.is_expired:
            # The cut by our own watchdog can look like a regular end to a reader that was told no length.
            raise OutcomeUnknown("http.no-answer", params={"host": host, "cause": "total-time"}, answer=bytes(received))
        encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
        if encoding not in {"", "identity"}:
            # We asked for plain bytes; unpacking what we did not ask for would be a way around the size limit.
            raise OutcomeUnknown("http.answer-encoded", params={"host": host}, answer=bytes(received))
        kept = {name.lower(): value for name, value in response.headers.items()}
        return HttpAnswer(status=response.status_code, headers=MappingProxyType(kept), body=bytes(received))

    def _read(self, response: requests.Response, host: str, received: bytearray, limit: int) -> None:
        for chunk in response.raw.stream(_CHUNK, decode_content=False):
            received += chunk
            if len(received) > limit:
                raise OutcomeUnknown(
                    "http.answer-too-large", params={"host": host, "limit": limit}, answer=bytes(received[:limit])
                )


def _seconds() -> float:
    """A clock that runs on while the process is stopped and, where the system has one, while the machine sleeps."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


class _Departure:
    """Where one request stands: whether a byte of it may have left, and the socket to cut when its time is over."""

    def __init__(self, leave_by: float | None = None) -> None:
        self._leave_by = leave_by
        self.is_too_late = False
        self.has_begun = False
        self.is_expired = False
        self._socket: socket.socket | None = None
        self._lock = threading.Lock()

    def connected(self, connection: socket.socket | None) -> None:
        with self._lock:
            self._socket = connection

    def begin(self) -> None:
        """Called right before the first byte; refuses when the time is already over, so that nothing leaves."""
        with self._lock:
            if self.is_expired and not self.has_begun:
                raise TimeoutError
            if self._leave_by is not None and not self.has_begun and _seconds() > self._leave_by:
                self.is_too_late = True
                raise TimeoutError
            self.has_begun = True

    def expire(self) -> None:
        """Called by the watchdog: cut the connection, which ends every read and write on it."""
        with self._lock:
            self.is_expired = True
            if self._socket is None:
                return
            with contextlib.suppress(OSError):  # the other side was faster
                # The plain shutdown of the descriptor: that of an SSLSocket drops its state under the reader's hands.
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)


def _traced(departure: _Departure) -> dict[str, type[urllib3.HTTPConnectionPool]]:
    """Connection pools whose connections report to `departure`."""

    class _Plain(HTTPConnection):
        def connect(self) -> None:
            super().connect()
            departure.connected(self.sock)

        def send(self, data: Any) -> None:
            if self.sock is None:
                self.connect()
            departure.begin()
            super().send(data)

    class _Tls(HTTPSConnection):
        is_connecting = False

        def connect(self) -> None:
            self.is_connecting = True
            try:
                super().connect()
            finally:
                self.is_connecting = False
            departure.connected(self.sock)

        def send(self, data: Any) -> None:
            # While connecting only the CONNECT line for a proxy is sent, which is no byte of the request.
            if not self.is_connecting:
                if self.sock is None:
                    self.connect()
                departure.begin()
            super().send(data)

    class _PlainPool(urllib3.HTTPConnectionPool):
        ConnectionCls = _Plain

    class _TlsPool(urllib3.HTTPSConnectionPool):
        ConnectionCls = _Tls

    return {"http": _PlainPool, "https": _TlsPool}


class _Adapter(requests.adapters.HTTPAdapter):
    """requests' transport with our TLS context and traced connections, and without requests' own certificate bundle."""

    def __init__(self, tls: ssl.SSLContext, departure: _Departure) -> None:
        self._tls = tls
        self._pools = _traced(departure)
        super().__init__(pool_connections=1, pool_maxsize=1, max_retries=0)

    def init_poolmanager(self, *arguments: Any, **keywords: Any) -> None:
        super().init_poolmanager(*arguments, ssl_context=self._tls, **keywords)
        self.poolmanager.pool_classes_by_scheme = self._pools

    def proxy_manager_for(self, proxy: str, **keywords: Any) -> Any:
        manager = super().proxy_manager_for(proxy, ssl_context=self._tls, **keywords)
        manager.pool_classes_by_scheme = self._pools
        return manager

    def build_connection_pool_key_attributes(
        self, request: requests.PreparedRequest, verify: Any, cert: Any = None
    ) -> Any:
        host, _ = super().build_connection_pool_key_attributes(request, verify, cert)
        return host, {"cert_reqs": "CERT_REQUIRED"}

    def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:  # noqa: ARG002 - requests' own shape
        # requests would add its own bundle here, which would trust the whole web beside the pinned certificates.
        conn.cert_reqs = "CERT_REQUIRED"


def _session(tls: ssl.SSLContext, settings: HttpSettings, departure: _Departure) -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    session.proxies = {scheme: address.reveal() for scheme, address in settings.proxies.items()}
    session.headers.clear()
    session.headers.update({"User-Agent": "elshi", "Accept-Encoding": "identity", "Connection": "close"})
    session.mount("https://", _Adapter(tls, departure))
    session.mount("http://", _Adapter(tls, departure))
    return session


def _tls_context(settings: HttpSettings) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=settings.ca_bundle)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        # A pinned certificate is trusted as it stands: a gateway's certificate need not be a root.
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        if settings.client_certificate is not None:
            password = settings.client_key_password
            # Never None: OpenSSL would ask at the terminal of a service for the password of an encrypted key.
            opening = password.reveal() if password is not None else ""
            context.load_cert_chain(settings.client_certificate, settings.client_key, opening)
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        raise Final("http.tls-settings", params={"cause": type(error).__name__}) from error
    return context


def _failure(error: Exception, departure: _Departure, host: str, received: bytes) -> ElshiError:
    """The verdict on a failed try: by what left, never by the name of the error."""
    if departure.has_begun:
        return OutcomeUnknown(
            "http.no-answer",
            params={"host": host, "cause": "total-time" if departure.is_expired else _kind(error)},
            answer=received or None,
        )
    if departure.is_too_late:
        return Retryable(_TOO_LATE, params={"host": host})
    if isinstance(error, requests.exceptions.InvalidHeader | requests.exceptions.InvalidURL):
        # A header or address that cannot be written: nothing left, and nothing will the next time.
        return Final("http.address-refused", params={"host": host, "cause": "not writable"})
    kinds = _chain(error)
    if any(isinstance(one, ssl.SSLError | urllib3.exceptions.SSLError) for one in kinds):
        return Retryable("http.tls-failed", params={"host": host, "cause": _kind(error)})
    if any(isinstance(one, socket.gaierror | urllib3.exceptions.NameResolutionError) for one in kinds):
        return Retryable("http.name-not-found", params={"host": host})
    return Retryable("http.no-connection", params={"host": host, "cause": _kind(error)})


def _chain(error: BaseException) -> tuple[BaseException, ...]:
    """The error and everything inside it: causes, contexts, urllib3's `reason`, exceptions among the arguments."""
    found: list[BaseException] = []
    waiting: list[object] = [error]
    while waiting:
        one = waiting.pop(0)
        if isinstance(one, BaseException) and one not in found:
            found.append(one)
            waiting += [one.__cause__, one.__context__, getattr(one, "reason", None), *one.args]
    return tuple(found)


def _kind(error: BaseException) -> str:
    """The innermost class name, which says most: ConnectionRefusedError, SSLCertVerificationError, TimeoutError."""
    return type(_chain(error)[-1]).__name__


def _scrubbed(error: BaseException) -> Exception:
    """What is shown as the cause: class names only. The texts of requests and urllib3 hold the whole address."""
    return ConnectionError(" < ".join(type(one).__name__ for one in _chain(error)))
