"""Forms of teams: a new one, one from a file, another name."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile

from agents.formats.reading import MAX_BYTES, Reading, decode, wrong
from agents.formats.registry import format_of
from agents.forms.fields import ProseField
from agents.presets.registry import presets

BLANK = "blank"


class NewTeamForm(forms.Form):
    """`start` is a preset's name or `blank`; without a name the team is called as the preset says."""

    start = forms.ChoiceField(widget=forms.RadioSelect, initial=BLANK)
    name = forms.CharField(max_length=80, required=False, label="Name")

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        start = self.fields["start"]
        assert isinstance(start, forms.ChoiceField)
        start.choices = [(BLANK, "Blank"), *((one.name, one.pattern) for one in presets())]
        self.fields["name"].widget.attrs["placeholder"] = "Untitled team"


class TeamFileForm(forms.Form):
    """A file or a text; `source` is what was read."""

    source = ""

    file = forms.FileField(required=False, label="File")
    text = ProseField(required=False, label="Or paste it", rows=8)
    name = forms.CharField(max_length=80, required=False, label="Name")
    as_draft = forms.BooleanField(
        required=False,
        label="Import it as a draft even if its graph has problems",
        help_text="They are shown on the canvas, and it cannot be published until they are gone.",
    )

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.fields["file"].widget.attrs["accept"] = ".yaml,.yml,.json,application/yaml,application/json"
        text = self.fields["text"].widget.attrs
        text |= {"class": "mono", "spellcheck": "false", "placeholder": "format: troupe.team/v1\nname: …"}
        self.fields["name"].widget.attrs["placeholder"] = "As the file says"

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not cleaned.get("file") and not (cleaned.get("text") or "").strip():
            raise forms.ValidationError("Choose a file, or paste its text.")
        return cleaned

    def read(self) -> Reading:
        """What the file says. Raises Refused with every problem of its syntax."""
        upload, source = self.cleaned_data.get("file"), self.cleaned_data["text"]
        name = ""
        if isinstance(upload, UploadedFile):
            if upload.size is None or upload.size > MAX_BYTES:
                raise wrong(f"The file is larger than {MAX_BYTES / 1e6:.0f} MB, the most that can be read.")
            name, source = upload.name or "", upload.read()
        self.source = decode(source)
        return format_of(name, text=self.source).read(self.source)


class RenameTeamForm(forms.Form):
    name = forms.CharField(max_length=80, label="Name")
    description = ProseField(max_length=2_000, required=False, label="Description", rows=3)
