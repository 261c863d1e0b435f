"""What text is made of: units that can be quoted, stems, quantities, names and negations.

Rules for English, with no model behind them: extraction and grounding both need the same reading of
a text, and they need it in microseconds.
"""
