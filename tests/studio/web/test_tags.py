"""The tags and filters that every template may use, and the way forms come out."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django import forms
from django.template import Context, Template
from django.test import RequestFactory

from studio.web.states import STATES


def rendered(source: str, **context: Any) -> str:
    return Template(source).render(Context(context)).strip()


@pytest.mark.parametrize("status", STATES)
def test_a_state_is_an_icon_and_a_word(status: str) -> None:
    html = rendered("{% state status %}", status=status)
    assert f"s-{status}" in html
    assert "<use href=" in html
    assert STATES[status].word in html


def test_an_unknown_state_is_an_error_not_a_guess() -> None:
    with pytest.raises(KeyError):
        rendered("{% state 'sleeping' %}")


def test_an_unknown_icon_says_where_to_add_it() -> None:
    with pytest.raises(ValueError, match=r"static/icons\.json"):
        rendered("{% icon 'no-such-icon' %}")


def test_an_icon_is_silent_unless_it_has_a_meaning_of_its_own() -> None:
    assert 'aria-hidden="true"' in rendered("{% icon 'hand' %}")
    assert 'role="img" aria-label="Waiting"' in rendered("{% icon 'hand' label='Waiting' %}")


def test_an_amount_has_every_digit_on_hover() -> None:
    html = rendered("{% amount x %}", x=Decimal("0.0042137"))
    assert 'title="$0.0042137"' in html
    assert ">$0.0042<" in html
    assert ">unknown<" in rendered("{% amount x %}", x=None)


def test_a_missing_amount_is_an_error_not_a_zero() -> None:
    with pytest.raises(TypeError, match="Decimal"):
        rendered("{{ missing|money }}")


def test_an_age_carries_its_exact_time() -> None:
    html = rendered("{{ at|ago }}", at=datetime(2024, 2, 3, 4, 5, 6, tzinfo=UTC))
    assert 'datetime="2024-02-03T04:05:06+00:00" title="3 Feb 2024, 04:05:06 UTC"' in html
    assert html.endswith("data-ago>3 Feb 2024</time>")
    assert rendered("{{ at|ago }}", at=None) == "–"


def test_a_short_id_copies_the_whole_one() -> None:
    identity = uuid.UUID("7f3c9a2b-0000-4000-8000-000000000001")
    html = rendered('{% short_id x "run id" %}', x=identity)
    assert ">7f3c9a2b<" in html
    assert f'data-copy="{identity}"' in html
    assert 'aria-label="Copy the run id"' in html


def test_a_query_keeps_the_other_filters() -> None:
    request = RequestFactory().get("/?team=a&team=b&page=3&q=x%26y")
    assert rendered("{% query page=2 %}", request=request) == "?team=a&amp;team=b&amp;page=2&amp;q=x%26y"
    assert rendered('{% query page=None q="" %}', request=request) == "?team=a&amp;team=b"


@pytest.mark.parametrize(
    ("part", "whole", "width"), [(1, 4, "25.0%"), (9, 4, "100.0%"), (1, 0, "0%"), (None, 4, "0%")]
)
def test_shares_are_widths_that_never_overflow(part: int | None, whole: int, width: str) -> None:
    assert rendered("{{ a|percent_of:b }}", a=part, b=whole) == width


class Endpoint(forms.Form):
    name = forms.CharField(help_text="What people call it.")
    key = forms.CharField(widget=forms.PasswordInput, required=False)
    timeout = forms.IntegerField(max_value=600)
    stream = forms.BooleanField(required=False)
    mode = forms.ChoiceField(choices=[("live", "Live"), ("rehearsal", "Rehearsal")], widget=forms.RadioSelect)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["timeout"].unit = "seconds"  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        raise forms.ValidationError("<b>This endpoint cannot be reached.</b>")


def test_a_form_ties_labels_hints_and_errors_to_their_fields() -> None:
    html = rendered("{{ form }}", form=Endpoint({"name": "", "timeout": "900", "mode": "live"}))
    assert 'for="id_name"' in html
    assert 'aria-invalid="true"' in html
    assert 'aria-describedby="id_name_helptext id_name_error"' in html
    assert 'id="id_name_helptext"' in html
    assert 'id="id_name_error"' in html
    assert "less than or equal to 600" in html
    assert "seconds" in html
    assert "<legend" in html
    assert "toggle" in html
    assert 'data-reveal="id_key"' in html


def test_what_is_wrong_with_the_whole_form_comes_first_and_escaped() -> None:
    html = rendered("{{ form }}", form=Endpoint({"name": "x", "timeout": "1", "mode": "live"}))
    assert html.index("&lt;b&gt;This endpoint cannot be reached.") < html.index('for="id_name"')
    assert 'role="alert"' in html


def test_optional_fields_say_so() -> None:
    assert rendered("{{ form }}", form=Endpoint()).count(">optional<") == 1
