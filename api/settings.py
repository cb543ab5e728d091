"""The environment enters, checked settings leave. Nothing else in Runcite reads the environment."""

import os
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from agent.decide.limits import MODEL_S
from agent.models import DeciderKind
from api.errors import ConfigurationError
from index.store.server_options import TIMEOUT_S, Quantisation

DEFAULT_HOME = Path(".runcite")
DEFAULT_PORT = 8321

LIBRARY_ENVIRONMENT = {
    "DO_NOT_TRACK": "1",
    "SCARF_NO_ANALYTICS": "1",
    "UNSTRUCTURED_DISABLE_NOTICE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "ANONYMIZED_TELEMETRY": "false",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "TRANSFORMERS_VERBOSITY": "error",
    "TRANSFORMERS_NO_ADVISORY_WARNINGS": "1",
    "OMP_WAIT_POLICY": "PASSIVE",
}
"""What the libraries below us are told before they load: report nothing to anyone, keep the terminal ours, and let
threads that wait for each other sleep: with both cores busy their spinning made a triage take 92 ms instead of 41."""


_HTTP = r"^https?://[^/\s]"


class Settings(BaseSettings):
    """What may be set from outside, each as `RUNCITE_<NAME>`.

    Attributes:
        home: Where catalog, vectors and the server's address live.
        embedding: Embedding model: `auto`, a preset's name, a model folder, or `openai:MODEL`.
        embedding_url: Base URL of the OpenAI-compatible endpoint that serves `openai:MODEL`.
        embedding_key: Key for that endpoint; sent to its host only.
        policy: The policy file; `policy.yml` in the home where it is left out.
        host: Address that `runcite serve` binds.
        port: Port that `runcite serve` binds.
        log_level: How much the server logs.
        mediawiki_host: The one host that the MediaWiki password is sent to.
        mediawiki_user: User of a MediaWiki bot password, such as `Runcite@indexer`.
        mediawiki_password: That bot password.
        dokuwiki_host: The one host that the DokuWiki password is sent to.
        dokuwiki_user: User of a DokuWiki.
        dokuwiki_password: Password of that user.
        html_export_audience: Who may read the pages of Confluence HTML exports, which hold no restrictions.
        confluence_host: The only host that the Confluence credentials are sent to.
        confluence_user: Who signs in to Confluence: an e-mail address on Cloud. Empty for a personal or OAuth token.
        confluence_token: The token, never shown.
        git_host: The only host that the git token is sent to.
        git_token: Token for repositories that are cloned.
        servicenow_host: The only host that the ServiceNow credentials are sent to.
        servicenow_user: User name for ServiceNow, with a password.
        servicenow_password: Its password.
        servicenow_token: OAuth access token for ServiceNow, instead of user and password.
        keep_words_days: For how many days what tickets said and what was replied is kept with their decisions.
        decider: Who decides: `extractive`, or `llm` for a language model's choice among an article's own steps.
        llm_base_url: Address of an OpenAI-compatible chat server.
        llm_model: The model's name there.
        llm_api_key: Its key, sent to that address only.
        llm_price: What the model costs, in US dollars per million tokens read and written, such as `0.15/0.60`.
        llm_timeout_s: How long the model may take for one decision, everything included.
        llm_judge_model: A second model there, which may lower drafts.
        customers_url: Where the language model may read the requester's profile.
        customers_token: Bearer token for that address only.
        health_url: Where it may read how a service is doing.
        health_token: Bearer token for that address only.
        logs_url: Where it may read the last log lines of a service.
        logs_token: Bearer token for that address only.
        qdrant_url: REST address of a Qdrant server or cluster that keeps the vectors instead of the home.
        qdrant_api_key: Its key, sent to that address only.
        qdrant_prefer_grpc: Speak gRPC with it.
        qdrant_grpc_port: Its gRPC port.
        qdrant_collection: Name the index is served under there.
        qdrant_timeout_s: How long one of the up to four calls of a search may take.
        qdrant_shards: Shards of a new collection.
        qdrant_replication_factor: Copies of each shard of a new collection.
        qdrant_write_consistency_factor: How many copies confirm a write; the majority where left out.
        qdrant_quantisation: How a new collection compresses vectors.
        qdrant_on_disk_vectors: Whether a new collection keeps whole vectors on disk.
        qdrant_on_disk_payload: Whether a new collection keeps payload on disk.
    """

    model_config = SettingsConfigDict(env_prefix="RUNCITE_", env_ignore_empty=True, frozen=True)

    home: Path = Field(default=DEFAULT_HOME, description="the path of a folder")
    embedding: str = Field(default="auto", min_length=1, description="auto, the name of a preset, or a model folder")
    embedding_url: str | None = Field(default=None, description="a base URL such as https://api.openai.com/v1")
    embedding_key: SecretStr | None = Field(default=None, description="a key")
    policy: Path | None = Field(default=None, description="the path of a policy file")
    host: str = Field(default="127.0.0.1", description="an address of this machine's own")
    port: int = Field(default=DEFAULT_PORT, ge=0, le=65535, description="a number from 0 to 65535")
    log_level: Literal["critical", "error", "warning", "info", "debug"] = Field(
        default="warning", description="critical, error, warning, info or debug"
    )
    confluence_host: str | None = Field(default=None, description="a host, with its port where it has one")
    confluence_user: str | None = Field(default=None, description="an e-mail address or a user name")
    confluence_token: SecretStr | None = Field(default=None, description="a token")
    mediawiki_host: str | None = Field(default=None, description="a host, with its port where it has one")
    mediawiki_user: str | None = Field(default=None, description="the user of a bot password")
    mediawiki_password: SecretStr | None = Field(default=None, description="a bot password")
    dokuwiki_host: str | None = Field(default=None, description="a host, with its port where it has one")
    dokuwiki_user: str | None = Field(default=None, description="the name of a user")
    dokuwiki_password: SecretStr | None = Field(default=None, description="that user's password")
    html_export_audience: str = Field(default="", description="groups separated by commas, or everyone")
    git_host: str | None = Field(default=None, description="a host, with its port where it has one")
    git_token: SecretStr | None = Field(default=None, description="an access token")
    servicenow_host: str | None = Field(default=None, description="a host, with its port where it has one")
    servicenow_user: str | None = Field(default=None, description="a user name")
    servicenow_password: SecretStr | None = Field(default=None, description="a password")
    servicenow_token: SecretStr | None = Field(default=None, description="an OAuth access token")
    keep_words_days: int = Field(default=365, ge=1, le=36_500, description="a number of days, 1 or more")
    decider: DeciderKind = Field(default="extractive", description="extractive or llm")
    llm_base_url: str | None = Field(default=None, pattern=_HTTP, description="a base URL, up to /v1")
    llm_model: str | None = Field(default=None, description="the name of a model at that server")
    llm_api_key: SecretStr | None = Field(default=None, description="an API key")
    llm_price: str | None = Field(
        default=None,
        pattern=r"^\d{1,5}(\.\d{1,6})?/\d{1,5}(\.\d{1,6})?$",
        description="US dollars per million tokens read and written, such as 0.15/0.60",
    )
    llm_timeout_s: float = Field(default=MODEL_S, gt=0, le=MODEL_S, description="seconds, more than 0 and up to 7.5")
    llm_judge_model: str | None = Field(default=None, description="the name of a model at that server")
    customers_url: str | None = Field(default=None, pattern=_HTTP, description="an http or https address")
    customers_token: SecretStr | None = Field(default=None, description="a bearer token")
    health_url: str | None = Field(default=None, pattern=_HTTP, description="an http or https address")
    health_token: SecretStr | None = Field(default=None, description="a bearer token")
    logs_url: str | None = Field(default=None, pattern=_HTTP, description="an http or https address")
    logs_token: SecretStr | None = Field(default=None, description="a bearer token")
    qdrant_url: str | None = Field(default=None, pattern=_HTTP, description="an http or https address")
    qdrant_api_key: SecretStr | None = Field(default=None, description="an API key")
    qdrant_prefer_grpc: bool = Field(default=True, description="true or false")
    qdrant_grpc_port: int = Field(default=6334, ge=1, le=65535, description="a number from 1 to 65535")
    qdrant_collection: str = Field(
        default="runcite",
        pattern=r"^[A-Za-z0-9._-]{1,200}$",
        description="letters, digits, dots, dashes or underscores",
    )
    qdrant_timeout_s: float = Field(default=TIMEOUT_S, gt=0, le=60, description="seconds, more than 0 and up to 60")
    qdrant_shards: int = Field(default=1, ge=1, le=1024, description="a number from 1 to 1024")
    qdrant_replication_factor: int = Field(default=1, ge=1, le=64, description="a number from 1 to 64")
    qdrant_write_consistency_factor: int | None = Field(default=None, ge=1, le=64, description="a number from 1 to 64")
    qdrant_quantisation: Quantisation = Field(default="none", description="none, int8 or binary")
    qdrant_on_disk_vectors: bool = Field(default=False, description="true or false")
    qdrant_on_disk_payload: bool = Field(default=False, description="true or false")

    @field_validator("home", "policy")
    @classmethod
    def _expand_user(cls, path: Path | None) -> Path | None:
        return path and path.expanduser()


