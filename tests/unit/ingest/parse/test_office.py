import subprocess
import sys
from io import BytesIO
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import pytest

from ingest.errors import ParseError
from ingest.parse import office
from ingest.parse.office import parse_document, parse_slides, parse_workbook
from tests.office_files import STEPS, docx, pptx, xlsx

pytest.importorskip("unstructured")

ROOT = Path(__file__).parents[4]


@pytest.fixture(autouse=True)
def _nothing_is_reported(monkeypatch):
    for name in ("DO_NOT_TRACK", "UNSTRUCTURED_DISABLE_NOTICE"):
        monkeypatch.setenv(name, "1")


def shape(parsed):
    return [(block.kind, block.number, parsed.text[block.start : block.end]) for block in parsed.blocks]


def test_a_word_document_keeps_headings_steps_and_tables():
    parsed = parse_document(docx())
    assert parsed.title == "VPN drops"
    assert shape(parsed) == [
        ("paragraph", None, "Applies to laptops."),
        ("heading", None, "Resolution"),
        ("heading", None, "On Windows"),
        *(("step", number, step) for number, step in enumerate(STEPS, 1)),
        ("item", None, "A last word"),
        ("paragraph", None, "Call the Service Desk"),
        ("table", None, "| Code | Meaning |\n| 809 | Port | closed |"),
    ]
    assert parsed.blocks[3].section == ("Resolution", "On Windows")


def test_slides_keep_titles_steps_and_notes():
    parsed = parse_slides(pptx())
    blocks = shape(parsed)
    assert ("heading", None, "VPN drops") in blocks or parsed.title == "VPN drops"
    assert [(number, text) for kind, number, text in blocks if kind == "step"] == list(enumerate(STEPS, 1))
    assert ("paragraph", None, "Ask which Wi-Fi it is. Then write it down.") in blocks


def test_a_workbook_has_a_heading_and_a_table_per_sheet():
    parsed = parse_workbook(xlsx())
    assert shape(parsed) == [
        ("heading", None, "Codes"),
        ("table", None, "| Code | Meaning |\n| 809 | Port closed |\n| 691 | Wrong password |"),
        ("heading", None, "Contacts"),
        ("table", None, "| Team | Phone |\n| NetOps | 4711 |"),
    ]


def zipped(**files):
    out = BytesIO()
    with ZipFile(out, "w", ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name.replace("__", "/"), content)
    return out.getvalue()


def empty_document():
    word = pytest.importorskip("docx")

    out = BytesIO()
    word.Document().save(out)
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (lambda: b"PK\x03\x04 cut", "damaged"),
        (lambda: docx()[:2000], "damaged"),
        (lambda: zipped(x="y"), "cannot be read"),
        (lambda: b"\xd0\xcf\x11\xe0" + bytes(600), "encrypted or of an old format"),
        (empty_document, "is it a scan"),
        (lambda: zipped(x=bytes(office.MAX_UNPACKED_BYTES + 1)), "the limit is"),
    ],
    ids=["no-zip", "truncated", "no-document", "ole", "empty", "bomb"],
)
def test_a_file_that_gives_no_text_says_why(content, said):
    with pytest.raises(ParseError, match=said):
        parse_document(content())


def with_part(content, name, change):
    out = BytesIO()
    with ZipFile(BytesIO(content)) as old, ZipFile(out, "w", ZIP_DEFLATED) as new:
        for part in old.namelist():
            new.writestr(part, change(old.read(part)) if part == name else old.read(part))
    return out.getvalue()


def test_entities_reach_no_file_and_do_not_multiply(tmp_path):
    (tmp_path / "secret").write_text("swordfish")
    external = f'<!DOCTYPE x [<!ENTITY e SYSTEM "file://{tmp_path}/secret">]>'
    tenfold = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))
    laughs = f'<!DOCTYPE x [<!ENTITY e0 "lol">{tenfold}<!ENTITY e "&e9;">]>'

    def hostile(doctype):
        def change(part):
            return part.replace(b"?>", b"?>" + doctype.encode(), 1).replace(b"Applies to laptops.", b"&e;")

        return with_part(docx(), "word/document.xml", change)

    assert "swordfish" not in parse_document(hostile(external)).text
    with pytest.raises(ParseError, match="cannot be read"):
        parse_document(hostile(laughs))


def test_a_sheet_with_a_cell_in_its_last_corner_is_refused():
    openpyxl = pytest.importorskip("openpyxl")

    file = openpyxl.Workbook()
    file.active["XFD1048576"] = 1
    out = BytesIO()
    file.save(out)
    with pytest.raises(ParseError, match="spans"):
        parse_workbook(out.getvalue())


def test_what_the_libraries_warn_of_stays_out_of_the_terminal(capfd, caplog):
    parse_document(docx())
    parse_workbook(xlsx())
    assert capfd.readouterr().err == ""
    assert not caplog.records


def test_a_missing_extra_names_its_install_command(monkeypatch):
    monkeypatch.setitem(sys.modules, "unstructured.partition.docx", None)
    with pytest.raises(ParseError, match=r"pip install 'runcite\[office\]'"):
        parse_document(docx())


def test_without_the_word_not_to_track_nothing_is_loaded(monkeypatch):
    for name in ("DO_NOT_TRACK", "SCARF_NO_ANALYTICS"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ParseError, match="DO_NOT_TRACK=1"):
        parse_document(docx())


def test_the_private_name_that_the_shim_replaces_is_still_the_one_used():
    tokenize = pytest.importorskip("unstructured.nlp.tokenize")

    parse_document(docx())
    assert tokenize._get_nlp.stands_in == office.MODEL
    tokenize._tokenize_for_cache.cache_clear()
    assert tokenize.sent_tokenize("Open it. Then close it.") == ["Open it.", "Then close it."]
    assert ("Restart", "VB") in tokenize.pos_tag("Restart the router")


def test_no_parser_reaches_for_the_network(tmp_path):
    for name, content in (("a.docx", docx()), ("a.pptx", pptx()), ("a.xlsx", xlsx())):
        (tmp_path / name).write_bytes(content)
    script = f"""
import socket
tried = []
def refuse(*arguments, **_):
    tried.append(arguments)
    raise OSError("the network is closed")
socket.socket.connect = socket.getaddrinfo = socket.create_connection = refuse
from api.settings import prepare_environment
prepare_environment()
from pathlib import Path
from ingest.parse.office import parse_document, parse_slides, parse_workbook
for parse, kind in ((parse_document, "docx"), (parse_slides, "pptx"), (parse_workbook, "xlsx")):
    assert parse((Path({str(tmp_path)!r}) / f"a.{{kind}}").read_bytes()).text
print(tried)
"""
    environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), "HOME": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", script], check=False, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"
