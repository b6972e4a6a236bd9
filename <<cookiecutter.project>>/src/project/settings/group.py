"""What the groups of params.yaml are made of: dataclasses that pydantic checks, once in a run.

Each stage then builds what it reads of them without pydantic, whose import takes as long as the
work of a small stage. So pydantic is imported here only in what pydantic itself calls.
"""

import re
from collections.abc import Callable
from dataclasses import Field, dataclass, fields
from types import UnionType
from typing import Annotated, Any, ClassVar, Literal, Union, get_args, get_origin

from annotated_types import Gt, Lt

ColumnType = Literal["number", "boolean", "category"]
Task = Literal["classification", "regression"]
Share = Annotated[float, Gt(0), Lt(1)]


class Group:
    """Base of a frozen dataclass: no unknown key, no silent conversion, no change after loading.

    A `ValueError` of its `__post_init__` is what pydantic says of values that do not agree.
    """

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]  # of each subclass
    # A bound that is NaN or without end bounds nothing, and JSON has no word for either.
    __pydantic_config__: ClassVar[dict[str, Any]] = {
        "extra": "forbid",
        "strict": True,
        "allow_inf_nan": False,
    }

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        return {**handler(source), "strict": False}  # strict, a group itself would refuse a dict


@dataclass(frozen=True)
class OneOf:
    """Note on a union of groups: the key that tells them apart."""

    key: str

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        """Tell pydantic, so that a wrong key is held against the one group that is meant."""
        from pydantic import Field

        return handler.generate_schema(Annotated[source, Field(discriminator=self.key)])


class HiddenValueError(ValueError):
    """A value is wrong, and is not to be repeated: it may hold a password."""


@dataclass(frozen=True)
class Checked:
    """Note on a value: a function that raises `ValueError` where it does not do."""

    check: Callable[[Any], object]

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        """Have pydantic call the function with a value that is of the right type."""
        from pydantic_core import core_schema

        return core_schema.no_info_after_validator_function(self._checked, handler(source))

    def _checked(self, value: Any) -> Any:
        self.check(value)
        return value


def matching(pattern: str) -> Checked:
    """Return the note on a text that it is as the pattern says."""

    def check(text: str) -> None:
        if not re.fullmatch(pattern, text):
            raise ValueError(f"expected a text that matches {pattern}")

    return Checked(check)


def build(kind: Any, data: Any) -> Any:
    """Make what `kind` says from data that pydantic has checked before, as pydantic would."""
    if isinstance(kind, type) and issubclass(kind, Group):
        return _build_group(kind, data)
    origin, inner = get_origin(kind), get_args(kind)
    if origin is Annotated:
        key = next((note.key for note in inner[1:] if isinstance(note, OneOf)), None)
        return build(_meant(inner[0], key, data) if key else inner[0], data)
    if origin in (Union, UnionType):  # with None, else OneOf had chosen
        return data if data is None else build(inner[0], data)
    if origin is dict:
        return {name: build(inner[1], value) for name, value in data.items()}
    if origin is list:
        return [build(inner[0], value) for value in data]
    return float(data) if kind is float else data


def _build_group(kind: type[Group], data: dict[str, Any]) -> Group:
    types = {field.name: field.type for field in fields(kind)}
    made = kind(**{name: build(types[name], data[name]) for name in types if name in data})
    vars(made).update({name: value for name, value in data.items() if name not in types})
    return made


def _meant(union: Any, key: str, data: dict[str, Any]) -> Any:
    """Return the group of a union whose `key` may be what the data says."""
    return next(
        kind for kind in get_args(union) if data[key] in get_args(kind.__annotations__[key])
    )
