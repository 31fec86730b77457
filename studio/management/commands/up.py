"""`manage.py up`: the whole stack from one command."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from studio.embedded import start
from studio.embedded.settle import add_options, current
from studio.embedded.trouble import Trouble, of_machine


class Command(BaseCommand):
    help = "Starts Troupe and everything it stands on; Ctrl-C stops it all. Data is kept in --home."
    requires_system_checks = []

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        add_options(parser)

    def handle(self, **options: Any) -> None:
        try:
            start.run(current(), options["workers"] or settings.WORKERS, options["ready_file"])
        except Trouble as trouble:
            sys.exit(f"Troupe cannot start: {trouble}")
        except OSError as error:
            sys.exit(f"Troupe cannot start: {of_machine(error)}")
