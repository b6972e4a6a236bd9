"""The multi-layer perceptron: named inputs, preprocessing and network as one Keras model."""

import logging
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # no talk of devices nobody asked for
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")  # its sums depend on the processor

import keras
import numpy as np
import pyarrow as pa
import tensorflow as tf
from keras import ops

from pipeline.tensor_names import TensorNames
from project.errors import UserError
from project.inputs import Inputs, model_inputs, target_values
from project.settings.model import KerasModel
from project.tables import Contract

if TYPE_CHECKING:
    import onnx  # train has no use for it

ARCHITECTURE, WEIGHTS = "architecture.json", "model.weights.h5"


def train(
    table: pa.Table, contract: Contract, settings: KerasModel, seed: int, folder: Path
) -> list[dict[str, float]]:
    """Fit the network, write architecture and weights to `folder`, and return its curves."""
    _be_deterministic(seed)
    inputs, target = model_inputs(table, contract), target_values(table, contract)
    preprocessing = _preprocessing(contract, inputs)
    # Preprocess once, not once an epoch: the network is fitted on the matrix.
    features = preprocessing.predict(_tensors(inputs), batch_size=65536, verbose=0)
    network = _network(features.shape[1], contract, settings)
    if contract.classes:
        history = _fit(network, features, target, contract, settings, seed)
        output = network(preprocessing.outputs[0])
    else:
        # It learns a standardised target, so one learning rate fits all, and answers in its unit.
        scale, mean = float(target.std()) or 1.0, float(target.mean())
        history = _fit(network, features, (target - mean) / scale, contract, settings, seed)
        output = keras.layers.Rescaling(scale, mean)(network(preprocessing.outputs[0]))
    model = keras.Model(preprocessing.inputs, output)
    (folder / ARCHITECTURE).write_text(model.to_json(), encoding="utf-8")
    model.save_weights(folder / WEIGHTS)
    return history


def predict(folder: Path, inputs: Inputs, contract: Contract) -> np.ndarray[Any, Any]:
    """Predict natively: probabilities of shape (rows, classes), or numbers of shape (rows,)."""
    output = _load(folder).predict(_tensors(inputs), batch_size=65536, verbose=0)
    return np.asarray(output if contract.classes else output.ravel(), dtype=np.float64)


def to_onnx(folder: Path, contract: Contract, opset: int) -> tuple["onnx.ModelProto", TensorNames]:
    """Convert by way of a SavedModel, as tf2onnx's command line does, but in this process."""
    from tf2onnx import convert, tf_loader

    # It warns of steps on its way, such as a category's; parity tells whether it has arrived.
    logging.getLogger("tf2onnx").setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory() as saved:
        _load(folder).export(saved, verbose=False)
        graph, inputs, outputs, tables, renamed = tf_loader.from_saved_model(
            saved,
            None,
            None,
            tag="serve",
            signatures=["serving_default"],
            return_initialized_tables=True,
            return_tensors_to_rename=True,
        )
    output = "probabilities" if contract.classes else "prediction"
    model, _ = convert._convert_common(
        graph,
        name=contract.dataset,
        opset=opset,
        input_names=inputs,
        output_names=outputs,
        initialized_tables=tables,
        tensors_to_rename={**renamed, outputs[0]: output},
    )
    return model, TensorNames(**{output: output})


def _be_deterministic(seed: int) -> None:
    keras.utils.set_random_seed(seed)
    tf.config.experimental.enable_op_determinism()
    tf.config.threading.set_intra_op_parallelism_threads(1)  # sums in one order on any machine
    tf.config.threading.set_inter_op_parallelism_threads(1)


def _tensors(inputs: Inputs) -> dict[str, Any]:
    return {
        name: tf.constant(
            values.reshape(-1, 1), tf.string if values.dtype == object else tf.float32
        )
        for name, values in inputs.items()
    }


