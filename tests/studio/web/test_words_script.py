"""The page counts on where the server stopped: both must say the same."""

from __future__ import annotations

import json
import subprocess

from django.conf import settings

from studio.embedded import node
from studio.web import figures
from tests.studio.web.test_figures import AGES, NOW


def test_the_script_writes_ages_as_the_server_does() -> None:
    module = (settings.BASE_DIR / "static" / "js" / "words.js").as_uri()
    moments = [(NOW - age).isoformat() for age, _ in AGES]
    script = (
        f"import {{ ago }} from {json.dumps(module)};"
        f"const now = new Date({json.dumps(NOW.isoformat())});"
        f"console.log(JSON.stringify({json.dumps(moments)}.map((m) => ago(new Date(m), now))));"
    )
    command = [*node.find().node, "--input-type=module", "-e", script]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [figures.ago(NOW - age, NOW) for age, _ in AGES]
