"""The Bento's entry point: BentoML starts and stops the service, `Api` answers its requests.

BentoML's own way from socket to model costs several times what a small model does, so that its
app is given the life cycle alone.
"""

import asyncio
import gc
import json
import logging
import os
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Any

import bentoml

from serving.bundle import read_bundle
from serving.http import App, Receive, Scope, Send

FOLDER = Path(__file__).parents[1]
SETTINGS = json.loads((FOLDER / "serving.json").read_text(encoding="utf-8"))

log = logging.getLogger("bentoml.serving")


class OnnxService(bentoml.Service[Any]):  # type: ignore[misc]
    """A Bento service whose requests go to `Api` at once."""

    def to_asgi(self, is_main: bool = True) -> App:
        """Return the application that a worker runs."""
        if SETTINGS["workers"] == 1:
            # One process counts for itself: in memory, and without files that it must share.
            os.environ.pop("PROMETHEUS_MULTIPROC_DIR", None)
        from serving.api import Api

        api = self.api = Api(read_bundle(FOLDER), _recordings())
        bento = super().to_asgi(is_main)
        _tune()

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            await (api if scope["type"] == "http" else bento)(scope, receive, send)

        return app


@bentoml.service(
    name=SETTINGS["name"],
    service_class=OnnxService,
    workers=SETTINGS["workers"],
    metrics={"enabled": False},  # ours are more, and know the model
)
class Model:
    """The exported graph."""

    bento_service: OnnxService

    @bentoml.on_startup  # type: ignore[untyped-decorator]
    def begin(self) -> None:
        """Drain at SIGTERM before the server stops: whoever sends requests must hear of it."""
        stop = signal.getsignal(signal.SIGTERM)
        loop = asyncio.get_running_loop()

        def drain(number: int, frame: FrameType | None) -> None:
            self.bento_service.api.drain()
            if callable(stop):
                loop.call_soon_threadsafe(
                    loop.call_later, SETTINGS["drain_seconds"], stop, number, frame
                )

        signal.signal(signal.SIGTERM, drain)

    @bentoml.on_shutdown  # type: ignore[untyped-decorator]
    def end(self) -> None:
        """Finish what is under way."""
        self.bento_service.api.close()


def _recordings() -> Path | None:
    """Return the folder for predictions: never within the Bento, which stays as it was signed."""
    settings = SETTINGS["recording"]
    if not settings["enabled"]:
        return None
    folder = Path(os.environ.get("PREDICTIONS_FOLDER", settings["folder"]))
    if folder.is_absolute():
        return folder
    log.warning("predictions are not recorded: say by PREDICTIONS_FOLDER=/… in which folder")
    return None


def _tune() -> None:
    """Spend nothing on what was loaded to stay, on a second access log, or on waiting threads."""
    logging.getLogger("uvicorn.access").propagate = False  # /metrics counts requests
    log.setLevel(logging.WARNING)  # what is ours to say, however quiet BentoML was told to be
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)  # a request of 1,000 rows makes 5,000 objects, and frees them
    sys.setswitchinterval(0.0005)  # the writer of predictions gives way to requests
