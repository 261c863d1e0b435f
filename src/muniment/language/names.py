"""Names: codes such as E-417, acronyms, and words that are capitalised though no sentence begins there."""

import re

from muniment.language.terms import STOP_WORDS, WORD

CODE = re.compile(r"\b(?=[\w./-]*[A-Za-z])(?=[\w./-]*\d)[A-Za-z]\w*(?:[-_/.]\w+)*|\b\d+(?:\.\d+){2,}\b")
_ACRONYM = re.compile(r"\b[A-Z]{2,}s?\b")
_NEW_SENTENCE = re.compile(r"""(?:^|[.!?•\n]|^[-–—]\s)\s*["'“‘«(\[]*$""")
_COMMON_ENDINGS = (
    "s",
    "ing",
    "ed",
    "ly",
    "tion",
    "ment",
    "ness",
    "ity",
    "ance",
    "ence",
    "able",
    "ible",
    "ful",
)
_NEVER_NAMES = frozenset(
    "january february march april may june july august september october november december monday tuesday"
    " wednesday thursday friday saturday sunday".split()
)

_OPENERS = frozenset(
    "additional another overall instead together several various many every available optional annual monthly"
    " daily weekly typical general special initial final total current previous following first second third"
    " last next other later earlier today here both employee staff customer user"
    " since whoever whichever whatever whenever wherever whether unlike despite besides although because"
    " unless once neither either half two three expense furniture".split()
)
"""Words that often begin a sentence and are no names."""


def codes(text: str) -> list[str]:
    """Tokens of letters and digits (E-417, FSA-2024-0117) and dotted numbers (1.2.3), as written."""
    return [match.group().rstrip(".-/") for match in CODE.finditer(text)]


def names(text: str) -> list[str]:
    """Words that are names by their spelling: acronyms and capitalised words.

    The first word of a sentence counts only when it does not look like a common word: another
    capitalised word follows, or it has none of the usual endings of nouns, verbs and adverbs.
    Words of codes and names of months and days are left out.
    """
    found = [match.group() for match in _ACRONYM.finditer(text)]
    rest = CODE.sub(lambda match: "\0" * len(match.group()), text)
    for match in WORD.finditer(rest):
        word = match.group()
        if len(word) < 2 or not word[0].isupper() or word.lower() in STOP_WORDS | _NEVER_NAMES:
            continue
        begins = _NEW_SENTENCE.search(rest, 0, match.start()) is not None
        if not begins or _name_at_beginning(rest, match):
            found.append(word)
    return list(dict.fromkeys(found))


def _name_at_beginning(text: str, match: re.Match[str]) -> bool:
    following = WORD.match(text, match.end() + 1)
    if following and following.group()[0].isupper() and following.group().lower() not in STOP_WORDS:
        return True
    word = match.group().lower()
    if word in _OPENERS:
        return False
    return len(word) > 3 and not word.endswith(_COMMON_ENDINGS)
