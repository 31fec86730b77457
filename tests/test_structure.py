"""The house keeps its shape: one direction of imports, pure rooms, small files."""

from __future__ import annotations

import ast
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
BELOW = {"studio": {"studio"}, "agents": {"agents", "studio"}, "runs": {"runs", "agents", "studio"}}
PURE = ("agents/topology", "runs/engine")
IMPURE = {  # clocks, randomness, the network, the disk, and Django
    "django", "celery", "redis", "psycopg", "openai", "aiohttp", "httpx2", "requests", "socket", "asyncio",
    "threading", "time", "random", "secrets", "os", "pathlib", "subprocess", "uuid4", "datetime",
}  # fmt: skip
LINES, FUNCTION, VIEW, SCRIPT, TEMPLATE = 400, 50, 25, 300, 150
LONGER: dict[str, int] = {  # named exceptions; keep this list short
    "studio/settings.py": 420,  # one flat list of settings reads better than three files
}


def tracked(*patterns: str) -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", *patterns],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    return [ROOT / name for name in listed if (ROOT / name).is_file() and "/migrations/" not in name]


def imported(path: Path) -> set[str]:
    """The dotted names a module imports when it is loaded; those under TYPE_CHECKING do not count."""
    names: set[str] = set()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


@pytest.mark.parametrize("room", BELOW)
def test_rooms_import_only_what_stands_below_them(room: str) -> None:
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in tracked(f"{room}/*.py")
        for name in imported(path)
        if name.split(".")[0] in BELOW and name.split(".")[0] not in BELOW[room]
    ]
    assert wrong == []


@pytest.mark.parametrize("folder", PURE)
def test_engine_and_topology_are_pure(folder: str) -> None:
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in tracked(f"{folder}/*.py")
        for name in imported(path)
        if name.split(".")[0] in IMPURE or name == "uuid.uuid4"
    ]
    assert wrong == []


def test_the_engine_loads_without_django() -> None:
    """Also through everything it imports."""
    kinds = "input agent router join approval output"
    code = f"""
import sys
from importlib import import_module
for name in "{kinds}".split():
    import_module(f"runs.engine.kinds.{{name}}")
import runs.engine.decide, runs.engine.fold, runs.engine.plan
found = [name for name in sys.modules if name.split(".")[0] in ("django", "celery", "aiohttp", "openai")]
sys.exit(", ".join(found[:5]) if found else 0)
"""
    import sys

    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_files_stay_small() -> None:
    limits = [
        ("*.py", LINES),
        ("*.ts", SCRIPT),
        ("*.tsx", SCRIPT),
        ("*.mjs", SCRIPT),
        ("templates/*.html", TEMPLATE),
    ]
    long = [
        f"{path.relative_to(ROOT)}: {count} lines"
        for pattern, limit in limits
        for path in tracked(pattern)
        if (count := len(path.read_text(encoding="utf-8").splitlines()))
        > LONGER.get(str(path.relative_to(ROOT)), limit)
    ]
    assert long == []


def test_functions_stay_small() -> None:
    long = []
    for path in tracked("studio/*.py", "agents/*.py", "runs/*.py"):
        limit = VIEW if "/views/" in str(path) else FUNCTION
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                count = (node.end_lineno or node.lineno) - node.lineno + 1
                if count > limit:
                    long.append(f"{path.relative_to(ROOT)}:{node.lineno} {node.name}: {count} lines")
    assert long == []


def test_no_file_is_named_for_nothing() -> None:
    vague = {"utils.py", "helpers.py", "misc.py", "common.py", "utils.ts", "helpers.ts"}
    assert [path for path in tracked("*.py", "*.ts") if path.name in vague] == []
