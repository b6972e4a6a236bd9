"""The estimator that a model's file names, made and checked before anything rests on it."""

import importlib.util
import re
from collections.abc import Sequence
from typing import Any

from project.errors import UserError
from project.overrides import told_at
from project.settings.group import Task
from project.settings.model import ROLES, SklearnModel


def make_estimator(model: SklearnModel, task: Task, overrides: Sequence[str] = ()) -> Any:
    """Make the estimator of a task with its parameters, which it checks as it would when fitted.

    A `UserError` names the parameter, and the file or the one of `overrides` that set it.
    """
    from hydra.errors import InstantiationException
    from hydra.utils import instantiate

    role = ROLES[task]
    target = getattr(model, role)
    try:
        estimator = instantiate({"_target_": target, **model.parameters}, _convert_="all")
        if hasattr(estimator, "_validate_params"):  # scikit-learn's own do this when fitted
            estimator._validate_params()
    except (InstantiationException, ValueError, TypeError) as error:
        raise UserError(_refusal(error, model, role, target, overrides)) from None
    if task == "classification" and not hasattr(estimator, "predict_proba"):
        place = told_at(f"model.{role}", f"conf/model/{model.name}.yaml", overrides)
        raise UserError(f"{place}: {target} gives no probabilities (predict_proba); choose another")
    return estimator


def refuse_without_converter(
    estimator: Any, model: SklearnModel, task: Task, overrides: Sequence[str] = ()
) -> None:
    """Raise `UserError` where skl2onnx knows nothing of an estimator of scikit-learn's own.

    Whoever brings one from elsewhere may bring its converter too: of that, export is the judge.
    """
    from skl2onnx._supported_operators import sklearn_operator_name_map

    kind = type(estimator)
    if kind.__module__.startswith("sklearn.") and kind not in sklearn_operator_name_map:
        place = told_at(f"model.{ROLES[task]}", f"conf/model/{model.name}.yaml", overrides)
        raise UserError(f"{place}: {kind.__name__} has no ONNX converter; choose another estimator")


def refuse_without_tensorflow(model: str) -> None:
    """Raise `UserError` where a network is asked for and TensorFlow is not installed."""
    if importlib.util.find_spec("tensorflow") is None:
        raise UserError(f"model={model} needs TensorFlow, which is not installed; type: make keras")


def _refusal(
    error: Exception, model: SklearnModel, role: str, target: str, overrides: Sequence[str]
) -> str:
    file = f"conf/model/{model.name}.yaml"
    text = " ".join(str(error.__cause__ or error).split())
    if unknown := re.search(r"unexpected keyword argument '(\w+)'", text):
        place = told_at(f"model.{unknown[1]}", file, overrides)
        return f"{place}: {target} has no such parameter"
    if wrong := re.match(r"The '(\w+)' parameter of \w+ (must be .*)", text):
        return f"{told_at(f'model.{wrong[1]}', file, overrides)}: {wrong[2]}"
    return f"{told_at(f'model.{role}', file, overrides)}: {target} cannot be made: {text[:300]}"
