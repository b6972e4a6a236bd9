"""Column names as the model's graph can bear them."""

import re
import unicodedata

#: Names of the graph's outputs; an input of the same name would clash with them.
RESERVED = frozenset({"label", "probabilities", "prediction"})


def normalise(name: str) -> str:
    """Turn any column name into `[a-z][a-z0-9_]*`, as TensorFlow and ONNX both take it.

    Letters lose their accents; a letter of another script becomes its code point, so that two
    different names stay different. A normalised name stays as it is.
    """
    letters = unicodedata.normalize("NFKD", name.strip().casefold())
    ascii_name = "".join(
        letter
        if letter.isascii()
        else ""
        if unicodedata.combining(letter)
        else f"u{ord(letter):x}_"
        if letter.isalnum()
        else "_"
        for letter in letters
    )
    slug = re.sub(r"[^a-z0-9]+", "_", ascii_name).strip("_") or "column"
    slug = slug if slug[0].isalpha() else f"c_{slug}"
    return f"{slug}_column" if slug in RESERVED else slug


def normalise_all(names: list[str]) -> list[str]:
    """Normalise a header; names that become alike are numbered in their order: `a`, `a_2`."""
    taken: set[str] = set()
    result = []
    for name in map(normalise, names):
        candidate, number = name, 1
        while candidate in taken:
            number += 1
            candidate = f"{name}_{number}"
        taken.add(candidate)
        result.append(candidate)
    return result
