"""ServiceNow, by the fake instance over real HTTP."""

from collections.abc import Iterator
from contextlib import contextmanager

from ingest.ports import Source
from ingest.sources.servicenow import ServiceNowSource, parse_instance
from ingest.sources.servicenow_http import Credentials
from tests.contract.sources.house import GROUP, House
from tests.servicenow_server import PASSWORD, USER, FakeInstance


class ServiceNowHouse(House):
    def __init__(self, instance: FakeInstance) -> None:
        self._instance = instance
        self._instance.tables["user_criteria"].append({"sys_id": "c1", "name": GROUP, "active": "true"})
        self._rows: dict[str, dict[str, str]] = {}

    def source(self) -> Source:
        location = parse_instance(f"servicenow+{self._instance.url}?kb=IT")
        return ServiceNowSource(location, Credentials(USER, PASSWORD), lambda _: None)

    def article_id(self, page: str) -> str:
        return f"servicenow/{self._rows[page]['number']}"

    def write(self, page: str, text: str) -> None:
        if page not in self._rows:
            self._rows[page] = self._instance.article(len(self._rows) + 1, short_description=page)
        self._change(page, text=f"<p>{text}</p>")

    def rename(self, page: str, to: str) -> None:
        self._rows[to] = self._rows.pop(page)
        self._change(to, short_description=to)

    def delete(self, page: str) -> None:
        self._instance.tables["kb_knowledge"].remove(self._rows[page])

    def spoil(self, page: str) -> None:
        self._change(page, text=" ")

    @contextmanager
    def failing(self) -> Iterator[None]:
        def break_off(number: int) -> None:
            if number == 2:
                self._instance.refused.add("kb_knowledge")

        self._instance.most = 1
        self._instance.before_page = break_off
        yield
        self._instance.most, self._instance.before_page = 10_000, lambda _: None
        self._instance.refused.clear()

    @contextmanager
    def empty(self) -> Iterator[None]:
        tables = self._instance.tables
        before, tables["kb_knowledge"] = tables["kb_knowledge"], []
        yield
        tables["kb_knowledge"] = before

    def annotate(self, page: str) -> None:
        self._change(page, **{"ownership_group.name": "desk"})

    def restrict(self, page: str) -> None:
        self._change(page, can_read_user_criteria="c1")

    def unrestrict(self, page: str) -> None:
        self._change(page, can_read_user_criteria="")

    def obscure(self, page: str) -> None:
        self._change(page, can_read_user_criteria="a-script")

    def archive(self, page: str) -> None:
        self._change(page, workflow_state="retired")

    def _change(self, page: str, **values: str) -> None:
        row = self._rows[page]
        row |= values
        row["sys_mod_count"] = str(int(row["sys_mod_count"]) + 1)
