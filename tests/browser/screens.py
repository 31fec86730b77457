"""Pictures of every screen: desktop and phone, light and dark, in each of its states.

    python -m tests.browser.screens [NAME…]

writes `screens/<name>-<state>-<theme>-<size>.png`. A page that is neither here nor in NO_SCREEN fails a test.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

SIZES = {"desk": {"width": 1440, "height": 900}, "phone": {"width": 390, "height": 844}}
THEMES = ("light", "dark")
FOLDER = Path(__file__).resolve().parent.parent.parent / "screens"


@dataclass(frozen=True)
class Screen:
    """A picture: of the page `name` (its URL name), in `state`, at `path`; `signed_in` by default."""

    name: str
    state: str
    path: str
    signed_in: bool = True


def _in_workspaces(name: str, tail: str) -> list[Screen]:
    """The same page of the three workspaces: normal, empty, overfull."""
    places = {"normal": "{slug}", "empty": "{empty}", "full": "{full}"}
    return [Screen(name, state, f"/w/{slug}/{tail}") for state, slug in places.items()]


def _run(state: str, tail: str = "") -> Screen:
    return Screen("run", state, f"/w/{{slug}}/runs/{{run_{state.split('_')[0]}}}/{tail}")


SCREENS = [
    Screen("account_login", "normal", "/accounts/login/", signed_in=False),
    Screen("sign_in_link", "normal", "{sign_in_link}", signed_in=False),
    Screen("sign_in_link", "used", "/sign-in/of-another-day/", signed_in=False),
    Screen("invitation", "normal", "{invitation}", signed_in=False),
    Screen("account_set_password", "normal", "/accounts/password/set/"),
    Screen("account_logout", "normal", "/accounts/logout/"),
    Screen("account_signup", "closed", "/accounts/signup/", signed_in=False),
    Screen("workspace_new", "normal", "/workspaces/new/"),
    *_in_workspaces("home", ""),
    *_in_workspaces("teams", "teams/"),
    Screen("team_new", "normal", "/w/{slug}/teams/new/"),
    Screen("team_import", "normal", "/w/{slug}/teams/import/"),
    Screen("team_canvas", "normal", "/w/{slug}/teams/{team}/"),
    Screen("team_versions", "normal", "/w/{slug}/teams/{team}/versions/"),
    Screen("team_rename", "normal", "/w/{slug}/teams/{team}/rename/"),
    Screen("launch", "normal", "/w/{slug}/teams/{team}/launch/"),
    *_in_workspaces("agents", "agents/"),
    Screen("agent_new", "normal", "/w/{slug}/agents/new/"),
    Screen("agent", "normal", "/w/{slug}/agents/{agent}/"),
    Screen("agent_versions", "normal", "/w/{slug}/agents/{agent}/versions/"),
    *_in_workspaces("models", "models/"),
    Screen("endpoint", "normal", "/w/{slug}/models/{endpoint}/"),
    Screen("endpoint_new", "normal", "/w/{slug}/models/new/"),
    Screen("endpoint_edit", "normal", "/w/{slug}/models/{endpoint}/edit/"),
    Screen("endpoint_key", "normal", "/w/{slug}/models/{endpoint}/key/"),
    Screen("model_new", "normal", "/w/{slug}/models/{endpoint}/models/"),
    Screen("price_new", "normal", "/w/{slug}/models/model/{model}/price/"),
    *_in_workspaces("tools", "tools/"),
    Screen("tool_new", "normal", "/w/{slug}/tools/new/"),
    Screen("tool", "normal", "/w/{slug}/tools/{tool}/"),
    *_in_workspaces("notes", "tools/notes/"),
    Screen("note", "normal", "/w/{slug}/tools/notes/{note}/"),
    Screen("note_new", "normal", "/w/{slug}/tools/notes/new/"),
    *_in_workspaces("runs", "runs/"),
    *[
        _run(state)
        for state in ("running", "gate", "done", "failed", "cancelled", "budget", "doubt", "unknown")
    ],
    *_in_workspaces("approvals", "approvals/"),
    Screen("approval", "gate", "/w/{slug}/approvals/{approval_gate}/"),
    Screen("approval", "tool", "/w/{slug}/approvals/{approval_tool}/"),
    Screen("approval", "doubt", "/w/{slug}/approvals/{approval_doubt}/"),
    *_in_workspaces("costs", "costs/"),
    Screen("settings", "normal", "/w/{slug}/settings/"),
    Screen("profile", "normal", "/w/{slug}/settings/profile/"),
    Screen("members", "normal", "/w/{slug}/settings/members/"),
    Screen("members", "full", "/w/{full}/settings/members/"),
    Screen("approver_groups", "normal", "/w/{slug}/settings/groups/"),
    Screen("tokens", "normal", "/w/{slug}/settings/tokens/"),
    Screen("audit", "normal", "/w/{slug}/settings/audit/"),
    Screen("error", "not_found", "/w/nowhere/"),
]

# Addresses that answer GET but are no screen: data, fragments, downloads, redirects.
NO_SCREEN = frozenset(
    {
        *("agent_model", "approval_now", "approvals_list", "home_live", "run_live", "runs_rows", "search"),
        *("costs_csv", "runs_csv", "run_content", "run_cost", "run_events", "team_export", "team_graph"),
        *("healthz", "readyz"),
        "account_inactive",  # allauth's word for a person who was shut out
        "account_change_password",  # account_set_password with one field more
    }
)


def pictures(only: list[str]) -> Iterator[tuple[Screen, str, str]]:
    for screen in SCREENS:
        if not only or screen.name in only:
            for theme in THEMES:
                for size in SIZES:
                    yield screen, theme, size


def main(only: list[str]) -> None:
    from playwright.sync_api import sync_playwright

    from tests import chromium
    from tests.browser.conftest import QUIET
    from tests.browser.started import started

    FOLDER.mkdir(exist_ok=True)
    with started() as studio, sync_playwright() as playwright:
        done = subprocess.run(
            [sys.executable, "-m", "tests.browser.fill"],
            env=studio.env,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            sys.exit(done.stderr)
        places = json.loads(done.stdout)
        browser = playwright.chromium.launch(executable_path=chromium.ensure(), args=list(QUIET))
        cookies = studio.sign_in(browser)
        for screen, theme, size in pictures(only):
            context = browser.new_context(
                viewport=SIZES[size],  # type: ignore[arg-type]
                color_scheme=theme,  # type: ignore[arg-type]
                storage_state=cookies if screen.signed_in else None,
                device_scale_factor=1,
                has_touch=size == "phone",
            )
            page = context.new_page()
            page.goto(studio.url + screen.path.format(**places))
            page.wait_for_load_state("networkidle") if screen.name in ("team_canvas", "costs") else None
            page.wait_for_timeout(400)  # islands draw, fonts arrive
            page.screenshot(path=FOLDER / f"{screen.name}-{screen.state}-{theme}-{size}.png")
            context.close()
        print(f"{len(list(pictures(only)))} pictures in {FOLDER}")


if __name__ == "__main__":
    main(sys.argv[1:])
