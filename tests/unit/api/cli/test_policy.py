import pytest

from agent.policy_file import load_policy
from api.cli import main
from api.cli.policy import NO_MODEL, shown_lines


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.delenv("RUNCITE_POLICY", raising=False)
    monkeypatch.setenv("RUNCITE_HOME", str(tmp_path))
    return tmp_path


def test_check_names_every_mistake_with_its_place(home, capsys):
    file = home / "policy.yml"
    file.write_text("version: 1\nlangauges: [en]\nmatch: {min_confidence: 2}\n", "utf-8")
    assert main.run(["policy", "check"]) == main.WRONG_USE
    said = capsys.readouterr()
    assert said.out.splitlines() == [
        f"{file}:2:1: unknown key 'langauges'; did you mean 'languages'?",
        f"{file}:3:9: match.min_confidence: 2 cannot be used: it should be less than or equal to 1",
    ]
    assert "2 mistakes" in said.err


def test_check_of_a_good_file_says_so(home, capsys):
    (home / "mine.yml").write_text("version: 1\n", "utf-8")
    assert main.run(["policy", "check", str(home / "mine.yml")]) == main.DONE
    assert "mine.yml: good; 1 value of its own" in capsys.readouterr().out


def test_check_without_a_file_is_wrong_use(home, capsys):
    assert main.run(["policy", "check"]) == main.WRONG_USE
    assert "the shipped one is in force" in capsys.readouterr().err


def test_a_policy_that_is_named_and_missing_is_wrong_use(home, monkeypatch, capsys):
    monkeypatch.setenv("RUNCITE_POLICY", str(home / "none.yml"))
    assert main.run(["policy", "show"]) == main.WRONG_USE
    assert "none.yml" in capsys.readouterr().err


def test_show_says_where_each_value_comes_from(home, capsys):
    (home / "policy.yml").write_text("version: 1\nmatch:\n  min_confidence: 0.7\n", "utf-8")
    assert main.run(["policy", "show"]) == main.DONE
    lines = capsys.readouterr().out.splitlines()
    assert "match.min_confidence = 0.7  # policy.yml:3" in lines
    assert "match.twin_odds = 4.0  # shipped" in lines


def test_everything_is_shown_without_a_file_too():
    lines = shown_lines(load_policy(NO_MODEL), "policy.yml")
    assert {line.split(" ", 1)[0].split(".")[0] for line in lines} >= {
        "routing",
        "tags",
        "signals",
        "exemplars",
        "reply",
    }
