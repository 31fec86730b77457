"""`manage.py doctor`: what works, what doesn't, and what to do about it."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand

from studio.embedded.checks import CHECKS, examine


class Command(BaseCommand):
    help = "Checks every part of this installation; exits with 1 when one has a problem."
    requires_system_checks = []

    def handle(self, **options: Any) -> None:
        findings = []
        for part, check in CHECKS.items():
            finding = examine(part, check)
            findings.append(finding)
            mark = self.style.SUCCESS("✓") if finding.fine else self.style.ERROR("✗")
            self.stdout.write(f"{mark} {part:<16} {finding.sentence}")
        problems = sum(not finding.fine for finding in findings)
        if problems:
            sys.exit(f"{problems} of {len(findings)} parts have a problem.")
        self.stdout.write("All is well.")
