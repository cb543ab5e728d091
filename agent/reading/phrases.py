"""The words that mail programs and their users put around what they say, by language."""

import re
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Intro:
    """Recognises the line above a quoted reply: how it begins, what it holds, and that a colon ends it."""

    pairs: tuple[tuple[str, str], ...]

    def begins(self, line: str) -> bool:
        """Say whether a line may be the first of such a one."""
        lowered = line.lower()
        return (
            any(lowered.startswith(begins) for begins, _holds in self.pairs)
            or lowered.startswith("<")
            or "@" in lowered
        )

    def matches(self, line: str) -> bool:
        """Say whether a line is one, its breaks undone."""
        lowered = line.lower().rstrip()
        if not lowered.endswith((":", "：")):
            return False
        return any(
            (lowered.startswith(begins) or "@" in lowered) and holds in lowered and any(map(str.isdigit, lowered))
            for begins, holds in self.pairs
        ) or any(lowered.startswith(begins) and f" {holds.strip()}:" in lowered for begins, holds in self.pairs)


WROTE: Final = Intro(
    (
        ("on ", "wrote"),
        ("am ", "schrieb"),
        ("am ", "geschrieben"),
        ("le ", "a écrit"),
        ("el ", "escribió"),
        ("il ", "ha scritto"),
        ("op ", "schreef"),
        ("em ", "escreveu"),
        ("den ", "skrev"),
        ("w dniu ", "pisze"),
        ("w dniu ", "napisał"),
        ("dnia ", "napisał"),
    )
)

MAY_BEGIN_QUOTE: Final = re.compile(
    r"[>|\s]{0,20}(?:[-–—_=*#<]|[^@\n]{0,120}@|(?:on|am|le|el|il|op|em|den|w|dnia|from|von|de|da|van|från|od|desde|sender"
    r"|absender|original|reply|urspr|message|mensa|messaggio|oorspr|wiadomo|please|bitte)\b|urspr|original)",
    re.IGNORECASE,
)
"""What the first line of a quoted mail, or of what stands above one, begins with; most lines begin otherwise."""

_RULED = r"[-–—_=*\s]{0,20}"

ORIGINAL_MARK: Final = re.compile(
    rf"{_RULED}(?:original message|original appointment|reply message|urspr[üu]ngliche (?:nachricht|e-?mail)"
    rf"|originalnachricht"
    r"|message d'origine|message original|mensaje original|messaggio originale|oorspronkelijk bericht|mensagem original"
    r"|ursprungligt meddelande|wiadomo[śs][ćc] oryginalna|please reply above this line|reply above this line"
    r"|## ?- ?please type your reply above this line ?- ?##|bitte antworten sie oberhalb dieser zeile)"
    rf"{_RULED}\Z",
    re.IGNORECASE,
)

FORWARD_MARK: Final = re.compile(
    rf"{_RULED}(?:forwarded (?:message|by[^\n]{{0,80}})|begin forwarded message|weitergeleitete (?:nachricht|e-?mail)"
    r"|anfang der weitergeleiteten (?:nachricht|e-?mail)|message transf[ée]r[ée]|d[ée]but du message"
    r" (?:r[ée]exp[ée]di[ée]|transf[ée]r[ée])"
    r"|mensaje reenviado|inicio del mensaje reenviado|messaggio inoltrato|inizio messaggio inoltrato|doorgestuurd"
    r" bericht"
    r"|mensagem encaminhada|vidarebefordrat meddelande)\s{0,3}:?"
    rf"{_RULED}\Z",
    re.IGNORECASE,
)

FORWARD_SUBJECT: Final = re.compile(
    r"(?:(?:re|aw|rép|sv|antw|ref)\s{0,2}:\s{0,3}){0,2}(?:fw|fwd|wg|tr|rv|i|enc|vs|doorst|forwarded"
    r"|weitergeleitet)\b\s{0,2}(?::|from\b|von\b)",
    re.IGNORECASE,
)
"""A subject that says its mail is passed on. `RE: FW:` is one too: who answers a forwarded mail adds to it."""

