"""A ServiceNow instance on loopback: the table API as documented, with its documented misbehaviour."""

import base64
import hashlib
import json
import re
import threading
from collections.abc import Callable
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

USER, PASSWORD, TOKEN = "runcite", "pw-4711", "token-0815"
KB = "kb0000000000000000000000000000it"

_CONDITION = re.compile(r"([a-z_.]+)(IN|=|>)(.*)")


class FakeInstance:
    """Tables by name, and what goes wrong.

    Attributes:
        most: What every limit is clamped to.
        hidden: Ids of rows that access rules hide; they count, and take their place in a page.
        refused: Tables that answer 403.
        answers: Replies given before any other: status, headers, body.
        before_page: Called with the number of each table request, to change tables meanwhile.
    """

    def __init__(self) -> None:
        base = {"sys_id": KB, "title": "IT"}
        self.tables: dict[str, list[dict[str, str]]] = {
            "kb_knowledge_base": [base],
            "kb_knowledge": [],
            "kb_uc_can_read_mtom": [],
            "kb_uc_cannot_read_mtom": [],
            "user_criteria": [],
            "sys_properties": [],
            "sys_attachment": [],
        }
        self.files: dict[str, bytes] = {}
        self.files_fetched: list[str] = []
        self.most = 10_000
        self.hidden: set[str] = set()
        self.refused: set[str] = set()
        self.answers: list[tuple[int, dict[str, str], bytes]] = []
        self.before_page: Callable[[int], None] = lambda _number: None
        self.requests: list[str] = []
        self.url = ""

    def article(self, number: int, version: str = "1.0", **changed: str) -> dict[str, str]:
        """Add a published article."""
        row = {
            "sys_id": f"{number:030x}{version.replace('.', '')}",
            "number": f"KB{number:07}",
            "display_number": f"KB{number:07} v{version}",
            "short_description": f"Runbook {number}",
            "workflow_state": "published",
            "valid_to": "2100-01-01",
            "latest": "true",
            "sys_updated_on": "2026-10-01 08:30:00",
            "sys_mod_count": "3",
            "author.name": "Ann Author",
            "ownership_group.name": "Network Operations",
            "kb_category.label": "network",
            "article_type": "text",
            "kb_knowledge_base": KB,
            "can_read_user_criteria": "",
            "cannot_read_user_criteria": "",
            "roles": "",
            "text": f"<h2>Resolution</h2><ol><li>Restart router {number}.</li></ol>",
            "wiki": "",
        } | changed
        self.tables["kb_knowledge"].append(row)
        return row

    def attach(self, row: dict[str, str], sys_id: str, name: str, content: bytes, **changed: str) -> dict[str, str]:
        """Attach a file to an article."""
        file = {
            "sys_id": sys_id,
            "table_name": "kb_knowledge",
            "table_sys_id": row["sys_id"],
            "file_name": name,
            "size_bytes": str(len(content)),
            "hash": hashlib.sha256(content).hexdigest(),
            "sys_updated_on": "2026-09-15 08:00:00",
        } | changed
        self.tables["sys_attachment"].append(file)
        self.files[sys_id] = content
        return file

    def texts_fetched(self) -> int:
        return sum("/kb_knowledge/" in path for path in self.requests)

    def reply(self, path: str, authorization: str) -> tuple[int, dict[str, str], bytes]:
        self.requests.append(path)
        if self.answers:
            return self.answers.pop(0)
        basic = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        if authorization not in {f"Basic {basic}", f"Bearer {TOKEN}"}:
            return _json(401, {"error": {"message": "User Not Authenticated"}, "status": "failure"})
        parts = urlsplit(path)
        if parts.path.startswith("/api/now/attachment/"):
            self.files_fetched.append(parts.path.split("/")[4])
            content = self.files.get(self.files_fetched[-1])
            return _no_record() if content is None else (200, {"Content-Type": "application/octet-stream"}, content)
        table, _, sys_id = parts.path.removeprefix("/api/now/table/").partition("/")
        if table in self.refused:
            return _json(403, {"error": {"message": "User Not Authorized"}, "status": "failure"})
        given = {name: values[0] for name, values in parse_qs(parts.query).items()}
        fields = given["sysparm_fields"].split(",")
        if sys_id:
            found = [row for row in self.tables[table] if row["sys_id"] == sys_id]
            return _json(200, {"result": _cut(found[0], fields)}) if found else _no_record()
        self.before_page(sum(urlsplit(one).path == parts.path for one in self.requests))
        return self._page(table, given, fields)

    def _page(self, table, given, fields):
        *conditions, order = given["sysparm_query"].split("^")
        assert order == "ORDERBYsys_id"
        rows = [row for row in self.tables[table] if _matches(row, conditions)]
        rows.sort(key=lambda row: row["sys_id"])
        offset, limit = int(given["sysparm_offset"]), min(int(given["sysparm_limit"]), self.most)
        page = [_cut(row, fields) for row in rows[offset : offset + limit] if row["sys_id"] not in self.hidden]
        headers = {"X-Total-Count": str(len(rows))}
        if offset + limit < len(rows):
            headers["Link"] = f'<{self.url}/api/now/table/{table}?sysparm_offset={offset + limit}>;rel="next"'
        return _json(200, {"result": page}, headers)


def _matches(row, conditions):
    kept = []
    for condition in conditions:
        match = _CONDITION.match(condition.removeprefix("OR"))
        assert match, condition
        column, operator, wanted = match.groups()
        value = row.get(column, "")
        held = {"IN": value in wanted.split(","), "=": value == wanted, ">": value > wanted}[operator]
        if condition.startswith("OR"):
            kept[-1] = kept[-1] or held
        else:
            kept.append(held)
    return all(kept)


def _cut(row, fields):
    return {name: row[name] for name in fields if name in row}


def _json(status, body, headers=None):
    return status, {"Content-Type": "application/json;charset=UTF-8", **(headers or {})}, json.dumps(body).encode()


def _no_record():
    return _json(404, {"error": {"message": "No Record found", "detail": "Record doesn't exist"}, "status": "failure"})


@contextmanager
def serving(instance: FakeInstance):
    """Serve an instance; yields its address."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            status, headers, body = instance.reply(self.path, self.headers.get("Authorization", ""))
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    instance.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield instance.url
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
