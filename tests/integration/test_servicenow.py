"""The ServiceNow source against a fake instance over real HTTP."""

from datetime import UTC, date, datetime

import pytest

from ingest.errors import SourceError
from ingest.models import EVERYONE, RawDocument, Rejected, Unchanged
from ingest.ports import never_current
from ingest.read import read
from ingest.sources.servicenow import ServiceNowSource, parse_instance
from ingest.sources.servicenow_http import ATTEMPTS, Credentials
from ingest.sources.servicenow_rights import BLOCKED_WITHOUT_CRITERIA
from tests.servicenow_server import KB, PASSWORD, TOKEN, USER, FakeInstance, serving

pytestmark = [pytest.mark.integration, pytest.mark.enable_socket, pytest.mark.allow_hosts(["127.0.0.1"])]

LOGIN_PAGE = (200, {"Content-Type": "text/html"}, b"<html><title>Log in</title></html>")


@pytest.fixture
def instance():
    fake = FakeInstance()
    with serving(fake):
        yield fake


@pytest.fixture
def waits():
    return []


@pytest.fixture
def source(instance, waits):
    return ServiceNowSource(
        parse_instance(f"servicenow+{instance.url}?kb=IT"), Credentials(USER, PASSWORD), waits.append
    )


def listed(source):
    return {item.article_id: item for item in source.scan()}


def audiences(source):
    return {
        item.article_id[-1]: read(item).metadata.audience for item in source.scan() if isinstance(item, RawDocument)
    }


def test_an_article_comes_with_what_the_instance_says_of_it(instance, source):
    instance.article(1, valid_to="2027-01-31", version="2.1")
    raw = listed(source)["servicenow/KB0000001"]
    article = read(raw)
    assert (article.title, article.version, article.source) == ("Runbook 1", "2.1", source.key)
    assert article.url == f"{instance.url}/kb_view.do?sysparm_article=KB0000001"
    assert (article.metadata.owner, article.metadata.category) == ("Network Operations", "network")
    assert (article.metadata.status, article.metadata.audience) == ("published", (EVERYONE,))
    assert article.metadata.dates.valid_until == date(2027, 1, 31)
    assert article.metadata.dates.last_modified == datetime(2026, 10, 1, 8, 30, tzinfo=UTC)
    assert [(block.kind, block.number) for block in article.blocks] == [("heading", None), ("step", 1)]


def test_how_many_there_are_is_told_before_the_first(instance, source):
    for number in range(1, 4):
        instance.article(number)
    totals = []
    first = next(iter(source.scan(never_current, totals.append)))
    assert (first.article_id, totals) == ("servicenow/KB0000001", [3])


def test_a_token_signs_in_too(instance):
    instance.article(1)
    source = ServiceNowSource(parse_instance(f"servicenow+{instance.url}"), Credentials(token=TOKEN))
    assert list(listed(source)) == ["servicenow/KB0000001"]


@pytest.mark.parametrize(
    ("state", "status"),
    [
        ("published", "published"),
        ("draft", "draft"),
        ("review", "draft"),
        ("pending_retirement", "draft"),
        ("retired", "archived"),
        ("outdated", "archived"),
        ("made_up", "draft"),
        ("", "draft"),
    ],
)
def test_the_workflow_state_says_whether_it_may_act(instance, source, state, status):
    instance.article(1, workflow_state=state)
    assert read(listed(source)["servicenow/KB0000001"]).metadata.status == status


@pytest.mark.parametrize(
    ("states", "chosen"),
    [
        ({"1.0": "outdated", "2.0": "published"}, "2.0"),
        ({"1.0": "published", "2.0": "draft"}, "1.0"),
        ({"1.0": "published", "2.0": "retired"}, "2.0"),
        ({"9.0": "outdated", "10.0": "published"}, "10.0"),
        ({"1.0": "outdated", "1.1": "draft"}, "1.1"),
    ],
)
def test_of_several_versions_the_one_readers_see_counts(instance, source, states, chosen):
    for version, state in states.items():
        instance.article(1, version=version, workflow_state=state, latest=str(version == max(states)).lower())
    found = listed(source)
    assert [item.version for item in found.values()] == [chosen]


