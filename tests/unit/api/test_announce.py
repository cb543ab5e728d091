import json
import os

import pytest

from api.announce import FILE_NAME, announced, find_server

URL = "http://127.0.0.1:8321"


def test_an_announcement_is_found_and_taken_away(tmp_path):
    with announced(tmp_path, URL):
        assert find_server(tmp_path) == URL
        assert (tmp_path / FILE_NAME).stat().st_mode & 0o077 == 0
    assert find_server(tmp_path) is None
    assert list(tmp_path.iterdir()) == []


def test_an_announcement_is_taken_away_after_a_failure(tmp_path):
    with pytest.raises(ZeroDivisionError), announced(tmp_path, URL):
        raise ZeroDivisionError
    assert find_server(tmp_path) is None


@pytest.mark.parametrize(
    "content",
    [
        "",
        "not json",
        "[]",
        "{}",
        json.dumps({"url": URL, "pid": 2**22 + 1}),
        json.dumps({"url": URL, "pid": 10**30}),
        json.dumps({"url": URL, "pid": -1}),
        json.dumps({"url": "http://evil.example", "pid": os.getpid()}),
        json.dumps({"url": "https://127.0.0.1.evil.example", "pid": os.getpid()}),
        json.dumps({"url": "http://[", "pid": os.getpid()}),
    ],
)
def test_what_is_no_live_loopback_server_is_none(tmp_path, content):
    (tmp_path / FILE_NAME).write_text(content)
    assert find_server(tmp_path) is None


def test_the_announcement_of_another_process_stays(tmp_path):
    with announced(tmp_path, "http://127.0.0.1:8321"):
        other = json.dumps({"url": "http://127.0.0.1:8322", "pid": os.getppid()})
        (tmp_path / FILE_NAME).write_text(other)
    assert (tmp_path / FILE_NAME).read_text() == other
