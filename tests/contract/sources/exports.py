"""Exports of a Confluence space: each scan reads the latest one."""

from abc import abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ingest.ports import Source
from ingest.sources.confluence_export import ConfluenceExportSource
from tests.confluence_export_files import entities, entity, page, restrict, write_export, write_zip
from tests.contract.sources.house import GROUP, House


@dataclass
class _Page:
    key: str
    text: str
    label: str = ""
    status: str = "current"
    readers: str = ""
    broken: bool = False
    version: int = 1


class _ExportHouse(House):
    def __init__(self, scratch: Path) -> None:
        self._path = scratch / "IT.zip"
        self._pages: dict[str, _Page] = {}
        self._keys = 0

    def source(self) -> Source:
        self._export(self._pages)
        return self._open()

    def article_id(self, page: str) -> str:
        return f"confluence/IT/{self._pages[page].key}"

    def write(self, page: str, text: str) -> None:
        if page not in self._pages:
            self._keys += 1
            self._pages[page] = _Page(str(self._keys), "")
        self._pages[page].text = text
        self._pages[page].version += 1

    def rename(self, page: str, to: str) -> None:
        self._pages[to] = self._pages.pop(page)

    def delete(self, page: str) -> None:
        del self._pages[page]

    def spoil(self, page: str) -> None:
        self._pages[page].broken = True

    @contextmanager
    def empty(self) -> Iterator[None]:
        before, self._pages = self._pages, {}
        yield
        self._pages = before

    def _open(self) -> Source:
        return ConfluenceExportSource(self._path)

    @abstractmethod
    def _export(self, pages: dict[str, _Page]) -> None:
        """Write the zip."""


class XmlExportHouse(_ExportHouse):
    cut = False

    @contextmanager
    def failing(self) -> Iterator[None]:
        self.cut = True
        yield
        self.cut = False

    def annotate(self, page: str) -> None:
        self._pages[page].label = "network"

    def restrict(self, page: str) -> None:
        self._pages[page].readers = GROUP

    def unrestrict(self, page: str) -> None:
        self._pages[page].readers = ""

    def obscure(self, page: str) -> None:
        self._pages[page].readers = "?"

    def archive(self, page: str) -> None:
        self._pages[page].status = "archived"

    def _export(self, pages: dict[str, _Page]) -> None:
        objects = []
        for name, one in pages.items():
            if one.broken:
                objects.append(entity("Page", one.key, title=name, space="1"))
                objects.append(entity("BodyContent", f"b{one.key}", body="h1. x", bodyType="0", content=one.key))
            else:
                body = f"<p>{one.text}</p>"
                objects.append(page(one.key, name, body, contentStatus=one.status, version=str(one.version)))
            if one.label:
                objects.append(entity("Label", f"l{one.key}", name=one.label))
                objects.append(entity("Labelling", f"m{one.key}", label=f"l{one.key}", content=one.key))
            if one.readers == "?":
                # A set that names nobody: who its readers are is not in the export.
                objects.append(entity("ContentPermissionSet", f"s{one.key}", type="View", owningContent=one.key))
            elif one.readers:
                objects.append(restrict(f"s{one.key}", one.key, groups=(one.readers,)))
        write_export(self._path, *objects)
        if self.cut:
            written = entities(*objects)
            descriptor = "exportType=space\nspaceKey=IT\n"
            half = written[: written.rindex("<object")]
            write_zip(self._path, {"entities.xml": half, "exportDescriptor.properties": descriptor})


class HtmlExportHouse(_ExportHouse):
    lacks = {  # noqa: RUF012 - declared a class variable above
        "annotate": "an HTML export holds text alone",
        "restrict": "an HTML export does not hold restrictions: its readers are named for the export as a whole",
        "obscure": "as above; without any named, nobody reads it",
        "archive": "an HTML export holds current pages alone",
    }
    cut = False

    @contextmanager
    def failing(self) -> Iterator[None]:
        self.cut = True
        yield
        self.cut = False

    def _open(self) -> Source:
        return ConfluenceExportSource(self._path, ("*",))

    def _export(self, pages: dict[str, _Page]) -> None:
        files = {"IT/index.html": "<html></html>"}
        for name, one in pages.items():
            body = "" if one.broken else f'<div id="main-content"><p>{one.text}</p></div>'
            title = f'<h1><span id="title-text"> IT : {name} </span></h1>'
            files[f"IT/{name}_{one.key}.html"] = f"<html><body>{title}{body}</body></html>"
        write_zip(self._path, files)
        if self.cut:
            # The last page's bytes are not what the list of entries says of them.
            whole = bytearray(self._path.read_bytes())
            whole[whole.index(b"PK\x01\x02") - 8] ^= 0xFF
            self._path.write_bytes(whole)
