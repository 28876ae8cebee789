"""Processes that are always stopped, and ports that are free."""

from __future__ import annotations

import contextlib
import itertools
import os
import queue
import random
import signal
import socket
import subprocess
import threading
from pathlib import Path
from typing import IO

STOP_SECONDS = 10


class TooLate(Exception):
    """Something did not happen in its time."""


# Below the range from which systems take the ports of outgoing connections, from a different place in each run.
_candidates = itertools.count(random.randrange(20_000, 30_000, 2), 2)
_choosing = threading.Lock()


def two_free_ports() -> tuple[int, int]:
    """Two ports in a row on loopback that nobody listens on; no pair is given out twice in a run."""
    with _choosing:
        for port in itertools.islice(_candidates, 500):
            if _is_free(port) and _is_free(port + 1):
                return port, port + 1
    raise TooLate("no free ports")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def plain_env(**settings: str) -> dict[str, str]:
    """An environment with these settings and nothing of ours that could change how a child behaves."""
    kept = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH")
    return {name: os.environ[name] for name in kept if name in os.environ} | settings


_running: set[Process] = set()


def stop_everything() -> None:
    """Ends every child at once, whoever waits for it: the run was interrupted."""
    for process in list(_running):
        process.kill()


class Process:
    """A child in a process group of its own; leaving the `with` block ends the group."""

    def __init__(self, command: list[str], env: dict[str, str], cwd: Path, log: Path) -> None:
        self._log = log
        self._errors: IO[bytes] = log.open("ab")
        self._child = subprocess.Popen(
            command,
            env=env,
            cwd=cwd,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            start_new_session=True,
        )
        _running.add(self)
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Process:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def line(self, seconds: float) -> str | None:
        """The next line of its output; `None` where it has closed it."""
        try:
            return self._lines.get(timeout=seconds)
        except queue.Empty:
            raise TooLate(f"silent for {seconds:.0f} s\n{self.log()}") from None

    def write(self, line: str) -> None:
        """Sends a line to its input."""
        assert self._child.stdin is not None
        self._child.stdin.write(line.encode() + b"\n")
        self._child.stdin.flush()

    def end_input(self) -> None:
        """Closes its input."""
        assert self._child.stdin is not None
        self._child.stdin.close()

    def wait(self, seconds: float) -> int:
        """Its exit code."""
        try:
            return self._child.wait(seconds)
        except subprocess.TimeoutExpired:
            raise TooLate(f"still running after {seconds:.0f} s\n{self.log()}") from None

    def running(self) -> bool:
        """Whether it has not ended yet."""
        return self._child.poll() is None

    def log(self) -> str:
        """The end of what it wrote to stderr."""
        return "\n".join(self._log.read_text(errors="replace").splitlines()[-25:])

    def kill(self) -> None:
        """Ends its group now."""
        self._signal(signal.SIGKILL)

    def stop(self) -> None:
        """Asks it to end, waits a while, then ends whatever is left of its group."""
        self._signal(signal.SIGTERM)
        try:
            self._child.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            pass
        self.kill()
        self._child.wait()
        _running.discard(self)
        # Its output is closed by whoever reads it: a number that is free again while somebody still reads from it
        # would let them take the lines of the next child.
        self._reader.join(STOP_SECONDS)
        for stream in (self._child.stdin, self._errors):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._child.pid, number)

    def _read(self) -> None:
        assert self._child.stdout is not None
        with self._child.stdout as output:
            for line in output:
                self._lines.put(line.decode(errors="replace").rstrip("\n"))
        self._lines.put(None)
