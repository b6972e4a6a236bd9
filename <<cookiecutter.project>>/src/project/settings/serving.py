"""What the service bears, and what it records."""

from pydantic import Field

from project.settings.base import Strict


class Recording(Strict):
    """Which part of each prediction is kept, and where."""

    enabled: bool
    folder: str
    max_file_bytes: int = Field(ge=1024)
    max_file_seconds: int = Field(ge=1)
    max_files: int = Field(ge=1)
    hashed: list[str]
    left_out: list[str]


class Serving(Strict):
    """What the service bears before it refuses a request; see conf/config.yaml."""

    host: str
    port: int = Field(ge=0, lt=2**16)
    max_rows: int = Field(ge=1)
    max_bytes: int = Field(ge=1024)
    max_queue: int = Field(ge=1)
    timeout_seconds: float = Field(gt=0)
    workers: int = Field(ge=1)
    threads: int = Field(ge=1)
    drain_seconds: float = Field(ge=0)
    recording: Recording
