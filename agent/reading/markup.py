"""A ticket's body enters; whether it is HTML, and what that shows, leaves. The parser loads for HTML alone."""

import re

_IS_HTML = re.compile(
    r"\s{0,100}(?:<!doctype html|<(html|head|body|div|p|table|span|font|meta|style|center|ul|ol|h[1-6]|b|strong"
    r"|br)\b[^<>]{0,2000}>)",
    re.IGNORECASE,
)


def is_html(text: str) -> bool:
    """Say whether a ticket's body is HTML, and not a text that mentions some."""
    found = _IS_HTML.match(text)
    return found is not None and (found[1] is None or f"</{found[1].lower()}" in text.lower() or "<br" in text.lower())


def html_to_text(source: str) -> str:
    """Render HTML as text; see `agent.reading.html`."""
    from agent.reading import html  # noqa: PLC0415 - loads lxml

    return html.html_to_text(source)
