"""Files on a real MediaWiki: uploaded, replaced, renamed, taken off their page and deleted."""

import time

import pytest

from ingest.sources.mediawiki import MediaWikiSource
from tests.wikis.house import Watched

pytestmark = [pytest.mark.integration, pytest.mark.enable_socket, pytest.mark.allow_hosts(["127.0.0.1"])]

STEPS = b"## Resolution\n\n1. Restart the tunnel.\n"
HEAD = "{{Runbook|owner=netops|last reviewed=2099-10-01|review in=6 months}}"


def text_of(category: str, *files: str, head: str = HEAD) -> str:
    return f"{head}See {' '.join(f'[[Media:{name}]]' for name in files)}. [[Category:{category}]]"


def test_what_the_index_shows_of_a_file_after_each_change(mediawiki_server, house):
    wiki = mediawiki_server
    wiki.edit("Template:Runbook", "<includeonly></includeonly>")
    wiki.upload("Menu.png", b"\x89PNG\r\n\x1a\n")
    file_id = f"mediawiki/{wiki.host}/files/{wiki.upload('Tunnel steps.txt', STEPS)}"
    first = wiki.edit("Files one", text_of("Files", "Tunnel steps.txt", "Menu.png", "Never uploaded.txt"))
    second = wiki.edit("Files two", text_of("Files", "Tunnel steps.txt"))
    one, two = (f"mediawiki/{wiki.host}/{number}" for number in (first, second))
    network = Watched()
    source = MediaWikiSource(wiki.location("category=Files"), transport=network)

    def sync():
        network.asked.clear()
        return {key: outcome for key, outcome in house.sync(source).items() if outcome != "unchanged"}

    assert sync() == {one: "indexed", file_id: "indexed", two: "indexed"}
    article = house.article(file_id)
    assert (article.title, article.metadata.attached_to, article.metadata.owner) == ("Tunnel steps", one, "netops")
    assert article.url == f"http://{wiki.host}/index.php/File:Tunnel_steps.txt"
    assert str(article.metadata.dates.last_reviewed_on) == "2099-10-01"
    assert house.text(file_id).endswith("1. Restart the tunnel.")
    assert sync() == {}
    assert "?" not in network.asked  # only a file's address has no action

    time.sleep(1.1)  # the wiki counts in seconds
    wiki.upload("Tunnel steps.txt", STEPS + b"2. Wait.\n")
    assert sync() == {file_id: "updated"}

    wiki.move("File:Tunnel steps.txt", "File:Restart.txt")
    wiki.run_jobs()
    assert sync()[file_id] == "updated"
    assert house.article(file_id).title == "Restart"

    wiki.edit("Files one", text_of("Files", "Restart.txt", head="{{Runbook|owner=netops|audience=hr}}"))
    wiki.edit("Files two", text_of("Files", "Restart.txt"))
    assert file_id not in sync()
    assert house.article(file_id).metadata.audience == ("hr",)

    wiki.edit("Files one", text_of("Files"))
    assert sync()[file_id] == "metadata_only"
    assert (house.article(file_id).metadata.attached_to, house.article(file_id).metadata.audience) == (two, ("*",))

    assert house.sync(MediaWikiSource(wiki.location("category=Files&attachments=no")))[file_id] == "deleted"
    sync()
    wiki.delete("File:Restart.txt")
    assert sync()[file_id] == "deleted"
