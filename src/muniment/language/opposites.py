"""Words that cannot both hold of one thing: opposites, the two sides of a contract, how often, how much of.

Symmetrical: which of the two stands in the document and which in the claim makes no difference.
"""

from functools import cache

from muniment.language.terms import words

_PLAIN = """
inside - outside
indoors - outdoors
indoor - outdoor
longer - shorter
longest - shortest
older - younger
oldest - youngest
larger bigger greater - smaller
largest biggest greatest - smallest
faster quicker - slower
fastest quickest - slowest
heavier - lighter
heaviest - lightest
wider broader - narrower
thicker - thinner
deeper - shallower
hotter warmer - colder cooler
stronger - weaker
better - worse
best - worst
cheaper - dearer costlier
cheapest - dearest costliest
nearer closer - farther
once - twice thrice
twice - thrice
limited - unlimited
inbound incoming - outbound outgoing
upstream - downstream
clockwise - anticlockwise counterclockwise
horizontal horizontally - vertical vertically
ascending - descending
upload uploaded - download downloaded
encrypt encrypted - decrypt decrypted
lock locked - unlock unlocked
attach attached - detach detached
install installed - uninstall uninstalled
connect connected - disconnect disconnected
hire hired recruit recruited - dismiss dismissed
appear appears - disappear disappears
strengthen strengthened - weaken weakened
improve improved - worsen worsened deteriorate deteriorated
expand expanded - shrink shrank shrunk
accelerate accelerated - decelerate decelerated
succeed succeeded - fail failed
agree agreed - disagree disagreed
add added - remove removed
gross - net
profit - loss
profitable - unprofitable lossmaking
receivable receivables - payable payables
inflow inflows - outflow outflows
surplus - deficit
predecessor - successor
ancestor - descendant
majority - minority
men man - women woman
son sons - daughter daughters
completed concluded consummated - abandoned cancelled canceled withdrawn
mandatory compulsory obligatory - optional voluntary
always - never sometimes rarely seldom occasionally
often frequently - rarely seldom
permanent permanently - temporary temporarily
manual manually - automatic automatically
direct directly - indirect indirectly
explicit explicitly - implicit implicitly
positive - negative
active - inactive passive
legal lawful - illegal unlawful
valid - invalid
complete completely - incomplete incompletely partial partially
regular - irregular
possible - impossible
dependent - independent
visible - invisible hidden
sufficient - insufficient
adequate - inadequate
accurate - inaccurate
correct - incorrect
formal - informal
mature - immature
reversible - irreversible
refundable - nonrefundable
domestic inland - foreign overseas abroad
online - offline
onshore - offshore
wholesale - retail
senior - junior
maternal - paternal
northern - southern
eastern - western
north - south
east - west
upper - lower
former - latter
odd - even
morning - evening afternoon
summer - winter
spring - autumn
start starts started begin begins began - end ends ended finish finishes finished
arrive arrives arrived arrival - depart departs departed departure
enter enters entered - leave leaves left
increase increases increased rise rises rose grow grew - decrease decreases decreased fall falls fell declines
rise rises rose grew - drops dropped declined shrank fell reduced
approve approves approved - deny denies denied reject rejects rejected
grant grants granted - revoke revokes revoked withdraw withdraws withdrew refuse refuses refused
allow allows allowed permit permits permitted - forbid forbids forbidden prohibit prohibited ban banned
include includes included - exclude excludes excluded
enable enables enabled - disable disables disabled
accept accepts accepted - refuse refuses refused decline declines
internal internally - external externally
paid - unpaid
taxable - exempt
"""
"""Pairs of which one does not stand for the other in any sense that is common in documents."""

_WITH_THE_SAME_NOUN = """
all every each any - exceptional some certain few
all both - neither
many - few
high - low
long - short
large big great - small little
new - old
early - late
first - last
strong - weak
heavy - light
wide broad - narrow
thick - thin
hot warm - cold cool
wet - dry
full - empty
fast - slow
hard - soft
safe - dangerous unsafe
open - closed
public - private
fixed - variable
primary - secondary
previous preceding - next following
left - right
top - bottom
front - rear back
day - night
male - female
adult - child
parent - subsidiary child
supplier - customer
business working banking - calendar
annual yearly - monthly weekly daily quarterly hourly
quarterly - monthly weekly daily hourly
monthly - weekly daily hourly
weekly - daily hourly
daily - hourly
with - without
before - after
above over - below under
opening - closing
minimum - maximum
current - former previous
debit - credit
purchase - sale
short-term - long-term
white - black
import imports imported - export exports exported
buy bought - sell sold
lend lent - borrow borrowed
send sent - receive received
win won - lose lost
debtor debtors - creditor creditors
borrower borrowers - lender lenders
buyer buyers purchaser - seller sellers
landlord - tenant tenants
lessor - lessee
licensor - licensee
franchisor - franchisee
assignor - assignee
mortgagor - mortgagee
insurer - insured
plaintiff claimant - defendant
sender - recipient receiver addressee
employer - employee employees
teacher - pupil pupils
doctor physician - patient patients
winner - loser
income - expense expenses
asset assets - liability liabilities
"""
"""Words with many senses, and the two sides of one thing (who sells to a buyer): opposites only before or
behind the same word, as in "all cases" and "few cases", "the lessor pays" and "the lessee pays"."""

_PREFIXES = ("un", "non", "dis")
_LEAST_LETTERS = 4
_OTHER_WORDS = ("unless discover discount discharge display dispos distress disclos discours").split()
"""What begins like a prefix and a word, and means something else; their first letters."""


@cache
def _table(lines: str) -> dict[str, frozenset[str]]:
    table: dict[str, set[str]] = {}
    for line in lines.strip().split("\n"):
        sides = [{_joined(word) for word in side.split()} for side in line.split(" - ")]
        for mine, theirs in (sides, sides[::-1]):
            for one in mine:
                table.setdefault(one, set()).update(theirs)
    return {one: frozenset(others) for one, others in table.items()}


def opposite(one: str, other: str) -> bool:
    """Whether two words are opposites wherever they stand: inside and outside, paid and unpaid."""
    mine, theirs = _joined(one), _joined(other)
    return theirs in _table(_PLAIN).get(mine, ()) or _denies(one, other) or _denies(other, one)


def opposite_before_one_noun(one: str, other: str) -> bool:
    """Whether two words are opposites where both go with the same noun: high risk, low risk."""
    return opposite(one, other) or _joined(other) in _table(_WITH_THE_SAME_NOUN).get(_joined(one), ())


def has_opposites(word: str) -> bool:
    """Whether a word has any opposite at all, its own with or without un- left out."""
    joined = _joined(word)
    return joined in _table(_PLAIN) or joined in _table(_WITH_THE_SAME_NOUN)


def _denies(one: str, other: str) -> bool:
    """Whether ``one`` is ``other`` with un-, non- or dis- before it."""
    long, short = one.lower(), other.lower()
    if len(short) < _LEAST_LETTERS or long.startswith(tuple(_OTHER_WORDS)):
        return False
    return any(long == prefix + short or long == f"{prefix}-{short}" for prefix in _PREFIXES)


def _joined(word: str) -> str:
    """Comparatives keep their ending, which the stemmer might take: only plurals and cases go."""
    return "".join(part.lower() for part in words(word))
