"""Settings enter, the decider they ask for leaves: the article's own words, or a language model's choice of them."""

from collections.abc import Callable

from pydantic import SecretStr

from agent.decide.conversation import ChatModel
from agent.decide.extractive import ExtractiveDecider
from agent.decide.limits import Price
from agent.decide.llm import LlmDecider, Models
from agent.decide.prices import list_price, parse_price
from agent.decide.tools import Lookups
from agent.ports import Decider, Searcher
from api.errors import ConfigurationError
from api.settings import Settings, revealed


def open_decider(settings: Settings, searcher: Searcher, scrub: Callable[[str], str]) -> Decider:
    """Make the decider that the settings name.

    Args:
        settings: Which, and where its model is.
        searcher: What a model's searches are made with.
        scrub: Takes secrets and personal data out of what a model is shown.

    Raises:
        ConfigurationError: A language model is asked for, and not where it is.
    """
    if settings.decider == "extractive":
        return ExtractiveDecider()
    if settings.llm_model is None:
        raise _missing("RUNCITE_LLM_MODEL", "the model's name at its server")
    judge = settings.llm_judge_model
    models = Models(_model(settings, settings.llm_model), _model(settings, judge) if judge else None)
    return LlmDecider(models, searcher, scrub, _lookups(settings))


def _model(settings: Settings, name: str) -> ChatModel:
    from agent.decide.chat import ChatEndpoint, OpenAiChat  # noqa: PLC0415 - the SDK loads only where it is used

    if settings.llm_base_url is None:
        raise _missing("RUNCITE_LLM_BASE_URL", "a base URL such as https://api.openai.com/v1")
    return OpenAiChat(ChatEndpoint(settings.llm_base_url, name, revealed(settings.llm_api_key), _price(settings, name)))


def _price(settings: Settings, name: str) -> Price | None:
    return parse_price(settings.llm_price) if settings.llm_price else list_price(name)


def _lookups(settings: Settings) -> Lookups:
    urls = (settings.customers_url, settings.health_url, settings.logs_url)
    if not any(urls):
        return Lookups()
    from agent.lookups import HttpCustomers, HttpHealth, HttpLogs, JsonService  # noqa: PLC0415 - as above

    def service(url: str, token: SecretStr | None) -> JsonService:
        return JsonService(url, revealed(token))

    return Lookups(
        customers=HttpCustomers(service(urls[0], settings.customers_token)) if urls[0] else None,
        health=HttpHealth(service(urls[1], settings.health_token)) if urls[1] else None,
        logs=HttpLogs(service(urls[2], settings.logs_token)) if urls[2] else None,
    )


def _missing(name: str, expected: str) -> ConfigurationError:
    return ConfigurationError(f"the decider llm needs {name}; expected {expected}: set it, or use --decider extractive")
