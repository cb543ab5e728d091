"""People at work on a wiki: each call does what a person would do in it, over its real API."""

import os
import subprocess
import xmlrpc.client
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from tests.wikis.servers import PASSWORD, USER, packages

TIMEOUT_S = 60.0


class MediaWikiEditor:
    """An administrator of a MediaWiki."""

    def __init__(self, url: str, settings: Path) -> None:
        self.url = url
        self._settings = settings
        self._http = httpx.Client(timeout=TIMEOUT_S, trust_env=False)
        token = self._get(action="query", meta="tokens", type="login")["query"]["tokens"]["logintoken"]
        done = self._post(action="login", lgname=USER, lgpassword=PASSWORD, lgtoken=token)
        assert done["login"]["result"] == "Success", done

    @property
    def host(self) -> str:
        return httpx.URL(self.url).netloc.decode()

    def location(self, query: str = "") -> str:
        return f"mediawiki+{self.url}" + (f"?{query}" if query else "")

    def edit(self, title: str, text: str) -> int:
        return int(self._act("edit", title=title, text=text)["edit"]["pageid"])

    def move(self, title: str, to: str) -> None:
        self._act("move", **{"from": title, "to": to})

    def delete(self, title: str) -> None:
        self._act("delete", title=title)

    def upload(self, name: str, content: bytes) -> int:
        token = self._get(action="query", meta="tokens")["query"]["tokens"]["csrftoken"]
        form = {"action": "upload", "filename": name, "token": token, "ignorewarnings": "1", "format": "json"}
        done = self._http.post(self.url, data=form, files={"file": (name, content)}).json()
        assert done["upload"]["result"] == "Success", done
        found = self._get(action="query", titles=f"File:{name}", formatversion="2")
        return int(found["query"]["pages"][0]["pageid"])

    def undelete(self, title: str) -> None:
        self._act("undelete", title=title)

    def protect(self, title: str) -> None:
        self._act("protect", title=title, protections="edit=sysop", expiry="infinite")

    def run_jobs(self) -> None:
        """Let the wiki do what it put off, such as marking the pages that show an edited template."""
        self._maintain("runJobs.php")

    def bot_password(self) -> tuple[str, str]:
        """Make a bot password as Special:BotPasswords does; gives user and password."""
        app, secret = "indexer", "0123456789abcdef0123456789abcdef"
        self._maintain("createBotPassword.php", "--appid", app, "--grants", "basic", USER, secret)
        return f"{USER}@{app}", secret

    @contextmanager
    def private(self) -> Iterator[None]:
        """Let nobody read who is not logged in."""
        before = self._settings.read_text()
        self._settings.write_text(before + "\n$wgGroupPermissions['*']['read'] = false;\n")
        try:
            yield
        finally:
            self._settings.write_text(before)

    def _maintain(self, script: str, *arguments: str) -> None:
        program = packages("mediawiki") / "usr/share/mediawiki/maintenance" / script
        done = subprocess.run(
            ["php", program, *arguments],
            env=os.environ | {"MW_CONFIG_FILE": str(self._settings)},
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr

    def _act(self, action: str, **parameters: str) -> dict[str, Any]:
        token = self._get(action="query", meta="tokens")["query"]["tokens"]["csrftoken"]
        done = self._post(action=action, token=token, **parameters)
        assert "error" not in done, done["error"]
        return done

    def _get(self, **parameters: str) -> dict[str, Any]:
        answer: dict[str, Any] = self._http.get(self.url, params=parameters | {"format": "json"}).json()
        return answer

    def _post(self, **parameters: str) -> dict[str, Any]:
        answer: dict[str, Any] = self._http.post(self.url, data=parameters | {"format": "json"}).json()
        return answer


class DokuWikiEditor:
    """An administrator of a DokuWiki."""

    def __init__(self, url: str, acl: Path) -> None:
        self.url = url
        self._acl = acl
        self._http = httpx.Client(timeout=TIMEOUT_S, trust_env=False)
        assert self._call("dokuwiki.login", USER, PASSWORD) is True

    @property
    def host(self) -> str:
        return httpx.URL(self.url).netloc.decode()

    def location(self, query: str = "") -> str:
        return f"dokuwiki+{self.url}" + (f"?{query}" if query else "")

    def put(self, page: str, text: str) -> None:
        assert self._call("wiki.putPage", page, text, {}) is True

    def delete(self, page: str) -> None:
        self.put(page, "")

    def upload(self, media: str, content: bytes) -> None:
        assert self._call("wiki.putAttachment", media, xmlrpc.client.Binary(content), {"ow": True}) == media

    def remove(self, media: str) -> None:
        self._call("wiki.deleteAttachment", media)

    @contextmanager
    def rules(self, *lines: str) -> Iterator[None]:
        """Put other access rules in force."""
        before = self._acl.read_text()
        self._acl.write_text(before + "".join(f"{line}\n" for line in lines))
        try:
            yield
        finally:
            self._acl.write_text(before)

    def _call(self, method: str, *arguments: object) -> Any:
        content = xmlrpc.client.dumps(arguments, method)  # type: ignore[arg-type]  # plain values only
        answer = self._http.post(self.url, content=content.encode(), headers={"Content-Type": "text/xml"})
        return xmlrpc.client.loads(answer.text)[0][0]
