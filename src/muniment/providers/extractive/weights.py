"""What each signal counts, as fitted by benchmarks/answers/train.py; not to be edited by hand.

Share of questions whose first choice holds the answer, vectors compared: fitted to all sets, by five
folds of articles, with the set left out of the fit, and the most that any choice could reach.

set          questions      all    folds left out most possible
sample              94    0.649    0.617    0.606         0.862
squad2             509    0.792    0.780    0.782         0.980
clapnq             159    0.767    0.755    0.774         1.000
chunk_spans        276    0.601    0.598    0.616         0.986
"""

WORDS_ALONE = {
    "own": 8.93,
    "alike": 6.75,
    "nearby": 4.81,
    "pairs": -0.46,
    "density": 3.64,
    "behind": -1.79,
    "passage cosine": 8.18,
    "section": 0.53,
    "amount": 1.20,
    "no amount": -1.45,
    "other kind": 1.13,
    "counted": 1.59,
    "unit": 1.55,
    "other unit": -1.53,
    "date": 1.93,
    "code": 0.93,
    "code first": 3.12,
    "asks": -1.80,
    "leads in": -1.50,
    "fragment": 0.16,
    "caption": -0.63,
    "short": -0.48,
    "length": 1.83,
    "first": 0.17,
    "row": 1.87,
    "item": 0.58,
    "other year": -0.01,
    "in range": 1.12,
}
"""Where no vectors are compared."""
WITH_VECTORS = {
    "own": 7.37,
    "alike": 5.19,
    "nearby": 5.05,
    "pairs": -0.93,
    "density": 0.43,
    "behind": -1.83,
    "passage cosine": 4.51,
    "section": 0.64,
    "amount": 1.34,
    "no amount": -1.27,
    "other kind": 0.96,
    "counted": 1.05,
    "unit": 0.86,
    "other unit": -2.12,
    "date": 1.90,
    "code": 0.70,
    "code first": 2.74,
    "asks": -1.71,
    "leads in": -1.26,
    "fragment": 0.16,
    "caption": -0.36,
    "short": -0.36,
    "length": 1.03,
    "first": -0.01,
    "row": 1.81,
    "item": 0.10,
    "other year": -0.34,
    "in range": 0.94,
}
"""Where the cosine of question and unit is known."""
COSINE = 8.25
