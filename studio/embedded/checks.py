"""What `doctor` looks at: one function for each part; it returns what it found or raises Trouble."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import run_checks
from django.db import connection

from studio.embedded import database, frontend, local_model, node, processes
from studio.embedded.places import Places
from studio.embedded.ports import HOST
from studio.embedded.probe import answers
from studio.embedded.service import ROOT
from studio.embedded.trouble import Trouble

LOW_DISK_BYTES = 1_000_000_000
START = "start Troupe with `make run`"


@dataclass(frozen=True)
class Finding:
    part: str
    fine: bool
    sentence: str


def examine(part: str, check: Callable[[], str]) -> Finding:
    try:
        return Finding(part, True, check())
    except Trouble as trouble:
        return Finding(part, False, str(trouble))


def python() -> str:
    return f"{sys.version.split()[0]} at {sys.executable}"


def packages() -> str:
    """Every pinned package is there in its pinned version."""
    pins = [line.split("==") for line in (ROOT / "requirements.txt").read_text().splitlines() if "==" in line]
    wrong = [f"{name} {pin}" for name, pin in pins if _installed(name.strip()) != pin.strip()]
    if wrong:
        more = f" and {len(wrong) - 3} more" if len(wrong) > 3 else ""
        raise Trouble(f"not as pinned: {', '.join(wrong[:3])}{more}; run `make install`.")
    return f"{len(pins)} as pinned"


def _installed(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def node_js() -> str:
    found = node.find()
    return f"{found.version} from {found.origin}"


def pages() -> str:
    if not frontend.is_installed():
        raise Trouble(f"what package-lock.json names is not installed; {START}.")
    if not frontend.is_built():
        raise Trouble(f"the front end is not built, or older than its sources; {START} anew.")
    return "built from these sources"


def home() -> str:
    places = Places(settings.HOME)
    if not places.home.is_dir():
        raise Trouble(f"{places.home} does not exist; {START}.")
    for file in places.keys.glob("*"):
        if file.stat().st_mode & 0o077:
            raise Trouble(f"{file} can be read by others; run `chmod 600 {file}`.")
    free = shutil.disk_usage(places.home).free
    if free < LOW_DISK_BYTES:
        raise Trouble(f"only {free // 1_000_000} MB are free at {places.home}; make room.")
    return f"{places.home}, {free // 1_000_000_000} GB free"


def postgresql() -> str:
    server = database.reach()
    database.require_durable()
    with connection.cursor() as cursor:
        cursor.execute("select 1 from pg_available_extensions where name = 'vector'")
        vector = "with" if cursor.fetchone() else "without"
    return f"{server}, commits are durable, {vector} pgvector"


def tables() -> str:
    database.reach()
    database.refuse_newer()
    missing = database.pending()
    if missing:
        raise Trouble(f"{len(missing)} migrations are not applied, {missing[0]} first; {START} anew.")
    return "up to date"


def redis() -> str:
    processes.require_redis()
    return "answers"


def web() -> str:
    port = urlsplit(settings.PUBLIC_URL).port if settings.LOOPBACK else None
    url = f"http://{HOST}:{port}" if port else settings.PUBLIC_URL
    if not answers(f"{url}/accounts/login/"):
        raise Trouble(f"nothing answers at {url}; {START}.")
    return f"answers at {url}"


def workers() -> str:
    alive = processes.workers_alive(timeout=2)
    if not alive:
        raise Trouble(f"no worker answers, so no run goes on; {START}.")
    return f"{len(alive)} answer: {', '.join(sorted(alive))}"


def sweeper() -> str:
    if not processes.sweeper_alive():
        raise Trouble(f"none is alive, so timers and lost messages wait; {START}.")
    return "alive"


def rehearsal_model() -> str:
    return _model(settings.REHEARSAL_URL)


def small_model() -> str:
    if not settings.LOCAL_MODEL_URL and not local_model.available():
        return "not installed on this machine"
    return _model(settings.LOCAL_MODEL_URL) if settings.LOCAL_MODEL_URL else "not started (--no-model)"


def openai() -> str:
    if not settings.OPENAI_API_KEY:
        return "no OPENAI_API_KEY, not used"
    return _model(settings.OPENAI_BASE_URL)


def _model(url: str) -> str:
    if not url:
        raise Trouble(f"it is not running; {START}.")
    if not answers(f"{url}/models"):
        raise Trouble(f"nothing answers at {url}; check the address and the network, or {START}.")
    return f"answers at {url}"


def safety() -> str:
    """Django's own list of unsafe settings; over plain HTTP on loopback they don't apply."""
    if not settings.HTTPS:
        return "loopback only, over HTTP"
    found = [str(message.id) for message in run_checks(include_deployment_checks=True)]
    if found:
        raise Trouble(f"`manage.py check --deploy` complains of {', '.join(found)}.")
    return "fit for other machines"


CHECKS: dict[str, Callable[[], str]] = {
    "Python": python,
    "Packages": packages,
    "Node": node_js,
    "Pages": pages,
    "Home": home,
    "Settings": safety,
    "PostgreSQL": postgresql,
    "Tables": tables,
    "Redis": redis,
    "Web server": web,
    "Workers": workers,
    "Sweeper": sweeper,
    "Rehearsal model": rehearsal_model,
    "Local model": small_model,
    "OpenAI": openai,
}