def test_only_what_changed_is_fetched(instance, source):
    rows = [instance.article(number) for number in range(1, 6)]
    first = listed(source)
    etags = {name: item.etag for name, item in first.items()}
    instance.requests.clear()
    rows[1]["sys_mod_count"] = "4"
    rows[2]["can_read_user_criteria"] = "unknown"
    again = {item.article_id: item for item in source.scan(lambda name, etag: etags.get(name) == etag)}
    assert [name[-1] for name, item in again.items() if not isinstance(item, Unchanged)] == ["2", "3"]
    assert instance.texts_fetched() == 2


def test_a_limit_that_is_clamped_loses_nothing(instance, source):
    instance.most = 7
    for number in range(1, 51):
        instance.article(number)
    assert len(listed(source)) == 50


def test_rows_that_change_while_pages_are_read_are_neither_lost_nor_repeated(instance, source):
    instance.most = 5
    for number in range(10, 40):
        instance.article(number)
    rows = instance.tables["kb_knowledge"]

    added = iter(range(1, 10))

    def change(page):
        # Behind the reader a row goes and one comes: every offset shifts.
        rows[:] = [row for row in rows if row["number"] != f"KB{8 + 2 * page:07}"]
        if number := next(added, 0):
            instance.article(number)

    instance.before_page = change
    seen = [item.article_id for item in source.scan()]
    assert len(seen) == len(set(seen))
    assert {f"servicenow/KB{number:07}" for number in range(25, 40)} <= set(seen)


def test_rows_that_access_rules_hide_do_not_end_the_listing(instance, source):
    instance.most = 5
    rows = [instance.article(number) for number in range(1, 31)]
    instance.hidden = {row["sys_id"] for row in rows[5:17]}
    assert len(listed(source)) == 18


def test_one_page_that_goes_away_meanwhile_is_not_listed(instance, source):
    instance.article(1)
    instance.article(2)
    scan = source.scan()
    assert next(scan).article_id == "servicenow/KB0000001"
    instance.tables["kb_knowledge"].pop()
    assert list(scan) == []


def test_too_many_requests_are_waited_out_as_told(instance, source, waits):
    instance.article(1)
    instance.answers = [(429, {"Retry-After": "7", "Content-Type": "application/json"}, b"{}")] * 2
    assert len(listed(source)) == 1
    assert waits == [7.0, 7.0]


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ([(429, {"Retry-After": "1"}, b"")] * ATTEMPTS, "status 429"),
        ([(503, {}, b"")] * ATTEMPTS, "status 503"),
        ([LOGIN_PAGE], "a page instead of data"),
        ([(302, {"Location": "/login.do"}, b"")], "a page instead of data"),
        ([(200, {"Content-Type": "application/json"}, b'{"result": [{"sys')], "cut off or broken"),
        (
            [(200, {"Content-Type": "application/json"}, b'{"result": [], "error": {"message": "timed out"}}')],
            "an error in place of all rows",
        ),
        ([(200, {"Content-Type": "application/json"}, b"[]")], "an error in place of all rows"),
    ],
    ids=["429", "503", "login-page", "redirect", "cut-off", "partial", "no-result"],
)
def test_an_answer_that_is_none_ends_the_run_so_that_nothing_is_taken_for_gone(instance, source, answers, said):
    instance.article(1)
    instance.answers = answers
    with pytest.raises(SourceError, match=said):
        listed(source)


def test_wrong_credentials_are_named_and_not_shown(instance):
    credentials = Credentials(USER, "wrong-secret")
    source = ServiceNowSource(parse_instance(f"servicenow+{instance.url}"), credentials)
    with pytest.raises(SourceError, match="RUNCITE_SERVICENOW_USER") as caught:
        listed(source)
    assert "wrong-secret" not in f"{caught.value}{source!r}"


