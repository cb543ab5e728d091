"""Settings enter, the parts of a decider by language model leave. Loaded where one is to decide, for it loads much."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from pydantic import SecretStr

from agent.decide.conversation import ChatModel
from agent.decide.limits import Limits, Price
from agent.decide.llm import LlmDecider, Models
from agent.decide.prices import list_price, parse_price
from agent.decide.tools import Lookups
from agent.ports import Decider, Searcher
from api.errors import ConfigurationError
from api.settings import Settings, revealed


@dataclass(frozen=True, slots=True)
class ModelParts:
    """What a language model decides with."""

    models: Models
    lookups: Lookups
    limits: Limits

    def decider(self, searcher: Searcher, scrub: Callable[[str], str]) -> Decider:
        """Make the decider.

        Args:
            searcher: What the model's searches are made with.
            scrub: Takes secrets and personal data out of what it is shown.
        """
        return LlmDecider(self.models, searcher, scrub, self.lookups, self.limits)


@contextmanager
def open_model(settings: Settings) -> Iterator[ModelParts]:
    """Open the language model that the settings name.

    Args:
        settings: Where the model is, and what it may look up.

    Yields:
        The parts, closed when the block ends.

    Raises:
        ConfigurationError: The settings do not say where it is.
    """
    if settings.llm_model is None:
        raise _missing("RUNCITE_LLM_MODEL", "the model's name at its server")
    with ExitStack() as opened:
        judge = settings.llm_judge_model
        models = Models(
            _model(settings, settings.llm_model, opened), _model(settings, judge, opened) if judge else None
        )
        yield ModelParts(models, _lookups(settings, opened), Limits(model_s=settings.llm_timeout_s))


def _model(settings: Settings, name: str, opened: ExitStack) -> ChatModel:
    from agent.decide.chat import ChatEndpoint, OpenAiChat  # noqa: PLC0415 - the SDK loads only where it is used

    if settings.llm_base_url is None:
        raise _missing("RUNCITE_LLM_BASE_URL", "a base URL such as https://api.openai.com/v1")
    endpoint = ChatEndpoint(settings.llm_base_url, name, revealed(settings.llm_api_key), _price(settings, name))
    model = OpenAiChat(endpoint)
    opened.callback(model.close)
    return model


def _price(settings: Settings, name: str) -> Price | None:
    return parse_price(settings.llm_price) if settings.llm_price else list_price(name)


def _lookups(settings: Settings, opened: ExitStack) -> Lookups:
    from agent.lookups import HttpCustomers, HttpHealth, HttpLogs, JsonService  # noqa: PLC0415 - as above

    def service(url: str, token: SecretStr | None) -> JsonService:
        made = JsonService(url, revealed(token))
        opened.callback(made.close)
        return made

    customers, health, logs = settings.customers_url, settings.health_url, settings.logs_url
    return Lookups(
        customers=HttpCustomers(service(customers, settings.customers_token)) if customers else None,
        health=HttpHealth(service(health, settings.health_token)) if health else None,
        logs=HttpLogs(service(logs, settings.logs_token)) if logs else None,
    )


def _missing(name: str, expected: str) -> ConfigurationError:
    return ConfigurationError(f"the decider llm needs {name}; expected {expected}: set it, or use --decider extractive")
