"""The address of a wiki and the settings enter; its source leaves, with the account that is for its host."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from pydantic import SecretStr

from api.errors import ConfigurationError
from api.settings import Settings
from ingest.ports import Source
from ingest.sources.dokuwiki import DokuWikiSource
from ingest.sources.mediawiki import MediaWikiSource
from ingest.sources.wiki_address import Credentials


@dataclass(frozen=True, slots=True)
class Account:
    """A user of one host. Requests to other hosts go without: a source's address may come from anywhere.

    Attributes:
        name: The middle of the names of its settings.
        host: The host, and port where it is not the usual one.
        user: The user.
        password: The password.
    """

    name: str
    host: str | None
    user: str | None
    password: SecretStr | None

    def for_location(self, location: str) -> Credentials | None:
        """Give the credentials for a location, if there are any for its host.

        Raises:
            ConfigurationError: Some of the three settings are there and some are not.
        """
        told = {"HOST": self.host, "USER": self.user, "PASSWORD": self.password}
        missing = [f"RUNCITE_{self.name}_{setting}" for setting, value in told.items() if not value]
        if self.user and self.password and self.host:
            same = urlsplit(location).netloc.lower() == self.host.lower()
            return Credentials(self.user, self.password.get_secret_value()) if same else None
        if len(missing) < len(told):
            raise ConfigurationError(
                f"{' and '.join(missing)} not set, expected beside the others; the password is sent to that host only"
            )
        return None


def open_mediawiki(location: str, settings: Settings) -> Source:
    """Open a MediaWiki."""
    password = settings.mediawiki_password
    account = Account("MEDIAWIKI", settings.mediawiki_host, settings.mediawiki_user, password)
    return MediaWikiSource(location, account.for_location(location))


def open_dokuwiki(location: str, settings: Settings) -> Source:
    """Open a DokuWiki."""
    account = Account("DOKUWIKI", settings.dokuwiki_host, settings.dokuwiki_user, settings.dokuwiki_password)
    return DokuWikiSource(location, account.for_location(location))
