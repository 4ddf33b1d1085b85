"""A line of the audit log is never changed or deleted, not even by a programme with the desk's own login."""

from django.db import migrations

SQLITE = (
    "CREATE TRIGGER desk_audit_no_{what} BEFORE {what} ON desk_audit "
    "BEGIN SELECT RAISE(ABORT, 'the audit log only grows'); END"
)
FUNCTION = """
CREATE FUNCTION desk_audit_only_grows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'the audit log only grows'; END $$
"""
POSTGRESQL = (
    "CREATE TRIGGER desk_audit_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON desk_audit "
    "FOR EACH STATEMENT EXECUTE FUNCTION desk_audit_only_grows()"
)


def guard(apps, editor):
    if editor.connection.vendor == "sqlite":
        for what in ("UPDATE", "DELETE"):
            editor.execute(SQLITE.format(what=what))
    else:
        editor.execute(FUNCTION)
        editor.execute(POSTGRESQL)


def release(apps, editor):
    if editor.connection.vendor == "sqlite":
        for what in ("UPDATE", "DELETE"):
            editor.execute(f"DROP TRIGGER desk_audit_no_{what}")
    else:
        editor.execute("DROP TRIGGER desk_audit_only_grows ON desk_audit")
        editor.execute("DROP FUNCTION desk_audit_only_grows()")


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_initial")]
    operations = [migrations.RunPython(guard, release)]
