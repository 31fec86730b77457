"""A problem of the machine, told in one sentence with the way out."""

from __future__ import annotations


class Trouble(Exception):
    """What is wrong and what the person can do about it; printed without a stack trace."""


def of_machine(error: OSError) -> Trouble:
    """A refusal of the operating system, such as a full disk or a folder of someone else."""
    what = error.filename or "a file or folder"
    return Trouble(f"{what}: {error.strerror or error}; free it or choose another folder with --home.")
