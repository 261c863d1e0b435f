"""Words, their stems, and which of them carry content."""

import re
import threading
from collections.abc import Iterable
from functools import lru_cache

import snowballstemmer

WORD = re.compile(r"[^\W_]+(?:['’][^\W\d_]+)?")

STOP_WORDS = frozenset(
    "a about above after again all also am an and any are as at be because been before being below"
    " between both but by can could did do does doing down during each either else ever few for from"
    " further had has have having he her here hers herself him himself his how i if in into is it its"
    " itself just let may me might more most much must my myself of off on once only onto or other our"
    " ours ourselves out over own per please same shall she should so some such than that the their theirs"
    " them themselves then there these they this those through thus to too under until up upon us very via"
    " was we were what when where whether which while who whom whose why will with within would you your"
    " yours yourself not no nor never none cannot neither without according additionally furthermore"
    " moreover however therefore tell give explain describe list name mean means many long often kind n't"
    " don doesn didn isn aren wasn weren won hasn haven hadn wouldn shouldn couldn even though".split()
)

_IRREGULAR = {
    form: stem
    for stem, forms in {
        "buy": "bought", "sell": "sold", "take": "took taken", "give": "gave given", "make": "made",
        "pay": "paid", "send": "sent", "build": "built", "win": "won", "write": "wrote written",
        "begin": "began begun", "hold": "held", "keep": "kept", "meet": "met", "lead": "led",
        "lose": "lost", "find": "found", "become": "became", "choos": "chose chosen",
        "grow": "grew grown", "know": "knew known", "rise": "rose risen", "speak": "spoke spoken",
        "spend": "spent", "teach": "taught", "think": "thought", "tell": "told", "wear": "wore worn",
        "man": "men", "woman": "women", "child": "children", "foot": "feet", "bring": "brought",
        "break": "broke broken", "drive": "drove driven", "fall": "fell fallen", "go": "went gone",
        "get": "got gotten", "hear": "heard", "run": "ran", "say": "said", "see": "saw seen",
        "show": "shown", "draw": "drew drawn", "fly": "flew flown", "eat": "ate eaten", "leav": "left",
        "person": "people", "die": "dead death died dies", "oversea": "overseas", "analysi": "analyses",
        "criterion": "criteria", "stand": "stood",
        "withdraw": "withdrew withdrawn", "forget": "forgot forgotten", "steal": "stole stolen",
        "lend": "lent",
        "feed": "fed", "catch": "caught", "seek": "sought", "freez": "froze frozen", "throw": "threw thrown",
        "undertak": "undertook undertaken", "understand": "understood",
    }.items()
    for form in forms.split()
}  # fmt: skip

_stemmers = threading.local()
"""One for each thread: a stemmer keeps the word it is at, and answers are made in several threads."""


@lru_cache(maxsize=65536)
def stem(word: str) -> str:
    """The stem of a word (Snowball's English stemmer, plus common irregular forms)."""
    word = word.lower().replace("’", "'").removesuffix("'s")
    known = _IRREGULAR.get(word)
    if known:
        return known
    if not hasattr(_stemmers, "english"):
        _stemmers.english = snowballstemmer.stemmer("english")
    return str(_stemmers.english.stemWord(word))


def words(text: str) -> list[str]:
    """The words of ``text`` as written, in order."""
    return WORD.findall(text)


@lru_cache(maxsize=16384)
def is_content(word: str) -> bool:
    """Whether a word carries content: no stop word, no bare number, no single letter."""
    lowered = word.lower()
    return lowered not in STOP_WORDS and not lowered.isdigit() and len(lowered) > 1


def content_stems(text: str) -> list[str]:
    """Stems of the words that carry content, in order, repeats included."""
    return [stem(word) for word in WORD.findall(text) if is_content(word)]


def stems(text: str) -> set[str]:
    """Stems of all words."""
    return {stem(word) for word in WORD.findall(text)}


_BEGINNING = 5
"""Letters of a stem that another with an ending must share."""


def begun_alike(word: str, others: Iterable[str]) -> bool:
    """Whether one of the stems is the word's with an ending, or the reverse: weigh and weight."""
    return len(word) >= _BEGINNING and any(
        other.startswith(word) or (len(other) >= _BEGINNING and word.startswith(other)) for other in others
    )
