"""Runs of text, inline code, links and images enter; one clean normalised string leaves."""

import re
import unicodedata
from collections.abc import Callable

# Invisible on a screen but read by a model: tag characters, zero-width characters, bidirectional controls, BOM. And
# halves of characters, which YAML can escape and nothing can store.
_INVISIBLE = re.compile(
    "[\u00ad\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ud800-\udfff\U000e0000-\U000e007f]"
)
# A variation selector means something after an emoji or symbol and hides data anywhere else.
_STRAY_SELECTOR = re.compile(
    "(?<![\u00a9\u00ae\u2000-\u3300\U0001f000-\U0001faff0-9#*])[\ufe00-\ufe0f]|[\U000e0100-\U000e01ef]"
)
_CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f]")
_SPACES = re.compile(r"\s+")
# None reaches past the next opening: a page of openings alone would be read through once for each.
_SHORTCODE = re.compile(
    r"\{\{[<%](?:(?!\{\{).)*?[>%]\}\}|<%(?:(?!<%).)*?%>|\{%-?\s[^{}]*?-?%\}|\{:\s*[.#][^{}]*\}", re.DOTALL
)
_EMPTY_LINK = re.compile(r"\[([^\[\]]*)\]\(\s*\)")
_ABSOLUTE_URL = re.compile(r"(?:https?|ftp|mailto|tel|ssh|slack|msteams):", re.IGNORECASE)
_BREAK = "\n"


def strip_invisible(text: str) -> str:
    """Remove what a reader cannot see: control, zero-width, bidirectional and tag characters.

    Args:
        text: Any text; newlines and tabs stay.

    Returns:
        The text in NFC.
    """
    if text.isascii():
        return _CONTROL.sub("", text)
    # NFC last: removing a joiner can bring two characters together that compose.
    return unicodedata.normalize("NFC", _STRAY_SELECTOR.sub("", _INVISIBLE.sub("", _CONTROL.sub("", text))))


def clean_line(text: str) -> str:
    """Put text on one line: nothing invisible, every run of whitespace one space.

    Args:
        text: Any text.

    Returns:
        The text in NFC, without leading and trailing whitespace.
    """
    return _SPACES.sub(" ", strip_invisible(text)).strip()


def as_written(text: str) -> str:
    """Leave text alone: what looks like a template tag in a wiki page is what its author wants read."""
    return text


def drop_shortcodes(text: str) -> str:
    """Remove template tags of Hugo, Jekyll, ERB and kramdown; what they enclose stays.

    A link whose target was such a tag, `[Guide]({{< ref "guide" >}})`, keeps its text.
    """
    if "{" not in text and "<%" not in text:
        return text
    return _EMPTY_LINK.sub(r"\1", _SHORTCODE.sub("", text))


class InlineText:
    """Collects the inline content of one paragraph, heading or cell.

    Args:
        clean: What is done to running text besides; a file may hold the tags of a site generator.
    """

    def __init__(self, clean: Callable[[str], str] = drop_shortcodes) -> None:
        self._clean = clean
        self._parts: list[tuple[str, bool]] = []
        self._links: list[tuple[int, str]] = []
        self._with_urls = True

    def text(self, text: str) -> None:
        """Add running text; its whitespace means a space."""
        if text:
            self._parts.append((text, False))

    def code(self, code: str) -> None:
        """Add inline code, kept as it is except that it stays on one line."""
        content = strip_invisible(code.replace("\n", " ")).strip()
        if content:
            ticks = "``" if "`" in content else "`"
            pad = " " if content.startswith("`") or content.endswith("`") else ""
            self._parts.append((f"{ticks}{pad}{content}{pad}{ticks}", True))

    def line_break(self) -> None:
        """Add a hard line break."""
        self._parts.append((_BREAK, True))

    def open_link(self, url: str) -> None:
        """Begin a link's text."""
        self._links.append((len(self._parts), url))

    def close_link(self) -> None:
        """End a link's text and add its URL where it says more than the text does."""
        if not self._links:
            return
        start, url = self._links.pop()
        shown = clean_line("".join(part for part, _ in self._parts[start:]))
        target = clean_line(url)
        # A relative link leads nowhere outside its wiki, so only its text is kept.
        if not _ABSOLUTE_URL.match(target) or (shown and not self._with_urls):
            return
        bare = target.removeprefix("mailto:").removeprefix("tel:")
        if not shown:
            self.text(bare)
        elif bare.rstrip("/") not in {shown.strip("`").rstrip("/"), f"https://{shown}", f"http://{shown}"}:
            self.text(f" ({bare})")

    def image(self, alt: str, url: str) -> None:
        """Add an image by its description, or by its file's name where there is none."""
        name = url.split("?", maxsplit=1)[0].rsplit("/", 1)[-1] if not url.startswith("data:") else ""
        label = clean_line(alt) or clean_line(name)
        if label:
            self.text(f"[image: {label}]")

    def forget_links(self) -> None:
        """Keep only the text of every link that is open or to come, as befits a heading."""
        self._with_urls = False

    def finish(self) -> str:
        """Return the normalised text and start over.

        Returns:
            Lines without leading, trailing or doubled whitespace, separated by the hard breaks.
        """
        lines: list[list[tuple[str, bool]]] = [[]]
        for part, exact in self._parts:
            if part == _BREAK and exact:
                lines.append([])
            else:
                lines[-1].append((part, exact))
        self._parts, self._links, self._with_urls = [], [], True
        return "\n".join(line for line in (_join(line, self._clean) for line in lines) if line)


def _join(parts: list[tuple[str, bool]], clean: Callable[[str], str]) -> str:
    """Join one line's parts: whitespace folded in running text, untouched in code."""
    if not any(exact for _, exact in parts):
        return clean_line(clean("".join(text for text, _ in parts)))
    runs: list[str] = []
    pending = ""
    for text, exact in [*parts, ("", True)]:
        if not exact:
            pending += text
            continue
        folded = _SPACES.sub(" ", strip_invisible(clean(pending)))
        pending = ""
        # Removing an invisible character can leave two spaces meeting across a part.
        runs += [folded, text]
    return unicodedata.normalize("NFC", "".join(runs)).strip()
