"""The same calls made bare: the `openai` client as its documentation shows it, in a process of its own.

    python -m bench.bare URL RUNS STEPS < messages.json

prints {"wall_s", "cpu_s"}: RUNS coroutines at once, each making STEPS streamed calls one after another.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import Any

from openai import AsyncOpenAI


async def run(client: AsyncOpenAI, requests: list[dict[str, Any]]) -> None:
    for request in requests:
        stream = await client.chat.completions.create(
            **request, stream=True, stream_options={"include_usage": True}
        )
        "".join([chunk.choices[0].delta.content or "" async for chunk in stream if chunk.choices])


async def main(url: str, runs: int, requests: list[dict[str, Any]]) -> None:
    async with AsyncOpenAI(base_url=url, api_key="none", max_retries=0, timeout=120) as client:
        await run(client, requests[:1])  # connect, import lazily, warm up
        wall, cpu = time.perf_counter(), time.process_time()
        await asyncio.gather(*(run(client, requests) for _ in range(runs)))
        print(json.dumps({"wall_s": time.perf_counter() - wall, "cpu_s": time.process_time() - cpu}))


if __name__ == "__main__":
    address, count = sys.argv[1], int(sys.argv[2])
    asyncio.run(main(address, count, json.load(sys.stdin)))
