"""PostgreSQL refuses to run as root: as root, it runs as a system user that may reach its files."""

from __future__ import annotations

import os
import pwd
import shutil
import stat
import subprocess
from pathlib import Path

from studio.embedded.trouble import Trouble

NAME = "troupe-db"


def needed() -> bool:
    return os.geteuid() == 0


def ensure() -> pwd.struct_passwd:
    """The system user, created on first use."""
    try:
        return pwd.getpwnam(NAME)
    except KeyError:
        pass
    command = shutil.which("useradd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if command is None:
        raise Trouble(
            f"PostgreSQL does not run as root and there is no useradd to make the system user {NAME}; "
            "start Troupe as an ordinary user, or create that user."
        )
    options = ("--system", "--no-create-home", "--user-group", "--shell", "/usr/sbin/nologin")
    done = subprocess.run((command, *options, NAME), capture_output=True, text=True, check=False)  # noqa: S603
    try:
        return pwd.getpwnam(NAME)
    except KeyError:
        raise Trouble(
            f"The system user {NAME} for PostgreSQL could not be made ({done.stderr.strip()}); "
            "start Troupe as an ordinary user, or create that user."
        ) from None


def open_path(target: Path) -> list[Path]:
    """Let other users pass through the parents of `target` (not list them); returns what was changed."""
    changed = []
    for folder in target.absolute().parents:
        mode = stat.S_IMODE(folder.stat().st_mode)
        if not mode & stat.S_IXOTH:
            folder.chmod(mode | stat.S_IXOTH)
            changed.append(folder)
    return changed


def open_tree(root: Path) -> None:
    """Let other users read and run installed files, which a strict umask may have closed to them."""
    if all(path.stat().st_mode & stat.S_IROTH for path in (root, *root.iterdir())):
        return
    for path in (root, *root.rglob("*")):
        if path.is_symlink():
            continue
        mode = stat.S_IMODE(path.stat().st_mode)
        wanted = mode | stat.S_IROTH | (stat.S_IXOTH if mode & stat.S_IXUSR else 0)
        if wanted != mode:
            path.chmod(wanted)
