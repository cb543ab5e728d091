"""A web form's text enters, the fields that say what is wrong leave, apart from those that say who fills it in."""

import re
from dataclasses import dataclass

MIN_FIELDS = 3
"""Fewer labels are a text that happens to hold a colon."""

_FIELD = re.compile(
    r"(?:\*\*|[-*•] )?(?P<label>[^\W\d_][\w '’/().?-]{0,40}?)(?:\*\*)?\s?[:：](?:\*\*)?(?:\s{1,8}(?P<value>.*)|\Z)"
)


def _labels(listed: str) -> frozenset[str]:
    return frozenset(" ".join(label.split()) for label in listed.split("|"))


_SAYS = _labels(
    """
    description | details | problem | issue | message | question | comments? | comment | what happened | what is
    the problem | what's wrong | problem description | issue description | request | your message | your
    question | how can we help | how can we help you | symptoms | symptom | error | error message | error code |
    body | text | additional information | additional info | steps to reproduce | steps taken | expected
    behaviour | expected behavior | actual behaviour | actual behavior | reason | justification | notes | what
    do you need | please describe your issue | describe your issue | describe the problem | describe the issue |
    impact | beschreibung | problembeschreibung | nachricht | anliegen | fehlermeldung | frage | description du
    problème | descripción | descripción del problema | mensaje | mensaje de error | probleem | omschrijving
    """
)
_NAMES = _labels(
    """
    subject | title | summary | short description | topic | headline | betreff | objet | asunto | titel |
    onderwerp | application | app | system | service | software | product | program | programme | device |
    device type | model | hardware | operating system | os | browser | printer | category | subcategory | area |
    component | environment | version | anwendung | gerät | kategorie | produkt | logiciel | appareil |
    catégorie | aplicación | dispositivo | categoría | affected service | affected system | affected application
    | issue type | request type | type of issue | type of request | item
    """
)
_ABOUT_WRITER = _labels(
    """
    name | full name | your name | first name | last name | surname | requester | requested by | submitted by |
    reported by | reporter | user | username | user name | user id | login | employee | employee id | employee
    number | employee no | staff id | staff number | personnel number | email | e-mail | email address | e-mail
    address | your email | work email | mail | phone | phone number | telephone | tel | mobile | mobile number |
    contact | contact number | extension | department | dept | team | company | organisation | organization |
    job title | role | manager | line manager | cost centre | cost center | location | office | site | building
    | floor | room | desk | address | date | time | date submitted | submitted | submitted at | submitted on |
    created | created at | ticket | ticket id | ticket number | ticket no | reference | reference number | case
    number | id | asset tag | asset | asset number | serial number | serial | priority | urgency | channel |
    source | form | page | url | ip | ip address | user agent | referrer | preferred contact | preferred contact
    method | best time to call | language | status | consent | i agree | privacy | attachments | attachment |
    nachname | vorname | telefon | telefonnummer | abteilung | standort | raum | kostenstelle | datum |
    priorität | dringlichkeit | personalnummer | benutzername | e-mail-adresse | nom | prénom | nom complet |
    téléphone | service demandeur | courriel | adresse e-mail | lieu | bureau | nombre | nombre completo |
    apellido | apellidos | correo | correo electrónico | teléfono | departamento | ubicación | prioridad | fecha
    | naam | telefoonnummer | afdeling
    """
)


@dataclass(frozen=True, slots=True)
class Form:
    """A form's fields, in its order.

    Attributes:
        said: What is wrong and with what; of the latter the label too.
        rest: Who fills it in, and bookkeeping.
    """

    said: str
    rest: str


def parse_form(text: str) -> Form | None:
    """Take a form apart.

    Args:
        text: `label: value` lines; a value may go on below its label.

    Returns:
        Its parts; `None` where the text is no form: fewer labels than `MIN_FIELDS` are known, or none says what is
        wrong.
    """
    fields: list[tuple[str, list[str]]] = []
    before: list[str] = []
    for line in text.split("\n"):
        match = _FIELD.match(line.strip())
        label = match["label"].strip(" *?.").lower() if match else ""
        if match and (label in _SAYS or label in _NAMES or label in _ABOUT_WRITER):
            fields.append((label, [match["value"] or ""]))
        elif fields:
            fields[-1][1].append(line)
        else:
            before.append(line)
    labels = [label for label, _value in fields]
    if len(set(labels)) < MIN_FIELDS or not any(label in _SAYS or label in _NAMES for label in labels):
        return None
    said = ["\n".join(value).strip() for label, value in fields if label not in _ABOUT_WRITER]
    rest = [f"{label}: {' '.join(value).strip()}" for label, value in fields if label in _ABOUT_WRITER]
    return Form("\n".join(part for part in ["\n".join(before).strip(), *said] if part), "\n".join(rest))
