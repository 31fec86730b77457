"""Forks refer to the beginning of their parents' logs; `runs_log` shows each run's log as one."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

VIEW = """
CREATE VIEW runs_log AS
SELECT run_id, seq, type, path, call, body, hash, at FROM runs_event
UNION ALL
SELECT prefix.run_id, event.seq, event.type, event.path, event.call, event.body, event.hash, event.at
FROM runs_prefix prefix JOIN runs_event event
    ON event.run_id = prefix.source_id AND event.seq BETWEEN prefix.first AND prefix.last
"""


class Migration(migrations.Migration):

    dependencies = [
        ('runs', '0005_approval_policies'),
        ('agents', '0006_variants_and_reuse'),
        ('studio', '0002_seen'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='LogEvent',
            fields=[
                ('pk', models.CompositePrimaryKey('run_id', 'seq', blank=True, editable=False, primary_key=True, serialize=False)),
                ('seq', models.PositiveIntegerField()),
                ('type', models.CharField(max_length=40)),
                ('path', models.CharField(max_length=200)),
                ('call', models.CharField(max_length=220)),
                ('body', models.TextField()),
                ('hash', models.BinaryField(max_length=32)),
                ('at', models.DateTimeField()),
            ],
            options={
                'db_table': 'runs_log',
                'managed': False,
            },
        ),
        migrations.AddField(
            model_name='run',
            name='effects',
            field=models.CharField(blank=True, max_length=12),
        ),
        migrations.AddField(
            model_name='run',
            name='fork_hash',
            field=models.BinaryField(default=bytes, max_length=32),
        ),
        migrations.AddField(
            model_name='run',
            name='fork_seq',
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='run',
            name='forked_from',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='forks', to='runs.run'),
        ),
        migrations.AlterField(
            model_name='ledgerentry',
            name='status',
            field=models.CharField(choices=[('settled', 'Settled'), ('estimated', 'Estimated'), ('unknown', 'Unknown'), ('reused', 'Reused')], max_length=12),
        ),
        migrations.CreateModel(
            name='CachedAnswer',
            fields=[
                ('pk', models.CompositePrimaryKey('workspace_id', 'digest', blank=True, editable=False, primary_key=True, serialize=False)),
                ('digest', models.CharField(max_length=64)),
                ('result', models.CharField(max_length=64)),
                ('call', models.CharField(max_length=220)),
                ('at', models.DateTimeField(db_index=True)),
                ('run', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='runs.run')),
                ('workspace', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='studio.workspace')),
            ],
        ),
        migrations.CreateModel(
            name='Prefix',
            fields=[
                ('pk', models.CompositePrimaryKey('run_id', 'first', blank=True, editable=False, primary_key=True, serialize=False)),
                ('first', models.PositiveIntegerField()),
                ('last', models.PositiveIntegerField()),
                ('run', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='prefixes', to='runs.run')),
                ('source', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='runs.run')),
            ],
        ),
        migrations.CreateModel(
            name='Tombstone',
            fields=[
                ('run', models.UUIDField(primary_key=True, serialize=False)),
                ('team', models.CharField(max_length=80)),
                ('version', models.PositiveIntegerField()),
                ('seq', models.PositiveIntegerField()),
                ('head_hash', models.BinaryField(max_length=32)),
                ('cost', models.DecimalField(decimal_places=12, max_digits=20)),
                ('started_at', models.DateTimeField(null=True)),
                ('deleted_at', models.DateTimeField(auto_now_add=True)),
                ('deleted_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('workspace', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='studio.workspace')),
            ],
        ),
        migrations.RunSQL(VIEW, "DROP VIEW runs_log"),
    ]
