import pytest

from ingest.errors import RequestError
from ingest.metadata import read_metadata
from ingest.sources.confluence_rights import OPEN, Rights, RightsReader, inherit, unknown


def only(*names):
    return Rights(frozenset(names))


UNKNOWN = unknown("readers", "12", RequestError("no", 403))


@pytest.mark.parametrize(
    ("own", "above", "readers"),
    [
        (OPEN, [OPEN, OPEN], None),
        (only("a", "b"), [], {"a", "b"}),
        (OPEN, [only("a")], {"a"}),
        (only("a", "b"), [only("b", "c"), OPEN], {"b"}),
        (only("a"), [only("b")], set()),
        (OPEN, [UNKNOWN], set()),
        (UNKNOWN, [only("a")], set()),
    ],
)
def test_a_reader_must_pass_every_level(own, above, readers):
    rights = inherit(own, above)
    assert rights.readers == (None if readers is None else frozenset(readers))
    audience = read_metadata({"audience": rights.audience}).metadata.audience
    assert set(audience) == ({"*"} if readers is None else readers)


@pytest.mark.parametrize(
    ("rights", "other", "within"),
    [
        (OPEN, OPEN, True),
        (only("a"), OPEN, True),
        (OPEN, only("a"), False),
        (only("a"), only("a", "b"), True),
        (only("a", "c"), only("a", "b"), False),
        (UNKNOWN, OPEN, False),
        (only("a"), UNKNOWN, False),
    ],
)
def test_who_may_read_one_may_read_the_other(rights, other, within):
    assert rights.within(other) is within


class Client:
    def __init__(self, answer):
        self._answer = answer
        self.asked = 0

    def get(self, _path, _params):
        self.asked += 1
        return self._answer


def parts(users=(), groups=(), **more):
    return {
        kind: {"results": list(entries), "limit": 200, "size": len(entries)} | more
        for kind, entries in (("user", users), ("group", groups))
    }


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"restrictions": {}},
        {"restrictions": {"user": {"results": []}}},
        {"restrictions": {"user": None, "group": None}},
        {"restrictions": parts() | {"user": {"results": [], "size": 2}}},
        {"restrictions": parts(_links={"next": "/more"})},
        {"restrictions": parts() | {"group": {"results": "all"}}},
    ],
)
def test_restrictions_that_are_not_all_there_let_nobody_in(answer):
    rights = RightsReader(Client(answer)).of("12")
    assert (rights.readers, rights.unknown) == (frozenset(), "no answer on readers of 12")


def listed(**readers):
    """Read restrictions as a listing shows them."""
    entry = {"restrictions": {"read": {"restrictions": parts(**readers)}}}
    return RightsReader(Client({})).listed("1", entry)


@pytest.mark.parametrize("name", ["*", "everyone", "Everyone", "- *", "- everyone", " EVERYONE "])
def test_a_group_called_everyone_is_not_everyone(name):
    audience = read_metadata({"audience": listed(groups=[{"name": name}]).audience}).metadata.audience
    assert len(audience) == 1
    assert audience[0].startswith("group:")


def test_a_reader_without_a_name_still_restricts_the_page():
    assert listed(users=[{}], groups=[None]).readers == {"?"}


def test_each_content_is_asked_for_once():
    client = Client({"restrictions": parts(groups=[{"name": "a"}])})
    reader = RightsReader(client)
    assert reader.of("1") == reader.of("1") == only("a")
    assert client.asked == 1
