"""Which model is trained, and how it leaves."""

from dataclasses import dataclass, fields
from typing import Annotated, Any, ClassVar, Literal

from annotated_types import Ge, Gt, Le, Lt

from project.settings.group import Group, OneOf, Share

ROLES = {"classification": "classifier", "regression": "regressor"}


#: Of Keras, those that tf2onnx converts to what onnxruntime has: gelu is none of them.
Activation = Literal[
    "relu", "elu", "leaky_relu", "linear", "selu", "sigmoid", "silu", "softplus", "tanh"
]


@dataclass(frozen=True, kw_only=True)
class Preprocessing(Group):
    """What happens to columns before the estimator; categories are always one-hot encoded."""

    impute: Literal["mean", "median", "most_frequent"] | None
    scale: bool


@dataclass(frozen=True, kw_only=True)
class SklearnModel(Group):
    """Any estimator: keys beside these are its own parameters, which it checks itself."""

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "allow", "strict": True}

    name: str
    framework: Literal["sklearn"]
    classifier: str | None
    regressor: str | None
    preprocessing: Preprocessing

    @property
    def parameters(self) -> dict[str, Any]:
        """The estimator's own parameters."""
        own = {field.name for field in fields(self)}
        return {name: value for name, value in vars(self).items() if name not in own}


@dataclass(frozen=True, kw_only=True)
class KerasModel(Group):
    """A multi-layer perceptron; see conf/model/keras_mlp.yaml for each key."""

    name: str
    framework: Literal["keras"]
    hidden: list[Annotated[int, Ge(1)]]
    activation: Activation
    dropout: Annotated[float, Ge(0), Lt(1)]
    learning_rate: Annotated[float, Gt(0)]
    batch_size: Annotated[int, Ge(1)]
    epochs: Annotated[int, Ge(1)]
    patience: Annotated[int, Ge(1)]
    validation_share: Share
    class_weight: Literal["balanced"] | None


Model = Annotated[SklearnModel | KerasModel, OneOf("framework")]


@dataclass(frozen=True, kw_only=True)
class Export(Group):
    """The ONNX operator set, and how far the graph may be from the native model."""

    opset: Annotated[int, Ge(13), Le(21)]
    tolerance: Annotated[float, Gt(0)]
