"""The suite's server scenarios against one server, reached with and without what this project puts before it.

The same process answers in all runs: directly, through `examples/gateway.rs` with `auth.mcp()` around it, and through
the same with rules for tools, so that every body is read before it is passed on. Whatever the suite says must be the
same, check by check. A check that fails in both is the server's own and no difference; that enough pass is seen to.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

HERE = Path(__file__).resolve().parent
NODE = HERE / "node_modules" / ".bin" / "node"
SUITE = HERE / "node_modules" / "@modelcontextprotocol" / "conformance" / "dist" / "index.js"
# How many scenarios the server passes by itself: fewer, and less would be compared than is meant to be.
REVISIONS = {"2025-06-18": 27, "2025-11-25": 33, "2026-07-28": 40}
# Tools with rules of their own, a stream's and a body's among them.
TOOLS = ["test_simple_text", "test_tool_with_progress", "test_reconnection", "test_input_required_result_multi_round"]
SUITE_SECONDS = 180
START_SECONDS = 20
TIME = re.compile(r"-\d{4}-\d\d-\d\dT[\d-]+Z$")

# What the suite said of a scenario: each check with how often it came out so.
Result = dict[str, Counter[tuple[str, str, str]]]


def compare(gateway: Path) -> tuple[int, int]:
    """How many scenarios came out the same, and how many did not or passed nowhere."""
    same = different = 0
    with ExitStack() as started:
        server = started.enter_context(_node("main.mjs", PORT="0"))
        through = {
            "auth.mcp()": started.enter_context(_gateway(gateway, server, [])),
            "auth.mcp() with rules": started.enter_context(_gateway(gateway, server, TOOLS)),
        }
        for revision, least in REVISIONS.items():
            alone = _suite(server, revision)
            passing = [scenario for scenario, checks in alone.items() if _passes(checks)]
            if len(passing) < least:
                print(f"server, {revision}: {len(passing)} of {len(alone)} scenarios pass, {least} ought to")
                different += 1
            for name, url in through.items():
                differences = list(_differences(alone, _suite(url, revision)))
                equal = f"server, {revision}: {len(alone)} scenarios as without {name}"
                print("\n".join(differences) or equal, flush=True)
                scenarios = {line.split(":")[0] for line in differences}
                different += len(scenarios)
                same += len(alone.keys() - scenarios)
    return same, different


def _differences(alone: Result, through: Result) -> Iterator[str]:
    """What came out otherwise; the scenario's name stands first."""
    for scenario in sorted(alone.keys() | through.keys()):
        before, after = alone.get(scenario, Counter()), through.get(scenario, Counter())
        for check in sorted((before - after).keys() | (after - before).keys()):
            yield f"{scenario}: {' '.join(check)}: {before[check]} directly, {after[check]} through it"


def _passes(checks: Counter[tuple[str, str, str]]) -> bool:
    statuses = {status for _, status, _ in checks}
    return "SUCCESS" in statuses and not statuses & {"FAILURE", "WARNING"}


def _suite(url: str, revision: str) -> Result:
    """One run of the suite; what it wrote of each scenario."""
    with tempfile.TemporaryDirectory(prefix="conformance-") as folder:
        command = [NODE, SUITE, "server", "--url", url, "--suite", "all", "--spec-version", revision, "-o", folder]
        # It fails where a scenario does: that is for the comparison to judge.
        done = subprocess.run(command, capture_output=True, text=True, timeout=SUITE_SECONDS, cwd=folder)
        found = {}
        for checks in Path(folder).glob("*/checks.json"):
            scenario = TIME.sub("", checks.parent.name).removeprefix("server-")
            said = json.loads(checks.read_text())
            found[scenario] = Counter(
                (check["id"], check["status"], check.get("errorMessage") or "") for check in said
            )
    if not found:
        sys.exit(f"the suite says nothing of {url}:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return found


@contextmanager
def _gateway(binary: Path, server: str, tools: list[str]) -> Iterator[str]:
    """The gateway before the server, and a token added on the way to it: the address of both."""
    with _started([binary, server, *tools], {}) as gateway:
        resource = _told(gateway, "Resource")
        token = _told(gateway, "Token")
        _wants_a_token(resource)
        with _node("with-token.mjs", BEHIND=resource, TOKEN=token) as origin:
            yield f"{origin}/mcp"


def _wants_a_token(resource: str) -> None:
    """Without one nobody gets through: what is compared did go through the middleware."""
    try:
        urllib.request.urlopen(urllib.request.Request(resource, b"{}"), timeout=START_SECONDS)
    except urllib.error.HTTPError as refused:
        if refused.code == 401 and "resource_metadata" in refused.headers["WWW-Authenticate"]:
            return
    sys.exit(f"{resource} wants no token")


@contextmanager
def _node(script: str, **settings: str) -> Iterator[str]:
    with _started([NODE, HERE / "server" / script], settings) as process:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())["ready"]


def _told(process: subprocess.Popen[str], what: str) -> str:
    assert process.stdout is not None
    name, _, value = process.stdout.readline().partition(" ")
    if name != what:
        sys.exit(f"the gateway said {name!r} instead of {what!r}")
    return value.strip()


@contextmanager
def _started(command: list[str | Path], settings: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=settings)
    try:
        yield process
    finally:
        # At once: streams are still open, which it would wait for otherwise.
        process.kill()
        process.wait()
