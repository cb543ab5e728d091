import pytest

from agent.errors import PolicyError
from agent.policy_file import SHIPPED_EXEMPLARS
from agent.risk.exemplars import LABELS, Exemplar, Exemplars, parse_exemplars

SHIPPED = Exemplars(SHIPPED_EXEMPLARS)


def test_the_shipped_exemplars_are_many_of_every_label_and_each_once():
    shipped = SHIPPED.shipped
    assert len({one.id for one in shipped}) == len({one.text for one in shipped}) == len(shipped)
    assert len(shipped) >= 6_000
    assert {one.label for one in shipped} == set(LABELS)
    assert len({one.language for one in shipped}) >= 30


def test_a_digest_names_the_shipped_and_the_own(tmp_path):
    own = Exemplar("own-1", "the reactor hums", "outage", "en")
    file = tmp_path / "shipped.jsonl"
    file.write_text('{"id": "a", "text": "x", "label": "none"}\n', "utf-8")
    before = Exemplars(file)
    assert before.digest == Exemplars(file).digest != Exemplars(file, (own,)).digest
    file.write_text('{"id": "a", "text": "y", "label": "none"}\n', "utf-8")
    assert Exemplars(file).digest != before.digest


@pytest.mark.parametrize(
    "line",
    ["{", "[]", '{"id": 1}', '{"id": "a", "text": "x", "label": "risky"}', '{"id": "a", "text": " ", "label": "none"}'],
)
def test_a_line_that_is_no_exemplar_is_named(line):
    with pytest.raises(PolicyError, match="own:2"):
        parse_exemplars(f'{{"id": "a", "text": "x", "label": "none"}}\n{line}', "own")
