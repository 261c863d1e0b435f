"""Claims that are true, and claims with one constructed error."""

import json
import random
import re
from collections.abc import Callable, Iterator

from exchanged import changed_modality, numbers_changed_places, opposite_word, rows_mixed, rows_read
from material import Case, Material, inner_names

from muniment.language.names import names
from muniment.language.negation import cues
from muniment.language.quantities import amounts
from muniment.language.terms import content_stems
from muniment.language.units import split_units
from muniment.types import Passage

SYNONYMS = {
    "began": "started", "used": "employed", "large": "big", "also": "as well", "many": "numerous",
    "often": "frequently", "include": "comprise", "includes": "comprises", "such as": "like",
    "because": "since", "however": "but", "important": "significant", "around": "about",
    "several": "a number of", "made": "produced", "called": "named", "known as": "called",
    "main": "principal", "show": "display", "help": "assist", "helps": "assists", "need": "require",
    "about": "roughly", "located": "situated", "allows": "lets", "create": "make",
    "found": "discovered", "due to": "because of", "released": "published", "became": "turned into",
    "within": "inside", "during": "in", "want": "wish", "get": "obtain", "ensure": "make sure",
    "most": "the majority of", "different": "various", "provides": "offers", "various": "different",
}  # fmt: skip


def verbatim(material: Material) -> Iterator[Case]:
    """The sentence itself."""
    for text, passage in material.sentences:
        yield text, (passage,)


def two_sources(material: Material) -> Iterator[Case]:
    """Two sentences of different documents joined by "and", citing both."""
    for one, other in pairs(material):
        if names(one[0])[:1]:
            yield joined(one[0], other[0]), (one[1], other[1])


def compressed(material: Material) -> Iterator[Case]:
    """The sentence without what stands in brackets, and without its last or first subordinate part."""
    for text, passage in material.sentences:
        shorter = re.sub(r"\s*\([^()]*\)", "", text)
        parts = re.split(r"(?<=,)\s", shorter)
        if len(parts) >= 3 and len(" ".join(parts[:-1]).split()) >= 6:
            shorter = " ".join(parts[:-1]).rstrip(",") + "."
        if shorter != text and len(shorter.split()) >= 5:
            yield shorter, (passage,)


def paraphrased(material: Material) -> Iterator[Case]:
    """One to three words replaced by synonyms."""
    for text, passage in material.sentences:
        changed, count = text, 0
        for old, new in SYNONYMS.items():
            if count < 3 and re.search(rf"\b{old}\b", changed):
                changed, count = re.sub(rf"\b{old}\b", new, changed, count=1), count + 1
        if count:
            yield changed, (passage,)


def reordered(material: Material) -> Iterator[Case]:
    """ "In 1990, it began." becomes "It began in 1990."; numbers get thousands separators or lose them."""
    for text, passage in material.sentences:
        front = re.match(r"((?:In|On|At|During|By|From|After|Since|For) [^,.]{3,40}), ([^.]{20,})\.$", text)
        if front:
            rest = front[2]
            yield f"{rest[0].upper()}{rest[1:]} {front[1][0].lower()}{front[1][1:]}.", (passage,)
        elif re.search(r"\d,\d{3}\b", text):
            yield re.sub(r"(?<=\d),(?=\d{3}\b)", "", text), (passage,)


def human(material: Material) -> Iterator[Case]:
    """Sentences of the answers that people wrote from one passage (CLAPNQ's references)."""
    rows = [
        json.loads(line)
        for line in (material.data / "clapnq/dev/queries.jsonl").read_text("utf-8").splitlines()
    ]
    by_source = {passage.document_id.split("@")[0]: passage for _, passage in material.sentences}
    for row in rows:
        passage = by_source.get(row["context_id"])
        for answer in row["reference_answers"][:1]:
            for unit in split_units(" ".join(answer.split())):
                if passage and len(content_stems(unit.of(answer))) >= 2:
                    yield " ".join(unit.of(" ".join(answer.split())).split()), (passage,)


def changed_number(material: Material) -> Iterator[Case]:
    """One number replaced by another that stands nowhere in the passage."""
    for text, passage in material.sentences:
        found = list(re.finditer(r"(?<![\w.,-])\d+(?:,\d{3})*(?:\.\d+)?(?![\w,.-]*\d)", text))
        if not found or (not amounts(text).quantities and not amounts(text).dates):
            continue
        match = material.random.choice(found)
        for _ in range(20):
            new = _other_number(match.group(), material.random)
            if new not in passage.chunk.text:
                yield text[: match.start()] + new + text[match.end() :], (passage,)
                break


