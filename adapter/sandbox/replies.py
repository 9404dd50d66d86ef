"""What goes back to an HTTP caller, and how: whole, spoilt, late, or not at all."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from hashlib import sha256

from adapter.sandbox.script import Rule

XML_TYPE = "text/xml; charset=utf-8"
TEXT_TYPE = "text/plain; charset=utf-8"
HTML_TYPE = "text/html; charset=utf-8"
_HTML = b"<html><head><title>%d</title></head><body><h1>%d</h1><p>sandbox proxy</p></body></html>"
_PROXY = b"sandbox proxy\n"
_PLAIN = {"http-413": 413, "http-403": 403, "http-500": 500, "http-504": 504}
_AFTER = {"http-503": 503, "http-429": 429}
_PAGES = {"http-502-html": 502, "http-200-html": 200}


@dataclass(frozen=True, kw_only=True, slots=True)
class Post:
    """One HTTP request: the body as it came and the headers that matter."""

    body: bytes = field(repr=False)
    content_type: str = ""
    soap_action: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Heard:
    """What is waited for: messages about `href` of the kind `until`, "" for all that wait; at most so long."""

    href: str
    until: str
    within: timedelta


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """What goes back, and how.

    hold          say nothing for so long, then cut the connection;  begun: the headers go out before
    after         wait until the centre's messages about a document were tried, before anything of the reply is sent
    reset         reset the connection instead of answering
    cut           the connection is cut after this share of the body (0 to 1)
    chunk, pause  bytes at a time and the wait between them; chunk 0: all at once
    refuse_for    close the listener for so long once this is out; zero: until it is opened by hand
    """

    status: int = 200
    body: bytes = field(default=b"", repr=False)
    content_type: str = XML_TYPE
    headers: tuple[tuple[str, str], ...] = ()
    hold: timedelta | None = None
    begun: bool = False
    after: Heard | None = None
    reset: bool = False
    cut: float | None = None
    chunk: int = 0
    pause: timedelta = timedelta()
    refuse_for: timedelta | None = None


def proxy_reply(rule: Rule) -> Reply | None:
    """What a proxy or a broken line puts in place of an answer; None for a fault that does something else."""
    if rule.fault in _PLAIN:
        return Reply(status=_PLAIN[rule.fault], body=_PROXY, content_type=TEXT_TYPE)
    if rule.fault in _AFTER:
        seconds = int(rule.number("retry_after"))
        headers = (("retry-after", str(seconds)),) if seconds else ()
        return Reply(status=_AFTER[rule.fault], body=_PROXY, content_type=TEXT_TYPE, headers=headers)
    if rule.fault in _PAGES:
        status = _PAGES[rule.fault]
        return Reply(status=status, body=_HTML % (status, status), content_type=HTML_TYPE)
    return Reply(reset=True) if rule.fault == "reset-before-answer" else None


def is_processed(rule: Rule | None) -> bool:
    """Whether the call takes effect although its answer is replaced."""
    return rule is not None and rule.parameters.get("processed") is True


def notices_first(reply: Reply, rule: Rule | None, href: str) -> Reply:
    """The reply to a document, behind what the centre says about it when the script asks for that."""
    if rule is None or rule.fault != "answer-after-notices":
        return reply
    within = timedelta(seconds=rule.number("seconds"))
    return replace(reply, after=Heard(href=href, until=str(rule.value("until")), within=within))


def spoilt(reply: Reply, rule: Rule | None) -> Reply:
    """The reply of a call that took effect, as the network or a broken gateway would bring it."""
    if rule is None:
        return reply
    if rule.fault in {"timeout-after-accept", "hang-after-headers"}:
        hold = timedelta(seconds=rule.number("seconds"))
        return Reply(status=reply.status, body=reply.body, hold=hold, begun=rule.fault == "hang-after-headers")
    if rule.fault == "cut-mid-answer":
        return Reply(status=reply.status, body=reply.body, cut=min(1.0, rule.number("part")))
    if rule.fault == "slow-drip":
        pause = timedelta(seconds=rule.number("pause"))
        return Reply(status=reply.status, body=reply.body, chunk=max(1, int(rule.number("chunk"))), pause=pause)
    if rule.fault == "garbage-answer":
        noise = b"".join(sha256(reply.body + place.to_bytes(4, "big")).digest() for place in range(2000))
        return Reply(status=200, body=noise[: min(int(rule.number("size")), len(noise))])
    return reply


def outcome_of(reply: Reply) -> str:
    if reply.reset:
        return "connection reset"
    if reply.hold is not None:
        return f"HTTP {reply.status}, no body" if reply.begun else "no answer"
    if reply.content_type != XML_TYPE:
        return f"HTTP {reply.status}"
    code = _said_code(reply.body)
    return f"HTTP {reply.status} {code}".strip()


def _said_code(body: bytes) -> str:
    for mark in (b"<errorCode>", b"<code>"):
        _, found, rest = body.partition(mark)
        if found:
            return rest.partition(b"<")[0].decode(errors="replace")[:60]
    return ""
