"""How the sandbox reaches a participant's endpoint: through the application's one door to the network."""

from __future__ import annotations

from adapter.http_client import HttpClient, HttpSettings
from adapter.sandbox.lanes import Post
from adapter.sandbox.participants import SandboxSettings

_HEADERS = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": '""'}
# An answer to a push is an envelope with a status; the largest seen was a few kilobytes.
_MAX_ANSWER = 2_000_000


def over_http(settings: SandboxSettings) -> Post:
    """Posts with the settings' time limit. Plain http is allowed: a simulator stands on one machine or in one network.

    The client's own repeats are not waited for; the centre has its own delays between tries.
    """
    client = HttpClient(
        HttpSettings(
            connect_within=min(settings.push_within, HttpSettings().connect_within),
            read_within=settings.push_within,
            total_within=settings.push_within,
            max_answer_bytes=_MAX_ANSWER,
            plain_http_allowed=True,
        ),
        sleep=lambda seconds: None,  # noqa: ARG005 - the place of time.sleep
    )

    def post(url: str, body: bytes) -> tuple[int, bytes]:
        answer = client.post(url, body, headers=_HEADERS)
        return answer.status, answer.body

    return post
