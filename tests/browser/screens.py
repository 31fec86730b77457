"""Pictures of every screen: desktop and phone, light and dark, in each of its states.

    python -m tests.browser.screens [WORD…]

writes `screens/<name>-<state>-<theme>-<size>.png`. A word is a screen's name, or its name and state
(`run-done`), or one of light, dark, desk and phone: only those are taken, without a word all of them.
A page that is neither here nor in NO_SCREEN fails a test.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from agents.presets.registry import NAMES

SIZES = {"desk": {"width": 1440, "height": 900}, "phone": {"width": 390, "height": 844}}
THEMES = ("light", "dark")
FOLDER = Path(__file__).resolve().parent.parent.parent / "screens"


@dataclass(frozen=True)
class Screen:
    """The page `name` (its URL name) in `state`: at `path`, after `steps`, as `by` sees it.

    A step is `press KEY`, `click SELECTOR` or `fill SELECTOR = TEXT`. `by` is owner, viewer or nobody.
    """

    name: str
    state: str
    path: str
    by: str = "owner"
    steps: tuple[str, ...] = ()


def _in_workspaces(name: str, tail: str) -> list[Screen]:
    """The same page of the three workspaces: normal, empty, overfull."""
    places = {"normal": "{slug}", "empty": "{empty}", "full": "{full}"}
    return [Screen(name, state, f"/w/{slug}/{tail}") for state, slug in places.items()]


def _run(state: str, tail: str = "") -> Screen:
    return Screen("run", state, f"/w/{{slug}}/runs/{{run_{state.split('_')[0]}}}/{tail}")


def _patterns() -> list[Screen]:
    """A run of every preset of the gallery as it ended."""
    return [Screen("run", f"of_{name}", f"/w/{{patterns}}/runs/{{pattern_{name}}}/") for name in NAMES]


def _drawn(name: str, node: str) -> list[Screen]:
    """The canvas of a preset, and with one of its nodes in the inspector."""
    path, at = f"/w/{{patterns}}/teams/{{team_{name}}}/", f"[data-id={node}]"
    pick = f"click .react-flow__node{at}, .tg-row{at}"
    return [Screen("team_canvas", name, path), Screen("team_canvas", f"{name}_node", path, steps=(pick,))]


def _opened(screen: str, state: str, path: str, *steps: str) -> Screen:
    """A page after something was done on it."""
    return Screen(screen, state, path, steps=steps)


SCREENS = [
    Screen("account_login", "normal", "/accounts/login/", by="nobody"),
    Screen("sign_in_link", "normal", "{sign_in_link}", by="nobody"),
    Screen("sign_in_link", "used", "/sign-in/of-another-day/", by="nobody"),
    Screen("invitation", "normal", "{invitation}", by="nobody"),
    Screen("account_set_password", "normal", "/accounts/password/set/"),
    Screen("account_logout", "normal", "/accounts/logout/"),
    Screen("account_signup", "closed", "/accounts/signup/", by="nobody"),
    Screen("workspace_new", "normal", "/workspaces/new/"),
    *_in_workspaces("home", ""),
    Screen("home", "viewer", "/w/{slug}/", by="viewer"),
    *_in_workspaces("teams", "teams/"),
    Screen("teams", "patterns", "/w/{patterns}/teams/"),
    Screen("teams", "viewer", "/w/{slug}/teams/", by="viewer"),
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
    Screen("team_canvas", "viewer", "/w/{slug}/teams/{team}/", by="viewer"),
    *_drawn("research_lead", "lead"),
    *_drawn("product_office", "director"),
    *_drawn("round_table", "talk"),
    *_drawn("careful_reply", "incoming"),
    *_drawn("team_of_teams", "brief"),
    Screen("team_versions", "normal", "/w/{slug}/teams/{team}/versions/"),
    Screen("team_rename", "normal", "/w/{slug}/teams/{team}/rename/"),
    Screen("launch", "normal", "/w/{slug}/teams/{team}/launch/"),
    Screen("launch", "patterns", "/w/{patterns}/teams/{team_order_check}/launch/"),
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
    Screen("agent", "viewer", "/w/{slug}/agents/{agent}/", by="viewer"),
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
    Screen("tool", "viewer", "/w/{slug}/tools/{tool}/", by="viewer"),
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
    Screen(
        "run_fork",
        "answered",
        "/w/{slug}/runs/{run_done}/fork/?at=49",
        steps=("click .fork-answer input[value=reject]",),
    ),
    Screen("run_fork", "ended", "/w/{slug}/runs/{run_done}/fork/?at=9999"),
    *_patterns(),
    Screen("run", "waits", "/w/{patterns}/runs/{run_waits}/"),
    Screen("run", "paused", "/w/{patterns}/runs/{run_paused}/"),
    Screen("run", "viewer", "/w/{slug}/runs/{run_gate}/", by="viewer"),
    Screen("run", "viewer_failed", "/w/{slug}/runs/{run_failed}/", by="viewer"),
    Screen("run", "viewer_budget", "/w/{slug}/runs/{run_budget}/", by="viewer"),
    *[
        Screen("run", f"of_{name}_{view}", f"/w/{{patterns}}/runs/{{pattern_{name}}}/?view={view}")
        for name in ("product_office", "review_each", "motion_debate", "team_of_teams")
        for view in ("timeline", "log", "cost")
    ],
    _opened("run", "give_output", "/w/{slug}/runs/{run_failed}/", "click .give-output summary"),
    *[_run(f"gate_{view}", f"?view={view}") for view in ("timeline", "log", "output", "cost")],
    _run("done_timeline", "?view=timeline&select=call:refund/m2"),
    _run("done_node", "?select=node:policy"),
    _run("shared"),
    _run("done_output", "?view=output"),
    _run("done_cost", "?view=cost"),
    _run("family", "?select=node:research"),
    _run("family_cost", "?view=cost"),
    _run("part"),
    _run("limited"),
    *_in_workspaces("approvals", "approvals/"),
    Screen("approval", "gate", "/w/{slug}/approvals/{approval_gate}/"),
    Screen("approvals_alike", "normal", "/w/{patterns}/approvals/{approval_quorum}/alike/"),
    _opened(
        "approvals_alike",
        "problems",
        "/w/{patterns}/approvals/{approval_quorum}/alike/",
        "click [value=reject]",
    ),
    Screen("approvals", "others", "/w/{patterns}/approvals/?show=others"),
    Screen("approvals", "decided", "/w/{slug}/approvals/?show=decided"),
    Screen("approval", "question", "/w/{patterns}/approvals/{approval_question}/"),
    Screen("approval", "quorum", "/w/{patterns}/approvals/{approval_quorum}/"),
    Screen("approval", "viewer", "/w/{slug}/approvals/{approval_gate}/", by="viewer"),
    _opened("approval", "edit", "/w/{slug}/approvals/{approval_tool}/", "press e"),
    _opened("approval", "reject", "/w/{slug}/approvals/{approval_tool}/", "press r"),
    Screen("approval", "tool", "/w/{slug}/approvals/{approval_tool}/"),
    Screen("approval", "doubt", "/w/{slug}/approvals/{approval_doubt}/"),
    *_in_workspaces("costs", "costs/"),
    Screen("settings", "normal", "/w/{slug}/settings/"),
    Screen("profile", "normal", "/w/{slug}/settings/profile/"),
    Screen("members", "normal", "/w/{slug}/settings/members/"),
    Screen("members", "full", "/w/{full}/settings/members/"),
    Screen("approver_groups", "normal", "/w/{patterns}/settings/groups/"),
    Screen("approver_groups", "empty", "/w/{slug}/settings/groups/"),
    Screen("settings", "viewer", "/w/{slug}/settings/", by="viewer"),
    Screen("budgets", "viewer", "/w/{slug}/settings/budgets/", by="viewer"),
    *_in_workspaces("budgets", "settings/budgets/"),
    Screen("budget", "normal", "/w/{slug}/settings/budgets/{budget}/"),
    Screen("budget_new", "normal", "/w/{slug}/settings/budgets/new/"),
    _opened("budget_new", "problems", "/w/{slug}/settings/budgets/new/", "click main .btn-primary"),
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


def pictures(words: list[str]) -> Iterator[Picture]:
    """Of the screens, themes and sizes named, or of all: window by window, so that each is opened once."""
    themes = [theme for theme in THEMES if theme in words] or THEMES
    sizes = [size for size in SIZES if size in words] or SIZES
    wanted = set(words) - set(THEMES) - set(SIZES)
    for theme in themes:
        for size in sizes:
            for screen in SCREENS:
                if not wanted or wanted & {screen.name, f"{screen.name}-{screen.state}"}:
                    yield Picture(screen, theme, size)


def main(words: list[str]) -> None:
    from tests.browser.pictures import take_all

    known = {word for screen in SCREENS for word in (screen.name, f"{screen.name}-{screen.state}")}
    if unknown := set(words) - known - set(THEMES) - set(SIZES):
        sys.exit(f"No such screen: {', '.join(sorted(unknown))}. Screens are listed in {__file__}.")
    take_all(list(pictures(words)), FOLDER)


if __name__ == "__main__":
    main(sys.argv[1:])
