"""What gates are called, for settings that name them; `delivery.gates.all` has the gates."""

from typing import Literal, get_args

GateName = Literal[
    "freeze",
    "change",
    "clean",
    "verdict",
    "signature",
    "commit",
    "pushed",
    "current",
    "records",
    "request",
    "canary",
    "before",
    "rolled_back",
    "tag",
    "champion",
    "tried",
]
GATE_NAMES: tuple[GateName, ...] = get_args(GateName)
