"""Drafts questions from what documents say, mechanically: gaps and definitions in their sentences.

A draft is no better than its sentence: it asks for what stands in one place and in its words, and so is
easier to find than what people ask. It saves the typing of a file; a person reads, mends and accepts it.
"""

import random
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b

from muniment.language.names import codes, names
from muniment.language.quantities import amounts
from muniment.language.terms import content_stems
from muniment.language.units import UnitKind, split_units
from muniment.types import BlockKind, LabelledQuestion, PageLabel, ParsedDocument, Span, SpanLabel

LEAST_WORDS, MOST_WORDS = 8, 40
"""Words of a sentence that is asked about."""
LEAST_CONTENT = 4
"""Content words that must be left when the answer is taken out."""
GAP = "…"
KINDS = ("definition", "number", "date", "code", "name")
"""What is asked for; the first are drawn first."""

_DEFINITION = re.compile(
    r"^(?:(?:An?|The)\s+)?(?P<term>[“\"‘']?[A-Za-z][\w’'\-/ ]{2,50}?[”\"’']?)\s"
    r"(?P<verb>is an?|is the|are the|means|refers to|is defined as)\s.{25,}$"
)
_POINTS_BACK = re.compile(
    r"^(?:it|this|that|these|those|they|he|she|its|their|there|here|such|however|also|note|see)\b",
    re.I,
)
_NO_TERM = re.compile(r"\b(?:it|this|that|there|he|she|they|we|you|which|what|who|one|following)\b", re.I)


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of a document: ``start`` and ``end`` index the document's text."""

    document: str
    text: str
    start: int
    end: int
    page: int | None


def sentences_of(document: ParsedDocument, name: str) -> Iterator[Sentence]:
    """The sentences that can be asked about: whole, not too long, and to be understood alone."""
    for block in document.blocks:
        if block.kind not in (BlockKind.TEXT, BlockKind.LIST_ITEM):
            continue
        text = document.text[block.start : block.end]
        for unit in split_units(text):
            sentence = unit.of(text)
            if unit.kind is UnitKind.SENTENCE and _stands_alone(sentence):
                start, end = block.start + unit.start, block.start + unit.end
                yield Sentence(name, sentence, start, end, _page(block.spans, start))


def drafts_of(document: ParsedDocument, name: str) -> tuple[LabelledQuestion, ...]:
    """At most one question for each sentence: its definition, else its figure, else its name.

    Args:
        name: the document's, which the labels name.
    """
    made = (_draft(sentence) for sentence in sentences_of(document, name))
    return tuple({one.id: one for one in made if one is not None}.values())


def spread(
    drafts: Sequence[Sequence[LabelledQuestion]], count: int, seed: int
) -> tuple[LabelledQuestion, ...]:
    """So many drafts, drawn at random, as evenly from the documents and the kinds as there are any."""
    chance = random.Random(seed)
    waiting = [_by_kinds(of_document, chance) for of_document in drafts]
    chance.shuffle(waiting)
    chosen: list[LabelledQuestion] = []
    while len(chosen) < count and any(waiting):
        for of_document in waiting:
            if of_document and len(chosen) < count:
                chosen.append(of_document.pop())
    return tuple(chosen)


def draft(sentence: Sentence, kind: str, question: str, answer: str) -> LabelledQuestion:
    """A drafted question whose evidence is the sentence; its id is made of document, words and answer."""
    told = f"{sentence.document}\0{question}\0{answer}".encode(errors="replace")
    return LabelledQuestion(
        id=f"draft-{blake2b(told, digest_size=6).hexdigest()}",
        question=question,
        answers=(answer,),
        documents=(sentence.document,),
        pages=(PageLabel(sentence.page, sentence.document),) if sentence.page is not None else (),
        spans=(SpanLabel(sentence.document, " ".join(sentence.text.split()), sentence.start, sentence.end),),
        unanswerable=False,
        drafted=True,
        kind=kind,
    )


def _draft(sentence: Sentence) -> LabelledQuestion | None:
    said = " ".join(sentence.text.split())
    defined = _DEFINITION.match(said)
    if defined and not _NO_TERM.search(defined["term"]) and len(defined["term"].split()) <= 5:
        verb = "does" if defined["verb"] in ("means", "refers to") else "is"
        term = defined["term"].strip("“”\"‘’' ")
        asked = f"What does “{term}” mean?" if verb == "does" else f"What is meant by “{term}”?"
        return draft(sentence, "definition", asked, said)
    return _gap(sentence, said)


def _gap(sentence: Sentence, said: str) -> LabelledQuestion | None:
    """The sentence without its figure, date, code or name."""
    found = amounts(said)
    for kind, texts in (
        ("number", [one.text for one in found.quantities if one.unit]),
        ("date", [one.text for one in found.dates]),
        ("code", codes(said)),
        ("name", _whole_names(said)),
    ):
        for answer in texts:
            left = said.replace(answer, GAP)
            if said.count(answer) == 1 and len(content_stems(left)) >= LEAST_CONTENT:
                return draft(sentence, kind, f"Which {kind} is missing here? “{left}”", answer)
    return None


def _whole_names(said: str) -> list[str]:
    """Names with the capitalised words beside them; not of the first word, which any sentence capitalises."""
    rest = said.partition(" ")[2]
    beside = r"[A-Z][\w’'-]*"
    found = (re.search(rf"(?:{beside} )*\b{re.escape(name)}\b(?: {beside})*", rest) for name in names(rest))
    return list(dict.fromkeys(match.group() for match in found if match))


def _by_kinds(drafts: Iterable[LabelledQuestion], chance: random.Random) -> list[LabelledQuestion]:
    """Drafts to be taken from the end: kinds in turn, so that not all are numbers."""
    kinds: dict[str, list[LabelledQuestion]] = {}
    for one in drafts:
        kinds.setdefault(one.kind, []).append(one)
    for of_kind in kinds.values():
        chance.shuffle(of_kind)
    ordered = [one for turn in range(max(map(len, kinds.values()), default=0)) for one in _turn(kinds, turn)]
    return ordered[::-1]


def _turn(kinds: dict[str, list[LabelledQuestion]], turn: int) -> list[LabelledQuestion]:
    return [kinds[kind][turn] for kind in KINDS if turn < len(kinds.get(kind, ()))]


def _stands_alone(sentence: str) -> bool:
    count = len(sentence.split())
    return (
        LEAST_WORDS <= count <= MOST_WORDS
        and sentence[:1].isupper()
        and sentence.rstrip()[-1:] == "."
        and not _POINTS_BACK.match(sentence)
        and len(content_stems(sentence)) >= LEAST_CONTENT
    )


def _page(spans: Sequence[Span], at: int) -> int | None:
    return next((span.page for span in spans if span.start <= at < span.end), None)
