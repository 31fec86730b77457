"""Troupe's own processes as services: web, workers, sweeper, rehearsal model."""

from __future__ import annotations

import sys

import redis
from django.conf import settings
from kombu.exceptions import OperationalError

from studio.embedded.places import Places
from studio.embedded.ports import HOST
from studio.embedded.probe import answers
from studio.embedded.service import Service
from studio.embedded.trouble import Trouble

# The sweeper renews it at every round; doctor and `up` tell by it that one is alive.
SWEEPER_KEY = "troupe:sweeper"
UNBUFFERED = {"PYTHONUNBUFFERED": "1"}


def web(places: Places, port: int) -> Service:
    """uvicorn: it holds back writers of a socket whose reader is slow."""
    return Service(
        name="web",
        command=(
            sys.executable,
            "-m",
            "uvicorn",
            "studio.asgi:application",
            *("--host", HOST, "--port", str(port)),
            *("--lifespan", "off", "--no-access-log", "--no-server-header"),
            *("--ws-max-size", "65536", "--timeout-graceful-shutdown", "5"),
        ),
        log=places.logs / "web.log",
        ready=lambda: answers(f"http://{HOST}:{port}/accounts/login/"),
        env=UNBUFFERED,
    )


def worker(places: Places, number: int) -> Service:
    """A Celery worker; its threads hand runs to one asyncio loop."""
    name = f"worker-{number}"
    return Service(
        name=name,
        command=(
            sys.executable,
            *("-m", "celery", "-A", "studio", "worker"),
            *("-P", "threads", "-Q", settings.CELERY_TASK_DEFAULT_QUEUE, "-n", f"{name}@troupe"),
            *("--without-gossip", "--without-mingle", "--loglevel", "INFO"),
        ),
        log=places.logs / f"{name}.log",
        ready=lambda: f"{name}@troupe" in workers_alive(f"{name}@troupe"),
        stop_seconds=settings.SHUTDOWN_SECONDS + 10,
        env=UNBUFFERED,
    )


def sweeper(places: Places) -> Service:
    return Service(
        name="sweeper",
        command=(sys.executable, "manage.py", "sweep"),
        log=places.logs / "sweeper.log",
        ready=sweeper_alive,
        env=UNBUFFERED,
    )


def rehearsal(places: Places, port: int) -> Service:
    return Service(
        name="rehearsal-model",
        command=(sys.executable, "-m", "agents.rehearsal", "--port", str(port)),
        log=places.logs / "rehearsal-model.log",
        ready=lambda: answers(f"http://{HOST}:{port}/v1/models"),
        stop_seconds=5,
        env=UNBUFFERED,
    )


def workers_alive(*names: str, timeout: float = 0.5) -> list[str]:
    """Names of the workers that answer a ping within `timeout` seconds; of all when none is named."""
    from studio.celery import app

    try:
        replies = app.control.ping(destination=list(names) or None, timeout=timeout, limit=len(names) or None)
    except (OperationalError, redis.RedisError, OSError):
        return []
    return [name for reply in replies or [] for name in reply]


def require_redis() -> None:
    """Raise Trouble when Redis does not answer."""
    try:
        with redis.Redis.from_url(settings.REDIS, socket_timeout=3) as client:
            client.ping()
    except (redis.RedisError, OSError, ValueError) as error:
        if not settings.REDIS_URL:
            raise Trouble("The embedded Redis is not running; start Troupe with `make run`.") from error
        raise Trouble(f"Redis cannot be reached ({error}); check REDIS_URL.") from error


def forget_sweeper() -> None:
    """Redis remembers the sweeper of the start before."""
    with redis.Redis.from_url(settings.REDIS) as client:
        client.delete(SWEEPER_KEY)


def sweeper_alive() -> bool:
    try:
        with redis.Redis.from_url(settings.REDIS, socket_timeout=1) as client:
            return bool(client.exists(SWEEPER_KEY))
    except redis.RedisError:
        return False
