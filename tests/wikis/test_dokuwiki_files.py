"""Media files on a real DokuWiki: uploaded, replaced, restricted, taken off their page and deleted."""

import time

import pytest

from ingest.sources.dokuwiki import DokuWikiSource
from ingest.sources.wiki_address import Credentials
from tests.wikis.house import Watched
from tests.wikis.servers import PASSWORD, USER

pytestmark = [pytest.mark.integration, pytest.mark.enable_socket, pytest.mark.allow_hosts(["127.0.0.1"])]

ADMIN = Credentials(USER, PASSWORD)
STEPS = b"## Resolution\n\n1. Restart the tunnel.\n"
HEAD = "^ Owner | netops |\n^ Last reviewed | 2099-10-01 |\n^ Review in | 6 months |\n\n"


def test_what_the_index_shows_of_a_file_after_each_change(dokuwiki_server, house):
    wiki = dokuwiki_server
    wiki.upload("files:steps.md", STEPS)
    wiki.upload("files:unused.md", b"Nobody links to this.")
    wiki.put("files:one", HEAD + "See {{steps.md|the steps}} and {{https://example.org/x.md}}.\n")
    wiki.put("files:two", "See {{ :files:steps.md?linkonly }}.\n")
    one, two = (f"dokuwiki/{wiki.host}/files:{name}" for name in ("one", "two"))
    file_id = f"dokuwiki/{wiki.host}/media/files:steps.md"
    network = Watched()
    source = DokuWikiSource(wiki.location("namespace=files&groups=user,netops"), ADMIN, network)

    def sync():
        network.asked.clear()
        return {key: outcome for key, outcome in house.sync(source).items() if outcome != "unchanged"}

    assert sync() == {one: "indexed", file_id: "indexed", two: "indexed"}
    article = house.article(file_id)
    assert (article.title, article.metadata.attached_to, article.metadata.owner) == ("Steps", one, "netops")
    assert article.url == f"http://{wiki.host}/lib/exe/fetch.php?media=files:steps.md"
    assert article.metadata.audience == ("user",)
    assert str(article.metadata.dates.last_reviewed_on) == "2099-10-01"
    assert house.text(file_id).endswith("1. Restart the tunnel.")
    assert sync() == {}
    assert "wiki.getAttachment" not in network.asked

    time.sleep(1.1)  # the wiki counts in seconds
    wiki.upload("files:steps.md", STEPS + b"2. Wait.\n")
    assert sync() == {file_id: "updated"}

    with wiki.rules("files:*\t@netops\t1", "files:*\t@user\t0"):
        assert sync()[file_id] == "metadata_only"
        assert house.article(file_id).metadata.audience == ("netops",)
    with wiki.rules("files:one\t@netops\t1", "files:one\t@user\t0"):
        sync()
        # The media may be read by all users, the page by netops alone: nobody is certain to pass both.
        assert house.article(file_id).metadata.audience == ()
    sync()

    wiki.put("files:one", HEAD + "No more.\n")
    assert sync() == {one: "updated", file_id: "metadata_only"}
    assert house.article(file_id).metadata.attached_to == two

    wiki.remove("files:steps.md")
    assert sync() == {file_id: "deleted"}
