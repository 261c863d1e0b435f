"""Which words a text denies."""

import re
from dataclasses import dataclass

from muniment.language.terms import is_content, stem

_CUES = frozenset("not no never none nor neither without cannot hardly n't".split())
_TOKEN = re.compile(r"[^\W_]+(?:['’][^\W\d_]+)?|[.!?;:,()|]")
_CLAUSE_END = frozenset(".!?;:,()|")
_CLAUSE_WORDS = frozenset("but although though while whereas because unless except if when".split())
_SCOPE = 3
"""Content words a cue reaches: the verb and what stands closest behind it."""


@dataclass(frozen=True, slots=True)
class Polarity:
    """Stems of a text's content words, by whether a negation stands before them in their clause."""

    affirmed: frozenset[str]
    denied: frozenset[str]
    nearest: frozenset[str]
    """The first content word behind each cue."""


NO_DENIAL = re.compile(
    r"\bnot only\b|\bn(?:o|ot) (?:more|less|later|earlier|fewer|sooner) than\b|\bno\.?\s?\d", re.I
)


def cues(text: str) -> int:
    """How many negations a text holds."""
    tokens = [token.lower().replace("’", "'") for token in _TOKEN.findall(NO_DENIAL.sub(" ", text))]
    return sum(token in _CUES or token.endswith("n't") for token in tokens)


def polarity(text: str) -> Polarity:
    """The denied and the affirmed content words; a word may be both, in different clauses."""
    affirmed: set[str] = set()
    denied: set[str] = set()
    nearest: set[str] = set()
    reach, fresh = 0, False
    for token in _TOKEN.findall(NO_DENIAL.sub(" ", text)):
        lowered = token.lower().replace("’", "'")
        if token in _CLAUSE_END or lowered in _CLAUSE_WORDS:
            reach = 0
        elif lowered in _CUES or lowered.endswith("n't"):
            reach, fresh = _SCOPE, True
        elif is_content(token):
            word = stem(token)
            (denied if reach else affirmed).add(word)
            if reach and fresh:
                nearest.add(word)
                fresh = False
            reach = max(0, reach - 1)
    return Polarity(frozenset(affirmed), frozenset(denied), frozenset(nearest))


_OPPOSITES = [
    ("allow permit may", "forbid forbidden prohibit prohibited ban disallow"),
    ("requir mandatori must", "option optional voluntari"),
    ("includ", "exclud"), ("increas rise", "decreas reduc fall drop"),
    ("befor", "after"), ("minimum", "maximum"),
    ("more", "less fewer"), ("least", "most"), ("abov", "below"), ("earlier", "later"),
    ("earliest", "latest"),
    ("accept", "reject refus"), ("enabl", "disabl"), ("first", "last"), ("higher highest", "lower lowest"),
    ("open", "close"), ("always", "never"), ("intern", "extern"),
    ("success", "fail failur unsuccess"), ("abl", "unabl"), ("entitl", "inelig"), ("elig", "inelig"),
]  # fmt: skip


def opposites(word_stem: str) -> frozenset[str]:
    """Stems that say the contrary of a stem."""
    return _TABLE.get(word_stem, frozenset())


def _table() -> dict[str, frozenset[str]]:
    table: dict[str, set[str]] = {}
    for one, other in _OPPOSITES:
        for left, right in ((one.split(), other.split()), (other.split(), one.split())):
            for word in left:
                table.setdefault(word, set()).update(right)
    return {word: frozenset(contraries) for word, contraries in table.items()}


_TABLE = _table()
