"""Reads settings from the environment, strictly: every one is declared here once, with its meaning.

`docs/settings.md` is checked against this registry, so an undocumented setting fails the tests.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured


@dataclass(frozen=True)
class Declared:
    name: str
    default: object
    meaning: str
    secret: bool = False


REGISTRY: dict[str, Declared] = {}

TRUE = frozenset({"1", "true", "yes", "on"})
FALSE = frozenset({"0", "false", "no", "off"})


def load_dotenv(path: Path) -> None:
    """Put the lines of a `.env` file into the environment; what is already set there wins."""
    if not path.is_file():
        return
    for number, raw in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        line = raw.strip().removeprefix("export ")
        if not line or line.startswith("#"):
            continue
        name, sign, value = line.partition("=")
        if not sign:
            raise ImproperlyConfigured(f"{path} line {number}: expected NAME=value, found {raw!r}.")
        value = value.strip()
        if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
            value = value[1:-1]
        os.environ.setdefault(name.strip(), value)


def load_own_dotenv(folder: Path) -> None:
    """The installation's own `.env`; tests must not depend on a developer's."""
    if "PYTEST_VERSION" not in os.environ:
        load_dotenv(folder / ".env")


def _read(name: str, secret: bool) -> str | None:
    value = os.environ.get(name)
    file = os.environ.get(f"{name}_FILE") if secret else None
    if value and file:
        raise ImproperlyConfigured(f"Set {name} or {name}_FILE, not both.")
    if file:
        try:
            return Path(file).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise ImproperlyConfigured(f"{name}_FILE={file} cannot be read: {error.strerror}.") from error
    return value or None


def _declare(name: str, default: Any, meaning: str, parse: Callable[[str], Any], secret: bool = False) -> Any:
    REGISTRY[name] = Declared(name, default, meaning, secret)
    raw = _read(name, secret)
    if raw is None:
        return default
    try:
        return parse(raw)
    except ValueError as error:
        if secret:
            raise ImproperlyConfigured(f"{name}: its value is not valid.") from None
        raise ImproperlyConfigured(f"{name}: {raw!r} is not valid, {error}.") from error


def text(name: str, default: str, meaning: str, *, secret: bool = False) -> str:
    value: str = _declare(name, default, meaning, str, secret)
    return value


def choice(name: str, default: str, options: tuple[str, ...], meaning: str) -> str:
    def parse(raw: str) -> str:
        if raw.upper() not in options:
            raise ValueError(f"expected one of {', '.join(options)}")
        return raw.upper()

    value: str = _declare(name, default, meaning, parse)
    return value


def boolean(name: str, default: bool, meaning: str) -> bool:
    def parse(raw: str) -> bool:
        if raw.lower() in TRUE:
            return True
        if raw.lower() in FALSE:
            return False
        raise ValueError("expected one of 1, true, yes, on, 0, false, no, off")

    value: bool = _declare(name, default, meaning, parse)
    return value


def integer(name: str, default: int, meaning: str, *, least: int = 0) -> int:
    def parse(raw: str) -> int:
        try:
            number = int(raw)
        except ValueError:
            raise ValueError("expected a whole number") from None
        if number < least:
            raise ValueError(f"expected at least {least}")
        return number

    value: int = _declare(name, default, meaning, parse)
    return value


def seconds(name: str, default: float, meaning: str) -> float:
    def parse(raw: str) -> float:
        try:
            number = float(raw)
        except ValueError:
            raise ValueError("expected a number of seconds") from None
        if not 0 < number < 1e9:
            raise ValueError("expected a positive number of seconds")
        return number

    value: float = _declare(name, default, meaning, parse)
    return value


def words(name: str, default: tuple[str, ...], meaning: str) -> tuple[str, ...]:
    def parse(raw: str) -> tuple[str, ...]:
        return tuple(part.strip() for part in raw.split(",") if part.strip())

    value: tuple[str, ...] = _declare(name, default, meaning, parse)
    return value
