"""The world outside, with a memory: web services that count what was done to them, and a greedy model.

    python -m tests.crash.effects

`/did/<tool>` has its effect the moment a request arrives and answers a little later, so that whoever asked
can die in between. `X-Case` says who asked; `GET /ledger/<case>` tells what reached us, by idempotency key.
`/greedy/v1` is a model endpoint that bills more than it was allowed.
"""

from __future__ import annotations

import asyncio
import json
import socket
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

ANSWER_S = 0.25
GREEDY_S = 0.7  # several times as long as from one heartbeat to the next
GREEDY_TOKENS = 1_000_000


@dataclass
class Effects:
    """What happened: case → (tool, idempotency key) → how often."""

    cases: dict[str, Counter[tuple[str, str]]] = field(default_factory=dict)

    async def do(self, request: web.Request) -> web.StreamResponse:
        """The effect. `?drop`: never answer. `?fail=n`: the first n attempts of a key get 503. `?takes=s`."""
        tool = request.match_info["tool"]
        key = request.headers.get("Idempotency-Key", "")
        done = self.cases.setdefault(request.headers.get("X-Case", ""), Counter())
        done[tool, key] += 1
        await asyncio.sleep(float(request.query.get("takes", ANSWER_S)))
        if "drop" in request.query:
            if request.transport is not None:
                request.transport.abort()
            return web.Response()
        if done[tool, key] <= int(request.query.get("fail", 0)):
            return web.json_response({"error": "not now"}, status=503)
        return web.json_response({"did": tool})

    async def ledger(self, request: web.Request) -> web.Response:
        done = self.cases.get(request.match_info["case"], Counter())
        return web.json_response([{"tool": t, "key": k, "times": n} for (t, k), n in sorted(done.items())])


async def greedy(request: web.Request) -> web.StreamResponse:
    """One chunk of text, and a bill beyond every bound."""
    await request.read()
    await asyncio.sleep(GREEDY_S)
    usage = {"prompt_tokens": GREEDY_TOKENS, "completion_tokens": 5, "total_tokens": GREEDY_TOKENS + 5}
    about = {"id": "greedy", "object": "chat.completion.chunk", "created": 1, "model": "greedy"}
    choice = {"index": 0, "delta": {"role": "assistant", "content": "Expensive."}, "finish_reason": None}
    chunks: list[dict[str, Any]] = [
        {**about, "choices": [choice]},
        {**about, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
        {**about, "choices": [], "usage": usage},
    ]
    lines = [f"data: {json.dumps(chunk)}\n\n" for chunk in chunks]
    return web.Response(text="".join([*lines, "data: [DONE]\n\n"]), content_type="text/event-stream")


def main() -> None:
    effects = Effects()
    app = web.Application()
    app.router.add_route("*", "/did/{tool}", effects.do)
    app.router.add_get("/ledger/{case}", effects.ledger)
    app.router.add_post("/greedy/v1/chat/completions", greedy)
    listening = socket.create_server(("127.0.0.1", 0), backlog=512)
    print(f"http://127.0.0.1:{listening.getsockname()[1]}", flush=True)
    web.run_app(app, sock=listening, access_log=None, print=None, handle_signals=True)


if __name__ == "__main__":
    main()
