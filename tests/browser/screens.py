"""Pictures of every screen: desktop and phone, light and dark, in each of its states.

    python -m tests.browser.screens [NAME…]

writes `screens/<name>-<state>-<theme>-<size>.png`. A page that is neither here nor in NO_SCREEN fails a test.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

SIZES = {"desk": {"width": 1440, "height": 900}, "phone": {"width": 390, "height": 844}}
THEMES = ("light", "dark")
FOLDER = Path(__file__).resolve().parent.parent.parent / "screens"


@dataclass(frozen=True)
class Screen:
    """The page `name` (its URL name) in `state`: at `path`, after `steps`; `signed_in` by default.

    A step is `press KEY`, `click SELECTOR` or `fill SELECTOR = TEXT`.
    """

    name: str
    state: str
    path: str
    signed_in: bool = True
    steps: tuple[str, ...] = ()


def _in_workspaces(name: str, tail: str) -> list[Screen]:
    """The same page of the three workspaces: normal, empty, overfull."""
    places = {"normal": "{slug}", "empty": "{empty}", "full": "{full}"}
    return [Screen(name, state, f"/w/{slug}/{tail}") for state, slug in places.items()]


def _run(state: str, tail: str = "") -> Screen:
    return Screen("run", state, f"/w/{{slug}}/runs/{{run_{state.split('_')[0]}}}/{tail}")


def _opened(screen: str, state: str, path: str, *steps: str) -> Screen:
    """A page after something was done on it."""
    return Screen(screen, state, path, steps=steps)


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
    Screen("teams", "found_none", "/w/{slug}/teams/?q=nothing-is-called-this"),
    Screen("team_new", "normal", "/w/{slug}/teams/new/"),
    _opened("team_new", "dialog", "/w/{slug}/teams/", "press n"),
    Screen("team_import", "normal", "/w/{slug}/teams/import/"),
    _opened(
        "team_import",
        "problems",
        "/w/{slug}/teams/import/",
        "fill [name=text] = format: troupe.team/v1\nname: Odd\ngraph:\n  nodes:\n    - {id: a, kind: b}",
        "click #team-import .btn-primary",
    ),
    Screen("team_canvas", "normal", "/w/{slug}/teams/{team}/"),
    Screen("team_canvas", "empty", "/w/{slug}/teams/{team_blank}/"),
    Screen("team_canvas", "full", "/w/{full}/teams/{team_full}/"),
    _opened(
        "team_canvas",
        "selected",
        "/w/{slug}/teams/{team}/",
        "click .react-flow__node-team, .tg-row",
    ),
    _opened("team_canvas", "keys", "/w/{slug}/teams/{team}/", "press ?"),
    Screen("team_versions", "normal", "/w/{slug}/teams/{team}/versions/"),
    Screen("team_rename", "normal", "/w/{slug}/teams/{team}/rename/"),
    Screen("launch", "normal", "/w/{slug}/teams/{team}/launch/"),
    Screen("launch", "ran_before", "/w/{slug}/teams/{team_ran}/launch/"),
    Screen("launch", "unpublished", "/w/{slug}/teams/{team_blank}/launch/"),
    _opened(
        "launch",
        "problems",
        "/w/{slug}/teams/{team}/launch/",
        "fill main textarea = ",
        "click [data-launch-now]",
    ),
    *_in_workspaces("agents", "agents/"),
    Screen("agent_new", "normal", "/w/{slug}/agents/new/"),
    _opened(
        "agent_new",
        "problems",
        "/w/{slug}/agents/new/",
        "fill [name=name] = Odd",
        "click label:has-text('JSON Schema')",
        "fill [name=schema] = no schema",
        "click main .btn-primary",
    ),
    Screen("agent", "normal", "/w/{slug}/agents/{agent}/"),
    Screen("agent", "full", "/w/{full}/agents/{agent_full}/"),
    Screen("agent_versions", "normal", "/w/{slug}/agents/{agent}/versions/"),
    Screen("agent_versions", "full", "/w/{full}/agents/{agent_full}/versions/"),
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
    Screen("runs", "filtered", "/w/{full}/runs/?state=done&calls=live&agent=clerk&model=OpenAI/gpt-5-mini"),
    *[
        _run(state)
        for state in ("running", "gate", "done", "failed", "cancelled", "budget", "doubt", "unknown")
    ],
    _run("fork"),
    _run("fork_call", "?view=timeline&select=call:writer/m1"),
    _run("fork_log", "?view=log&select=node:writer"),
    _run("forked", "?at=12&view=log&select=event:12"),
    Screen("run_fork", "normal", "/w/{slug}/runs/{run_done}/fork/?at=41"),
    Screen("run_fork", "open", "/w/{slug}/runs/{run_done}/fork/?at=41", steps=("click .fork-part summary",)),
    Screen("run_fork", "ended", "/w/{slug}/runs/{run_done}/fork/?at=9999"),
    *[_run(f"gate_{view}", f"?view={view}") for view in ("timeline", "log", "output", "cost")],
    _run("done_timeline", "?view=timeline&select=call:refund/m2"),
    _run("done_node", "?select=node:policy"),
    _run("shared"),
    _run("done_output", "?view=output"),
    _run("done_cost", "?view=cost"),
    *_in_workspaces("approvals", "approvals/"),
    Screen("approval", "gate", "/w/{slug}/approvals/{approval_gate}/"),
    Screen("approvals_alike", "normal", "/w/{slug}/approvals/{approval_gate}/alike/"),
    Screen("approval", "tool", "/w/{slug}/approvals/{approval_tool}/"),
    Screen("approval", "doubt", "/w/{slug}/approvals/{approval_doubt}/"),
    *_in_workspaces("costs", "costs/"),
    Screen("settings", "normal", "/w/{slug}/settings/"),
    Screen("profile", "normal", "/w/{slug}/settings/profile/"),
    Screen("members", "normal", "/w/{slug}/settings/members/"),
    Screen("members", "full", "/w/{full}/settings/members/"),
    Screen("approver_groups", "normal", "/w/{slug}/settings/groups/"),
    *_in_workspaces("budgets", "settings/budgets/"),
    Screen("budget", "normal", "/w/{slug}/settings/budgets/{budget}/"),
    Screen("budget_new", "normal", "/w/{slug}/settings/budgets/new/"),
    Screen("tokens", "normal", "/w/{slug}/settings/tokens/"),
    Screen("tokens", "full", "/w/{full}/settings/tokens/"),
    Screen("audit", "normal", "/w/{slug}/settings/audit/"),
    Screen("audit", "full", "/w/{full}/settings/audit/"),
    Screen("error", "not_found", "/w/nowhere/"),
    # what lies over a page
    _opened("home", "menu", "/w/{slug}/", "click [popovertarget]"),
    _opened("home", "keys", "/w/{slug}/", "press ?"),
    _opened("home", "palette", "/w/{slug}/", "press Control+k"),
    _opened("home", "found", "/w/{slug}/", "press Control+k", "fill #palette [name=q] = refund"),
]

# Addresses that answer GET but are no screen: data, fragments, downloads, redirects.
NO_SCREEN = frozenset(
    {
        *(
            "agent_model",
            "endpoint_state",
            "approval_now",
            "approvals_list",
            "home_live",
            "run_live",
            "runs_rows",
            "search",
        ),
        *("costs_csv", "runs_csv", "run_content", "run_cost", "run_events", "team_export", "team_graph"),
        *("healthz", "readyz"),
        "account_inactive",  # allauth's word for a person who was shut out
        "account_change_password",  # account_set_password with one field more
    }
)


@dataclass(frozen=True)
class Picture:
    screen: Screen
    theme: str
    size: str

    @property
    def name(self) -> str:
        return f"{self.screen.name}-{self.screen.state}-{self.theme}-{self.size}"


def pictures(only: list[str]) -> Iterator[Picture]:
    """Of the screens named, or of all: window by window, so that each is opened once."""
    for theme in THEMES:
        for size in SIZES:
            for screen in SCREENS:
                if not only or screen.name in only:
                    yield Picture(screen, theme, size)


def main(only: list[str]) -> None:
    from tests.browser.pictures import take_all

    if unknown := set(only) - {screen.name for screen in SCREENS}:
        sys.exit(f"No such screen: {', '.join(sorted(unknown))}. Screens are listed in {__file__}.")
    take_all(pictures(only), FOLDER)


if __name__ == "__main__":
    main(sys.argv[1:])
