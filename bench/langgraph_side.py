"""The same pipeline on LangGraph, as its documentation shows it; run by an environment of its own.

    python -P bench/langgraph_side.py DSN URL REQUESTS.json

Each node makes the call that ours makes, with the same `openai` client as `bench.bare`; every finished step
is in PostgreSQL before the next one begins (`durability="sync"`). Orders come as lines of JSON on standard
input, `{"threads": [...], "resume": bool}`; each is answered by a line with wall and CPU seconds.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import Any, TypedDict

from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
from langgraph.graph import END, START, StateGraph
from openai import AsyncOpenAI
from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool

POOL = 20  # as many connections as one of our workers has


class State(TypedDict):
    text: str  # the last step's, as little as a pipeline can carry


def pipeline(client: AsyncOpenAI, requests: list[dict[str, Any]]) -> StateGraph:
    """One node a request, in a row."""
    graph = StateGraph(State)
    names = [f"step{number}" for number in range(1, len(requests) + 1)]
    for name, request in zip(names, requests, strict=True):
        graph.add_node(name, _step(client, request))
    for source, target in zip([START, *names], [*names, END], strict=True):
        graph.add_edge(source, target)
    return graph


def _step(client: AsyncOpenAI, request: dict[str, Any]) -> Any:
    async def step(state: State) -> dict[str, str]:
        stream = await client.chat.completions.create(
            **request, stream=True, stream_options={"include_usage": True}
        )
        parts = [chunk.choices[0].delta.content or "" async for chunk in stream if chunk.choices]
        return {"text": "".join(parts)}

    return step


async def carry_out(graph: Any, order: dict[str, Any]) -> dict[str, float]:
    async def run(thread: str) -> None:
        given = None if order.get("resume") else {"text": "the price of tea"}
        await graph.ainvoke(given, {"configurable": {"thread_id": thread}}, durability="sync")

    wall, cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(*(run(thread) for thread in order["threads"]))
    return {"wall_s": time.perf_counter() - wall, "cpu_s": time.process_time() - cpu}


async def main(dsn: str, url: str, requests: list[dict[str, Any]]) -> None:
    options = {"autocommit": True, "prepare_threshold": 0, "row_factory": dict_row}
    client = AsyncOpenAI(base_url=url, api_key="none", max_retries=0, timeout=120)
    async with client, AsyncConnectionPool(dsn, min_size=2, max_size=POOL, kwargs=options) as pool:
        saver = AsyncPostgresSaver(pool)
        await saver.setup()
        graph = pipeline(client, requests).compile(checkpointer=saver)
        print(json.dumps({"ready": True}), flush=True)
        loop = asyncio.get_running_loop()
        while line := await loop.run_in_executor(None, sys.stdin.readline):
            print(json.dumps(await carry_out(graph, json.loads(line))), flush=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], json.loads(Path(sys.argv[3]).read_text())))
