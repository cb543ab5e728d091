"""A chat transcript enters, its turns leave: who said what, and who of them is the service desk."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from agent.models import Role, Turn

MIN_TURNS = 2
MIN_SHARE_OF_HEADS = 0.3
"""Of the lines that are not empty, so many begin a turn; a text with fewer has some that look so."""

MAX_HEAD_CHARS = 120
"""Who speaks and when is said at the beginning of a line."""

_TIME = r"(?:\d{1,2}:\d{2}(?::\d{2})?(?:\s?[ap]\.?m\.?)?)"
_DATE = (
    r"(?:\d{1,4}[-./]\d{1,2}[-./]\d{1,4}|(?:\w{3,9},?\s)?\d{1,2}\.?\s\w{3,9}\.?(?:\s\d{4})?"
    r"|\w{3,9}\s\d{1,2}(?:,?\s\d{4})?|today|yesterday)"
)
_STAMP = rf"(?:{_DATE}(?:,?\s(?:at\s)?|T))?{_TIME}(?:\s?(?:UTC|GMT|Z|CET|[+-]\d{{4}}))?"
_NAME = (
    r"[^\W\d_][\w.'’@&/ -]{0,38}?(?:\s?\([^()\n]{1,30}\))?|<[\w.'’ -]{1,40}>|[^\W\d_][\w.'’ -]{0,38}?\s\[[\w ]{1,20}\]"
)

_STAMPED_HEADS = (
    # [10:32] Ann: text, 10:32 AM - Ann: text, 20/11/2026, 10:32 - Ann: text, [10:32] <ann> text
    re.compile(
        rf"[\[(]?{_STAMP}[\])]?\s{{0,3}}[-–|]?\s{{0,3}}(?P<who>{_NAME})\s?(?::|(?<=>))\s{{0,3}}",
        re.IGNORECASE,
    ),
    # Ann [10:32]: text, Ann (10:32 AM): text, Ann, 10:32: text
    re.compile(rf"(?P<who>{_NAME}),?\s{{1,3}}[\[(]?{_STAMP}[\])]?\s{{0,2}}:\s{{0,3}}", re.IGNORECASE),
    # Ann  10:32 AM, the text on the next lines; [10:32 AM] Ann
    re.compile(rf"(?P<who>{_NAME})(?:\s{{1,4}}APP)?,?\s{{1,4}}[\[(]?{_STAMP}[\])]?\Z", re.IGNORECASE),
    re.compile(rf"[\[(]?{_STAMP}[\])]?\s{{1,4}}(?P<who>{_NAME})\Z", re.IGNORECASE),
)
_PLAIN_HEAD = re.compile(
    r"(?:\*\*)?(?P<who>[^\W\d_][\w.'’-]{0,24}(?:"
    r" [\w.'’-]{1,24}){0,2}(?:\s?\([^()\n]{1,30}\))?)(?:\*\*)?\s?:(?:\*\*)?\s{1,3}(?=\S)"
)
_EVENT = re.compile(
    rf"(?:[\[(]?{_STAMP}[\])]?\s{{0,3}}[-–]?\s{{0,3}})?(?:\*{{2,3}}|[-–—]{{2,5}})?\s{{0,3}}[\w.'’"
    rf" @()-]{{1,60}}?\s(?:has )?"
    r"(?:joined|left|ended|started|rejoined|was added to|was assigned|entered|is now (?:online|offline))(?: (?:to"
    r" )?(?:the )?(?:chat|conversation|room|channel|call)\b[^\n]{0,40})?\.?\s{0,3}(?:\*{2,3}|[-–—]{2,5})?\Z",
    re.IGNORECASE,
)
_TRANSCRIPT_LINE = re.compile(
    r"(?:chat |conversation )(?:transcript|started|ended|history|log)\b[^\n]{0,80}\Z", re.IGNORECASE
)

_DESK = re.compile(
    r"\b(?:support|help ?desk|service ?desk|agent|operator|advisor|adviser|consultant|technician|assistant|bot|chatbot"
    r"|fin|copilot|it team|it dept"
    r"|customer (?:care|service)|staff|desk|mitarbeiter|berater|soporte|agente|conseiller|système|system|automated)\b"
    r"|bot\b",
    re.IGNORECASE,
)
_REQUESTER = re.compile(
    r"\b(?:user|customer|client|visitor|requester|end.?user|guest|caller|me|kunde|kundin|cliente|usuario|utilisateur"
    r"|besucher|anrufer)\b",
    re.IGNORECASE,
)
_OFFERS_HELP = re.compile(
    r"\b(?:how (?:can|may) (?:i|we) (?:help|assist)|what can (?:i|we) do for you|thank(?:s| you) for (?:contacting"
    r"|reaching out|getting in touch|calling|your (?:message|patience))"
    r"|wie kann ich (?:ihnen|dir|euch)? ?(?:weiter)?helfen|womit kann ich|comment puis-je vous aider|en qu[ée] puedo"
    r" ayudar|(?:let me|i'?ll|i will) (?:check|look|take a look|have a look|see what)"
    r"|could you (?:please )?(?:confirm|provide|share|send|tell)|can you (?:please )?(?:confirm|provide|tell me)|have"
    r" you tried|did you try)\b",
    re.IGNORECASE,
)
_NOT_NAMES = """
    from to cc bcc date sent subject re fw error warning note notes ps info debug fatal critical status priority issue
    problem question answer steps step expected actual result results summary description details environment os version
    device host server url path file command output code message log logs reason cause impact time started since name
    email phone mail tel telephone location department site user username caused by http https example e.g i.e update
    edit tl;dr tldr ticket id type category application system software product labels annotations alert value instance
    severity service address exception traceback edit1 attachment attachments von an betreff gesendet datum
