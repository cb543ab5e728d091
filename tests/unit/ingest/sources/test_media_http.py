import pytest

from ingest.errors import RequestError
from ingest.sources.media_http import MediaClient


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/x",
        "https://10.1.2.3/x",
        "https://169.254.169.254/latest/meta-data/",
        "https://[::1]/x",
        "https://[::ffff:10.0.0.1]/x",
        "https://[fe80::1]/x",
        "https://0.0.0.0/x",
        "https://user@203.0.113.1/x",
        "http://93.184.216.34/x",
        "ftp://93.184.216.34/x",
        "file:///etc/passwd",
        "https://",
        "https://[broken",
        "",
    ],
)
def test_nothing_is_fetched_from_a_private_network_or_in_the_clear(url):
    client = MediaClient("https://203.0.113.7/wiki")
    try:
        with pytest.raises(RequestError):
            client.fetch(url, 100)
    finally:
        client.close()


def test_a_site_on_this_machine_may_not_lead_into_the_network_either():
    client = MediaClient("http://127.0.0.1:8090/wiki")
    try:
        with pytest.raises(RequestError, match="private network"):
            client.fetch("http://192.168.1.1/x", 100)
    finally:
        client.close()
