"""`make` on a bare machine: what is missing is told, what was interrupted is made anew."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from studio.embedded import install
from studio.embedded.service import ROOT


def make(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(("make", *arguments), cwd=ROOT, capture_output=True, text=True, check=False)


def test_no_python_at_all_is_told() -> None:
    done = make("install", "PYTHON=python-that-is-not-there")
    assert done.returncode != 0
    assert "Troupe needs Python 3.11 or later; install python3 with venv and pip." in done.stderr


def test_an_old_python_is_told_with_its_version(tmp_path: Path) -> None:
    old = tmp_path / "python3"
    old.write_text('#!/bin/sh\n[ "$1" = --version ] && echo Python 3.9.2 && exit 0\nexit 1\n')
    old.chmod(0o755)
    done = make("install", f"PYTHON={old}")
    assert done.returncode != 0
    assert "Troupe needs Python 3.11 or later; this is Python 3.9.2." in done.stderr


@pytest.fixture
def venv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A place for an environment, and requirements that are quickly met."""
    venv = tmp_path / ".venv"
    for name, value in {
        "VENV": venv,
        "PYTHON": venv / "bin/python",
        "UV": venv / "bin/uv",
        "STAMP": venv / "stamp",
        "REQUIREMENTS": tmp_path / "requirements.txt",
        "WEIGHTS": tmp_path / "weights.txt",
    }.items():
        monkeypatch.setattr(install, name, value)
    (tmp_path / "requirements.txt").write_text("")
    (tmp_path / "weights.txt").write_text("")
    return venv


def test_a_python_without_venv_or_pip_is_told(venv: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(install, "_works", lambda *command, quiet=True: False)
    with pytest.raises(SystemExit, match=r"needs Python's venv and pip.*apt-get install python3-venv"):
        install.main()
    assert not venv.exists()


def test_an_interrupted_environment_is_made_anew(
    venv: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (venv / "bin").mkdir(parents=True)
    (venv / "bin/python").write_text("half a file")
    monkeypatch.setattr(install, "_install", lambda: None)
    install.main()
    assert install._works(venv / "bin/python", "-m", "pip", "--version")
    assert ".venv is incomplete; making it anew" in capsys.readouterr().out


def test_nothing_is_installed_again_until_the_requirements_change(
    venv: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (venv / "bin").mkdir(parents=True)
    (venv / "pyvenv.cfg").write_text("version = 3.11")
    installed = []
    monkeypatch.setattr(install, "_works", lambda *command, quiet=True: True)
    monkeypatch.setattr(install, "_install", lambda: installed.append("again"))
    install.main()
    install.main()
    assert installed == ["again"]
    install.REQUIREMENTS.write_text("django==5.2\n")
    install.main()
    assert installed == ["again", "again"]


def test_pip_is_tried_where_uv_cannot_install(venv: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[str] = []
    monkeypatch.setattr(install, "_works", lambda *command, quiet=True: False)
    monkeypatch.setattr(install, "_run", lambda sentence, *command: ran.append(" ".join(command[1:3])))
    install._put("-r", "requirements.txt")
    assert ran == ["-m pip"]


def test_a_failing_installation_says_so(venv: Path) -> None:
    with pytest.raises(SystemExit, match=r"could not be installed; is the network there\? \(`false"):
        install._run("The Python packages could not be installed; is the network there?", "false")
