"""Events are facts: the database itself refuses to change or delete them.

A run that is deleted takes its events along; that is the one exception, and it is announced by the
session setting `troupe.deleting_run`.
"""

from django.db import migrations

FORWARD = """
CREATE FUNCTION runs_event_is_immutable() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND current_setting('troupe.deleting_run', true) = OLD.run_id::text THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'events are append-only: % of event % of run % refused', TG_OP, OLD.seq, OLD.run_id;
END $$;
CREATE TRIGGER runs_event_immutable BEFORE UPDATE OR DELETE ON runs_event
    FOR EACH ROW EXECUTE FUNCTION runs_event_is_immutable();
"""
BACKWARD = "DROP TRIGGER runs_event_immutable ON runs_event; DROP FUNCTION runs_event_is_immutable();"


class Migration(migrations.Migration):
    dependencies = [("runs", "0001_initial")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
