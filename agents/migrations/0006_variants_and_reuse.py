"""Versions changed for a fork alone; tools whose results may be used again."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('agents', '0005_endpoint_rates'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='teamversion',
            name='team_version_once',
        ),
        migrations.AddField(
            model_name='teamversion',
            name='variant_of',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='variants', to='agents.teamversion'),
        ),
        migrations.AddField(
            model_name='tool',
            name='cache_s',
            field=models.FloatField(blank=True, null=True),
        ),
        migrations.AddConstraint(
            model_name='teamversion',
            constraint=models.UniqueConstraint(condition=models.Q(('variant_of', None)), fields=('team', 'number'), name='team_version_once'),
        ),
        migrations.AddConstraint(
            model_name='teamversion',
            constraint=models.UniqueConstraint(fields=('variant_of', 'digest'), name='team_variant_once', nulls_distinct=True),
        ),
    ]
