"""`python -m agents.rehearsal --port 8100` serves the simulated endpoint until it is stopped."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import signal
import sys

from agents.rehearsal.server import Rehearsal, start


def options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m agents.rehearsal",
        description="A simulated OpenAI-compatible endpoint: free, deterministic.",
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8100, help="0 takes a free one; the address is printed")
    parser.add_argument("--seed", type=int, default=0, help="another seed, other answers")
    parser.add_argument(
        "--latency-ms", type=float, default=0, help="how long an answer takes unless a profile says"
    )
    return parser


async def serve(host: str, port: int, seed: int, latency_ms: float) -> None:
    listening, server = await start(Rehearsal(seed, latency_ms), host, port)
    bound = listening.sockets[0].getsockname()[1]
    shown = f"[{host}]" if ":" in host else host
    print(f"Rehearsal model at http://{shown}:{bound}/v1", flush=True)
    stopped = asyncio.Event()
    for signum in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(signum, stopped.set)
    await stopped.wait()
    listening.close()
    await server.shutdown(1)


def main() -> int:
    chosen = options().parse_args()
    with contextlib.suppress(ImportError):
        import uvloop

        asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    try:
        asyncio.run(serve(chosen.host, chosen.port, chosen.seed, chosen.latency_ms))
    except OSError as error:
        print(f"Cannot listen on {chosen.host}:{chosen.port}: {error.strerror or error}.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