def _preprocessing(contract: Contract, inputs: Inputs) -> keras.Model:
    """Impute numbers by their median and standardise them; one-hot encode categories.

    A category that train did not have becomes zeros, as scikit-learn's encoder has it.
    """
    layers, parts = {}, []
    for name, kind in contract.columns.items():
        values = inputs[name]
        if kind == "category":
            layers[name] = keras.Input((1,), name=name, dtype="string")
            vocabulary = sorted(set(values))
            lookup = keras.layers.StringLookup(
                vocabulary=vocabulary, output_mode="one_hot", name=f"{name}_one_hot"
            )
            parts.append(lookup(layers[name])[:, 1:])  # without the place for the unseen
        else:
            layers[name] = keras.Input((1,), name=name, dtype="float32")
            median = float(np.nanmedian(values))
            filled = np.where(np.isnan(values), np.float32(median), values).astype(np.float64)
            present = ops.where(ops.isnan(layers[name]), median, layers[name])
            scale = float(filled.std()) or 1.0
            parts.append((present - float(filled.mean())) * (1.0 / scale))
    features = ops.concatenate(parts, axis=1) if len(parts) > 1 else parts[0]
    return keras.Model(layers, features)


def _network(width: int, contract: Contract, settings: KerasModel) -> keras.Sequential:
    network = keras.Sequential([keras.Input((width,))], name="network")
    for units in settings.hidden:
        network.add(keras.layers.Dense(units, activation=settings.activation))
        network.add(keras.layers.Dropout(settings.dropout))
    if contract.classes:
        network.add(keras.layers.Dense(len(contract.classes), activation="softmax"))
    else:
        network.add(keras.layers.Dense(1))
    return network


def _fit(
    network: keras.Sequential,
    features: np.ndarray[Any, Any],
    target: np.ndarray[Any, Any],
    contract: Contract,
    settings: KerasModel,
    seed: int,
) -> list[dict[str, float]]:
    network.compile(
        optimizer=keras.optimizers.Adam(settings.learning_rate),
        loss="sparse_categorical_crossentropy" if contract.classes else "mean_squared_error",
        jit_compile=False,
    )
    order = np.random.default_rng(seed).permutation(len(target))
    size = max(round(settings.validation_share * len(target)), 1)
    held, fitted = order[:size], order[size:]
    weights = None
    if settings.class_weight and contract.classes:
        counts = np.bincount(target[fitted], minlength=len(contract.classes))
        weights = {i: len(fitted) / (len(counts) * max(n, 1)) for i, n in enumerate(counts)}
    history = network.fit(
        features[fitted],
        target[fitted],
        validation_data=(features[held], target[held]),
        batch_size=settings.batch_size,
        epochs=settings.epochs,
        class_weight=weights,
        callbacks=[
            keras.callbacks.EarlyStopping(patience=settings.patience, restore_best_weights=True),
            _Progress(settings.epochs),
        ],
        verbose=0,
    ).history
    if not np.isfinite([*history["loss"], *history["val_loss"]]).all():
        raise UserError(
            f"conf/model/{settings.name}.yaml: training diverged: the loss is not a number; "
            "try a smaller model.learning_rate"
        )
    curves = zip(history["loss"], history["val_loss"], strict=True)
    return [
        {"step": step, "train": float(train), "validation": float(validation)}
        for step, (train, validation) in enumerate(curves, start=1)
    ]


class _Progress(keras.callbacks.Callback):  # type: ignore[misc]
    """A line for every tenth epoch, which reads well in a log too."""

    def __init__(self, epochs: int) -> None:
        super().__init__()
        self.epochs = epochs

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        if logs and (epoch + 1) % 10 == 0:
            print(
                f"epoch {epoch + 1} of at most {self.epochs}: loss {logs['loss']:.4f}, "
                f"validation {logs['val_loss']:.4f}",
                flush=True,
            )


def _load(folder: Path) -> keras.Model:
    text = (folder / ARCHITECTURE).read_text(encoding="utf-8")
    model = keras.models.model_from_json(text)
    model.load_weights(folder / WEIGHTS)
    return model
