"""The address of a file on another host than its wiki's enters, its bytes leave: without credentials, in public only.

A wiki hands files out from a media host, at an address that it makes up for the occasion. That address is data: it may
lead anywhere, so it gets nothing that identifies us, and is not followed into the network that we stand in.
"""

import socket
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final
from urllib.parse import urljoin, urlsplit

import httpx

from ingest.errors import RequestError

TIMEOUT_S: Final = 30.0
MAX_HOPS: Final = 3
LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})


class MediaClient:
    """Fetches files that a wiki points to.

    Args:
        site: Address of the wiki. One on this machine may point to this machine, and to plain http.
    """

    def __init__(self, site: str) -> None:
        self._home = urlsplit(site).hostname in LOOPBACK
        self._http = httpx.Client(
            headers={"User-Agent": "runcite"}, timeout=TIMEOUT_S, follow_redirects=False, trust_env=not self._home
        )

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def fetch(self, url: str, limit: int) -> bytes:
        """Fetch one file.

        Args:
            url: Where it is.
            limit: The most bytes it may have.

        Raises:
            RequestError: It cannot be had, is larger, or lies where nothing is fetched from.
        """
        for _ in range(MAX_HOPS):
            self._require_public(url)
            # Cookies are for whoever set them, and nobody here is to be recognised.
            self._http.cookies.clear()
            try:
                with self._http.stream("GET", url) as response:
                    if response.is_redirect:
                        url = urljoin(url, response.headers.get("Location", ""))
                        continue
                    if not response.is_success:
                        raise RequestError(f"{_host(url)!r} answers HTTP {response.status_code}", response.status_code)
                    return read_capped(response, limit)
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                raise RequestError(f"{_host(url)!r} gives no file: {type(error).__name__}; try again later") from error
        raise RequestError(f"{_host(url)!r} redirects more than {MAX_HOPS} times")

    def _require_public(self, url: str) -> None:
        try:
            parts = urlsplit(url)
            host, port = parts.hostname or "", parts.port
        except ValueError as error:
            raise RequestError("the file is at no address that can be read") from error
        schemes = {"https", "http"} if self._home else {"https"}
        if parts.scheme not in schemes or not host or "@" in parts.netloc:
            raise RequestError(f"the file is at {parts.scheme}://{host}, expected an address with https")
        for address in addresses_of(host, port or 443):
            if not address.is_global and not (self._home and address.is_loopback):
                raise RequestError(
                    f"the file is at {host!r}, a host of a private network; nothing is fetched from there"
                )


def addresses_of(host: str, port: int) -> set[IPv4Address | IPv6Address]:
    """Look a host up; nothing where its name is not known here, as where only a proxy knows the names outside."""
    try:
        return {_unmapped(ip_address(host))}
    except ValueError:
        pass  # a name
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError):
        return set()
    return {_unmapped(ip_address(str(entry[4][0]).partition("%")[0])) for entry in found}


def _unmapped(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address


def read_capped(response: httpx.Response, limit: int) -> bytes:
    """Read an answer to its end.

    Raises:
        RequestError: It is longer than `limit` bytes.
    """
    content = bytearray()
    for part in response.iter_bytes():
        content += part
        if len(content) > limit:
            raise RequestError(f"the file is over {limit:,} bytes; nothing so large is read")
    return bytes(content)


def _host(url: str) -> str:
    return urlsplit(url).netloc
