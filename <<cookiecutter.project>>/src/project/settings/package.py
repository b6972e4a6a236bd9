"""What is shipped, and what a model file may hold."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from project.settings.base import Strict


class Opsets(Strict):
    """The versions of ai.onnx that a model may use."""

    oldest: int = Field(ge=1)
    newest: int = Field(ge=1)

    @model_validator(mode="after")
    def _oldest_comes_first(self) -> "Opsets":
        if self.oldest > self.newest:
            raise ValueError(f"oldest {self.oldest} is above newest {self.newest}")
        return self


def _pinned(name: str) -> str:
    """Let pass a name that stands for the same bytes for ever."""
    if not re.fullmatch(r"\S+@sha256:[0-9a-f]{64}", name):
        raise ValueError("expected name@sha256:… with its 64 digits")
    return name


def _scratch_or_pinned(base: str) -> str:
    if base != "scratch" and not re.fullmatch(r".+@sha256:[0-9a-f]{64}", base):
        raise ValueError("expected scratch, or path@sha256:… of an image in an OCI layout")
    return base


class Package(Strict):
    """The ModelCar's form, and what a model file may hold; see conf/config.yaml."""

    runtime: Literal["triton", "openvino"]
    base: Annotated[str, AfterValidator(_scratch_or_pinned)]
    service_base: Annotated[str, AfterValidator(_pinned)]
    opset: Opsets
    operators: list[str] = Field(min_length=1)
    max_bytes: int = Field(ge=1, lt=2**31)  # what protobuf can read