SUBJECT_PREFIX: Final = re.compile(
    r"(?:(?:re|aw|sv|antw|rép|ref|res|fw|fwd|wg|tr|rv|enc)\s{0,2}(?:\[\d{1,3}\])?\s{0,2}[:：]|\[(?:ext|external|extern"
    r"|spam\?{0,3})\]:?)\s{0,3}",
    re.IGNORECASE,
)

HEADER: Final = re.compile(r"(?:from|von|de|da|van|från|od|desde|sender|absender)\s{0,2}:\*?\s{0,3}\S", re.IGNORECASE)
HEADERS_AFTER: Final = re.compile(
    r"(?:from|von|de|da|van|från|od|sent|gesendet|envoyé|envoyée|enviado(?: el)?|inviato|verzonden|skickat|date|datum"
    r"|fecha|data|to|an|à|para|a|aan|till"
    r"|cc|kopie|subject|betreff|objet|asunto|oggetto|onderwerp|assunto|ämne|reply-to|importance|priorität|wichtigkeit"
    r"|attachments?|anlagen)\s{0,2}:\*?(?:\s|\Z)",
    re.IGNORECASE,
)

SENT_FROM: Final = re.compile(
    r"(?:sent (?:from|via|with) (?:my |the )?\w[\w .+-]{0,40}|get outlook for \w+[^\n]{0,40}|(?:diese (?:nachricht"
    r"|mail) wurde )?von mein(?:em|er) \w[\w -]{0,40} gesendet"
    r"|gesendet (?:von|mit) (?:mein\w{1,3} |der )?\w[\w .+-]{0,60}|envoyé (?:de|depuis|à partir de|avec) (?:mon |ma "
    r"|l'application )?\w[\w .-]{0,40}|enviado (?:desde|con) (?:mi |el )?\w[\w .-]{0,40}"
    r"|inviato da(?:l mio)? \w[\w .-]{0,40}|verstuurd vanaf mijn \w[\w .-]{0,40}|outlook für \w+ beziehen|obtenez"
    r" outlook pour \w+|obtener outlook para \w+"
    r"|von unterwegs gesendet|hol dir outlook für \w+)[.!]?\Z",
    re.IGNORECASE,
)

CLOSING: Final = re.compile(
    r"(?:(?:with )?(?:many |kind|best|warm|warmest|kindest)?\s?(?:regards|wishes|thanks)|thanks?(?: you)?(?: (?:so"
    r"|very) much| a lot| again| in advance|s)?(?:,? and (?:kind |best )?regards)?|many thanks|cheers|best|sincerely"
    r"|yours (?:sincerely|faithfully|truly)|ta|thx|tia|kr|br|rgds|cordially|respectfully|mit (?:freundlichen|besten"
    r"|herzlichen|lieben) gr[üu](?:ß|ss)en|(?:viele|liebe|beste|freundliche|herzliche|sch[öo]ne) gr[üu](?:ß|ss)e"
    r"|(?:vielen|herzlichen|besten) dank(?: (?:im voraus|und (?:viele |beste )?gr[üu](?:ß|ss)e))?|danke(?: (?:im voraus"
    r"|sch[öo]n))?|gru(?:ß|ss)|mfg|lg|vg|bg|cordialement|bien cordialement|bien [àa] vous|merci(?: (?:beaucoup|d'avance"
    r"|par avance))?"
    r"|salutations(?: distingu[ée]es)?|sinc[èe]res salutations|[àa] bient[ôo]t|(?:un )?(?:cordial )?saludos?(?:"
    r" cordiales)?|atentamente|(?:muchas )?gracias(?: (?:de antemano|por adelantado))?|un abrazo|cordiali saluti"
    r"|grazie(?: mille)?|met vriendelijke groet(?:en)?|groet(?:en|jes)?|bedankt)"
    r"[\s,.!;:)😊🙂-]{0,5}(?-i:[A-ZÀ-Þ][\w.'-]{1,20}(?-i: [A-ZÀ-Þ][\w.'-]{0,20}){0,2})?\Z",
    re.IGNORECASE,
)

