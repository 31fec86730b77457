"""A problem of the machine, told in one sentence with the way out."""

from __future__ import annotations


class Trouble(Exception):
    """What is wrong and what the person can do about it; printed without a stack trace."""
