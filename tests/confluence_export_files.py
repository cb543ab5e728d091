"""Small Confluence space exports, as their server writes them."""

import zipfile
from collections.abc import Mapping
from pathlib import Path


def cdata(text: str) -> str:
    return f"<![CDATA[{text.replace(']]>', ']] >')}]]>"


def entity(kind: str, key: str, /, **values: str) -> str:
    """Write one object; a value `Class:id` in a property of another object's name refers to it."""
    properties = ""
    for name, value in values.items():
        if name in {
            "space",
            "parent",
            "content",
            "label",
            "owningContent",
            "owningSet",
            "userSubject",
            "labelable",
            "containerContent",
        }:
            properties += f'<property name="{name}" class="X" package="p"><id name="id">{value}</id></property>'
        else:
            properties += f'<property name="{name}">{cdata(value)}</property>'
    return f'<object class="{kind}" package="com.atlassian.confluence"><id name="id">{key}</id>{properties}</object>\n'


def page(key: str, title: str, body: str = "<p>Text</p>", /, **values: str) -> str:
    stated = {"title": title, "version": "3", "contentStatus": "current", "space": "1"} | values
    return entity("Page", key, **stated) + entity("BodyContent", f"b{key}", body=body, bodyType="2", content=key)


def attachment(key: str, page_id: str, name: str, /, **values: str) -> str:
    stated = {
        "title": name,
        "version": "2",
        "contentStatus": "current",
        "lastModificationDate": "2026-09-15 08:00:00.000",
    }
    return entity("Attachment", key, **(stated | {"containerContent": page_id} | values))


def restrict(key: str, page_id: str, *, users: tuple[str, ...] = (), groups: tuple[str, ...] = ()) -> str:
    permissions = [{"userSubject": user} for user in users] + [{"groupName": group} for group in groups]
    return entity("ContentPermissionSet", key, type="View", owningContent=page_id) + "".join(
        entity("ContentPermission", f"{key}{number}", type="View", owningSet=key, **permission)
        for number, permission in enumerate(permissions)
    )


def entities(*objects: str, head: str = "") -> str:
    space = entity("Space", "1", key="IT", name="IT")
    opening = f'<?xml version="1.0" encoding="UTF-8"?>\n{head}<hibernate-generic datetime="x">\n'
    return f"{opening}{space}{''.join(objects)}</hibernate-generic>"


def write_zip(path: Path, files: Mapping[str, str | bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def write_export(path: Path, *objects: str, files: Mapping[str, bytes] | None = None) -> Path:
    head = {"entities.xml": entities(*objects), "exportDescriptor.properties": "#x\nexportType=space\nspaceKey=IT\n"}
    return write_zip(path, {**head, **(files or {})})
