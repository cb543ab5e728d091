"""Settings of every test, and the servers that tests of several folders share."""

from hypothesis import HealthCheck, settings

from tests.wikis.fixtures import dokuwiki_server, mediawiki_server

__all__ = ["dokuwiki_server", "mediawiki_server"]

# How fast a machine makes examples says nothing about the code: speed is held by benchmarks.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")
