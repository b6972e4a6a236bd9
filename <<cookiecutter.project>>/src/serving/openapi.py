"""The service's description, and the page on which people try it: nothing comes from elsewhere."""

from importlib.resources import files
from pathlib import Path
from typing import Any

import orjson

from serving.bundle import Bundle, Contract
from serving.http import Answer
from serving.inference_protocol import InferenceProtocol

Json = dict[str, Any]

#: Swagger UI, which travels in BentoML's wheel.
_ASSETS = files("bentoml").joinpath("_internal/server/static_content")
_OWN = "default-src 'self' data: 'unsafe-inline'"
_TYPES: dict[str, Json] = {
    "number": {"type": ["number", "null"]},
    "boolean": {"type": ["boolean", "null"]},
    "category": {"type": ["string", "null"]},
}
_ERRORS = {
    400: "not JSON, or not a request of the protocol",
    408: "the body came too slowly",
    413: "too many rows, or too many bytes",
    415: "a compressed body",
    422: "a column that is missing, unknown or of another type",
    429: "too many requests are under way",
    503: "not ready, or shutting down",
    504: "no prediction in time",
}


def page_files(bundle: Bundle, protocol: InferenceProtocol) -> dict[str, Answer]:
    """Return the page and what it is made of, by path."""
    html = Path(__file__).with_name("page.html").read_bytes()
    return {
        "/": Answer(
            html, kind=b"text/html", headers=((b"content-security-policy", _OWN.encode()),)
        ),
        "/openapi.json": Answer(orjson.dumps(openapi(bundle, protocol))),
        "/static/swagger-ui.css": _asset("swagger-ui.css", b"text/css"),
        "/static/swagger-ui-bundle.js": _asset("swagger-ui-bundle.js", b"text/javascript"),
    }


def _asset(name: str, kind: bytes) -> Answer:
    kept = (b"cache-control", b"max-age=86400")
    return Answer(_ASSETS.joinpath(name).read_bytes(), kind=kind, headers=(kept,))


def openapi(bundle: Bundle, protocol: InferenceProtocol) -> Json:
    """Describe the endpoints in OpenAPI 3.1, with a golden row of this model as the example."""
    example, answer = bundle.golden["inputs"][0], bundle.golden["outputs"][0]
    named = {"name": bundle.name, "version": bundle.version, "digest": bundle.digest}
    model = f"/v2/models/{bundle.name}"
    return {
        "openapi": "3.1.0",
        "info": {
            "title": bundle.title,
            "version": bundle.version,
            "description": f"Predicts {bundle.contract.target}. Model `{bundle.digest}`",
        },
        "paths": {
            "/predict": {
                "post": {
                    "summary": "Predict records by column name",
                    "requestBody": _body(
                        {"oneOf": [_ref("Record"), {"type": "array", "items": _ref("Record")}]},
                        example,
                    ),
                    "responses": _responses(
                        _ref("Predictions"), {"predictions": [answer], "model": named}
                    ),
                }
            },
            "/livez": _get("The process answers"),
            "/readyz": _get("The golden inputs gave the golden outputs", 503),
            "/metrics": _get("Metrics for Prometheus"),
            "/v2": _get("Open Inference Protocol: the server"),
            "/v2/health/live": _get("Open Inference Protocol: the process answers"),
            "/v2/health/ready": _get("Open Inference Protocol: ready", 503),
            model: _get("Open Inference Protocol: inputs and outputs of the graph"),
            f"{model}/ready": _get("Open Inference Protocol: ready", 503),
            f"{model}/infer": {
                "post": {
                    "summary": "Open Inference Protocol: predict tensors, one for each column",
                    "requestBody": _body({"type": "object"}, _tensors(example, protocol)),
                    "responses": _responses({"type": "object"}, None),
                }
            },
        },
        "components": {"schemas": _schemas(bundle.contract)},
    }


def _schemas(contract: Contract) -> dict[str, Json]:
    if contract.classes is None:
        prediction: Json = {"prediction": {"type": ["number", "null"]}}
    else:
        shares = {name: {"type": "number"} for name in contract.classes}
        prediction = {
            "label": {"type": "string", "enum": contract.classes},
            "probabilities": {"type": "object", "properties": shares},
        }
    columns = {name: _TYPES[kind] for name, kind in contract.columns.items()}
    model = {name: {"type": "string"} for name in ("name", "version", "digest")}
    of = {"type": "object", "properties": prediction}
    return {
        "Record": {
            "type": "object",
            "properties": columns,
            "required": list(columns),
            "additionalProperties": False,
        },
        "Predictions": {
            "type": "object",
            "properties": {
                "predictions": {"type": "array", "items": of},
                "model": {"type": "object", "properties": model},
            },
        },
        "Error": {
            "type": "object",
            "properties": {
                "error": {"type": "string"},
                "row": {"type": "integer", "description": "counted from 0"},
                "field": {"type": "string"},
            },
            "required": ["error"],
        },
    }


def _tensors(example: Json, protocol: InferenceProtocol) -> Json:
    inputs: list[Json] = protocol.model["inputs"]
    one = {"shape": [1, 1]}
    return {"inputs": [put | one | {"data": [_number(example[put["name"]])]} for put in inputs]}


def _number(value: Any) -> Any:
    return float(value) if isinstance(value, bool) else value


def _body(schema: Json, example: Json) -> Json:
    return {
        "required": True,
        "content": {"application/json": {"schema": schema, "example": example}},
    }


def _responses(schema: Json, example: Json | None) -> Json:
    content: Json = (
        {"schema": schema} if example is None else {"schema": schema, "example": example}
    )
    errors = {str(status): _error(words) for status, words in _ERRORS.items()}
    return {
        "200": {"description": "Predictions", "content": {"application/json": content}},
        **errors,
    }


def _error(words: str) -> Json:
    return {"description": words, "content": {"application/json": {"schema": _ref("Error")}}}


def _get(summary: str, otherwise: int | None = None) -> Json:
    responses = {"200": {"description": "OK"}}
    if otherwise:
        responses[str(otherwise)] = _error(_ERRORS[otherwise])
    return {"get": {"summary": summary, "responses": responses}}


def _ref(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}
