"""Whether the documents answer a question: a probability, and what they lack.

Signals are counted (words, names, numbers and the kind of thing asked for that the passages do not hold,
cosines), a small network reads the question against the best windows of the passages, and a logistic
regression weighs both. The threshold below which nothing is answered is a setting; ``calibrate`` fits it
to labelled questions.
"""

from muniment.answerability.assess import Answerability, Assessment
from muniment.answerability.calibrate import Calibration, Labelled, calibrate, recalibrated

__all__ = ["Answerability", "Assessment", "Calibration", "Labelled", "calibrate", "recalibrated"]
