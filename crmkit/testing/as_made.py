"""As made: what a PostgreSQL schema held when it had just been made, and how it comes to hold just that again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

if TYPE_CHECKING:
    import sqlalchemy as sa

    from crmkit.app import CRM

SHAPE = """
    WITH relation AS MATERIALIZED (
        SELECT objid AS oid FROM pg_depend
        WHERE refclassid = 'pg_namespace'::regclass AND refobjid = %s::regnamespace AND classid = 'pg_class'::regclass
    ), everything AS MATERIALIZED (
        SELECT oid FROM relation UNION ALL SELECT indexrelid FROM relation JOIN pg_index ON indrelid = relation.oid
    )
    SELECT count(*), sum(hashtext(concat_ws(' ', kind.relname, kind.relkind, kind.relhastriggers, part.attname,
        part.attnum, part.atttypid, part.attnotnull, part.attisdropped))::bigint)
    FROM everything JOIN pg_class kind ON kind.oid = everything.oid
    LEFT JOIN pg_attribute part ON part.attrelid = kind.oid AND part.attnum > 0
"""
"""Found along indexes, as the catalogue of a database whose schemas come and go is full of what was dropped."""
SEQUENCES = """
    SELECT format('%%I.%%I', schemaname, sequencename), coalesce(last_value, start_value), last_value IS NOT NULL
    FROM pg_sequences WHERE schemaname = %s
"""


@frozen
class AsMade:
    """A schema as it was when it had just been made.

    Attributes:
        shape: a checksum of its tables, columns, indexes and sequences.
        statements: SQL that makes its rows and its sequences what they were.
    """

    schema: str
    shape: object
    statements: str

    @classmethod
    def of(cls, crm: CRM, schema: str) -> AsMade:
        """Return how the schema of a CRM is now."""
        with crm.engine.connect() as connection:
            format_table = connection.dialect.identifier_preparer.format_table
            tables = [format_table(table) for table in crm.tables.all]
            statements = [
                "SET LOCAL session_replication_role = replica",
                *(f"DELETE FROM {table}" for table in tables),  # noqa: S608  (names of our own)
                *(filling for table in tables if (filling := filling_of(connection, table))),
                *(
                    f"SELECT setval('{name}', {value}, {called})"
                    for name, value, called in connection.exec_driver_sql(SEQUENCES, (schema,))
                ),
            ]
            return cls(schema, shape_of(connection, schema), ";\n".join(statements))

    def restore(self, connection: sa.Connection) -> bool:
        """Make the schema hold what it held; return whether it could, as nobody has changed its tables."""
        if shape_of(connection, self.schema) != self.shape:
            return False
        driver = connection.connection.driver_connection
        assert driver is not None
        driver.execute(self.statements, prepare=False)
        return True


def shape_of(connection: sa.Connection, schema: str) -> object:
    """Return a checksum of all that a schema consists of."""
    connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
    found = connection.exec_driver_sql(SHAPE, (schema,)).one()
    connection.exec_driver_sql("SET LOCAL enable_seqscan = on")
    return tuple(found)


def filling_of(connection: sa.Connection, table: str) -> str:
    """Return the statement that writes the rows that a table has; an empty one if it has none."""
    query = f"SELECT quote_literal(jsonb_agg(kept)::text) FROM {table} kept"  # noqa: S608  (a name of our own)
    rows = connection.exec_driver_sql(query).scalar_one()
    return f"INSERT INTO {table} SELECT * FROM jsonb_populate_recordset(NULL::{table}, {rows})" if rows else ""  # noqa: S608
