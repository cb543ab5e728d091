import pytest

from index import past_tickets
from index.catalog import Catalog
from index.errors import CatalogError
from index.models import PastTicket


@pytest.fixture
def path(tmp_path):
    return tmp_path / "catalog.sqlite"


@pytest.fixture
def past(path):
    catalog = Catalog.open(path)
    yield catalog.past_tickets
    catalog.close()


FULL = PastTicket("A", "vpn drops", "network", "vpn", "P2", "Network Operations", ("vpn", "remote"))


def ids(past):
    return [one.example_id for one in past.all()[1]]


def test_what_is_put_comes_back_by_id(past):
    assert past.put([PastTicket("B", "toner"), FULL]) == 2
    assert past.all()[1] == (FULL, PastTicket("B", "toner"))


def test_a_known_id_is_replaced(past):
    past.put([FULL])
    assert past.put([PastTicket("A", "vpn drops on trains", team="Rail")]) == 1
    assert past.all()[1] == (PastTicket("A", "vpn drops on trains", team="Rail"),)


def test_the_edition_changes_with_every_change_and_only_then(past):
    seen = [past.edition()]
    for change in (lambda: past.put([FULL]), lambda: past.put([FULL]), lambda: past.remove(["A"])):
        change()
        seen.append(past.edition())
    past.remove(["A"])
    assert past.edition() == seen[-1]
    assert len(set(seen)) == len(seen)


def test_too_many_are_refused_and_nothing_is_kept(past, monkeypatch):
    monkeypatch.setattr(past_tickets, "MOST", 2)
    past.put([FULL])
    with pytest.raises(CatalogError, match=r"There would be 3 past tickets, expected at most 2"):
        past.put([PastTicket("B", "toner"), PastTicket("C", "badge")])
    assert ids(past) == ["A"]


@pytest.mark.parametrize(
    ("patterns", "left"),
    [
        (["INC-1"], ["INC-2", "OLD-1", "[x]"]),
        (["INC-*"], ["OLD-1", "[x]"]),
        (["*"], []),
        (["[x]"], ["INC-1", "INC-2", "OLD-1"]),
    ],
    ids=["id", "glob", "all", "an-id-that-looks-like-a-glob"],
)
def test_removing_takes_ids_and_globs(past, patterns, left):
    past.put([PastTicket(one, one) for one in ("INC-1", "INC-2", "OLD-1", "[x]")])
    past.remove(patterns)
    assert ids(past) == left


def test_another_process_sees_all_of_an_import(past, path):
    other = Catalog.open(path)
    before = other.past_tickets.edition()
    past.put([PastTicket(str(number), "text") for number in range(1_200)])
    assert other.past_tickets.edition() != before
    assert len(ids(other.past_tickets)) == 1_200
    other.close()
