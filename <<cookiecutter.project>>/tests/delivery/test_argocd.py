"""Whose models Argo CD follows, and what it may do, by what conf/argocd.yaml and git say."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from delivery.argocd import main, scope, write_argocd
from delivery.repository import chart_source
from project.errors import UserError
from project.git import git

ROOT = Path(__file__).parents[2]

# what is edited in conf/argocd.yaml, by what, the line that refuses it
WRONG = {
    "an unknown key": ("namespace:", "namespaces:", "namespaces: no such setting"),
    "an environment too few": ("  test:", "  stage:", "environments.stage: no such setting"),
    "another way to synchronise": (
        "sync: manual",
        "sync: on merge",
        "environments.prod.sync: Input should be 'automatic' or 'manual'",
    ),
    "a cluster that is no URL": ("https://kub", "kub", "environments.dev.server: String should"),
    "no YAML": ("environments:", "environments: [", "not YAML"),
}

#: GITOPS_REPO, and the fleet's name and where its charts may come from.
FLEETS = {
    "https": ("https://github.com/team/Fleet.git", "fleet", "https://github.com/team/*"),
    "https with a login": (
        "https://a:b@github.com/team/fleet",
        "fleet",
        "https://github.com/team/*",
    ),
    "ssh": ("git@github.com:team/model_state.git", "model-state", "git@github.com:team/*"),
    "a folder": ("/srv/git/state.git", "state", "/srv/git/*"),
}


@pytest.fixture
def project(with_origin: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a project with a remote, and no fleet."""
    monkeypatch.delenv("GITOPS_REPO", raising=False)
    shutil.copytree(ROOT / "deploy", with_origin / "deploy")
    shutil.copy(ROOT / "tests/conf/argocd.yaml", with_origin / "conf/argocd.yaml")
    return with_origin


@pytest.mark.parametrize(("old", "new", "line"), WRONG.values(), ids=WRONG)
def test_a_wrong_setting_is_named_with_its_file(
    old: str, new: str, line: str, project: Path, refusal: Callable[..., str]
) -> None:
    path = project / "conf/argocd.yaml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new))

    assert refusal(main).startswith(f"error: conf/argocd.yaml: {line}")


def test_a_project_without_a_remote_is_refused(project: Path, refusal: Callable[..., str]) -> None:
    git("remote", "remove", "origin")

    assert refusal(main).startswith("error: this project has no git remote, and a cluster must")


def test_a_project_may_take_from_itself_and_put_into_its_own_namespace(project: Path) -> None:
    write_argocd()

    spec = written("prod-project.yaml")["spec"]
    assert spec["sourceRepos"] == ["https://git.example.org/toy.git"]
    assert [one["namespace"] for one in spec["destinations"]] == ["toy-prod"]
    assert spec["clusterResourceWhitelist"] == []


@pytest.mark.parametrize(("url", "name", "charts"), FLEETS.values(), ids=FLEETS)
def test_a_fleet_takes_charts_from_beside_its_own_repository(
    url: str, name: str, charts: str, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITOPS_REPO", url)

    write_argocd()

    assert (scope().name, scope().charts, scope().models) == (name, charts, "*")
    spec = written("test-project.yaml")["spec"]
    assert charts in spec["sourceRepos"]
    assert [one["namespace"] for one in spec["destinations"]] == ["*-test"]


def test_who_synchronises_is_a_setting_of_the_environment(project: Path) -> None:
    write_argocd()
    automated = {"prune": True, "selfHeal": True}
    assert [synchronised(name) for name in ("dev", "test", "prod")] == [automated, automated, None]

    path = project / "conf/argocd.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("sync: manual", "sync: automatic"))
    write_argocd()
    assert synchronised("prod") == automated


def test_a_chart_is_named_by_the_commit_that_holds_it(project: Path) -> None:
    with pytest.raises(UserError, match="commit"):
        chart_source()
    git("config", "user.name", "Ada")
    git("config", "user.email", "ada@example.org")
    git("add", "--all")
    git("commit", "--quiet", "--message", "All")

    assert chart_source() == {
        "version": "0.1.0",
        "revision": git("rev-parse", "HEAD"),
        "path": "deploy/chart",
    }
    (project / "deploy/chart/values.yaml").unlink()
    with pytest.raises(UserError, match="commit"):
        chart_source()


def synchronised(environment: str) -> Any:
    """Return what is done by itself in an environment."""
    application = written(f"{environment}-applications.yaml")["spec"]["template"]["spec"]
    return application["syncPolicy"].get("automated")


def written(name: str) -> Any:
    """Read a file of build/argocd/."""
    return yaml.safe_load(Path("build/argocd", name).read_text(encoding="utf-8"))
