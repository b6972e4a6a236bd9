"""What a canary, and its promotion, change in the chart's values."""

from collections.abc import Mapping
from typing import Any

from delivery.chart_values import Facts
from project.errors import UserError


def with_canary(values: Mapping[str, Any], facts: Facts, weight: int) -> dict[str, Any]:
    """Return values under which a package gets `weight` percent of the requests, beside what runs.

    values: those in force, for a canary changes the model alone. A Rollout knows by itself what ran
    before; KServe is told of both. Raises `UserError` where the environment runs without canaries,
    or pulls from another registry.
    """
    canary = dict(values.get("canary", {}))
    if not canary.get("enabled"):
        raise UserError(
            "it runs without canaries; set values.canary.enabled in conf/environment/, "
            "then: make deploy"
        )
    if values["model"]["repository"] != facts.repository:
        raise UserError(
            f"it pulls from {values['model']['repository']}, a canary would come from "
            f"{facts.repository}; type: make deploy"
        )
    canary["weight"] = weight
    # The chart is that of the last deploy, which may know less of a model than today's.
    model = {key: fact for key, fact in facts.model.items() if key in values["model"]}
    if values["runtime"] == "kserve":
        return {**values, "canary": canary | {"model": model}}
    image = values["image"] | {"digest": facts.image_digest, "tag": facts.version}
    return {**values, "model": values["model"] | model, "image": image, "canary": canary}


def promoted(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return values under which the candidate gets all requests, at once.

    Raises `UserError` where there is no candidate.
    """
    canary = dict(values.get("canary", {}))
    if canary.pop("weight", None) is None:
        raise UserError("no canary is under way; type: make canary ENV=… WEIGHT=…")
    if values["runtime"] == "kserve":
        candidate = canary.pop("model")
        return {**values, "model": values["model"] | candidate, "canary": canary}
    return {**values, "canary": canary | {"steps": []}}  # until a deploy brings those of conf/ back
