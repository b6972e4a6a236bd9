"""How a service is asked: by the Bento's own interface, or by the Open Inference Protocol alone."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from delivery.checks import Asked, Checks, Sent
from delivery.contract_checks import contract_checks
from delivery.protocol_checks import protocol_checks, protocol_contract, protocol_requests
from delivery.service_checks import service_checks, service_requests


@dataclass(frozen=True)
class Interface:
    """What is looked at after a deploy, what a contract is held to, and the requests of a load."""

    checks: Checks
    contract: Checks
    requests: Callable[[Asked], Sequence[Sent]]


SERVICE = Interface(service_checks, contract_checks, service_requests)
PROTOCOL = Interface(protocol_checks, protocol_contract, protocol_requests)


def interface(url: str | None, runtime: str) -> Interface:
    """Return how to ask; runtime: what answers at `url`, without which it is the Bento itself."""
    return PROTOCOL if url and runtime == "kserve" else SERVICE