_TEAMS = (
    r"all|both|folks|guys|everyone|everybody|team|there|support|it|helpdesk|help desk|service ?desk|it team"
    r"|support team|it support|sir|madam|colleagues?|zusammen|liebes team|kolleg\w{1,6}|[àa] tous|equipo|a todos"
)

GREETING: Final = re.compile(
    rf"(?:hi|hello|hey|hiya|dear|greetings|good (?:morning|afternoon|evening|day)|morning|afternoon|gr[üu]ezi|hallo"
    rf"|guten (?:morgen|tag|abend)|moin|servus|gr[üu](?:ß|ss) gott|liebe[rs]?|sehr geehrte[rs]?"
    rf"|bonjour|bonsoir|salut|madame|monsieur|ch[èe]re?s?|hola|buen[oa]s? (?:d[íi]as?|tardes|noches)|estimad[oa]s?|ciao"
    rf"|buongiorno|gentile|beste|geachte|goede(?:morgen|middag))"
    rf"(?:[ ,/]{{1,2}}(?:(?i:{_TEAMS})|[\w.'-]{{1,20}})){{0,4}}[\s,.!:;-]{{0,3}}\Z",
    re.IGNORECASE,
)
"""A line that greets and says nothing else."""

DISCLAIMER: Final = re.compile(
    r"\W{0,3}(?:caution|warning|achtung|vorsicht|attention|external|externe?|disclaimer|confidential(?:ity)?(?: notice|"
    r" note)?)\W{0,6}"
    r"(?:this (?:e-?mail|message) (?:originated|came|comes|was sent|is) (?:from )?(?:outside|an external)|diese"
    r" (?:e-?mail|nachricht) (?:stammt|kommt|wurde) von (?:au[ßs]|extern)"
    r"|ce (?:message|courriel) provient de l'ext[ée]rieur|e-?mail from outside|external (?:e-?mail|sender)|externe"
    r" (?:e-?mail|absender)|sender is external)[^\n]{0,400}\Z"
    r"|(?:this|the (?:information|content)s?(?: contained)? (?:in|of) this) (?:e-?mail|message|communication)(?:"
    r" message)?(?:,? (?:and|including|together with) (?:any|all|its) (?:files|attachments?)(?: transmitted with"
    r" it)?)?,? (?:is|are|may be|may contain|contains?|is intended) [^\n]{0,1500}\Z"
    r"|if you (?:are not the intended recipient|have received this (?:e-?mail|message) in error)[^\n]{0,1000}\Z"
    r"|diese (?:e-?mail|nachricht) (?:enth[äa]lt|kann|ist) (?:vertraulich|m[öo]glicherweise vertraulich|rechtlich"
    r" gesch[üu]tzt)[^\n]{0,1500}\Z"
    r"|(?:ce (?:message|courriel|e-?mail)|le pr[ée]sent message) (?:et (?:toutes )?(?:les|ses) (?:pi[èe]ces jointes"
    r"|[ée]ventuelles pi[èe]ces jointes) )?(?:est|sont|peut contenir|contient) [^\n]{0,1500}\Z"
    r"|este (?:mensaje|correo)(?: electr[óo]nico)? (?:y (?:sus|los) (?:archivos )?(?:adjuntos|anexos) )?(?:es|son"
    r"|contiene|puede contener|va dirigido|se dirige) [^\n]{0,1500}\Z"
    r"|(?:please )?(?:consider the environment|think) before (?:you )?print(?:ing)?[^\n]{0,100}\Z",
    re.IGNORECASE,
)
"""A paragraph that the sender's organisation puts under or above every mail."""
