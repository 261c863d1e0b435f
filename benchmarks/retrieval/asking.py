"""A question in other words, by rules of English alone: without its frame, its content words, its parts."""

import re

_COURTESY = re.compile(
    r"(?:^|(?<=[,.;!?] )|(?<=you )|(?<=me ))"
    r"(?:please|kindly|many thanks|thank(?:s| you)(?: (?:very much|so much|a lot|in advance|again))?)\b[,!.]*"
    r"|(?<!they)(?<!you)(?<!we)(?<! I)(?<!it),? please(?=[?.!]|$)",
    re.IGNORECASE,
)
_GREETING = re.compile(
    r"^(?:hi|hello|hey|dear|good (?:morning|afternoon|evening|day))\b[^,.!?:;\n]{0,30}[,.!:;\n]+\s*",
    re.IGNORECASE,
)
_KNOWN_BY = (
    r"(?:according to|based on|as (?:per|described in|stated in|mentioned in|explained in)|per"
    r"|(?:as )?(?:described|mentioned|stated|listed|discussed|explained|provided|given|set out) in|in|from)"
)
_KIND = r"(?:(?:above|attached|available|enclosed|following|official|product|provided|user)\s+)*"
_WRITTEN = (
    r"(?:article|book|documentation|document|docs?|file|guide|handbook|manual|material|page|passage"
    r"|report|text)"
)
_SOURCE = re.compile(
    rf",?\s*\b(?:{_KNOWN_BY}\s+(?:the|this|these|our|your|my)\s+{_KIND}{_WRITTEN}s?\b)"
    r"(?!\s+(?:of|for|on|about)\b|['’]),?\s*",
    re.IGNORECASE,
)
_TELL = (
    r"(?:tell|show|explain|describe|give|help|inform|remind|advise|teach|let|find out|figure out|understand"
    r"|know|learn)"
)
_REQUESTS = (
    r"(?:can|could|would|will|may|might)\s+(?:you|i|we|someone|anyone|anybody)\s+"
    rf"(?:(?:also|just|possibly|be able to)\s+)*{_TELL}\b",
    r"(?:i|we)(?:['’]d|\s+would|\s+do)?\s+(?:(?:really|just|also|still)\s+)*"
    r"(?:like|want|need|have|try|am trying|are trying|was wondering|were wondering|wonder)\b"
    rf"(?:\s+(?:to|if|whether)\b)?(?:\s+(?:ask|{_TELL})\b)?",
    r"(?:i['’]m|i am|we are|we['’]re|i was|we were)\s+(?:(?:just|also)\s+)*"
    rf"(?:trying to\s+{_TELL}|wondering|curious|interested in|looking for|not sure|unsure)\b",
    r"do\s+you\s+(?:happen\s+to\s+)?know\b",
    rf"is\s+it\s+possible\s+to\s+{_TELL}\b",
    r"(?:my|our|the|another|one|a(?:\s+quick)?)\s+question\s+is\b",
    rf"{_TELL}\b(?=\s+(?:me|us|to\s+me|to\s+us)\b)",
)
_FRAME = re.compile(
    rf"^(?:(?:so|well|ok|okay|also|and|but|now|right)\b[,\s]+)*(?:{'|'.join(_REQUESTS)})"
    r"(?:\s+(?:to\s+)?(?:me|us)\b)?(?:\s+(?:know|understand|out)\b)?"
    r"(?:\s+(?:about|if|whether|a bit about|more about)\b)?[,:\s]*",
    re.IGNORECASE,
)
_ASKING = (
    r"(?:who|whom|whose|what|which|when|where|why|how|is|are|was|were|do|does|did|can|could|should|would|will"
    r"|has|have|had|must|may)"
)
_PARTS = re.compile(
    r"(?<=[?;])\s+|,?\s+(?:and|or|but)(?:\s+(?:also|then|if so,?|in|on|at|for|from|to|by|with|of))*\s+"
    rf"(?={_ASKING}\b)",
    re.IGNORECASE,
)
_SEGMENTS = re.compile(r"(?<=[.!?])\s+|(?<=:)\s+|\s+[-–—]\s+|\n+")
_FUNCTION = frozenset(
    "a about an and any anyone are as at be been being but by can could did do does for from had has have how"
    " i if in is it its may me might much must my of on one or our shall should so some than that the their"
    " them then there these they this those to us was we were what when where which while who whom whose why"
    " will with would you your".split()
)

FRAMES = (
    "Hi, {} Thanks in advance!",
    "Could you please tell me: {}",
    "I would like to know the following. {}",
    "According to the documentation, {}",
    "Sorry if this has been asked before, but {}",
    "I've been reading through our manuals all morning and can't find it: {}",
    "My manager wants an answer by tomorrow. {}",
    "Quick question for you - {} Any help is appreciated.",
    "Based on the documents you have, can you explain to me {}",
    "Good morning, I'm new here and I was wondering: {}",
)
"""What people write around a question. Written before ``focused`` was tried on them; ``asking`` came after
it had been seen which of them ``focused`` leaves."""

MIN_WORDS = 2


def focused(question: str) -> str:
    """Without greeting, courtesy, mention of the documents as such, and what only says that one asks."""
    text = _COURTESY.sub(" ", _GREETING.sub("", question.strip()))
    text = _SOURCE.sub(" ", text)
    while (shorter := _FRAME.sub("", text.strip(" ,.:;"), count=1)) != text:
        text = shorter
    return text if len(re.findall(r"\w+", text)) >= MIN_WORDS else question


def asking(question: str) -> str:
    """The focused question without sentences, and clauses before a colon or a dash, that ask nothing."""
    kept = [part for part in _SEGMENTS.split(question) if part.rstrip(" )\"'”’").endswith("?")]
    return focused(" ".join(kept) or question)


def content(question: str) -> str:
    """The focused question without question words, auxiliaries and other words of grammar."""
    words = re.findall(r"\S+", focused(question))
    kept = [word for word in words if word.strip("?,.;:!\"'’“”()").lower() not in _FUNCTION]
    return " ".join(kept) or focused(question)


def parts(question: str) -> list[str]:
    """The questions that a compound one holds, each by itself; one that is not compound as it is."""
    found = [part.strip(" ,;") for part in _PARTS.split(focused(question)) if part]
    found = [part for part in found if len(re.findall(r"\w+", part)) >= MIN_WORDS]
    return found if len(found) > 1 else [question]


def framed(question: str, number: int) -> str:
    """The question within one of ``FRAMES``, in turn."""
    return FRAMES[number % len(FRAMES)].format(question)
