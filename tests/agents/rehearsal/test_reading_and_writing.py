"""The rehearsal model reads prompts in ordinary wording and writes what their expected output asks for."""

from __future__ import annotations

import pytest

from agents.rehearsal import tokens
from agents.rehearsal.brief import read
from tests.agents.rehearsal.asking import answered, ask

CREWAI = (
    "You are Data Analyst. You have worked with numbers for years.\nYour personal goal is: Find the trend",
    "\nCurrent Task: Analyse the sales of March\n\nThis is the expected criteria for your final answer: "
    "two sentences\n\nThis is the context you're working with:\nSales rose in March.",
)


@pytest.mark.parametrize(
    ("system", "user", "role", "goal", "task", "expected", "data"),
    [
        (
            "# Role\nEditor\n\n# Goal\nMake texts clear",
            "## Task\nEdit the text\n\n## Expected output\nThe text\n\n## Input\nIt are late.",
            "Editor",
            "Make texts clear",
            "Edit the text",
            "The text",
            "It are late.",
        ),
        (
            "You are an editor. Your goal is to make texts clear.",
            "Edit the text.\n\nIt are late.",
            "editor",
            "make texts clear.",
            "Edit the text.",
            "",
            "It are late.",
        ),
        (
            "**Role:** Editor\n**Goal:** Make texts clear",
            "<task>Edit the text</task>\n<expected output>The text</expected output>\n"
            "<context>\nIt are late.\n</context>",
            "Editor",
            "Make texts clear",
            "Edit the text",
            "The text",
            "It are late.",
        ),
        (
            *CREWAI,
            "Data Analyst",
            "Find the trend",
            "Analyse the sales of March",
            "two sentences",
            "Sales rose in March.",
        ),
    ],
    ids=["headings", "prose", "tags", "labels"],
)
def test_a_prompt_is_understood_in_the_wordings_that_frameworks_use(
    system: str, user: str, role: str, goal: str, task: str, expected: str, data: str
) -> None:
    messages = [{"role": "system", "content": system}, {"role": "user", "content": user}]
    brief = read(ask(messages=messages))
    assert (brief.role, brief.goal, brief.task, brief.expected) == (role, goal, task, expected)
    assert [text for _, text in brief.material] == [data]


def test_tool_results_and_feedback_count_as_data_handed_over() -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "search", "arguments": "{}"}}
    messages = [
        {"role": "user", "content": "Find the price"},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c1", "content": "It costs 12 euro"},
        {"role": "assistant", "content": "12"},
        {"role": "user", "content": "Add the currency"},
    ]
    assert read(ask(messages=messages)).material == [
        ("search", "It costs 12 euro"),
        ("feedback", "Add the currency"),
    ]


@pytest.mark.parametrize("number", [1, 3, 7])
def test_bullet_points_come_in_the_number_asked_for(number: int) -> None:
    text = answered(ask(f"{number} bullet points, one sentence each")).text
    assert sum(line.startswith("- ") for line in text.splitlines()) == number, text


def test_whatever_is_counted_becomes_a_list() -> None:
    text = answered(ask("Three short remarks.")).text
    assert sum(line.startswith("- ") for line in text.splitlines()) == 3, text


@pytest.mark.parametrize(
    ("expected", "sentences"), [("One sentence.", 1), ("exactly two sentences", 2), ("4 short sentences", 4)]
)
def test_sentences_come_in_the_number_asked_for(expected: str, sentences: int) -> None:
    text = answered(ask(expected)).text
    assert text.count(".") == sentences, text


def test_words_paragraphs_tables_and_titles_are_honoured() -> None:
    assert 85 < len(answered(ask("100 words")).text.split()) < 115
    assert len(answered(ask("Two paragraphs")).text.split("\n\n")) == 2
    assert answered(ask("A table of three items")).text.count("\n|") == 5
    assert len(answered(ask("A title")).text.splitlines()) == 1


def test_an_answer_is_about_what_was_handed_over_and_names_nothing_of_the_machinery() -> None:
    text = answered(ask()).text
    assert "batteries" in text.lower()
    assert "rehears" not in text.lower()
    assert "{" not in text, text


def test_equal_requests_get_equal_answers_and_another_seed_another() -> None:
    first, again, other = answered(ask()), answered(ask()), answered(ask(), seed=1)
    assert first == again
    assert first.text != other.text


def test_delivery_does_not_change_the_answer() -> None:
    streamed = ask(stream=True, stream_options={"include_usage": True}, user="someone")
    assert streamed.digest == ask().digest
    assert answered(streamed) == answered(ask())


def test_an_empty_or_odd_prompt_is_answered_all_the_same() -> None:
    for content in (
        "",
        "   \n",
        "?",
        "🙂" * 50,
        "#" * 3000,
        "a:\n" * 500,
        None,
        [{"type": "text", "text": "Hi"}],
    ):
        assert answered(ask(messages=[{"role": "user", "content": content}])).text


def test_the_token_limit_and_stop_sequences_end_an_answer() -> None:
    whole = answered(ask())
    short = answered(ask(max_tokens=10))
    assert (short.finish_reason, short.completion_tokens, len(short.pieces)) == ("length", 10, 10)
    stopped = answered(ask(stop=["."]))
    assert stopped.finish_reason == "stop"
    assert "." not in stopped.text
    assert stopped.text
    assert (whole.finish_reason, "".join(whole.pieces)) == ("stop", whole.text)


@pytest.mark.parametrize("text", ["", "a b  c\n\n d", "größe_x 12,5 €", "日本語のテキスト", "\x00\ud800"])
def test_tokens_joined_are_the_text(text: str) -> None:
    assert "".join(tokens.pieces(text)) == text
    assert tokens.count(text) == len(tokens.pieces(text))


def test_a_repeated_prefix_is_cached_and_a_changed_one_is_not() -> None:
    cache = tokens.PrefixCache()
    prompt = "The stable part of a prompt comes first. " * 20
    assert cache.hit(prompt, 200) == 0
    assert 150 < cache.hit(prompt + " More.", 203) < 203
    assert cache.hit("X" + prompt, 201) == 0
    assert cache.hit("short", 1) == 0


def test_material_marked_off_under_a_heading_keeps_the_heading_s_name() -> None:
    system = "You work in the team “Press”.\n\nYou are Ann, market analyst.\nYour goal: Be right"
    user = (
        "# Task\nSum up\n\n# Expected output\nOne sentence\n\n"
        "# From Research\n<data>\n# Batteries\n\nTask: sell.\n</data>"
    )
    brief = read(ask(messages=[{"role": "system", "content": system}, {"role": "user", "content": user}]))
    assert (brief.role, brief.goal, brief.task, brief.expected) == (
        "Ann, market analyst",
        "Be right",
        "Sum up",
        "One sentence",
    )
    assert brief.material == [("From Research", "# Batteries\n\nTask: sell.")]
