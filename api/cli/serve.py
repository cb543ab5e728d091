"""`runcite serve`: a home enters, an HTTP server on loopback leaves."""

import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Never

import typer

from api.announce import announced
from api.bootstrap import open_runtime
from api.cli.options import EmbeddingOption, EveryOption, HomeOption, number_between, start
from api.errors import ConfigurationError, UsageError
from api.loopback import is_loopback
from api.schedule import parse_interval
from api.sources import locate

BACKLOG = 128


def serve(
    context: typer.Context,
    host: Annotated[
        str | None,
        typer.Option(
            "--host", metavar="ADDRESS", help="Loopback address to bind. [env: RUNCITE_HOST; default: 127.0.0.1]"
        ),
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(
            "--port",
            metavar="N",
            parser=number_between(0, 65535, "--port"),
            help="Port to bind; 0 takes a free one. [env: RUNCITE_PORT; default: 8321]",
        ),
    ] = None,
    trust_network: Annotated[
        bool,
        typer.Option(
            "--trust-network",
            help="Bind an address that others reach too, as in a container whose port is published on loopback only: "
            "whoever reaches it may read every article.",
        ),
    ] = False,
    ingest: Annotated[
        list[str] | None,
        typer.Option("--ingest", metavar="SOURCE", help="Bring this in at the start; repeatable. See --every."),
    ] = None,
    every: EveryOption = None,
    embedding: EmbeddingOption = None,
    home: HomeOption = None,
) -> None:
    """Serve the HTTP API on loopback, and hold the home while doing so.

    There are no API keys yet, so no other address than this machine's own is bound without --trust-network, and under
    no other name than 127.0.0.1, ::1 or localhost is anything answered. With the vectors on a Qdrant server the home is
    held only while something is brought in, and several processes may serve it.
    """
    import uvicorn  # noqa: PLC0415 - server and web framework load only where they serve; --help stays quick

    from api.app import create_app  # noqa: PLC0415 - as above

    if every is not None and not ingest:
        raise UsageError("--every needs something to ingest; add --ingest SOURCE")
    sources = [locate(source) for source in ingest or []]
    every_s = None if every is None else parse_interval(every)
    session = start(context, home, embedding)
    settings, terminal = session.settings, session.terminal
    bound = bind(host or settings.host, settings.port if port is None else port, trust_network=trust_network)
    try:
        with (
            _ended_by_signals(),
            bound,
            open_runtime(settings, create=True, command="runcite serve", notice=terminal.note, wait=True) as runtime,
        ):
            url = _url(bound)
            app = create_app(runtime, sources, every_s)
            server = uvicorn.Server(
                uvicorn.Config(app, log_level=settings.log_level, access_log=False, server_header=False, lifespan="on")
            )
            app.state.runs.stop_when(lambda: server.should_exit)
            with announced(settings.home, url):
                terminal.note(f"Serving {settings.home} on {url} (OpenAPI at {url}/openapi.json); Ctrl-C ends it.")
                server.run(sockets=[bound])
    except KeyboardInterrupt:
        terminal.note("Stopped.")


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """Let SIGTERM unwind like Ctrl-C does: uvicorn raises it again after its shutdown, past every clean-up."""
    before = signal.signal(signal.SIGTERM, _leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _leave(_number: int, _frame: object) -> Never:
    raise KeyboardInterrupt


def bind(host: str, port: int, *, trust_network: bool = False) -> socket.socket:
    """Bind an address.

    Args:
        host: `localhost` or a loopback address.
        port: The port; 0 for a free one.
        trust_network: Any other address will do too.

    Returns:
        The listening socket.

    Raises:
        UsageError: The host is reachable from outside.
        ConfigurationError: The address cannot be bound, as when the port is taken.
    """
    address = "127.0.0.1" if host == "localhost" else host
    if not trust_network and not is_loopback(address):
        raise UsageError(
            f"--host {host!r} is not this machine's own address, and there are no API keys yet to let others in by; "
            "expected 127.0.0.1, ::1 or localhost; or --trust-network, where only this machine reaches that address"
        )
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        return socket.create_server((address, port), family=family, backlog=BACKLOG)
    except OSError as error:
        raise ConfigurationError(
            f"cannot bind {host}:{port}: {error.strerror}; choose another --port, or 0 for any free one"
        ) from error


def _url(bound: socket.socket) -> str:
    host, port = bound.getsockname()[:2]
    # Every address: this machine's own among them, and the one that is answered under.
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not bound
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
