"""Where things are, and putting them there: packages as pinned, binaries as built."""

from __future__ import annotations

import functools
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

OLDEST_NODE = (20, 18)
CHROMIUM = "/usr/bin/chromium"
INSTALL_SECONDS = 600
BUILD_SECONDS = 1500


class NotReady(Exception):
    """Something that the run needs cannot be had."""


@dataclass(frozen=True)
class Places:
    """Every path that the run uses."""

    repository: Path
    root: Path
    node: Path
    inspector: Path
    better_auth: Path
    work: Path
    bookmarket: Path
    rmcp_client: Path

    @property
    def python(self) -> Path:
        """The interpreter that has the Python client."""
        return self.work / "venv" / "bin" / "python"

    @property
    def inspector_node(self) -> Path:
        """The Node that the Inspector asks for: a newer one than the machine need have."""
        return self.inspector / "node_modules" / ".bin" / "node"


def find(bookmarket: str | None, rmcp_client: str | None) -> Places:
    """The places of this checkout; binaries given on the command line take precedence."""
    root = Path(__file__).resolve().parent.parent
    repository = root.parent.parent
    target = Path(os.environ.get("CARGO_TARGET_DIR", repository / "target"))
    return Places(
        repository=repository,
        root=root,
        node=root / "node",
        inspector=root / "inspector",
        better_auth=root / "better-auth",
        work=target / "interop",
        bookmarket=Path(bookmarket).resolve() if bookmarket else target / "debug" / "bookmarket",
        rmcp_client=Path(rmcp_client).resolve() if rmcp_client else target / "debug" / "interop-rmcp-client",
    )


def install(places: Places, clients: list[str]) -> None:
    """Installs the pinned packages that these clients need, and Chromium, where they are not in place already."""
    places.work.mkdir(parents=True, exist_ok=True)
    _check_node()
    folders = [(places.node, ["--ignore-scripts"])]
    if any(client.startswith("inspector") for client in clients):
        # With scripts: one of them unpacks the newer Node.
        folders.append((places.inspector, []))
    for folder, flags in folders:
        lock, install_lock = folder / "package-lock.json", functools.partial(_npm_ci, folder, flags)
        _once(folder / "node_modules" / ".installed", lock, install_lock)
    if "inspector-page" in clients:
        _chromium(places)
    pins = places.root / "python" / "requirements.txt"
    _once(places.work / "venv" / ".installed", pins, lambda: _venv(places, pins))


def install_node(places: Places) -> None:
    """Installs the pinned packages of `node` alone."""
    _check_node()
    lock = places.node / "package-lock.json"
    _once(places.node / "node_modules" / ".installed", lock, lambda: _npm_ci(places.node, ["--ignore-scripts"]))


def install_better_auth(places: Places) -> None:
    """Installs better-auth as pinned."""
    _check_node()
    folder = places.better_auth
    install_lock = functools.partial(_npm_ci, folder, ["--ignore-scripts"])
    _once(folder / "node_modules" / ".installed", folder / "package-lock.json", install_lock)


def build(places: Places, packages: list[str]) -> None:
    """Builds what was not given as a binary, one by one: each with its own features, as its user would."""
    for package in packages:
        _run(["cargo", "build", "--locked", "-p", package], places.repository, BUILD_SECONDS)


def _check_node() -> None:
    node = shutil.which("node")
    if node is None:
        raise NotReady("node is not installed")
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    if tuple(int(part) for part in version.lstrip("v").split(".")[:2]) < OLDEST_NODE:
        raise NotReady(f"node {version} is too old: {OLDEST_NODE[0]}.{OLDEST_NODE[1]} or newer is needed")


def _chromium(places: Places) -> None:
    if Path(CHROMIUM).exists():
        return
    if shutil.which("apt-get") is None or os.geteuid() != 0:
        raise NotReady(f"{CHROMIUM} is not there, and can be installed by root with apt alone")
    _run(["apt-get", "update", "-qq"], places.work, INSTALL_SECONDS)
    _run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium"], places.work, INSTALL_SECONDS)


def _npm_ci(folder: Path, flags: list[str]) -> None:
    _run(["npm", "ci", *flags, "--no-audit", "--no-fund"], folder, INSTALL_SECONDS)


def _venv(places: Places, pins: Path) -> None:
    _run([sys.executable, "-m", "venv", "--clear", str(places.work / "venv")], places.work, INSTALL_SECONDS)
    _run([str(places.python), "-m", "pip", "install", "--quiet", "-r", str(pins)], places.work, INSTALL_SECONDS)


def _once(stamp: Path, pins: Path, install_pins: Callable[[], None]) -> None:
    wanted = hashlib.sha256(pins.read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text() == wanted:
        return
    install_pins()
    stamp.write_text(wanted)


def _run(command: list[str], cwd: Path, seconds: int) -> None:
    try:
        done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=seconds)
    except subprocess.TimeoutExpired as error:
        raise NotReady(f"{' '.join(command)} took more than {seconds} s") from error
    if done.returncode != 0:
        raise NotReady(f"{' '.join(command)} failed:\n{done.stdout[-2000:]}{done.stderr[-4000:]}")
