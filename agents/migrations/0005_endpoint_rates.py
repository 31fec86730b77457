from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("agents", "0004_tool_policy")]

    operations = [
        migrations.AddField(
            model_name="endpoint",
            name="requests_per_minute",
            field=models.PositiveIntegerField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="endpoint",
            name="tokens_per_minute",
            field=models.PositiveIntegerField(blank=True, null=True),
        ),
    ]