def load_settings(home: Path | None = None, embedding: str | None = None) -> Settings:
    """Read the settings from the environment; what is given here wins.

    Args:
        home: The home named on the command line, if any.
        embedding: The embedding model named on the command line, if any.

    Returns:
        The settings, checked.

    Raises:
        ConfigurationError: A variable holds what its setting cannot be.
    """
    given = {name: value for name, value in (("home", home), ("embedding", embedding)) if value is not None}
    try:
        return Settings.model_validate(Settings().model_dump() | given)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = str(first["loc"][0])
        name = f"RUNCITE_{field.upper()}"
        expected = Settings.model_fields[field].description
        raise ConfigurationError(
            f"{name}={str(first['input'])!r} cannot be used; expected {expected}: set another value, or unset {name}"
        ) from error


def at_server(settings: Settings, url: str | None) -> Settings:
    """Return the settings with the vectors on a Qdrant server, or in the home.

    Args:
        settings: The others.
        url: The server's REST address; `None` for the home.

    Raises:
        ConfigurationError: It is no address.
    """
    try:
        return Settings.model_validate(settings.model_dump() | {"qdrant_url": url})
    except ValidationError as error:
        raise ConfigurationError(
            f"{url!r} is no address of a Qdrant server; expected one such as http://localhost:6333"
        ) from error


def revealed(secret: SecretStr | None) -> str | None:
    """Return a secret's text, for the one place that sends it."""
    return None if secret is None else secret.get_secret_value()


def prepare_environment() -> None:
    """Tell the libraries below us to report nothing and to stay quiet. Entrypoints call this before any of them loads.

    A value that the user has set stays.
    """
    for name, value in LIBRARY_ENVIRONMENT.items():
        os.environ.setdefault(name, value)  # noqa: TID251 - this file is the one that may