"""
_NO_SPEAKERS = frozenset(_NOT_NAMES.split())


def parse_transcript(text: str) -> tuple[Turn, ...]:
    """Take a transcript apart.

    Args:
        text: What may be one: `Name: text`, with or without times, as Slack, Teams, WhatsApp, Zendesk and Intercom
            copy or export it.

    Returns:
        Its turns in order, each with its role; empty where the text is no transcript.
    """
    lines = [line.strip() for line in text.split("\n")]
    for heads in (_STAMPED_HEADS, (_PLAIN_HEAD,)):
        spoken = _spoken(lines, heads)
        if _is_transcript(spoken, lines, stamped=heads is _STAMPED_HEADS):
            return with_roles(spoken)
    return ()


def with_roles(turns: Sequence[Turn]) -> tuple[Turn, ...]:
    """Say of each turn whether the requester or the service desk speaks, where that is not known yet.

    A speaker is the desk where the name says so, or where the first turn offers help; the first speaker who is not the
    desk is the requester, and so is everyone else: a colleague who adds "same here" is heard.

    Args:
        turns: In order.
    """
    roles: dict[str, Role] = {turn.speaker: turn.role for turn in turns if turn.role is not None}
    for turn in turns:
        if turn.speaker not in roles:
            roles[turn.speaker] = _role(turn)
    if turns and "user" not in roles.values():
        # Somebody asks for something, whatever the names say.
        quiet = next((turn.speaker for turn in turns if not _OFFERS_HELP.search(turn.text)), turns[0].speaker)
        roles[quiet] = "user"
    return tuple(Turn(turn.speaker, turn.text, turn.role or roles[turn.speaker]) for turn in turns)


def _role(turn: Turn) -> Role:
    if _REQUESTER.search(turn.speaker):
        return "user"
    return "agent" if _DESK.search(turn.speaker) or _OFFERS_HELP.search(turn.text) else "user"


def _spoken(lines: Iterable[str], heads: Sequence[re.Pattern[str]]) -> list[Turn]:
    turns: list[tuple[str, list[str]]] = []
    for line in lines:
        begins = line[:MAX_HEAD_CHARS]
        if _EVENT.match(begins) or _TRANSCRIPT_LINE.match(begins):
            continue
        match = next((found for head in heads if (found := head.match(begins))), None)
        who = match["who"].strip("<> *") if match else ""
        if match and who.lower() not in _NO_SPEAKERS:
            turns.append((who, [line[match.end() :]]))
        elif turns:
            turns[-1][1].append(line)
        elif line:
            turns.append(("", [line]))
    return [Turn(who, "\n".join(said).strip(), None) for who, said in turns if any(said)]


def _is_transcript(turns: Sequence[Turn], lines: Sequence[str], *, stamped: bool) -> bool:
    said = [turn for turn in turns if turn.speaker]
    speakers = Counter(turn.speaker for turn in said)
    filled = sum(bool(line) for line in lines)
    if len(said) < MIN_TURNS or len(said) < MIN_SHARE_OF_HEADS * filled:
        return False
    if stamped:
        return True
    # Without times, labels of a form look like names; but nobody fills in a label twice.
    named = any(_DESK.search(name) or _REQUESTER.search(name) for name in speakers)
    return len(speakers) >= 2 and (len(said) > len(speakers) or named) and len(speakers) <= 6
