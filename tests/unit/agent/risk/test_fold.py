import pytest

from agent.risk.fold import Speller, sentences, undisguise


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Don’t  CLICK!", ("dont click",)),
        ("One. Two? Three", ("one", "two", "three")),
        ("Straße, café", ("strasse cafe",)),
        ("ｈａｃｋｅｄ", ("hacked",)),
        ("pass\u200bwo‍rd", ("password",)),
        ("рhіѕhіng mail at work", ("phishing mail at work",)),
        ("p h i s h i n g", ("phishing",)),
        ("r.a.n.s.o.m.w.a.r.e here", ("ransomware here",)),
        ("не работает почта", ("не работает почта",)),
        ("rm -rf /data", ("rm -rf /data",)),
        ("パスワードを忘れました。助けて", ("パスワードを忘れました", "助けて")),
        ("", ()),
    ],
    ids=[
        "apostrophe-and-case", "sentences", "accents", "full-width", "zero-width", "homoglyphs", "spaced-letters",
        "dotted-letters", "real-cyrillic-stays", "commands-stay", "japanese", "nothing",
    ],
)  # fmt: skip
def test_a_text_folds_to_what_a_person_reads(text, folded):
    assert sentences(text) == folded


@pytest.mark.parametrize(
    ("word", "read"),
    [("ph1sh1ng", "phishing"), ("p@ssw0rd", "password"), ("haaacked", "hacked"), ("a@b.org", "a@b.org"), ("p1", "p1")],
)
def test_digits_and_signs_inside_words_are_read_as_letters(word, read):
    assert undisguise(word) == read


@pytest.mark.parametrize(
    ("word", "right"),
    [
        ("phising", "phishing"),
        ("pasword", "password"),
        ("passwrod", "password"),
        ("passport", "passport"),
        ("pass", "pass"),
    ],
)
def test_a_slip_in_a_risky_word_is_mended_and_other_words_are_left(word, right):
    assert Speller(["phishing", "password"], ["passport"]).mend(word) == right


def test_a_long_sentence_is_cut():
    assert [one.count(" ") + 1 for one in sentences("word " * 100)] == [40, 40, 20]
