"""The child process of an embedded model: llama.cpp's server by xllamacpp, on a port of this machine.

    python -m iicl_tui.agents.providers.embedded_engine FILE THREADS CONTEXT

It writes its address on one line. It exits when its standard input is closed, so it never outlives the program.
"""

from __future__ import annotations

import importlib
import os
import sys
from typing import Any

CACHE_MIB = 256
"""The largest cache of earlier prompts."""


def main() -> None:
    file, threads, context = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    answer = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # the engine prints to standard output, which is for the address alone
    engine: Any = importlib.import_module("xllamacpp")
    parameters = engine.CommonParams()
    parameters.model.path = file
    parameters.n_ctx = context
    parameters.n_parallel = 1
    parameters.n_threads_http = 2
    parameters.cache_ram_mib = CACHE_MIB
    parameters.verbosity = 0
    for pool in (parameters.cpuparams, parameters.cpuparams_batch):
        pool.n_threads = threads
        pool.poll = 0
    server = engine.Server(parameters)
    print(server.listening_address, file=answer, flush=True)
    sys.stdin.buffer.read()
    os._exit(0)  # the engine's threads would keep a normal exit waiting


if __name__ == "__main__":
    main()
