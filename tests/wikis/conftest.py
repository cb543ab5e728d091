"""One real server of each kind for the whole session, and an index to sync them into."""

from collections.abc import Iterator

import pytest

from tests.wikis.editors import DokuWikiEditor, MediaWikiEditor
from tests.wikis.house import House
from tests.wikis.servers import dokuwiki, mediawiki


@pytest.fixture(autouse=True)
def _straight_to_loopback(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")


@pytest.fixture(scope="session")
def mediawiki_server(tmp_path_factory) -> Iterator[MediaWikiEditor]:
    run = tmp_path_factory.mktemp("mediawiki")
    with mediawiki(run) as url:
        yield MediaWikiEditor(url, run / "LocalSettings.php")


@pytest.fixture(scope="session")
def dokuwiki_server(tmp_path_factory) -> Iterator[DokuWikiEditor]:
    run = tmp_path_factory.mktemp("dokuwiki")
    with dokuwiki(run) as url:
        yield DokuWikiEditor(url, run / "conf" / "acl.auth.php")


@pytest.fixture
def house(tmp_path) -> Iterator[House]:
    made = House(tmp_path)
    yield made
    made.catalog.close()