def test_no_credentials_are_asked_for_before_anything_is_sent(instance):
    with pytest.raises(SourceError, match="needs credentials"):
        listed(ServiceNowSource(parse_instance(f"servicenow+{instance.url}"), Credentials(USER)))
    assert instance.requests == []


def test_a_knowledge_base_that_is_not_there_is_an_error(instance):
    source = ServiceNowSource(parse_instance(f"servicenow+{instance.url}?kb=HR"), Credentials(USER, PASSWORD))
    with pytest.raises(SourceError, match="no knowledge base 'HR'"):
        listed(source)


def test_an_article_without_text_is_a_line_of_the_report(instance, source):
    instance.article(1, text=" ")
    instance.article(2)
    found = listed(source)
    assert isinstance(found["servicenow/KB0000001"], Rejected)
    assert isinstance(found["servicenow/KB0000002"], RawDocument)


def test_an_article_that_may_not_be_read_or_is_too_large_does_not_stop_the_others(instance, source):
    closed = instance.article(1)
    instance.article(2, text="x" * (5 * 1024 * 1024 + 1))
    instance.article(3)
    reply = instance.reply

    def refuse(path, authorization):
        if closed["sys_id"] in path:
            return 403, {"Content-Type": "application/json"}, b'{"error": {"message": "User Not Authorized"}}'
        return reply(path, authorization)

    instance.reply = refuse
    found = listed(source)
    assert found["servicenow/KB0000001"].outcome == "failed"
    assert "give the user a role that reads it" in found["servicenow/KB0000001"].reason
    assert found["servicenow/KB0000002"].reason == "is 5,242,881 bytes, the limit is 5,242,880; split it"
    assert isinstance(found["servicenow/KB0000003"], RawDocument)


def test_a_wiki_article_is_read_as_text(instance, source):
    instance.article(1, article_type="wiki", text="", wiki="Do this:\n\n1. Restart it.\n")
    assert read(listed(source)["servicenow/KB0000001"]).text == "Do this:\n\n1. Restart it."


def test_criteria_become_the_audience_and_what_is_not_known_lets_nobody_in(instance, source):
    for sys_id, name, active in (("c1", "Network team", "true"), ("c2", "Old", "false"), ("c3", "Everyone", "true")):
        instance.tables["user_criteria"].append({"sys_id": sys_id, "name": name, "active": active})
    instance.article(1)
    instance.article(2, can_read_user_criteria="c1")
    instance.article(3, can_read_user_criteria="c1", cannot_read_user_criteria="c2")
    instance.article(4, can_read_user_criteria="c2,nowhere")
    instance.article(5, roles="itil")
    instance.article(6, roles="itil", can_read_user_criteria="c1")
    instance.article(7, can_read_user_criteria="c3")
    del instance.article(8)["can_read_user_criteria"]
    assert audiences(source) == {
        "1": (EVERYONE,),
        "2": ("Network team",),
        "3": (),
        "4": (),
        "5": ("itil",),
        "6": (),
        "7": ("servicenow:Everyone",),
        "8": (),
    }


def test_a_knowledge_base_restricts_its_articles_unless_they_say_otherwise(instance, source):
    tables = instance.tables
    tables["user_criteria"] += [{"sys_id": one, "name": f"Team {one}", "active": "true"} for one in ("c1", "c2")]
    tables["kb_uc_can_read_mtom"].append({"sys_id": "m1", "kb_knowledge_base": KB, "user_criteria": "c1"})
    instance.article(1)
    instance.article(2, can_read_user_criteria="c2")
    assert audiences(source) == {"1": ("Team c1",), "2": ("Team c2",)}
    tables["kb_uc_cannot_read_mtom"].append({"sys_id": "m2", "kb_knowledge_base": KB, "user_criteria": "c2"})
    assert audiences(source) == {"1": (), "2": ()}


@pytest.mark.parametrize("table", ["kb_uc_can_read_mtom", "kb_uc_cannot_read_mtom"])
def test_rights_that_may_not_be_read_let_nobody_in_and_are_reported(instance, source, table):
    instance.article(1)
    instance.refused = {table}
    article = read(listed(source)["servicenow/KB0000001"])
    assert article.metadata.audience == ()
    assert "nobody can read the article" in " ".join(article.warnings)


