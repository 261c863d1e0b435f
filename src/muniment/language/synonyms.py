"""Words that people and documents of organisations use for the same thing.

Kept short and general: office, money, time, law, computers, machines. A word may stand in several
groups; being in one group is a hint for finding a sentence, never evidence for a claim.
"""

from functools import cache

from muniment.language.terms import stem

_GROUPS = """
holiday leave vacation
ill sick illness sickness
doctor medical physician
boss manager supervisor superior head
firm company employer business corporation group
worker employee staff colleague personnel
salary pay wage earnings remuneration
pay repay reimburse refund cover settle
money sum amount allowance bonus payment
price cost fee charge rate tariff surcharge
bill invoice
buy purchase order procure
customer client guest buyer
supplier vendor contractor
contract agreement
penalty fine damages
trial probation
quit resign leave terminate termination notice dismissal
trip journey travel
hotel accommodation lodging overnight
eat meal lunch dinner food
flight fly plane air
car vehicle
lorry truck
home remote house
desk furniture chair
phone telephone mobile
laptop computer device notebook
password login passphrase credential
login sign account
hacker attacker intruder
ransom extortion
steal theft
hurt injured injury accident wound
die died death deceased
family relative spouse child partner
friend acquaintance
kid child
nursery kindergarten crèche daycare
building hall house
shut close closed
open start begin
end finish stop expire
begin start commence
exchange replace swap change
fix repair mend
turn rotate rotation direction
wrong fault error failure defect incorrect
break failure breakdown outage downtime
alarm alert warning
check audit inspect examine verify test
find discover detect identify
tell inform report notify
ask request apply application
allow permit approve approval authorise
forbid prohibit ban
must need require required obligatory mandatory
send deliver ship dispatch
arrive arrival delivery receipt
store storage stock warehouse keep
delete erase remove
data information reading measurement
readings measured measurement
backup copy
patch update upgrade
internet online web network
link connect connection
size dimension
weight heavy weigh
length long
height high tall
speed fast rate
temperature hot cold heat
power electricity energy
limit maximum most ceiling cap
least minimum
yearly annual year
monthly month
daily day
quarterly quarter
date deadline day
hand submit
give grant provide offer
help support assist
rule policy regulation
law legal statute
court arbitrator arbitration dispute quarrel
sale revenue turnover
profit earnings income
loan credit debt
share stock equity
owner ownership shareholder
founder founded found establish start
meeting session talk conversation
training course instruction seminar
new introduce launch
old former previous
big large great
small little
dangerous hazard danger risk
cause reason why
step procedure instruction
mean meaning definition define
picture figure image
"""


@cache
def _table() -> dict[str, frozenset[str]]:
    table: dict[str, set[str]] = {}
    for line in _GROUPS.split("\n"):
        group = {stem(word) for word in line.split()}
        for word in group:
            table.setdefault(word, set()).update(group - {word})
    return {word: frozenset(others) for word, others in table.items()}


def synonyms(word_stem: str) -> frozenset[str]:
    """Stems that may stand for the same thing; empty for most words."""
    return _table().get(word_stem, frozenset())
