"""Whether cells are names of people: first name and surname, capitalised; judged by the column, because a team may be called `North Harbour`.

A column of ids (`patient_id`, `therapist_id`, …) has no reason to hold two capitalised words in most of its cells, nor a known first name before one. In a
column of labels (team, problem, …) capitalised words are usual: only known first names tell there, and a last word such as House or Team speaks for a place.
"""

from __future__ import annotations

import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

KIND = "names of people"
MANY_NAMES = 4
"""Labels that are known first names with a surname: so many in one column are people, whatever the others are. Convention."""
_PART = r"\p{Lu}\p{Ll}+(?:['’-]\p{Lu}?\p{Ll}+)*"
_LITTLE = r"(?: (?:van|von|de|der|den|del|da|di|la|le|el|al|ten|ter|zu|zur|vom|Mc|Mac|O['’]))*"
_TITLE = r"(?:(?:Dr|Mr|Mrs|Ms|Miss|Prof|Herr|Frau|Sr|Sra|Mme|Mlle|Dhr|Mevr)\.? )?"
_SHAPE = rf"^{_TITLE}{_PART}(?: \p{{Lu}}\.?)?{_LITTLE} {_PART}(?:[ -]{_PART})?$|^{_PART}, ?{_PART}(?: \p{{Lu}}\.?)?$"
_TITLED = r"^(?:Dr|Mr|Mrs|Ms|Miss|Prof|Herr|Frau|Mme|Mlle|Mevr)\.? \p{Lu}\p{Ll}+"
# What the last word of a place, a team, a form of therapy or a problem may be, rather than a surname.
_NO_SURNAME = frozenset(
    "house team clinic ward unit centre center hospital service services group site north south east west central lodge hall court road street park "
    "place hub branch campus office building room floor haus klinik praxis station zentrum ambulanz institut institute foundation trust practice "
    "programme program health care therapy psychotherapy therapie analysis counselling counseling disorder anxiety depression trauma phobia grief "
    "stress study arm cohort region county district school college university day night adult adults child children youth family families harbour "
    "harbor river hill valley lake bridge gate green square wing".split()
)
_NO_FIRST_NAME = _NO_SURNAME | frozenset(
    "client patient case course person subject participant therapist clinician goal rupture demo test sample example new old".split()
)
# The most common first names of five languages' countries, as their statistics offices list them (ONS, SSA, GfdS, INSEE, INE, SVB), years pooled.
GIVEN = frozenset(
    "james john robert michael william david richard joseph thomas charles christopher daniel matthew anthony mark donald steven paul andrew joshua "
    "kenneth kevin brian george edward ronald timothy jason jeffrey ryan jacob gary nicholas eric jonathan stephen larry justin scott brandon "
    "benjamin samuel gregory frank alexander raymond patrick jack dennis jerry tyler aaron adam henry nathan douglas peter zachary kyle noah ethan "
    "jeremy walter keith roger oliver harry liam oscar leo arthur alfie charlie freddie theo archie mohammed muhammad ali ahmed omar hassan ian neil "
    "graham colin stuart simon martin alan philip craig sean mary patricia jennifer linda elizabeth barbara susan jessica sarah karen lisa nancy "
    "betty margaret sandra ashley kimberly emily donna michelle carol amanda melissa deborah stephanie rebecca laura sharon cynthia kathleen amy "
    "shirley angela helen anna brenda pamela nicole ruth katherine samantha christine emma catherine debra virginia rachel janet maria heather diane "
    "julie joyce victoria kelly christina joan evelyn lauren judith olivia frances martha cheryl megan andrea hannah jacqueline gloria teresa sara "
    "janice ann kathryn alice sophie lucy chloe charlotte amelia isla ava mia lily isabella jane claire fiona gillian lesley tracey fatima aisha "
    "zainab hans jürgen peter wolfgang klaus werner dieter manfred uwe günter horst bernd stefan andreas thomas markus jens sven torsten matthias "
    "jan lukas felix finn jonas maximilian paul ben elias niklas tobias sebastian florian heinz helmut gerhard karl ursula monika petra sabine "
    "renate helga karin brigitte ingrid erika gisela claudia susanne gabriele christa angelika heike birgit katja anja julia lena lea sophia johanna "
    "katharina hannelore ilse elke silke tanja nadine jean pierre michel andré philippe alain bernard jacques daniel françois christian gérard "
    "nicolas laurent christophe stéphane julien guillaume antoine mathieu thierry marie nathalie isabelle sylvie catherine françoise valérie céline "
    "aurélie camille léa manon élodie amélie chantal brigitte véronique monique antonio josé manuel francisco juan javier carlos jesús alejandro "
    "miguel rafael pedro pablo ángel sergio fernando luis jorge alberto álvaro diego raúl carmen ana isabel dolores pilar josefa rosa cristina "
    "antonia lucía elena marta mercedes concepción pilar paula raquel beatriz rocío sofía johannes jan cornelis hendrik willem pieter gerrit petrus "
    "jacobus dirk kees maarten sander bram daan sem lars thijs joost wouter jeroen johanna wilhelmina anneke ingrid marieke femke sanne lotte fleur "
    "saskia annemarie esther mieke".split()
)


