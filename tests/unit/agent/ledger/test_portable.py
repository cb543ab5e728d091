"""The ledger's tables and questions are those of any database; only the triggers are written for each kind."""

from datetime import UTC, datetime

import pytest
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable

from agent.ledger import DecisionQuery
from agent.ledger.query import select_decisions
from agent.ledger.tables import metadata

MOMENT = datetime(2026, 11, 20, tzinfo=UTC)


@pytest.mark.parametrize("table", metadata.sorted_tables, ids=str)
def test_a_table_can_be_made_in_postgresql(table):
    dialect = postgresql.dialect()
    assert f"CREATE TABLE {table.name}" in str(CreateTable(table).compile(dialect=dialect))
    for index in table.indexes:
        assert "CREATE INDEX" in str(CreateIndex(index).compile(dialect=dialect))


def test_every_filter_can_be_asked_of_postgresql():
    query = DecisionQuery(
        ("RESOLVE",), ("stale",), "a", "r", "t", "team", "tag", "p", MOMENT, MOMENT, 0.1, 0.9, "01", 5
    )
    asked = str(select_decisions(query).compile(dialect=postgresql.dialect()))
    for column in ("outcome", "reason", "article_id", "revision", "ticket_id", "assigned_team", "tag", "policy_hash"):
        assert column in asked.split("WHERE", 1)[1]
