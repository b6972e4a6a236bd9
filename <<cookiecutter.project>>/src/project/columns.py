"""Column names as the model's graph can bear them."""

import re
import unicodedata

#: Names of the graph's outputs; an input of the same name would clash with them.
RESERVED = frozenset({"label", "probabilities", "prediction"})


def normalise(name: str) -> str:
    """Turn any column name into `[a-z][a-z0-9_]*`, as TensorFlow and ONNX both take it.

    Letters lose their accents, and those of other scripts are transliterated. A normalised name
    stays as it is.
    """
    # Before and after: "№" is made of letters, one of them a capital, and "İ" becomes two signs.
    plain = unicodedata.normalize("NFKC", name.strip())
    letters = unicodedata.normalize("NFKC", plain.casefold())
    slug = re.sub(r"[^a-z0-9]+", "_", "".join(map(_latin, letters))).strip("_") or "column"
    slug = slug if slug[0].isalpha() else f"c_{slug}"
    return f"{slug}_column" if slug in RESERVED else slug


def _latin(letter: str) -> str:
    if letter.isascii():
        return letter
    if unicodedata.combining(letter) or "SIGN" in unicodedata.name(letter, ""):
        return ""  # an accent without its letter, the hard and soft signs of Cyrillic
    if not letter.isalnum():
        return "_"
    from text_unidecode import unidecode

    # A letter without a transliteration becomes its code point, so that names stay different.
    return re.sub(r"[^a-z0-9 ]", "", unidecode(letter).lower()) or f"u{ord(letter):x}_"


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
