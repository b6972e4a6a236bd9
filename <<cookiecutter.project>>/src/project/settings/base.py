"""What settings outside params.yaml are made of, which no stage reads."""

from pydantic import BaseModel, ConfigDict


class Strict(BaseModel):
    """No unknown key, no silent conversion, no change after loading."""

    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, defer_build=True, allow_inf_nan=False
    )