def number_from_beside(material: Material) -> Iterator[Case]:
    """One number replaced by another number of the same passage, outside the sentence."""
    for text, passage in material.sentences:
        mine = re.findall(r"(?<![\w.,-])\d+(?![\w,.-]*\d)", text)
        beside = [
            n for n in re.findall(r"(?<![\w.,-])\d+(?![\w,.-]*\d)", passage.chunk.text) if n not in text
        ]
        if mine and beside:
            new = material.random.choice(beside)
            yield re.sub(rf"(?<![\w.,-]){mine[0]}(?![\w,.-]*\d)", new, text, count=1), (passage,)


def _other_number(number: str, rng: random.Random) -> str:
    digits = [i for i, c in enumerate(number) if c.isdigit()]
    at = rng.choice(digits)
    choices = [d for d in "123456789" if d != number[at]]
    return number[:at] + rng.choice(choices) + number[at + 1 :]


def swapped_name(material: Material) -> Iterator[Case]:
    """One name replaced by a name from another passage."""
    for text, passage in material.sentences:
        found = [n for n in inner_names(text) if len(n) > 3 and n.isalpha() and text.count(n) == 1]
        if not found:
            continue
        old = material.random.choice(found)
        new = material.random.choice(material.names)
        if new.lower() not in passage.chunk.text.lower() and new.lower() not in passage.document_name.lower():
            yield re.sub(rf"\b{old}\b", new, text), (passage,)


def dropped_negation(material: Material) -> Iterator[Case]:
    """ "not", "never", "no" taken away."""
    for text, passage in material.sentences:
        if re.search(r"\bnot only\b", text) or cues(text) != 1:
            continue
        changed = re.sub(r"\b(not|never) |n['’]t\b|\b(?<=can)not\b", "", text, count=1)
        if changed == text:
            changed = re.sub(r"\bno ", "", text, count=1)
        if changed != text:
            yield changed, (passage,)


def added_negation(material: Material) -> Iterator[Case]:
    """ "not" put behind the verb."""
    for text, passage in material.sentences:
        if cues(text):
            continue
        changed = re.sub(r"\b(is|are|was|were|can|must|should|will|may) (?=[a-z])", r"\1 not ", text, count=1)
        if changed != text:
            yield changed, (passage,)


def other_document(material: Material) -> Iterator[Case]:
    """A sentence of one document, cited to a passage of another."""
    for text, passage in material.sentences:
        if len(content_stems(text)) >= 3:
            _, other = material.random.choice(material.sentences)
            if other.document_name != passage.document_name:
                yield text, (other,)


def changed_unit(material: Material) -> Iterator[Case]:
    """days become weeks, percent becomes euros, ..."""
    swaps = {
        "days": "weeks", "years": "months", "hours": "days", "minutes": "hours", "km": "m",
        "miles": "km", "million": "billion", "billion": "million", "percent": "million", "%": " kg",
        "months": "years", "weeks": "days", "seconds": "minutes", "feet": "miles", "metres": "feet",
        "meters": "feet", "kg": "tonnes", "day": "week", "year": "month", "hour": "day", "minute": "hour",
        "mile": "kilometre", "GB": "MB", "euros": "dollars", "MB": "KB", "cm": "mm", "mm": "cm", "m": "km",
        "kilometres": "metres", "kilometers": "meters", "tonnes": "kg", "thousand": "million",
        "decades": "years", "centuries": "decades", "pounds": "kg", "acres": "square miles",
        "inches": "metres", "EUR": "USD", "dollars": "euros", "trillion": "million", "degrees": "percent",
    }  # fmt: skip
    for text, passage in material.sentences:
        for old, new in swaps.items():
            unit = rf"(?<=\d)([\s-]?){re.escape(old)}(?!\w)|\b({WRITTEN}[\s-]){re.escape(old)}(?!\w)"
            changed = re.sub(unit, lambda m, new=new: f"{m[1] or m[2] or ''}{new}", text, count=1)
            if changed != text and not re.search(r"[€$£]\s?[\d.,]+\w*$", text[: text.find(old)] + old):
                yield changed, (passage,)
                break


WRITTEN = "(?:two|three|four|five|six|seven|eight|nine|ten|twelve|fifteen|twenty|thirty|fifty)"
MONTHS = "January February March April May June July August September October November December".split()


