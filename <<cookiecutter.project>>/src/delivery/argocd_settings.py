"""What conf/argocd.yaml may say: strict, so that a typo stops with the key's name."""

from typing import Annotated, Literal

from pydantic import Field

from project.artefacts import CONF
from project.loading import load_file
from project.settings.base import Strict

ARGOCD = CONF / "argocd.yaml"


class Target(Strict):
    """Where an environment is, and who starts the synchronisation."""

    server: Annotated[str, Field(pattern=r"^https://\S+$")]
    sync: Literal["automatic", "manual"]


class Targets(Strict):
    """The environments, all of them."""

    dev: Target
    test: Target
    prod: Target


class ArgoSettings(Strict):
    """The whole of conf/argocd.yaml."""

    namespace: Annotated[str, Field(pattern=r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$")]
    revision: Annotated[str, Field(min_length=1)]
    environments: Targets

    def targets(self) -> dict[str, Target]:
        """Return each environment's target by its name."""
        return dict(self.environments)


def load_argo_settings() -> ArgoSettings:
    """Read conf/argocd.yaml; a `UserError` names the first wrong key."""
    settings: ArgoSettings = load_file(ArgoSettings, ARGOCD)
    return settings
