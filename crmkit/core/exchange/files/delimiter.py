"""Finding out the delimiter of a CSV file: the one that splits the header, and the rows below alike."""

from __future__ import annotations

import csv
from contextlib import suppress

# In the order of preference: the more to the right, the more often it stands in plain text.
DELIMITERS = ("\t", ";", "|", ",")
_SAMPLE_LINES = 50


def find_delimiter(lines: list[str], *, path: str) -> str:
    """Choose the delimiter by the first lines of a file; comma if nothing splits the header."""
    sample = [line for line in lines[:_SAMPLE_LINES] if line.strip()]
    if "".join(sample[:1]).lower().startswith("sep=") and len(sample[0].strip("\r\n")) == len("sep=") + 1:
        return sample[0][len("sep=")]
    scores = {delimiter: _score(sample, delimiter) for delimiter in DELIMITERS}
    best = max(DELIMITERS, key=lambda delimiter: scores[delimiter])
    if scores[best] > (0.0, 0):
        return best
    return "\t" if ".tsv" in path.lower() else ","


def _score(sample: list[str], delimiter: str) -> tuple[float, int]:
    """Rate by the share of records as wide as the header, then by the width; nothing if the header isn't split."""
    widths: list[int] = []
    # A quote may be open at the end of the sample, or be none with this delimiter.
    with suppress(csv.Error):
        widths.extend(len(record) for record in csv.reader(sample, delimiter=delimiter, strict=True) if record)
    if not widths or widths[0] == 1:
        return (0.0, 0)
    return (sum(width == widths[0] for width in widths) / len(widths), widths[0])
