"""One real server of each kind for the whole session."""

from collections.abc import Iterator

import pytest

from tests.wikis.editors import DokuWikiEditor, MediaWikiEditor
from tests.wikis.servers import dokuwiki, mediawiki


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
