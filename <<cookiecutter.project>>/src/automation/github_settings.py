"""How the repository on GitHub is set up, held against docs/github.md: a part of `make doctor`."""

from collections.abc import Iterator
from fnmatch import fnmatch
from typing import Any

from automation.finding import Finding
from automation.gh import api
from project.errors import UserError

#: By environment, whether somebody must approve.
ENVIRONMENTS = {
    "build": False,
    "dev": False,
    "test": True,
    "prod-approval": True,
    "prod": True,
    "bot": False,
}
#: From which branches and tags an environment takes jobs, main being one of all of them.
REFS = {"build": {"main", "develop", "v*"}, "dev": {"main", "develop"}}
#: Where a secret lies, and what is missing without it.
SECRETS = {"SIGNING_KEY": "build"}
CHECK = "pass"
MANUAL = "see docs/github.md"


def github() -> Iterator[Finding]:
    """Look at the repository's settings; `UserError` where GitHub does not answer."""
    found = {each["name"]: each for each in api("environments")["environments"]}
    for name, is_reviewed in ENVIRONMENTS.items():
        yield _environment(name, found.get(name), is_reviewed)
    if "prod-approval" in found and "prod" in found:
        both = _reviewers(found["prod-approval"]) & _reviewers(found["prod"])
        advice = f"{', '.join(sorted(both))} may approve both; each person counts once"
        yield Finding("prod: two groups", "without" if both else "ok", advice if both else "")
    yield _main()
    yield _state()
    yield _releases()
    yield _requests()
    for name, environment in SECRETS.items():
        held = _names("secrets", f"environments/{environment}/secrets", environment in found)
        advice = f"type: gh secret set {name} --env {environment} < keys/signing.key"
        yield Finding(f"secret {name}", "ok" if name in held else "missing", advice)


def _environment(name: str, found: dict[str, Any] | None, is_reviewed: bool) -> Finding:
    what, create = (
        f"environment {name}",
        f"gh api -X PUT repos/{{owner}}/{{repo}}/environments/{name}",
    )
    if found is None:
        return Finding(what, "missing", f"type: {create}")
    if is_reviewed and not _reviewers(found):
        return Finding(what, "missing", f"it has no reviewer; {MANUAL}")
    if is_reviewed and not any(
        rule.get("prevent_self_review") for rule in found["protection_rules"]
    ):
        return Finding(what, "missing", f"who starts a run may approve it; {MANUAL}")
    if why := _open_to(name, found):
        return Finding(what, "missing", f"{why}; {MANUAL}")
    return Finding(what, "ok")


def _open_to(name: str, found: dict[str, Any]) -> str | None:
    """Say which branches an environment takes jobs from and should not, or does not and should.

    GitHub's "protected branches only" is all of them where rulesets protect.
    """
    if not (found.get("deployment_branch_policy") or {}).get("custom_branch_policies"):
        return "any branch's workflows reach it and its secrets"
    allowed = REFS.get(name, {"main"})
    named = _names("branch_policies", f"environments/{name}/deployment-branch-policies", True)
    if "main" not in named:
        return "it takes no job of main"
    if others := sorted(named - allowed):
        return f"it takes jobs of {', '.join(others)} as well"
    return None


def _reviewers(environment: dict[str, Any]) -> set[str]:
    return {
        str(each["reviewer"].get("login") or each["reviewer"].get("slug"))
        for rule in environment["protection_rules"]
        if rule["type"] == "required_reviewers"
        for each in rule["reviewers"]
    }


def _main() -> Finding:
    """See that main takes nothing but reviewed pull requests whose check `pass` is green."""
    rules = _rules("main") + _classic("main")
    reviews = [rule["parameters"] for rule in rules if rule["type"] == "pull_request"]
    checks = {
        check["context"]
        for rule in rules
        if rule["type"] == "required_status_checks"
        for check in rule["parameters"]["required_status_checks"]
    }
    if not reviews:
        return Finding("branch main", "missing", f"takes pushes past review; {MANUAL}")
    if CHECK not in checks:
        return Finding("branch main", "missing", f"does not wait for {CHECK}; {MANUAL}")
    if not any(review.get("required_approving_review_count") for review in reviews):
        return Finding("branch main", "missing", f"asks nobody to approve; {MANUAL}")
    return Finding("branch main", "ok")


def _state() -> Finding:
    """See that what the branch gitops records can be neither cut short nor deleted."""
    lacking = {"non_fast_forward", "deletion"} - {rule["type"] for rule in _rules("gitops")}
    advice = f"no rule against {' and '.join(sorted(lacking))}; {MANUAL}"
    return Finding("branch gitops", "missing" if lacking else "ok", advice if lacking else "")


def _releases() -> Finding:
    """See that not everybody makes a tag that releases."""
    for listed in api("rulesets"):
        if listed["target"] != "tag" or listed["enforcement"] != "active":
            continue
        ruleset = api(f"rulesets/{listed['id']}")
        names = ruleset["conditions"]["ref_name"]["include"]
        covers = any(name == "~ALL" or fnmatch("refs/tags/v1", name) for name in names)
        if covers and "creation" in {rule["type"] for rule in ruleset["rules"]}:
            return Finding("tags v*", "ok")
    return Finding("tags v*", "missing", f"whoever may push releases; {MANUAL}")


def _requests() -> Finding:
    """See that retrainings and the template's updates can be proposed, and a token reads alone."""
    what, found = "Actions", api("actions/permissions/workflow")
    if not found["can_approve_pull_request_reviews"]:
        return Finding(what, "missing", f"may open no pull request; {MANUAL}")
    if found["default_workflow_permissions"] != "read":
        return Finding(what, "missing", f"a job's token writes unless it is told not to; {MANUAL}")
    return Finding(what, "ok")


def _rules(branch: str) -> list[dict[str, Any]]:
    """Return the rules that rulesets give a branch, whether or not it is there yet."""
    return list(api(f"rules/branches/{branch}"))


def _classic(branch: str) -> list[dict[str, Any]]:
    """Return a branch's protection, GitHub's older way, as rulesets would word it."""
    try:
        found = api(f"branches/{branch}/protection")
    except UserError:  # 404 where there is none; that rules can be asked for was seen before
        return []
    contexts = (found.get("required_status_checks") or {}).get("contexts", [])
    checks = {"required_status_checks": [{"context": name} for name in contexts]}
    rules = [{"type": "required_status_checks", "parameters": checks}]
    if reviews := found.get("required_pull_request_reviews"):
        rules.append({"type": "pull_request", "parameters": reviews})
    return rules


def _names(kind: str, path: str, is_there: bool) -> set[str]:
    return {each["name"] for each in api(path)[kind]} if is_there else set()
