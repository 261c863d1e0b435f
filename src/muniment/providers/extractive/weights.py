"""What each signal counts, as fitted by benchmarks/answers/train.py; not to be edited by hand.

Share of questions whose first choice holds the answer, vectors compared: fitted to all sets, by five
folds of articles, with the set left out of the fit, and the most that any choice could reach.

set          questions      all    folds left out most possible
sample              94    0.638    0.628    0.574         0.862
squad2             509    0.790    0.782    0.786         0.980
clapnq             159    0.767    0.761    0.774         1.000
chunk_spans        276    0.598    0.598    0.612         0.986
"""

WORDS_ALONE = {"own": 8.75, "alike": 6.70, "nearby": 4.81, "pairs": -0.45, "density": 4.01, "says nothing": -1.78, "behind": -1.80, "passage cosine": 8.33, "amount": 1.21, "no amount": -1.40, "other kind": 1.11, "defines": -0.22, "counted": 1.57, "unit": 1.59, "other unit": -1.54, "date": 1.82, "code": 0.92, "code first": 3.14, "asks": -1.67, "leads in": -1.50, "fragment": 0.37, "caption": -0.70, "short": -0.22, "length": 1.90, "first": 0.19, "row": 1.88, "item": 0.61, "other year": 0.06, "in range": 1.15,}
"""Where no vectors are compared."""
WITH_VECTORS = {"own": 7.23, "alike": 5.19, "nearby": 5.06, "pairs": -0.92, "density": 0.68, "says nothing": -1.42, "behind": -1.85, "passage cosine": 4.72, "amount": 1.34, "no amount": -1.23, "other kind": 0.94, "defines": -0.35, "counted": 1.01, "unit": 0.88, "other unit": -2.14, "date": 1.83, "code": 0.70, "code first": 2.76, "asks": -1.61, "leads in": -1.29, "fragment": 0.33, "caption": -0.40, "short": -0.14, "length": 1.08, "first": 0.01, "row": 1.81, "item": 0.13, "other year": -0.17, "in range": 0.95,}
"""Where the cosine of question and unit is known."""
COSINE = 8.19
