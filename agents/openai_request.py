"""One request to an endpoint, its answer read whole and bounded. The engine's calls go another way."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import orjson

from agents.openai_errors import Refusal, refusal, web_page

MOST_BYTES = 1_000_000


class NotAnAnswer(Exception):
    """What came is not what an OpenAI-compatible endpoint sends; `sentence` says what it was."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


@dataclass(frozen=True)
class Answer:
    host: str
    status: int
    kind: str  # its content type
    body: bytes = field(repr=False)
    refusal: Refusal | None  # what a status of 300 or more means

    def json(self) -> Any:
        """Raises NotAnAnswer."""
        text = self.body.decode("utf-8", "replace")
        if "html" in self.kind or text.lstrip()[:1] == "<":
            raise NotAnAnswer(web_page(text, self.host))
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError:
            raise NotAnAnswer(f"{self.host} answered with something that is not JSON.") from None

    def message(self) -> dict[str, Any]:
        """The assistant's message of a chat completion. Raises NotAnAnswer."""
        whole = self.json()
        choices = whole.get("choices") if isinstance(whole, dict) else None
        first = choices[0] if isinstance(choices, list) and choices else None
        message = first.get("message") if isinstance(first, dict) else None
        if not isinstance(message, dict):
            raise NotAnAnswer(f"{self.host} did not answer as an OpenAI-compatible endpoint does.")
        return message

    def chunks(self) -> list[dict[str, Any]]:
        """The chunks of a stream; what is none is left out."""
        found = []
        for line in self.body.splitlines():
            if line.startswith(b"data:"):
                try:
                    chunk = orjson.loads(line[5:])
                except orjson.JSONDecodeError:
                    continue
                if isinstance(chunk, dict):
                    found.append(chunk)
        return found


async def send(
    base_url: str,
    api_key: str,
    host: str,
    method: Literal["GET", "POST"],
    path: str,
    body: Any,
    timeout_s: float,
) -> Answer:
    """Raises OutboundError where no answer came, NotAnAnswer where it has no end."""
    import httpx2  # `openai` and it are slow to load, and few pages need them
    from openai import APIStatusError, AsyncStream

    from agents.openai_client import CONNECT_S, client_for, headers_for

    client = client_for(base_url, api_key)
    options = {
        "headers": headers_for(client),
        "timeout": httpx2.Timeout(timeout_s, connect=min(timeout_s, CONNECT_S)),
        "security": {"bearer_auth": True},
    }
    how: dict[str, Any] = {"cast_to": httpx2.Response, "options": options}
    how |= {"stream": True, "stream_cls": AsyncStream[Any]}
    call: Any = client.get if method == "GET" else client.post
    if body is not None:
        how["content"] = orjson.dumps(body)
    try:
        response = await call(path, **how)
    except APIStatusError as error:
        refused = error.response
        where = refused.headers.get("location", "")
        meant = refusal(refused.status_code, refused.content, host, location=where, secret=api_key)
        return Answer(
            host, refused.status_code, refused.headers.get("content-type", ""), refused.content, meant
        )
    received = bytearray()
    try:
        async for part in response.aiter_raw():
            received += part
            if len(received) > MOST_BYTES:
                raise NotAnAnswer(f"{host} sent more than {MOST_BYTES // 1_000_000} MB.")
    finally:
        await response.aclose()
    return Answer(host, response.status_code, response.headers.get("content-type", ""), bytes(received), None)
