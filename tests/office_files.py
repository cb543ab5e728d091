"""Real office files, made as their programs make them, for tests."""

from email.message import EmailMessage
from io import BytesIO

import pytest

STEPS = ("Open Preferences and enable Always On.", "Close the laptop lid.", "Sign in again.")


def docx() -> bytes:
    word = pytest.importorskip("docx")

    file = word.Document()
    file.add_heading("VPN drops", 0)
    file.add_paragraph("Applies to laptops.")
    file.add_heading("Resolution", 1)
    file.add_heading("On Windows", 2)
    for step in STEPS:
        file.add_paragraph(step, style="List Number")
    file.add_paragraph("A last word", style="List Bullet")
    file.add_paragraph("Call the Service Desk")
    table = file.add_table(rows=0, cols=2)
    for left, right in (("Code", "Meaning"), ("809", "Port | closed")):
        cells = table.add_row().cells
        cells[0].text, cells[1].text = left, right
    return _saved(file)


def pptx() -> bytes:
    slides = pytest.importorskip("pptx")

    file = slides.Presentation()
    slide = file.slides.add_slide(file.slide_layouts[1])
    slide.shapes.title.text = "VPN drops"
    frame = slide.placeholders[1].text_frame
    frame.text = f"1. {STEPS[0]}"
    for number, step in enumerate(STEPS[1:], 2):
        frame.add_paragraph().text = f"{number}. {step}"
    slide.notes_slide.notes_text_frame.text = "Ask which Wi-Fi it is. Then write it down."
    return _saved(file)


def xlsx() -> bytes:
    openpyxl = pytest.importorskip("openpyxl")

    file = openpyxl.Workbook()
    sheet = file.active
    sheet.title = "Codes"
    for row in (("Code", "Meaning"), (809, "Port closed"), (691, "Wrong password")):
        sheet.append(row)
    other = file.create_sheet("Contacts")
    other.append(("Team", "Phone"))
    other.append(("NetOps", "4711"))
    return _saved(file)


def eml(html: bool = True) -> bytes:
    message = EmailMessage()
    message["Subject"] = "VPN drops"
    message["From"] = "ann@example.org"
    steps = "\n".join(f"{number}. {step}" for number, step in enumerate(STEPS, 1))
    message.set_content(f"Do this:\n\n{steps}\n")
    if html:
        items = "".join(f"<li>{step}</li>" for step in STEPS)
        message.add_alternative(f"<p>Do this:</p><ol start=3>{items}</ol>", subtype="html")
    message.add_attachment(b"x", maintype="image", subtype="png", filename="screen.png")
    return message.as_bytes()


def pdf(pages: int = 1, password: str | None = None, text: bool = True) -> bytes:
    encryption = pytest.importorskip("reportlab.lib.pdfencrypt")
    out = BytesIO()
    encrypt = encryption.StandardEncryption(password) if password else None
    canvas = pytest.importorskip("reportlab.pdfgen.canvas").Canvas(out, encrypt=encrypt)
    for page in range(pages):
        if text:
            _pdf_page(canvas, page)
        else:
            canvas.rect(10, 10, 100, 100)
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def _pdf_page(canvas, page: int) -> None:
    y = 800
    lines = [
        ("Helvetica", 9, "Runbooks of the IT department", 30),
        ("Helvetica-Bold", 20, f"VPN drops {'again ' * page}".strip(), 40),
        ("Helvetica", 11, "The VPN drops every few minutes on public", 14),
        ("Helvetica", 11, "Wi-Fi.", 30),
        ("Helvetica-Bold", 15, "Resolution", 30),
        *(("Helvetica", 11, f"{number}. {step}", 14) for number, step in enumerate(STEPS, 1)),
        ("Helvetica", 11, "It takes a minute.", 30),
        ("Courier", 11, "vpn --restart", 14),
        ("Courier", 11, "vpn --status", 30),
        ("Helvetica", 11, "A paragraph after.", 14),
    ]
    for font, size, text, gap in lines:
        canvas.setFont(font, size)
        canvas.drawString(72, y, text)
        y -= gap
    canvas.setFont("Helvetica", 9)
    canvas.drawString(300, 30, f"Page {page + 1}")


def _saved(file) -> bytes:
    out = BytesIO()
    file.save(out)
    return out.getvalue()
