"""What a converter called the outputs of its graph."""

from dataclasses import dataclass


@dataclass(frozen=True)
class TensorNames:
    """A label's index may be left to the probabilities."""

    prediction: str | None = None
    probabilities: str | None = None
    label_index: str | None = None
