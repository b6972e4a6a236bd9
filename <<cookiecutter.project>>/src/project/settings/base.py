"""What all settings are made of."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

ColumnType = Literal["number", "boolean", "category"]
Task = Literal["classification", "regression"]
Share = Annotated[float, Field(gt=0, lt=1)]


class Strict(BaseModel):
    """No unknown key, no silent conversion, no change after loading.

    A stage that reads one group does not build the others: defer_build halves the import.
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, defer_build=True)
