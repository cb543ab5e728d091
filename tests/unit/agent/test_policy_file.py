import pytest

from agent.errors import PolicyError
from agent.policy import Policy
from agent.policy_file import load_policy
from agent.policy_text import PolicyFileError
from ingest.models import ArticleMetadata, Interval
from tests.cases import POLICY


def load(tmp_path, text):
    path = tmp_path / "policy.yml"
    path.write_text(text, encoding="utf-8")
    return load_policy(POLICY, path)


def mistakes(tmp_path, text):
    with pytest.raises(PolicyFileError) as raised:
        load(tmp_path, text)
    return [(one.line, one.column, one.message) for one in raised.value.mistakes]


def test_without_a_file_the_shipped_policy_is_in_force():
    loaded = load_policy(POLICY)
    assert loaded.policy.min_similarity == POLICY.min_similarity
    assert loaded.policy.team("outage") == "On-call"
    assert loaded.policy.exemplars_digest.startswith("sha256:")
    assert all(origin.line is None for origin in loaded.origins)


def test_a_file_changes_only_what_it_names(tmp_path):
    loaded = load(
        tmp_path,
        "version: 1\nteams: [Service Desk, Service Desk Approvals, SOC, On-call]\nrouting:\n  security: SOC\n"
        "freshness:\n  review_every: {low: 2 years}\ntags: {vip: null}\n",
    )
    policy = loaded.policy
    assert (policy.team("security"), policy.team("outage")) == ("SOC", "On-call")
    assert (policy.windows.window("low"), policy.windows.window("high")) == (Interval(months=24), Interval(months=3))
    assert {rule.tag.name for rule in policy.tags} == {"legal-review", "retention", "commercial"}
    assert {o.key: o.line for o in loaded.origins if o.line} == {
        "version": 1, "teams": 2, "routing.security": 4, "freshness.review_every.low": 6,
    }  # fmt: skip


def test_own_signals_are_added_and_shipped_ones_stay(tmp_path):
    shipped = load_policy(POLICY).policy.signals["outage"]
    own = load(tmp_path, "version: 1\nsignals:\n  outage:\n    patterns: {en: [red lamp]}\n").policy.signals["outage"]
    assert own.patterns[:-1] == shipped.patterns
    assert own.patterns[-1].text == "red lamp"


def test_own_exemplars_are_added_and_named_in_the_hash(tmp_path):
    (tmp_path / "own.jsonl").write_text('{"id": "own-1", "text": "the reactor hums", "label": "outage"}\n', "utf-8")
    loaded = load(tmp_path, "version: 1\nexemplars: own.jsonl\n")
    assert loaded.exemplars.own[-1].id == "own-1"
    assert loaded.policy.exemplars_digest != load_policy(POLICY).policy.exemplars_digest
    assert loaded.policy.hash() != load_policy(POLICY).policy.hash()
    assert loaded.files == (tmp_path / "policy.yml", tmp_path / "own.jsonl")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("version: 1\nlangauges: [en]\n", (2, 1, "did you mean 'languages'")),
        ("version: 1\nmatch:\n  min_similrity: 0.4\n", (3, 3, "did you mean 'min_similarity'")),
        ("version: 1\nmatch:\n  min_confidence: 0.1\n", (3, 3, "greater than or equal to 0.3")),
        ("version: 2\n", (1, 1, "it should be 1")),
        ("languages: [en]\n", (1, 1, "write `version: 1`")),
        ("version: 1\nversion: 1\n", (2, 1, "twice")),
        ("version: 1\nrouting: {outage: Oncall}\n", (2, 11, "did you mean 'On-call'")),
        ("version: 1\nteams: [Desk]\n", (2, 1, "no ticket can reach the team")),
        ("version: 1\ncritical_keywords: ['(']\n", (2, 21, "no RE2 expression")),
        ("version: 1\nidentity: {patterns: ['(?=x)y']}\n", (2, 23, "no RE2 expression")),
        ("version: 1\nfreshness:\n  review_every: {low: soon}\n", (3, 18, "no interval")),
        ("version: 1\ntags: {board: {effect: tag}}\n", (2, 8, "no ticket can get this tag")),
        ("version: 1\ntags: {board: {effect: tagg, groups: [board]}}\n", (2, 16, "'tag', 'draft' or 'approval'")),
        ("version: 1\n bad: [\n", (2, 5, "no YAML")),
        ("- 1\n", (1, 1, "expected keys and values")),
        ("version: 1\nsignals: {outage: {patterns: {en: 5}}}\n", (2, 31, "cannot be used")),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_mistake_is_named_with_its_place_and_remedy(tmp_path, text, expected):
    line, column, words = expected
    found = mistakes(tmp_path, text)
    assert any((at, col) == (line, column) and words in message for at, col, message in found), found


def test_every_mistake_is_named_at_once(tmp_path):
    found = mistakes(tmp_path, "version: 1\nmacth: {}\nlanguages: []\nmatch: {twin_odds: 0}\n")
    assert [line for line, _, _ in found] == [2, 3, 4]


@pytest.mark.parametrize(
    "content", [b"\xff\xfe\x00", b"a: b: c", b"*x", b"\x00", b"version: !!python/object:os.system x"]
)
def test_what_is_no_policy_is_refused(tmp_path, content):
    path = tmp_path / "policy.yml"
    path.write_bytes(content)
    with pytest.raises(PolicyError, match=r"policy\.yml"):
        load_policy(POLICY, path)


def test_a_missing_exemplar_file_is_named(tmp_path):
    with pytest.raises(PolicyError, match=r"none\.jsonl"):
        load(tmp_path, "version: 1\nexemplars: none.jsonl\n")


def test_priorities_are_only_raised_by_articles():
    policy = load_policy(POLICY).policy
    assert policy.priority("outage", "P4") == "P1"
    assert policy.priority("security", "P1") == "P1"
    assert policy.priority("security", "P3") == "P2"
    assert policy.priority("default", "P4") == "P4"
    assert policy.priority("default", None) == "P3"


def test_identity_is_only_asked_for_more_often(tmp_path):
    policy = load(tmp_path, "version: 1\nidentity: {risk: [high], articles: ['hr/*']}\n").policy
    assert policy.needs_identity("hr/pay", ArticleMetadata())
    assert policy.needs_identity("it/vpn", ArticleMetadata(risk="high"))
    assert policy.needs_identity("it/vpn", ArticleMetadata(requires_identity=True))
    assert not policy.needs_identity("it/vpn", ArticleMetadata())


def test_the_hash_names_every_rule():
    assert Policy(0.1).hash() != Policy(0.2).hash()
    assert load_policy(POLICY).policy.hash() == load_policy(POLICY).policy.hash()
