"""The access log refuses UPDATE, DELETE and TRUNCATE in the database itself."""

from __future__ import annotations

from common.triggers import Trigger

_TABLE = "oauth_token_access_log"
# Whether the row that is to be inserted would take the place of another.
_STANDS = (
    f"EXISTS (SELECT 1 FROM {_TABLE} "  # noqa: S608 -- our own table
    "WHERE id = NEW.id OR (workspace_id = NEW.workspace_id AND seq = NEW.seq))"
)

ACCESS_LOG_APPEND_ONLY = Trigger(
    name="access_log_append_only",
    table=_TABLE,
    create={
        "sqlite": (
            f"CREATE TRIGGER IF NOT EXISTS access_log_no_update BEFORE UPDATE ON {_TABLE} "
            "BEGIN SELECT RAISE(ABORT, 'the access log is append-only'); END",
            f"CREATE TRIGGER IF NOT EXISTS access_log_no_delete BEFORE DELETE ON {_TABLE} "
            "BEGIN SELECT RAISE(ABORT, 'the access log is append-only'); END",
            # INSERT OR REPLACE deletes the row it replaces without firing the trigger above.
            f"CREATE TRIGGER IF NOT EXISTS access_log_no_replace BEFORE INSERT ON {_TABLE} "
            f"WHEN {_STANDS} "
            "BEGIN SELECT RAISE(ABORT, 'the access log is append-only'); END",
        ),
        "postgresql": (
            "CREATE OR REPLACE FUNCTION access_log_refuse() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'the access log is append-only' "
            "USING ERRCODE = 'integrity_constraint_violation'; END $$",
            f"CREATE OR REPLACE TRIGGER access_log_no_change BEFORE UPDATE OR DELETE ON {_TABLE} "
            "FOR EACH ROW EXECUTE FUNCTION access_log_refuse()",
            f"CREATE OR REPLACE TRIGGER access_log_no_truncate BEFORE TRUNCATE ON {_TABLE} "
            "FOR EACH STATEMENT EXECUTE FUNCTION access_log_refuse()",
        ),
    },
    drop={
        "sqlite": (
            "DROP TRIGGER IF EXISTS access_log_no_update",
            "DROP TRIGGER IF EXISTS access_log_no_delete",
            "DROP TRIGGER IF EXISTS access_log_no_replace",
        ),
        "postgresql": (
            f"DROP TRIGGER IF EXISTS access_log_no_change ON {_TABLE}",
            f"DROP TRIGGER IF EXISTS access_log_no_truncate ON {_TABLE}",
        ),
    },
)
