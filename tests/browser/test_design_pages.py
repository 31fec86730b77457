"""Teams, agents, models and tools in a browser: dialogs, the editor, live trials, on a phone, with axe."""

from __future__ import annotations

import json
import re
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import SCREENS
from tests.browser.started import Studio
from tests.browser.test_run_page import violations

PAGES = [
    "teams/",
    "teams/?view=list",
    "teams/new/",
    "teams/import/",
    "agents/",
    "agents/new/",
    "models/",
    "models/?view=prices",
    "models/new/",
    "tools/",
    "tools/new/",
    "tools/new/?kind=http_request",
    "tools/notes/",
]


@pytest.fixture
def home(studio: Studio) -> str:
    return f"{studio.url}/w/demo/"


def saved(page: Page, words: str) -> None:
    expect(page.locator("#toasts")).to_contain_text(words)


# ── teams ───────────────────────────────────────────────────────────────────────────────────────────
def test_a_pattern_opens_as_a_team_and_is_found_again(page: Page, home: str) -> None:
    page.goto(f"{home}teams/")
    page.get_by_role("button", name=re.compile("^Single agent")).click()
    page.wait_for_url(re.compile(r"/teams/[0-9a-f-]{36}/$"))
    page.goto(f"{home}teams/")
    page.get_by_role("searchbox", name="Name, agent, tool").fill("ask an")
    expect(page).to_have_url(re.compile(r"q=ask\+an"))
    expect(page.locator(".team-card h3").first).to_contain_text("Ask an assistant")


def test_a_team_is_named_in_a_dialog_and_renamed_from_its_menu(page: Page, home: str) -> None:
    name = f"Desk {uuid4().hex[:6]}"
    page.goto(f"{home}teams/")
    page.keyboard.press("n")
    dialog = page.get_by_role("dialog", name="New team")
    dialog.get_by_label("Name").fill(name)
    dialog.get_by_role("button", name="Create team").click()
    page.wait_for_url(re.compile(r"/teams/[0-9a-f-]{36}/$"))
    page.goto(f"{home}teams/")
    page.get_by_role("button", name=f"Actions for {name}").click()
    page.get_by_role("link", name="Rename").click()
    asked = page.get_by_role("dialog", name=f"Rename {name}")
    asked.get_by_label("Name").fill(f"{name} two")
    asked.get_by_role("button", name="Save").click()
    expect(page.get_by_role("link", name=f"{name} two")).to_be_visible()


def test_a_file_comes_in_and_its_report_leads_to_the_team(page: Page, home: str) -> None:
    page.goto(f"{home}teams/")
    page.get_by_role("link", name="From a file").click()
    dialog = page.get_by_role("dialog", name="Team from a file")
    name = f"Pasted {uuid4().hex[:6]}"
    graph = "nodes: [{id: input, kind: input}, {id: output, kind: output}], "
    graph += "edges: [{id: e, source: input, target: output}]"
    dialog.get_by_label("Or paste it").fill(f"format: troupe.team/v1\nname: {name}\ngraph: {{{graph}}}\n")
    dialog.get_by_role("button", name="Import").click()
    report = page.get_by_role("dialog", name=f"{name} is here")
    expect(report).to_contain_text(f"{name} was imported as a draft.")
    report.get_by_role("link", name="Open the team").click()
    page.wait_for_url(re.compile(r"/teams/[0-9a-f-]{36}/$"))


# ── agents ──────────────────────────────────────────────────────────────────────────────────────────
def new_agent(page: Page, home: str) -> str:
    name = f"Clerk {uuid4().hex[:6]}"
    page.goto(f"{home}agents/new/")
    page.get_by_label("Name").first.fill(name)
    page.locator("#id_model").select_option(label="rehearsal")
    page.get_by_role("button", name="Create").click()
    page.wait_for_url(re.compile(r"/agents/[0-9a-f-]{36}/$"))
    return name


def test_an_agent_gets_a_typed_output_by_form_and_a_new_version(page: Page, home: str) -> None:
    new_agent(page, home)
    page.get_by_text("Form", exact=True).click()
    row = page.locator("[data-schema-rows] [data-row]")
    row.get_by_label("Name of the field").fill("mood")
    row.get_by_label("Type").select_option("choice")
    row.get_by_label("Choices, with commas between").fill("calm, cross")
    expect(page.locator("[data-when-dirty]")).to_be_visible()
    page.keyboard.press("Control+s")
    saved(page, "v2 saved.")
    expect(page.locator("#agent-head .chip-fill")).to_have_text("v2")
    expect(page.locator("[data-when-dirty]")).to_be_hidden()
    page.get_by_text("JSON Schema", exact=True).first.click()
    schema = json.loads(page.get_by_label("JSON Schema").last.input_value())
    assert schema["properties"] == {"mood": {"type": "string", "enum": ["calm", "cross"]}}
    assert schema["required"] == ["mood"]
    page.keyboard.press("Control+s")
    saved(page, "Nothing changed since v2.")
    page.get_by_role("link", name="Compare").click()
    expect(page.get_by_role("heading", name="Output schema")).to_be_visible()


