"""Drafts questions from what documents say, mechanically: figures and definitions in their sentences.

A draft is no better than its sentence: it asks for what stands in one place and in its words, and so is
easier to find than what people ask. It saves the typing of a file; a person reads, mends and accepts it.
"""

import random
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b

from muniment.evaluation.asking import asked_in_place
from muniment.language.editions import Excerpt, edition, superseded
from muniment.language.terms import WORD, content_stems
from muniment.language.units import UnitKind, split_units
from muniment.types import (
    BlockKind,
    Document,
    LabelledQuestion,
    PageLabel,
    ParsedDocument,
    Span,
    SpanLabel,
)

LEAST_WORDS, MOST_WORDS = 8, 30
"""Words of a sentence that is asked about."""
LEAST_CONTENT = 4
"""Content words that must be left when the answer is taken out."""
KINDS = ("definition", "number", "date", "code", "name")
"""What is asked for; the first are drawn first."""

_DEFINITION = re.compile(
    r"^(?:(?P<article>An?|The)\s+)?(?P<term>[“\"‘']?[A-Za-z][\w’'\-/ ]{2,50}?[”\"’']?)\s"
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


def latest_editions(
    documents: Sequence[tuple[Document, ParsedDocument]],
) -> tuple[tuple[Document, ParsedDocument], ...]:
    """The documents without those that a newer edition among them says anew: answers are made from that."""
    families: dict[str, list[int]] = {}
    editions = [edition(one.name, one.metadata) for one, _ in documents]
    for place, found in enumerate(editions):
        families.setdefault(found.family, []).append(place)
    old: set[int] = set()
    for places in families.values():
        if len(places) > 1:
            told = [
                Excerpt(documents[place][0].document_id, editions[place], documents[place][1].text)
                for place in places
            ]
            old |= {places[number] for number in superseded(told)}
    return tuple(one for place, one in enumerate(documents) if place not in old)


def drafts_of(document: ParsedDocument, name: str) -> tuple[LabelledQuestion, ...]:
    """At most one question for each sentence: its definition, else its figure, else its name.

    Args:
        name: the document's, which the labels name.
    """
    ordinary = frozenset(word for word in WORD.findall(document.text) if word.islower())
    made = (_draft(sentence, ordinary) for sentence in sentences_of(document, name))
    return tuple({one.id: one for one in made if one is not None}.values())


def spread(
    drafts: Sequence[Sequence[LabelledQuestion]],
    count: int,
    seed: int,
    known: Iterable[LabelledQuestion] = (),
) -> tuple[LabelledQuestion, ...]:
    """So many drafts, drawn at random, as evenly from the documents and the kinds as there are any.

    Args:
        known: questions whose sentences are asked about already, in these words or in others.
    """
    chance = random.Random(seed)
    asked = {told for one in known for told in _sentences(one)}
    new = ([one for one in of_document if not _sentences(one) & asked] for of_document in drafts)
    waiting = [_by_kinds(of_document, chance) for of_document in new]
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


def _draft(sentence: Sentence, ordinary: Collection[str]) -> LabelledQuestion | None:
    said = " ".join(sentence.text.split())
    defined = _DEFINITION.match(said)
    if (
        defined
        and _defines(defined)
        and not _NO_TERM.search(defined["term"])
        and len(defined["term"].split()) <= 5
    ):
        verb = "does" if defined["verb"] in ("means", "refers to") else "is"
        term = defined["term"].strip("“”\"‘’' ")
        asked = f"What does “{term}” mean?" if verb == "does" else f"What is meant by “{term}”?"
        return draft(sentence, "definition", asked, said)
    return _asked(sentence, said, ordinary)


def _defines(match: re.Match[str]) -> bool:
    """Whether it says what a word means, and not something of one thing: "The customer is the debtor"."""
    if match["verb"] not in ("is a", "is an", "is the", "are the"):
        return True
    return match["article"] in ("A", "An") or match["term"][0] in "“\"‘'"


def _asked(sentence: Sentence, said: str, ordinary: Collection[str]) -> LabelledQuestion | None:
    """The sentence with a question in the place of its figure, date, code or name."""
    for one in asked_in_place(said, ordinary):
        if len(content_stems(said.replace(one.answer, " "))) >= LEAST_CONTENT:
            return draft(sentence, one.kind, one.question, one.answer)
    return None


def _sentences(question: LabelledQuestion) -> set[tuple[str, str]]:
    return {(span.document, span.quote) for span in question.spans}


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