def test_an_instance_that_blocks_what_has_no_criteria_is_obeyed(instance, source):
    instance.article(1)
    instance.refused = {"sys_properties"}
    assert audiences(source) == {"1": (EVERYONE,)}
    instance.refused = set()
    instance.tables["sys_properties"].append({"sys_id": "p1", "name": BLOCKED_WITHOUT_CRITERIA, "value": "true"})
    assert audiences(source) == {"1": ()}


@pytest.mark.parametrize(
    "uri",
    [
        "servicenow+http://example.org?kb=IT",
        "servicenow+https://ann:pw@example.org",
        "servicenow+https://example.org/path",
        "servicenow+https://example.org?base=IT",
        "servicenow+https://example.org?kb=IT^ORtitle=HR",
        "servicenow+https://",
    ],
)
def test_an_address_that_cannot_be_used_is_refused(uri):
    with pytest.raises(SourceError) as caught:
        parse_instance(uri)
    assert "ann:pw" not in str(caught.value)


STEPS = b"## Resolution\n\n1. Restart the tunnel.\n"
FILE = "servicenow/KB0000001/attachments/steps.md"


def test_attachments_are_articles_that_name_their_article(instance, source):
    row = instance.article(1)
    instance.attach(row, "a1", "steps.md", STEPS)
    instance.attach(row, "a2", "menu.png", b"\x89PNG")
    found = listed(source)
    assert list(found) == ["servicenow/KB0000001", FILE]
    raw = found[FILE]
    assert (raw.content, raw.attached_to) == (STEPS, "servicenow/KB0000001")
    assert raw.url == f"{instance.url}/sys_attachment.do?sys_id=a1"
    assert raw.last_modified == datetime(2026, 9, 15, 8, tzinfo=UTC)
    assert instance.files_fetched == ["a1"]
    known = {item.article_id: item.etag for item in found.values()}
    assert {type(item) for item in source.scan(lambda one, etag: known[one] == etag)} == {Unchanged}
    assert instance.files_fetched == ["a1"]


def test_the_copy_of_a_file_for_a_new_version_is_not_fetched_again(instance, source):
    row = instance.article(1)
    instance.attach(row, "a1", "steps.md", STEPS)
    etag = listed(source)[FILE].etag
    instance.attach(instance.article(1, version="2.0"), "a9", "steps.md", STEPS, sys_updated_on="2026-11-01 08:00:00")
    assert Unchanged(FILE) in list(source.scan(lambda _, now: now == etag))


@pytest.mark.parametrize(
    ("breaks", "outcome", "said"),
    [
        (lambda instance: instance.files.clear(), "failed", "was removed since"),
        (lambda instance: instance.files.update(a1=b"<html>Log in</html>"), "failed", "the instance lists"),
        (lambda instance: instance.tables["sys_attachment"][0].update(size_bytes="9000000"), "skipped", "the limit is"),
    ],
    ids=["gone", "login page", "too large"],
)
def test_a_file_that_cannot_be_had_is_one_line(instance, source, breaks, outcome, said):
    instance.attach(instance.article(1), "a1", "steps.md", STEPS)
    instance.article(2)
    breaks(instance)
    found = listed(source)
    assert (found[FILE].outcome, said in found[FILE].reason) == (outcome, True)
    assert isinstance(found["servicenow/KB0000002"], RawDocument)


def test_where_the_files_may_not_be_listed_none_of_them_has_vanished(instance, source):
    instance.article(1)
    instance.refused.add("sys_attachment")
    failed = listed(source)["servicenow/KB0000001/attachments/"]
    assert (failed.outcome, "attachments=no" in failed.reason) == ("failed", True)
    without = ServiceNowSource(
        parse_instance(f"servicenow+{instance.url}?kb=IT&attachments=no"), Credentials(USER, PASSWORD)
    )
    assert list(listed(without)) == ["servicenow/KB0000001"]
    assert without.key == source.key