def test_a_chain_of_models_is_added_to_moved_and_kept(page: Page, home: str) -> None:
    new_agent(page, home)
    chain = page.get_by_role("group", name="If it fails, ask")
    chain.get_by_role("combobox").first.select_option(label="rehearsal-plain at rehearsal")
    chain.get_by_role("button", name="Add a model").click()
    chain.get_by_role("combobox").nth(1).select_option(label="rehearsal-no-tools at rehearsal")
    chain.get_by_role("button", name="Ask this model earlier").click()  # the first has none
    page.get_by_role("button", name="Save").click()
    saved(page, "v2 saved.")
    page.reload()
    shown = chain.get_by_role("combobox")
    expect(shown).to_have_count(2)
    expect(shown.nth(0).locator("option:checked")).to_have_text("rehearsal-no-tools at rehearsal")
    expect(shown.nth(1).locator("option:checked")).to_have_text("rehearsal-plain at rehearsal")
    chain.get_by_role("button", name="Do not ask this model").nth(0).click()
    expect(shown).to_have_count(1)


def test_an_agent_is_tried_before_it_is_saved(page: Page, home: str) -> None:
    new_agent(page, home)
    page.get_by_label("Goal").fill("Say what a team is.")
    page.get_by_label("What it should do").fill("In one sentence, please.")
    page.get_by_label("What it should do").press("Control+Enter")
    expect(page.locator("#try-result")).to_contain_text("Tokens in", timeout=30_000)
    expect(page.locator("#try-result .state")).to_contain_text("Done")
    expect(page.locator("[data-when-dirty]")).to_be_visible()
    page.keyboard.press("Control+s")
    saved(page, "v2 saved.")


# ── models ──────────────────────────────────────────────────────────────────────────────────────────
def test_a_connection_is_tested_step_by_step(page: Page, home: str) -> None:
    page.goto(f"{home}models/")
    page.get_by_role("link", name="rehearsal", exact=True).click()
    page.get_by_role("button", name=re.compile("^(Test|Again)$")).click()
    test = page.locator("#endpoint-test")
    expect(test).to_contain_text("8 of 8 passed", timeout=30_000)
    expect(test.get_by_text("Call a tool")).to_be_visible()
    expect(page.locator(".models-list tr", has_text="rehearsal").first).to_contain_text("Works")


def test_an_endpoint_comes_with_its_key_hidden_and_goes_away_again(page: Page, home: str) -> None:
    name = f"box-{uuid4().hex[:6]}"
    page.goto(f"{home}models/")
    page.get_by_role("link", name="New endpoint").click()
    dialog = page.get_by_role("dialog", name="New endpoint")
    dialog.get_by_label("Name").fill(name)
    dialog.get_by_label("Address").fill("http://no-such-host.invalid/v1")
    dialog.get_by_label(re.compile("^Key")).fill("sk-secret-8f2c")
    dialog.get_by_role("button", name="Save and test").click()
    page.wait_for_url(re.compile(r"/models/[0-9a-f-]{36}/$"), timeout=30_000)
    expect(page.locator("#endpoint-test")).to_contain_text("Fails at “Find the name”")
    assert "sk-secret" not in page.content()
    page.get_by_role("button", name=f"Delete {name}").click()
    page.get_by_role("button", name="Delete", exact=True).click()
    saved(page, f"{name} has been deleted.")


# ── tools ───────────────────────────────────────────────────────────────────────────────────────────
def test_a_rule_is_tried_while_it_is_written_and_rows_are_added(page: Page, home: str) -> None:
    page.goto(f"{home}tools/new/?kind=http_request")
    page.get_by_label("Name", exact=True).first.fill(f"crm_{uuid4().hex[:6]}")
    page.get_by_label("Allowed hosts").fill("api.example.com")
    page.get_by_label("On these arguments").fill('{"url": "https://api.example.com/a"}')
    trial = page.locator("#rule-trial")
    expect(trial).to_contain_text("Runs without asking")
    page.get_by_label("Ask a person when").fill('args.url.startsWith("https://api.")')
    expect(trial).to_contain_text("Asks a person")
    page.get_by_label("POST").check()
    expect(trial).to_contain_text("writes")
    page.get_by_role("button", name="Add a row").click()
    rows = page.locator("[data-rows] [data-row]")
    rows.nth(1).get_by_label("Name").fill("X-Team")
    rows.nth(1).get_by_label("Value").fill("blue")
    page.get_by_role("button", name="Create").click()
    page.wait_for_url("**/tools/")
    saved(page, "can be given to agents now.")


def test_a_note_is_written_read_and_deleted(page: Page, home: str) -> None:
    key = f"brief/{uuid4().hex[:6]}"
    page.goto(f"{home}tools/notes/")
    page.get_by_role("link", name="New note").click()
    dialog = page.get_by_role("dialog", name="New note")
    dialog.get_by_label("Key").fill(key)
    dialog.get_by_label("Text").fill("Remember this.")
    dialog.get_by_role("button", name="Save").click()
    page.get_by_role("link", name=key).click()
    expect(page.get_by_role("dialog", name=key).get_by_label("Text")).to_have_value("Remember this.")
    page.keyboard.press("Escape")
    page.get_by_role("button", name=f"Delete {key}").click()
    page.get_by_role("button", name="Delete", exact=True).click()
    saved(page, f"{key} has been deleted.")


# ── everybody can use them ──────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("path", PAGES)
def test_axe_finds_no_violation(page: Page, home: str, path: str, theme: str) -> None:
    page.emulate_media(color_scheme="dark" if theme == "dark" else "light", reduced_motion="reduce")
    page.goto(f"{home}{path}")
    assert violations(page) == []


@pytest.mark.parametrize("path", PAGES)
def test_nothing_is_wider_than_a_phone(page: Page, home: str, path: str) -> None:
    page.set_viewport_size(SCREENS["phone"])
    page.goto(f"{home}{path}")
    page.wait_for_load_state("load")
    assert page.evaluate("document.documentElement.scrollWidth") <= SCREENS["phone"]["width"]
