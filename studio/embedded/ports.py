"""Free TCP ports on this machine, and who holds a taken one."""

from __future__ import annotations

import errno
import socket

import psutil

from studio.embedded.trouble import Trouble

HOST = "127.0.0.1"


def is_free(port: int) -> bool:
    """Whether a server could listen there now; connections that linger after a stop don't count."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            if error.errno == errno.EACCES:
                raise Trouble(f"Port {port} needs more rights than you have; use one above 1023.") from None
            return False
        return True


def first_free(start: int, avoid: frozenset[int] = frozenset()) -> int:
    """The first free port from `start` on."""
    for port in range(start, min(start + 1000, 65536)):
        if port not in avoid and is_free(port):
            return port
    raise Trouble(f"No free port was found from {start} on; stop something, or choose another --port.")


def require_free(port: int) -> None:
    if not is_free(port):
        other = first_free(port + 1)
        raise Trouble(
            f"Port {port} is taken{_holder(port)}; stop that, or start on another port: "
            f'make run ARGS="--port {other}".'
        )


def _holder(port: int) -> str:
    """ " by name (process N)" when the system lets us see it."""
    try:
        for connection in psutil.net_connections("tcp"):
            local = connection.laddr
            if local and local.port == port and connection.status == psutil.CONN_LISTEN and connection.pid:
                return f" by {psutil.Process(connection.pid).name()} (process {connection.pid})"
    except psutil.Error:
        pass
    return ""
