"""What the Confluence of our own holds: pages and their files, edited as a person would."""

from dataclasses import dataclass, field


@dataclass
class WikiFile:
    """A file of a page; its content comes from the media host on Cloud, from the site itself on Data Center."""

    file_id: str
    name: str
    content: bytes
    version: int = 1
    media_type: str = "application/octet-stream"
    when: str = "2026-09-15T08:00:00.000Z"
    listed_size: int | None = None

    def replace(self, content: bytes, when: str = "2026-11-10T08:00:00.000Z") -> None:
        self.content, self.version, self.when = content, self.version + 1, when


@dataclass
class WikiPage:
    page_id: str
    title: str
    body: str = "<p>Restart the client.</p>"
    version: int = 1
    status: str = "current"
    space: str = "IT"
    parent: str | None = None
    parent_type: str = "page"
    kind: str = "page"
    files: list[WikiFile] = field(default_factory=list)
    labels: list[str] = field(default_factory=lambda: ["runbook"])
    users: list[str] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)
    properties: dict[str, object] = field(default_factory=dict)
    owner: str | None = "acc-1"
    when: str = "2026-10-01T08:00:00.000Z"

    def edit(self, body: str) -> None:
        self.body, self.version = body, self.version + 1