def changed_date(material: Material) -> Iterator[Case]:
    """The month, the day or the year of a date changed to what stands nowhere in the passage."""
    rng = material.random
    for text, passage in material.sentences:
        found = [m for m in re.finditer(rf"\b({'|'.join(MONTHS)})\b", text) if _in_date(text, m)]
        years = list(re.finditer(r"(?<![\w.,-])(?:1[5-9]|20)\d\d(?![\w,.-]*\d)", text))
        if found and (not years or rng.random() < 0.6):
            match = rng.choice(found)
            new = rng.choice([one for one in MONTHS if one not in passage.chunk.text] or [""])
        elif years:
            match = rng.choice(years)
            new = str(int(match.group()) + rng.choice((-10, -2, -1, 1, 2, 10)))
        else:
            continue
        if new and new not in passage.chunk.text:
            yield text[: match.start()] + new + text[match.end() :], (passage,)


def _in_date(text: str, month: re.Match[str]) -> bool:
    """Whether a day or a year stands beside: May is a verb too."""
    before, after = text[: month.start()], text[month.end() :]
    return bool(re.search(r"\d(?:st|nd|rd|th)?(?: of)? $", before) or re.match(r",? \d", after))


def names_changed_places(material: Material) -> Iterator[Case]:
    """Two names of one sentence, each in the other's place."""
    for text, passage in material.sentences:
        found = [n for n in inner_names(text) if len(n) > 3 and n.isalpha() and text.count(n) == 1]
        apart = [
            (a, b)
            for a in found
            for b in found
            if text.find(a) < text.find(b) and not re.search(rf"{a}(?:[ ,]|and|or)+{b}", text)
        ]
        if apart:
            a, b = material.random.choice(apart)
            yield re.sub(rf"\b({a}|{b})\b", lambda m, a=a, b=b: b if m[1] == a else a, text), (passage,)


def joined_cited_to_one(material: Material) -> Iterator[Case]:
    """Two sentences of different documents joined by "and", citing the first one's passage only."""
    for one, other in pairs(material):
        yield joined(one[0], other[0]), (one[1],)


def subject_of_another(material: Material) -> Iterator[Case]:
    """What one document says, said of what another is about; both are cited."""
    verb = r"(?:is|are|was|were|has|had|have|can|will|became|began|includes|consists)"
    for one, other in pairs(material):
        subject = re.match(rf"([A-Z][^,.;:]{{3,60}}?) {verb} ", one[0])
        predicate = re.match(rf"[A-Z][^,.;:]{{3,60}}? ({verb} .+)$", other[0])
        if subject and predicate and names(f"x {subject[1]}"):
            yield f"{subject[1]} {predicate[1]}", (one[1], other[1])


def pairs(material: Material) -> Iterator[tuple[tuple[str, Passage], tuple[str, Passage]]]:
    """Sentences of two documents."""
    for one in material.sentences:
        other = material.random.choice(material.sentences)
        long_enough = len(content_stems(one[0])) >= 4 <= len(content_stems(other[0]))
        if long_enough and one[1].document_name != other[1].document_name:
            yield one, other


def joined(one: str, other: str) -> str:
    """ "A." and "The b." become "A, and the b."."""
    head = other.split()[0]
    lower = head.lower() if head.lower() in ("the", "a", "an", "in", "it", "this", "these", "if") else head
    return f"{one.rstrip('.')}, and {lower}{other[len(head) :]}"


TRUE: dict[str, Callable[[Material], Iterator[Case]]] = {
    "verbatim": verbatim, "compressed": compressed, "paraphrased": paraphrased, "reordered": reordered,
    "written by people": human, "of two sources": two_sources,
    "row of a table": rows_read,
}  # fmt: skip
FALSE: dict[str, Callable[[Material], Iterator[Case]]] = {
    "changed number": changed_number, "number from beside": number_from_beside,
    "changed unit": changed_unit, "swapped name": swapped_name,
    "dropped negation": dropped_negation, "added negation": added_negation, "other document": other_document,
    "changed date": changed_date, "names changed places": names_changed_places,
    "two documents, one cited": joined_cited_to_one, "subject of another": subject_of_another,
    "numbers changed places": numbers_changed_places, 
    "opposite word": opposite_word, "changed modality": changed_modality, "rows mixed": rows_mixed,
}  # fmt: skip
