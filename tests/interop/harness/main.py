"""The run: install, build, try everything, say how it went."""

from __future__ import annotations

import argparse
import itertools
import signal
import sys
import tempfile
import threading
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from . import matrix, places
from .clients import ERAS, Client, all_clients, speaks_after_all
from .matrix import Check
from .places import NotReady, Places
from .processes import stop_everything
from .scenarios import FAILURES, SCENARIOS
from .servers import AUTHORITIES, running

CLIENT_KEYS = ["typescript", "python", "typescript1", "rmcp", "mcp-remote", "inspector-cli", "inspector-page"]
_printing = threading.Lock()


def main() -> int:
    """Runs what the command line asks for; 0 where everything passed."""
    asked = _arguments()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        return _run(asked)
    except KeyboardInterrupt:
        print("interrupted")
        return 130


def _run(asked: argparse.Namespace) -> int:
    try:
        here = places.find(asked.bookmarket, asked.rmcp_client)
        places.install(here, asked.client)
        places.build(here, _to_build(asked))
        clients = [client for client in all_clients(here) if client.key in asked.client]
    except NotReady as problem:
        print(problem)
        print("0 passed, 1 failed")
        return 1
    began = time.monotonic()
    checks = _try_all(here, clients, asked)
    rows = matrix.table(checks, clients, asked.authority)
    print(f"\n{matrix.as_text(rows)}\n")
    for failed in (check for check in checks if check.failure):
        print(f"FAILED {_name(failed)}: {(failed.failure or '').splitlines()[0]}")
    failures = sum(check.failure is not None for check in checks)
    if asked.write_matrix and failures:
        print("docs/interop-matrix.md is left as it was")
    elif asked.write_matrix:
        (here.repository / "docs" / "interop-matrix.md").write_text(matrix.as_markdown(rows))
    print(f"{time.monotonic() - began:.0f} s")
    print(f"{len(checks) - failures} passed, {failures} failed")
    return 1 if failures or not checks else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Real MCP clients sign in to bookmarket and use it.")
    parser.add_argument("--bookmarket", metavar="BINARY", help="instead of building bookmarket")
    parser.add_argument("--rmcp-client", metavar="BINARY", help="instead of building the rmcp client")
    _several(parser, "--client", CLIENT_KEYS)
    _several(parser, "--era", ERAS)
    _several(parser, "--authority", list(AUTHORITIES))
    _several(parser, "--scenario", list(SCENARIOS))
    parser.add_argument("--jobs", type=int, default=4, help="how many scenarios at a time (default 4)")
    parser.add_argument(
        "--write-matrix", action="store_true", help="write docs/interop-matrix.md, where everything passed"
    )
    asked = parser.parse_args()
    if asked.write_matrix and any((asked.client, asked.era, asked.authority, asked.scenario)):
        parser.error("--write-matrix takes the whole run, not a selection")
    for name, everything in (
        ("client", CLIENT_KEYS),
        ("era", ERAS),
        ("authority", list(AUTHORITIES)),
        ("scenario", list(SCENARIOS)),
    ):
        setattr(asked, name, getattr(asked, name) or everything)
    return asked


def _several(parser: argparse.ArgumentParser, flag: str, choices: list[str]) -> None:
    parser.add_argument(flag, action="append", choices=choices, help="only this one; may be repeated")


def _to_build(asked: argparse.Namespace) -> list[str]:
    packages = [] if asked.bookmarket else ["bookmarket"]
    if "rmcp" in asked.client and not asked.rmcp_client:
        packages.append("interop-rmcp-client")
    return packages


def _try_all(here: Places, clients: list[Client], asked: argparse.Namespace) -> list[Check]:
    """Every combination, a few at a time; an era that a client does not speak is looked up once."""
    cells = [(c, era) for c, era in itertools.product(clients, asked.era)]
    jobs = [
        (client, era, authority, scenario)
        for (client, era), authority, scenario in itertools.product(cells, asked.authority, asked.scenario)
        if era not in client.not_spoken and scenario not in client.cannot
    ]
    with tempfile.TemporaryDirectory(prefix="interop-") as folder, ThreadPoolExecutor(asked.jobs) as pool:
        try:
            spoken = list(pool.map(lambda job: _try(here, Path(folder), *job), jobs))
        except KeyboardInterrupt:
            pool.shutdown(wait=False, cancel_futures=True)
            stop_everything()
            raise
    silent = [_look_up(here, client, era) for client, era in cells if era in client.not_spoken]
    return spoken + silent


def _try(here: Places, base: Path, client: Client, era: str, authority: str, scenario: str) -> Check:
    play, world = SCENARIOS[scenario]
    folder = Path(tempfile.mkdtemp(dir=base))
    began, transcript, failure = time.monotonic(), [], None
    try:
        with running(here, authority, folder, world) as servers:
            transcript = play(client, era, servers, folder)
    except FAILURES as problem:
        failure = str(problem)
    except Exception as problem:  # noqa: BLE001 - whatever went wrong is this scenario's failure, and told
        failure = f"{type(problem).__name__}: {problem}"
        if not isinstance(problem, TimeoutError | OSError):
            transcript.append(traceback.format_exc(limit=-3))
    check = Check(client, era, authority, scenario, failure)
    _print(check, transcript, folder, time.monotonic() - began)
    return check


def _look_up(here: Places, client: Client, era: str) -> Check:
    check = Check(client, era, "", "not spoken", speaks_after_all(client, here))
    _print(check, [f"  {check.failure or 'its sources do not mention server/discover'}"], None, 0)
    return check


def _print(check: Check, transcript: list[str], folder: Path | None, seconds: float) -> None:
    with _printing:
        print(f"\n{'FAILED' if check.failure else 'ok'}  {_name(check)}  ({seconds:.1f} s)")
        print("\n".join(transcript))
        if check.failure and folder:
            print(f"  {check.failure}")
            for log in sorted(folder.glob("*.log")):
                print("\n    ".join([f"  {log.name}:", *log.read_text(errors="replace").splitlines()[-30:]]))
        sys.stdout.flush()


def _name(check: Check) -> str:
    authority = [AUTHORITIES[check.authority].title] if check.authority else []
    return " · ".join([check.client.title, check.era, *authority, check.scenario])
