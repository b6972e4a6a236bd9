"""What is shipped, and what a model file may hold."""

import re
from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import Ge, Lt, MinLen

from project.settings.group import Checked, Group


@dataclass(frozen=True, kw_only=True)
class Opsets(Group):
    """The versions of ai.onnx that a model may use."""

    oldest: Annotated[int, Ge(1)]
    newest: Annotated[int, Ge(1)]

    def __post_init__(self) -> None:
        """See that the oldest comes first."""
        if self.oldest > self.newest:
            raise ValueError(f"oldest {self.oldest} is above newest {self.newest}")


def _pinned(name: str) -> None:
    """Let pass a name that stands for the same bytes for ever."""
    if not re.fullmatch(r"\S+@sha256:[0-9a-f]{64}", name):
        raise ValueError("expected name@sha256:… with its 64 digits")


def _scratch_or_pinned(base: str) -> None:
    if base != "scratch" and not re.fullmatch(r".+@sha256:[0-9a-f]{64}", base):
        raise ValueError("expected scratch, or path@sha256:… of an image in an OCI layout")


@dataclass(frozen=True, kw_only=True)
class Package(Group):
    """The ModelCar's form, and what a model file may hold; see conf/config.yaml."""

    runtime: Literal["triton", "openvino"]
    base: Annotated[str, Checked(_scratch_or_pinned)]
    service_base: Annotated[str, Checked(_pinned)]
    opset: Opsets
    operators: Annotated[list[str], MinLen(1)]
    max_bytes: Annotated[int, Ge(1), Lt(2**31)]  # what protobuf can read