# What stands beside a first name in an id that is not somebody's: months, numbers, arms of a study.
_NO_PART = frozenset("one two three four five six seven eight nine ten jan feb mar apr may jun jul aug sep oct nov dec ctrl control test demo arm".split())
_SPELLED = r"(?i)^\pL{2,}(?:[ ._,-]+\pL{2,}){1,2}$"


def spelled_otherwise(distinct: pa.Array) -> NDArray[np.bool_]:
    """Cells of an id column that are a known first name and another word in small letters or capitals, or parted as in `anna.schmidt`, `SCHMIDT ANNA`."""
    found = pc.match_substring_regex(distinct, _SPELLED).to_numpy(zero_copy_only=False).copy()
    for place in np.flatnonzero(found):
        words = [word.lower() for word in re.split(r"[ ._,-]+", distinct[place].as_py())]
        others = _NO_FIRST_NAME | _NO_PART
        found[place] = not others & set(words) and (words[0] in GIVEN or words[-1] in GIVEN) and sum(len(word) > 2 for word in words) >= 2
    return found


def shaped_like_a_name(distinct: pa.Array) -> NDArray[np.bool_]:
    """Cells that are written as a name and a surname are; in capitals, too."""
    plain = pc.match_substring_regex(distinct, _SHAPE).to_numpy(zero_copy_only=False)
    capital = pc.match_substring_regex(distinct, r"^\p{Lu}{3,}(?:,? \p{Lu}{2,}){1,2}$").to_numpy(zero_copy_only=False)
    return plain | capital


def people(distinct: pa.Array, filled: int, ids: bool) -> NDArray[np.bool_]:
    """Which of a column's distinct cells (string, each once) are names of people.

    `filled`: how many distinct cells the whole column has; `ids`: it holds ids rather than labels.
    """
    shaped = pc.match_substring_regex(distinct, _SHAPE).to_numpy(zero_copy_only=False)
    titled = pc.match_substring_regex(distinct, _TITLED).to_numpy(zero_copy_only=False)
    known = np.zeros(len(distinct), bool)
    places = np.flatnonzero(shaped)
    for place, text in zip(places, distinct.take(pa.array(places)).to_pylist(), strict=True):
        known[place] = begins_with_a_first_name(text)
        shaped[place] = not ends_like_a_place(text) and text.split()[0].lower() not in _NO_FIRST_NAME
    if ids:
        whole_column = shaped.sum() >= max(2, filled / 2)
        return titled | known | spelled_otherwise(distinct) | (shaped if whole_column else False) | _first_names_alone(distinct, filled)
    return titled | known if (titled | known).sum() >= min(max(2, filled / 2), MANY_NAMES) else titled


def like_a_person(text: str) -> bool:
    """Whether one text, such as a column's name, is a known first name and another capitalised word, or a title and a name."""
    return bool(people(pa.array([text]), 1, ids=True)[0])


def begins_with_a_first_name(text: str) -> bool:
    """Whether the text begins with a known first name (with a comma, ends with one), and does not end as the name of a place does."""
    words = [word for word in re.split(r"[ ,-]+", text) if word]
    first = words[-1] if "," in text else words[0]
    return first.lower() in GIVEN and not ends_like_a_place(text)


def ends_like_a_place(text: str) -> bool:
    """Whether the last word is one of a place, a team, a form of therapy or a problem, rather than a surname."""
    return text.split()[-1].lower() in _NO_SURNAME


def _first_names_alone(distinct: pa.Array, filled: int) -> NDArray[np.bool_]:
    """A column of ids that are first names alone, three at least and half of it."""
    alone = pc.is_in(pc.utf8_lower(distinct), pa.array(sorted(GIVEN))).to_numpy(zero_copy_only=False)
    return alone if alone.sum() >= max(3, filled / 2) else np.zeros(len(distinct), bool)
