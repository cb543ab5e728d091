"""A Confluence of our own on loopback: the documented shapes of Cloud (v2, v1) and Data Center, and their faults."""

import base64
import contextlib
import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from urllib.parse import parse_qs, quote, urlencode

import uvicorn

from tests.confluence_pages import WikiFile, WikiPage

USER, TOKEN = "bot@example.org", "s3cret-token"
LABEL_LIMIT = 200


@dataclass
class Wiki:
    """What the site holds, and how it misbehaves."""

    flavor: str = "cloud"
    context: str = "/wiki"
    pages: dict[str, WikiPage] = field(default_factory=dict)
    folders: dict[str, str | None] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=lambda: {"acc-1": "Net Ops"})
    max_limit: int = 250
    nested_limit: int = 200
    not_in_search: set[str] = field(default_factory=set)
    without_storage: set[str] = field(default_factory=set)
    fails: dict[str, list[tuple[int, dict[str, str]]]] = field(default_factory=dict)
    """By a part of path and query: answers given before the true one, first to last; the last stays if it is alone."""
    always: dict[str, int] = field(default_factory=dict)
    overtaxed_above: int = 10_000
    search_by_cursor: bool = False
    remove_during_listing: str = ""
    html: bool = False
    user_type: str = "known"
    representation: str = "storage"
    stale: dict[str, int] = field(default_factory=dict)
    slow_s: float = 0.0
    media_url: str = "http://127.0.0.1:9/"
    """What the redirects of downloads begin with."""
    download_link: str = ""
    """Given for every file in place of the true link."""
    tells_children: bool = True
    downloads: list[str] = field(default_factory=list)
    heard: list[tuple[str, str]] = field(default_factory=list)
    bodies_served: int = 0
    requests: list[str] = field(default_factory=list)
    auth: set[str] = field(
        default_factory=lambda: {
            "Basic " + base64.b64encode(f"{USER}:{TOKEN}".encode()).decode(),
            f"Bearer {TOKEN}",
        }
    )

    def add(self, page_id: str, title: str, body: str = "", **more) -> WikiPage:
        page = WikiPage(page_id, title, body or f"<p>{title}: restart the client.</p>", **more)
        self.pages[page_id] = page
        return page

    def attach(self, page_id: str, file_id: str, name: str, content: bytes, **more) -> WikiFile:
        file = WikiFile(file_id, name, content, **more)
        self.pages[page_id].files.append(file)
        return file

    def file(self, file_id: str) -> WikiFile:
        return next(file for page in self.pages.values() for file in page.files if file.file_id == file_id)

    def asked(self, part: str) -> int:
        return sum(part in request for request in self.requests)

    async def __call__(self, scope, receive, send) -> None:
        if scope["type"] == "lifespan":
            while (message := await receive())["type"] != "lifespan.shutdown":
                await send({"type": f"{message['type']}.complete"})
            await send({"type": "lifespan.shutdown.complete"})
            return
        headers = {name.decode().lower(): value.decode() for name, value in scope["headers"]}
        query = {key: values[0] for key, values in parse_qs(scope["query_string"].decode()).items()}
        path = scope["path"]
        self.requests.append(f"{path}?{urlencode(query, quote_via=quote, safe=',/=')}")
        status, more, document = self.answer(path, query, headers)
        if path.startswith("/media/"):
            status, more, document = self.media(path, headers)
        content = document if isinstance(document, bytes) else json.dumps(document).encode()
        kind = "text/html" if isinstance(document, bytes) else "application/json"
        sent = [("content-type", kind), ("content-length", str(len(content))), *more.items()]
        raw = [(name.encode(), value.encode()) for name, value in sent]
        await send({"type": "http.response.start", "status": status, "headers": raw})
        await send({"type": "http.response.body", "body": content})

    def media(self, path, headers):
        """Be the media host: whoever has the signed address gets the file."""
        self.heard.append((headers["host"], headers.get("authorization", "")))
        return 200, {}, self.file(path.removeprefix("/media/")).content

    def answer(self, path, query, headers):  # noqa: PLR0911 - a row per fault
        if headers.get("authorization") not in self.auth:
            return 401, {}, {"message": "Basic authentication failed"}
        if self.slow_s:
            time.sleep(self.slow_s)
        request = self.requests[-1]
        for part, answers in self.fails.items():
            if part in request and answers:
                status, more = answers.pop(0)
                return status, more, {"message": "not now"}
        for part, status in self.always.items():
            if part in request:
                return status, {}, {"message": "no"}
        if self.html:
            return 200, {}, b"<html><body>Please log in</body></html>"
        if int(query.get("limit", 0)) > self.overtaxed_above:
            return 500, {}, {"message": "java.lang.OutOfMemoryError"}
        if not path.startswith(self.context + "/"):
            return 404, {}, {}
        return self.route(path.removeprefix(self.context).strip("/").split("/"), query)

    def route(self, parts, query):  # noqa: C901, PLR0911 - a row per path
        match parts:
            case ["rest", "api", "user", "current"]:
                return 200, {}, {"type": self.user_type}
            case ["rest", "api", "user"]:
                name = self.names.get(query["accountId" if self.flavor == "cloud" else "key"])
                return (200, {}, {"displayName": name}) if name else (404, {}, {})
            case ["rest", "api", "content", "search"]:
                return 200, {}, self.search(query)
            case ["rest", "api", "content", page_id, "child", "attachment", file_id, "download"]:
                self.downloads.append(file_id)
                return 302, {"location": f"{self.media_url}media/{file_id}?token=signed"}, {}
            case ["rest", "api", "content", page_id, "child", "attachment"] if page_id in self.pages:
                return 200, {}, self.by_start("", query, self.pages[page_id].files, self.file_v1)
            case ["download", "attachments", _, name] if self.flavor == "dc":
                file = next(file for page in self.pages.values() for file in page.files if file.name == name)
                self.downloads.append(file.file_id)
                return 200, {}, file.content
            case ["download", *_] if self.flavor == "cloud":
                return 401, {"www-authenticate": 'OAuth realm="wiki"'}, {}  # to API tokens, since CHANGE-2735
            case ["rest", "api", "content", content_id, "restriction", "byOperation", "read"]:
                return self.restriction(content_id, query)
            case ["api", "v2", *rest] if self.flavor == "cloud":
                return self.v2(rest, query)
            case ["rest", "api", *rest] if self.flavor == "dc":
                return self.dc(rest, query)
        return 404, {}, {"message": f"no {'/'.join(parts)}"}

    # Cloud v2

    def v2(self, parts, query):  # noqa: PLR0911 - a row per path
        match parts:
            case ["spaces"]:
                found = [{"id": "9", "key": "IT", "type": "global"}] if query["keys"] == "IT" else []
                return 200, {}, {"results": found, "_links": {"base": self.base}}
            case ["spaces", "9", "pages"]:
                return 200, {}, self.by_cursor("/api/v2/spaces/9/pages", query, self.listed(query, "page"))
            case ["spaces", "9", "blogposts"]:
                return 200, {}, self.by_cursor("/api/v2/spaces/9/blogposts", query, self.listed(query, "blogpost"))
            case ["pages" | "blogposts", page_id, "attachments"] if page_id in self.pages:
                files = self.pages[page_id].files
                return 200, {}, self.by_cursor(f"/api/v2/pages/{page_id}/attachments", query, files, self.file_v2)
            case ["pages" | "blogposts", page_id, kind]:
                return self.of_page(page_id, kind, query)
            case ["pages" | "blogposts" as kind, page_id] if page_id in self.pages:
                assert kind == f"{self.pages[page_id].kind}s"
                return self.body_of(self.pages[page_id], query["body-format"], self.page_v2)
        return 404, {}, {"errors": [{"status": 404, "code": "NOT_FOUND"}]}

    def of_page(self, page_id, kind, query):
        page = self.pages.get(page_id)
        if page is None:
            return 404, {}, {}
        match kind:
            case "labels":
                return 200, {}, {"results": [{"id": "1", "prefix": "global", "name": name} for name in page.labels]}
            case "properties":
                found = [item for item in page.properties.items() if item[0] == query["key"]]
                return 200, {}, {"results": [{"id": "1", "key": key, "value": value} for key, value in found]}
            case "ancestors":
                return 200, {}, {"results": [{"id": one, "type": "page"} for one in self.chain(page)]}
        return 404, {}, {}

    def listed(self, query, kind):
        statuses = query["status"].split(",")
        return [page for page in self.pages.values() if page.status in statuses and page.kind == kind]

    def page_of(self, file):
        return next(page for page in self.pages.values() if file in page.files)

    def file_v2(self, file):
        page_id = self.page_of(file).page_id
        links = self.file_links(file, page_id)
        return {
            "id": file.file_id,
            "status": "current",
            "title": file.name,
            "createdAt": "2026-01-02T03:04:05.678Z",
            f"{self.pages[page_id].kind}Id": page_id,
            "mediaType": file.media_type,
            "fileId": "5177f21b-d07b-4e1d-bd54-3ac20a218970",
            "fileSize": len(file.content) if file.listed_size is None else file.listed_size,
            "webuiLink": links["webui"],
            "downloadLink": links["download"],
            "version": {"createdAt": file.when, "number": file.version, "message": "", "minorEdit": False},
            "_links": links,
        }

    def file_v1(self, file, _expand):
        size = len(file.content) if file.listed_size is None else file.listed_size
        return {
            "id": file.file_id,
            "type": "attachment",
            "status": "current",
            "title": file.name,
            "version": {"number": file.version, "when": file.when},
            "metadata": {"mediaType": file.media_type},
            "extensions": {"mediaType": file.media_type, "fileSize": size, "comment": ""},
            "_links": self.file_links(file, self.page_of(file).page_id),
        }

    def file_links(self, file, page_id):
        query = f"?version={file.version}&modificationDate=1444&cacheVersion=1&api=v2"
        return {
            "webui": f"/pages/viewpageattachments.action?pageId={page_id}&preview=%2F{page_id}%2F{file.file_id}",
            "download": self.download_link or f"/download/attachments/{page_id}/{quote(file.name)}{query}",
        }

    def page_v2(self, page):
        return {
            "id": page.page_id,
            "status": page.status,
            "title": page.title,
            "spaceId": "9",
            "parentId": page.parent,
            "parentType": page.parent_type if page.parent else None,
            "authorId": "acc-9",
            "ownerId": page.owner,
            "lastOwnerId": None,
            "createdAt": "2026-01-02T03:04:05.678Z",
            "version": {"createdAt": page.when, "number": page.version, "message": "", "minorEdit": False},
            "_links": {"webui": f"/spaces/IT/pages/{page.page_id}", "tinyui": "/x/abc"},
        }

    def by_cursor(self, path, query, entries, shape=None):
        start = int(base64.b64decode(query["cursor"])) if "cursor" in query else 0
        limit = min(int(query["limit"]), self.max_limit)
        links = {"base": self.base}
        if start + limit < len(entries):
            kept = {key: value for key, value in query.items() if key != "cursor"}
            cursor = base64.b64encode(str(start + limit).encode()).decode()
            links["next"] = f"/wiki{path}?{urlencode(kept | {'cursor': cursor})}"
        return {"results": list(map(shape or self.page_v2, entries[start : start + limit])), "_links": links}

    # v1, which both have

    def search(self, query):
        types = query["cql"].rpartition("type")[2]
        entries = [page for page in self.pages.values() if page.status == "current" and page.kind in types]
        entries = [page for page in entries if page.page_id not in self.not_in_search]
        return self.by_start("/rest/api/content/search", query, entries)

    def by_start(self, path, query, entries, shape=None):
        """A limit above the largest is clamped silently, and yet the next link goes on where it would have ended."""
        asked, start = int(query["limit"]), int(query.get("start", 0))
        limit = min(asked, self.max_limit)
        links = {"base": self.base, "context": self.context}
        if start + limit < len(entries):
            links["next"] = f"{path}?{urlencode(query | {'start': start + asked})}"
            if self.search_by_cursor:
                links["next"] = f"{path}?{urlencode(query | {'start': start + limit, 'cursor': f'_{start}'})}"
        part = [(shape or self.page_v1)(entry, query.get("expand", "")) for entry in entries[start : start + limit]]
        return {"results": part, "start": start, "limit": limit, "size": len(part), "_links": links}

    def page_v1(self, page, expand):
        entry = {
            "id": page.page_id,
            "type": page.kind,
            "status": page.status,
            "title": page.title,
            "version": {"number": page.version, "when": page.when, "by": {"username": "jd", "displayName": "J. Doe"}},
            "_links": {"webui": f"/pages/viewpage.action?pageId={page.page_id}"},
        }
        if "childTypes.attachment" in expand and self.tells_children:
            entry["childTypes"] = {"attachment": {"value": bool(page.files), "_links": {}}}
        if "ancestors" in expand:
            entry["ancestors"] = [{"id": one, "type": "page"} for one in self.chain(page)]
        if "metadata" in expand:
            labels = [{"prefix": "global", "name": name, "id": "1"} for name in page.labels]
            properties = {key: {"key": key, "value": value} for key, value in page.properties.items()}
            entry["metadata"] = {"labels": self.nested(labels), "properties": properties}
        if "restrictions" in expand:
            entry["restrictions"] = {"read": {"operation": "read", "restrictions": self.readers(page)}}
        return entry

    def readers(self, page, start=0, limit=None):
        key = "accountId" if self.flavor == "cloud" else "username"
        users = [{"type": "known", key: name} for name in page.users]
        groups = [{"type": "group", "name": name} for name in page.groups]
        return {"user": self.nested(users, start, limit), "group": self.nested(groups, start, limit)}

    def nested(self, entries, start=0, limit=None):
        limit = min(limit or self.nested_limit, self.nested_limit)
        part = entries[start : start + limit]
        return {"results": part, "start": start, "limit": limit, "size": len(part)}

    def restriction(self, content_id, query):
        page = self.pages.get(content_id)
        if page is None and content_id not in self.folders:
            return 404, {}, {"message": "CONFCLOUD-77618"}
        readers = self.readers(page or WikiPage("", ""), int(query.get("start", 0)), int(query.get("limit", 100)))
        return 200, {}, {"operation": "read", "restrictions": readers}

    # Data Center

    def dc(self, parts, query):
        match parts:
            case ["space", key]:
                return (200, {}, {"key": key}) if key == "IT" else (404, {}, {"message": "No space found"})
            case ["content"]:
                if "start" in query:
                    # Somebody deletes a page between two parts of the listing.
                    self.pages.pop(self.remove_during_listing, None)
                return 200, {}, self.by_start("/rest/api/content", query, self.listed(query, query["type"]))
            case ["content", page_id, "label"] if page_id in self.pages:
                labels = [{"prefix": "global", "name": name} for name in self.pages[page_id].labels]
                part = self.nested(labels, int(query.get("start", 0)), int(query["limit"]))
                left = part["start"] + part["size"] < len(labels)
                next_link = f"/rest/api/content/{page_id}/label?start={part['start'] + part['size']}"
                return 200, {}, part | {"_links": {"next": next_link} if left else {}}
            case ["content", page_id] if page_id in self.pages:
                wanted = query["expand"].partition(",")[0].removeprefix("body.")
                if "body" not in query["expand"]:
                    return 200, {}, self.page_v1(self.pages[page_id], query["expand"])
                return self.body_of(self.pages[page_id], wanted, lambda page: self.page_v1(page, ""))
        return 404, {}, {"message": "not found"}

    # Both

    def body_of(self, page, wanted, render):
        if wanted == "storage" and page.page_id in self.without_storage:
            return 500, {}, {"message": "CONFCLOUD-76433"}
        self.bodies_served += 1
        entry = render(page)
        entry["version"]["number"] = self.stale.get(page.page_id, page.version)
        representation = self.representation if wanted == "storage" else wanted
        entry["body"] = {wanted: {"representation": representation, "value": page.body}}
        return 200, {}, entry

    def chain(self, page):
        chain: list[str] = []
        parent = page.parent
        while parent is not None:
            chain.insert(0, parent)
            parent = self.pages[parent].parent if parent in self.pages else self.folders.get(parent)
        return chain

    base = ""


@contextlib.contextmanager
def serving(wiki: Wiki) -> Iterator[str]:
    """Serve a wiki on a port of loopback's; gives its address with the context path."""
    config = uvicorn.Config(wiki, host="127.0.0.1", port=0, log_level="critical", access_log=False, lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 10
    while not server.started:
        assert time.monotonic() < deadline
        time.sleep(0.005)
    port = server.servers[0].sockets[0].getsockname()[1]
    wiki.base = f"http://127.0.0.1:{port}{wiki.context}"
    try:
        yield wiki.base
    finally:
        server.should_exit = True
        thread.join(timeout=10)


def repeated(requests: list[str]) -> list[str]:
    """Return the requests that were sent more than once."""
    return [request for request, count in Counter(requests).items() if count > 1]


def is_sorted(ids: list[str]) -> bool:
    """Tell whether page ids ascend as numbers."""
    return all(int(one) < int(other) for one, other in pairwise(ids))
