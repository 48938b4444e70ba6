"""A command that translates: the text on its stdin, the translation on its stdout."""

from __future__ import annotations

import asyncio
import os
import signal
from asyncio import StreamReader
from asyncio.subprocess import PIPE, Process
from collections.abc import Collection, Sequence
from contextlib import suppress

from earful.translation.translator import LARGEST, TranslationError, checked

_LONGEST_ERROR = 200
_CHUNK = 8192
_END_WITHIN_S = 5.0


class CommandTranslator:
    """Runs a command for each text, never through a shell."""

    def __init__(self, name: str, command: Sequence[str], hidden: Collection[str] = ()) -> None:
        """`{from}` and `{to}` in the arguments become languages; it sees no `hidden` variable."""
        self.name = name
        self._command = tuple(command)
        self._hidden = frozenset(one.upper() for one in hidden)

    def translate(self, text: str, source: str, target: str, time_limit_s: float) -> str:
        arguments = [
            one.replace("{from}", source).replace("{to}", target) for one in self._command
        ]
        code, out, said = asyncio.run(self._run(arguments, text, time_limit_s))
        if code:
            why = " ".join(said.decode(errors="replace").split())[:_LONGEST_ERROR]
            raise TranslationError(f"{self.name} ended with {code}{f' ({why})' if why else ''}")
        try:
            return checked(self.name, out.decode())
        except UnicodeDecodeError as error:
            raise TranslationError(f"{self.name} wrote what is no UTF-8") from error

    async def _run(
        self, arguments: Sequence[str], text: str, time_limit_s: float
    ) -> tuple[int, bytes, bytes]:
        kept = {name: value for name, value in os.environ.items() if name not in self._hidden}
        try:
            # A group of its own: whatever the command starts ends with it.
            process = await asyncio.create_subprocess_exec(
                *arguments, stdin=PIPE, stdout=PIPE, stderr=PIPE, env=kept, start_new_session=True
            )
        except (OSError, ValueError) as error:
            raise TranslationError(f"{self.name} cannot be started: {error}") from error
        try:
            async with asyncio.timeout(time_limit_s):
                return await self._talk(process, text)
        except TimeoutError:
            raise TranslationError(f"{self.name} took longer than {time_limit_s:.1f} s") from None
        finally:
            _kill(process)
            # asyncio sees the end once its pipes are read out: what still holds one is left alone.
            with suppress(TimeoutError):
                async with asyncio.timeout(_END_WITHIN_S):
                    await process.wait()

    async def _talk(self, process: Process, text: str) -> tuple[int, bytes, bytes]:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        # All at once: a command that writes before it has read all would wait for us for ever.
        _written, out, said = await asyncio.gather(
            _write(process, text),
            self._read(process, process.stdout),
            _read_start(process.stderr),
        )
        return await process.wait(), out, said

    async def _read(self, process: Process, stream: StreamReader) -> bytes:
        """Read all of an output; one that is too long is ended, and read out unkept."""
        read = b""
        while chunk := await stream.read(_CHUNK):
            if len(read) <= LARGEST:
                read += chunk
                if len(read) > LARGEST:
                    _kill(process)
        if len(read) > LARGEST:
            raise TranslationError(f"{self.name} wrote more than {LARGEST:,} bytes")
        return read


def _kill(process: Process) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


async def _write(process: Process, text: str) -> None:
    assert process.stdin is not None
    with suppress(BrokenPipeError, ConnectionResetError):
        process.stdin.write(text.encode(errors="replace"))
        await process.stdin.drain()
    process.stdin.close()


async def _read_start(stream: StreamReader) -> bytes:
    """Read all that is said, keep the start."""
    kept = b""
    while chunk := await stream.read(_CHUNK):
        kept = (kept + chunk)[:_CHUNK]
    return kept
