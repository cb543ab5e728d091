from datetime import UTC, datetime, timedelta

from agent.errors import LedgerError
from api.retention import Retention
from tests.ledgers import a_ledger, fill


def test_words_are_kept_for_so_many_days_and_no_longer(tmp_path):
    now = datetime.now(UTC)
    with a_ledger(tmp_path) as ledger:
        (old,) = fill(ledger, 1, first=now - timedelta(days=31))
        (new,) = fill(ledger, 1, first=now - timedelta(days=29))
        retention = Retention(ledger, days=30)
        retention.start()
        retention.stop()
        assert ledger.get(old.decision_id).words is None
        assert ledger.get(new.decision_id).words is not None


def test_a_ledger_that_cannot_be_written_now_is_told_of(caplog):
    class Busy:
        def erase_words(self, before):
            raise LedgerError("another process writes")

    Retention(Busy(), days=30).sweep()
    assert "in an hour it is tried again: another process writes" in caplog.text
