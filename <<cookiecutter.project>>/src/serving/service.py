"""The Bento's entry point: BentoML starts and stops the service, `Api` answers its requests.

BentoML's own layer between socket and model takes four times what a small model does, so that its
app is asked for the life cycle alone.
"""

import gc
import json
import logging
from pathlib import Path
from typing import Any

import bentoml

from serving.api import Api
from serving.bundle import read_bundle
from serving.http import App, Receive, Scope, Send

FOLDER = Path(__file__).parents[1]
SETTINGS = json.loads((FOLDER / "serving.json").read_text(encoding="utf-8"))


class OnnxService(bentoml.Service[Any]):  # type: ignore[misc]
    """A Bento service whose requests go to `Api` at once."""

    def to_asgi(self, is_main: bool = True) -> App:
        """Return the application that a worker runs."""
        api = Api(read_bundle(FOLDER))
        bento = super().to_asgi(is_main)
        logging.getLogger("uvicorn.access").propagate = False  # as /metrics counts requests
        # What has come to stay is not looked at again by the collector: a tenth of the p99.
        gc.collect()
        gc.freeze()

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            await (api if scope["type"] == "http" else bento)(scope, receive, send)

        return app


@bentoml.service(
    name=SETTINGS["name"],
    service_class=OnnxService,
    metrics={"enabled": False},
)
class Model:
    """The exported graph."""
