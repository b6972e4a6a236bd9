"""What the service bears, and what it records."""

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Ge, Gt, Le, Lt

from project.settings.group import Checked, Group

A_DAY = 86_400  # after which BentoML ends a worker, whatever it is at


def _address(host: str) -> None:
    """Let pass what BentoML listens on: it takes no name."""
    from ipaddress import IPv4Address

    try:
        IPv4Address(host)
    except ValueError:
        raise ValueError(
            "expected an IPv4 address of this machine, such as 127.0.0.1, or 0.0.0.0 for all"
        ) from None


@dataclass(frozen=True, kw_only=True)
class Recording(Group):
    """Which part of each prediction is kept, and where."""

    enabled: bool
    folder: str
    max_file_bytes: Annotated[int, Ge(1024)]
    max_file_seconds: Annotated[int, Ge(1)]
    max_files: Annotated[int, Ge(1)]
    hashed: list[str]
    left_out: list[str]


@dataclass(frozen=True, kw_only=True)
class Serving(Group):
    """What the service bears before it refuses a request; see conf/config.yaml."""

    host: Annotated[str, Checked(_address)]
    port: Annotated[int, Ge(0), Lt(2**16)]
    max_rows: Annotated[int, Ge(1)]
    max_bytes: Annotated[int, Ge(1024)]
    max_queue: Annotated[int, Ge(1)]
    timeout_seconds: Annotated[float, Gt(0), Le(A_DAY)]
    workers: Annotated[int, Ge(1)]
    threads: Annotated[int, Ge(1)]
    drain_seconds: Annotated[float, Ge(0), Le(A_DAY)]
    recording: Recording
