from collections.abc import Iterator

import pytest

from api.convert import to_decision
from api.schemas import DecisionV1
from tests.unit.api.doubles import FakeRuntime, a_citation, a_decision, a_refusal


@pytest.fixture
def runtime() -> Iterator[FakeRuntime]:
    made = FakeRuntime()
    yield made
    made.close()


@pytest.fixture
def decision() -> DecisionV1:
    return to_decision(a_decision())


@pytest.fixture
def refusal() -> DecisionV1:
    return to_decision(a_refusal())


@pytest.fixture
def make_decision():
    return lambda **changes: to_decision(a_decision(**changes))


@pytest.fixture
def make_citation():
    return a_citation
