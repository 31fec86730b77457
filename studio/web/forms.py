"""Makes every Django form, allauth's included, render with our templates."""

from __future__ import annotations

from django.forms.renderers import TemplatesSetting


class Renderer(TemplatesSetting):
    """`{{ form }}` and `{{ form.name.as_field_group }}` come from templates/components/.

    A form field may carry what the template shows beside its control: `note` (right of the label, such as
    "up to 200"), `prefix_text` ("$") and `unit` ("seconds").
    """

    form_template_name = "components/form.html"
    field_template_name = "components/field.html"
