"""Which model is trained, and how it leaves."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from project.settings.base import Share, Strict

ROLES = {"classification": "classifier", "regression": "regressor"}


#: Of Keras, those that tf2onnx converts to what onnxruntime has: gelu is none of them.
Activation = Literal[
    "relu", "elu", "leaky_relu", "linear", "selu", "sigmoid", "silu", "softplus", "tanh"
]


class Preprocessing(Strict):
    """What happens to columns before the estimator; categories are always one-hot encoded."""

    impute: Literal["mean", "median", "most_frequent"] | None
    scale: bool


class SklearnModel(BaseModel):
    """Any estimator: keys beside these are its own parameters, which it checks itself."""

    model_config = ConfigDict(extra="allow", strict=True, frozen=True, defer_build=True)

    name: str
    framework: Literal["sklearn"]
    classifier: str | None
    regressor: str | None
    preprocessing: Preprocessing

    @property
    def parameters(self) -> dict[str, Any]:
        """The estimator's own parameters."""
        return dict(self.model_extra or {})


class KerasModel(Strict):
    """A multi-layer perceptron; see conf/model/keras_mlp.yaml for each key."""

    name: str
    framework: Literal["keras"]
    hidden: list[Annotated[int, Field(ge=1)]]
    activation: Activation
    dropout: Annotated[float, Field(ge=0, lt=1)]
    learning_rate: float = Field(gt=0)
    batch_size: int = Field(ge=1)
    epochs: int = Field(ge=1)
    patience: int = Field(ge=1)
    validation_share: Share
    class_weight: Literal["balanced"] | None


Model = Annotated[SklearnModel | KerasModel, Field(discriminator="framework")]


class Export(Strict):
    """The ONNX operator set, and how far the graph may be from the native model."""

    opset: int = Field(ge=13, le=21)
    tolerance: float = Field(gt=0)
