"""Settings are documented, read strictly, and refuse an unsafe start."""

from __future__ import annotations

import os
import re
import ssl
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from studio import env, settings
from studio.embedded.service import ROOT
from studio.embedded.urls import broker_settings, database_settings, redis_url

ROW = re.compile(r"^\| `([A-Z_]+)`( 🔑)? \| (?:`([^`]*)`)? ?\| (.+) \|$", re.MULTILINE)
PRODUCTION = {
    "PUBLIC_URL": "https://troupe.example.com",
    "SECRET_KEY": "aB3-xY9_kQ" * 6,
    "ENCRYPTION_KEYS": "dGVzdHN0ZXN0c3Rlc3RzdGVzdHN0ZXN0c3Rlc3RzYWI=",
}


def test_every_setting_is_documented_with_its_default_and_meaning() -> None:
    assert settings.HOME  # the registry is filled by reading the settings
    page = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    written = {name: (bool(key), default, meaning) for name, key, default, meaning in ROW.findall(page)}
    declared = {one.name: (one.secret, _shown(one.default), one.meaning) for one in env.REGISTRY.values()}
    assert written == declared


def _shown(default: object) -> str:
    if isinstance(default, bool):
        return "yes" if default else "no"
    return ",".join(default) if isinstance(default, tuple) else str(default)


def command(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """A Python process that has nothing of the tests' own settings."""
    kept = {name: value for name, value in os.environ.items() if name not in env.REGISTRY}
    kept |= {"DJANGO_SETTINGS_MODULE": "studio.settings", "TROUPE_HOME": os.environ["TROUPE_HOME"]}
    return subprocess.run(
        (sys.executable, *arguments),
        cwd=ROOT,
        env={**kept, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize(
    ("environment", "told"),
    [
        ({"PUBLIC_URL": "http://troupe.example.com"}, "PUBLIC_URL must be https://"),
        (PRODUCTION | {"TROUPE_FAILPOINTS": "x"}, "TROUPE_FAILPOINTS kills processes"),
        (PRODUCTION | {"DEBUG": "yes"}, "DEBUG is on while PUBLIC_URL is not a loopback address"),
        (PRODUCTION | {"ALLOWED_HOSTS": "*"}, "'*' is refused"),
        (PRODUCTION | {"SECRET_KEY": "short"}, "SECRET_KEY needs at least 50 characters"),
        (PRODUCTION | {"SECRET_KEY": ""}, "Set SECRET_KEY and ENCRYPTION_KEYS"),
        (PRODUCTION | {"ENCRYPTION_KEYS": ""}, "Set SECRET_KEY and ENCRYPTION_KEYS"),
        ({"DEBUG": "maybe"}, "DEBUG: 'maybe' is not valid, expected one of 1, true"),
        ({"LOG_LEVEL": "LOUD"}, "expected one of DEBUG, INFO"),
        ({"DATABASE_URL": "mysql://root@localhost/troupe"}, "must begin with postgresql://"),
    ],
)
def test_an_unsafe_or_senseless_start_is_refused(environment: dict[str, str], told: str) -> None:
    done = command("-c", "import studio.settings", **environment)
    assert done.returncode == 1
    assert told in done.stderr.splitlines()[-1]


def test_a_production_environment_passes_djangos_deployment_checks() -> None:
    done = command("manage.py", "check", "--deploy", "--fail-level", "WARNING", **PRODUCTION)
    assert done.returncode == 0, done.stderr
    assert "no issues" in done.stdout


def test_a_production_environment_sends_secure_cookies_to_its_own_name_only() -> None:
    names = "SESSION_COOKIE_SECURE CSRF_COOKIE_SECURE SECURE_SSL_REDIRECT SECURE_HSTS_SECONDS ALLOWED_HOSTS"
    code = f"import studio.settings as s; print([getattr(s, name) for name in {names.split()!r}])"
    done = command("-c", code, **PRODUCTION)
    secure = "[True, True, True, 31536000, ['troupe.example.com', '127.0.0.1', 'localhost', '[::1]']]"
    assert done.stdout.strip() == secure, done.stderr


def test_a_secret_can_come_from_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(env, "REGISTRY", {})
    (tmp_path / "secret").write_text("whisper\n")
    monkeypatch.setenv("PASSPHRASE_FILE", str(tmp_path / "secret"))
    assert env.text("PASSPHRASE", "", "…", secret=True) == "whisper"
    monkeypatch.setenv("PASSPHRASE", "aloud")
    with pytest.raises(ImproperlyConfigured, match="Set PASSPHRASE or PASSPHRASE_FILE, not both"):
        env.text("PASSPHRASE", "", "…", secret=True)


def test_a_secret_is_not_repeated_when_it_is_not_understood(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(env, "REGISTRY", {})
    monkeypatch.setenv("PIN", "12a4")
    with pytest.raises(ImproperlyConfigured, match="PIN: '12a4' is not valid, expected a whole number"):
        env.integer("PIN", 0, "…")
    with pytest.raises(ImproperlyConfigured) as caught:
        env._declare("PIN", 0, "…", int, secret=True)
    assert "12a4" not in str(caught.value)


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("COLOUR=red", "red"),
        ("export COLOUR='dark red'", "dark red"),
        ('COLOUR="a=b"', "a=b"),
        ("COLOUR=", ""),
    ],
)
def test_a_dotenv_line_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str, value: str
) -> None:
    monkeypatch.setenv("COLOUR", "before")
    monkeypatch.delenv("COLOUR")
    (tmp_path / ".env").write_text(f"# a comment\n\n{line}\n")
    env.load_dotenv(tmp_path / ".env")
    assert os.environ["COLOUR"] == value


def test_the_environment_wins_over_dotenv_and_a_bad_line_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLOUR", "blue")
    (tmp_path / ".env").write_text("COLOUR=red\nnonsense\n")
    with pytest.raises(ImproperlyConfigured, match=r"\.env line 2: expected NAME=value"):
        env.load_dotenv(tmp_path / ".env")
    assert os.environ["COLOUR"] == "blue"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("", {"NAME": "troupe", "USER": "postgres", "HOST": "/srv/t/run/postgres"}),
        ("postgresql://ann:p%40ss@db:5433/x", {"NAME": "x", "USER": "ann", "PASSWORD": "p@ss", "HOST": "db"}),
        ("postgres://ann@/x?host=/run/pg", {"NAME": "x", "HOST": "/run/pg", "OPTIONS": {}}),
        ("postgres://db/x?sslmode=require", {"HOST": "db", "OPTIONS": {"sslmode": "require"}}),
    ],
)
def test_a_database_address_is_understood(url: str, expected: dict[str, object]) -> None:
    found = database_settings(url, Path("/srv/t"))
    assert {name: found[name] for name in expected} == expected


@pytest.mark.parametrize(
    ("url", "broker"),
    [
        ("", ("redis+socket:///srv/t/run/valkey.sock", None)),
        ("unix:///run/r.sock?db=3", ("redis+socket:///run/r.sock?virtual_host=3", None)),
        ("redis://:secret@cache:6379/1", ("redis://:secret@cache:6379/1", None)),
        ("rediss://cache:6380/0", ("rediss://cache:6380/0", {"ssl_cert_reqs": ssl.CERT_REQUIRED})),
    ],
)
def test_a_redis_address_is_put_in_celerys_words(url: str, broker: tuple[str, object]) -> None:
    assert broker_settings(redis_url(url, Path("/srv/t"))) == broker
