"""What GitHub's API answers, as far as a project asks it: https://docs.github.com/rest."""

import json
import re
import sys
from fnmatch import fnmatch
from typing import Any

State = dict[str, Any]
LISTS = ("pulls", "issues", "approvals", "events", "releases", "rulesets")
EMPTY: State = {
    **{name: [] for name in LISTS},
    **{name: {} for name in ("comments", "environments", "secrets")},
    "workflow": {
        "default_workflow_permissions": "write",
        "can_approve_pull_request_reviews": False,
    },
}


def asked(words: list[str]) -> tuple[str, str, Any]:
    """Read the words of `gh api`: the method, the path below the repository, and what is given."""
    method, path = "", ""
    given: dict[str, Any] = {}
    rest = iter(words)
    for word in rest:
        if word in ("-X", "--method"):
            method = next(rest)
        elif word in ("-f", "-F"):
            key, _, text = next(rest).partition("=")
            typed: Any = {"true": True, "false": False}.get(text, text) if word == "-F" else text
            outer, inner = re.fullmatch(r"(\w+)(?:\[(\w+)\])?", key).groups()  # type: ignore[union-attr]
            if inner:
                given.setdefault(outer, {})[inner] = typed
            else:
                given[outer] = typed
        elif word == "--input":
            assert next(rest) == "-"
            given = json.load(sys.stdin)
        else:
            path = word.split("/", 3)[3]
    return method or ("POST" if given else "GET"), path, given or None


def answer(state: State, method: str, path: str, given: Any) -> Any:
    """Do what is asked, and return what GitHub would; end with its 404 where it knows nothing."""
    path, _, query = path.partition("?")
    for pattern, handler in HANDLERS.items():
        if found := re.fullmatch(pattern, path):
            return handler(state, method, given, query, *found.groups())
    sys.exit(f"gh: HTTP 404: {method} {path}")


def opened(state: State, kind: str, given: dict[str, Any]) -> dict[str, Any]:
    """Add a pull request or an issue."""
    number = len(state[kind]) + 1
    made = given | {"number": number, "html_url": f"https://github.example/{kind}/{number}"}
    state[kind].append(made)
    return made


def _listed(kind: str) -> Any:
    def handle(state: State, method: str, given: Any, query: str) -> Any:
        if method == "POST":
            return opened(state, kind, given)
        head = re.search(r"head=[^&:]*:([^&]+)", query)
        return [one for one in state[kind] if not head or one["head"] == head[1]]

    return handle


def _comments(state: State, method: str, given: Any, query: str, issue: str) -> Any:
    if method == "GET":
        every = [] if "page=2" in query else state["comments"].items()
        return [{"id": int(name), "body": one["bodies"][-1]} for name, one in every]
    number = str(len(state["comments"]) + 1)
    state["comments"][number] = {"issue": int(issue), "bodies": [given["body"]]}
    return {"html_url": f"https://github.example/comment/{number}"}


def _comment(state: State, method: str, given: Any, query: str, number: str) -> Any:
    state["comments"][number]["bodies"].append(given["body"])
    return {"html_url": f"https://github.example/comment/{number}"}


def _event(state: State, method: str, given: Any, query: str) -> None:
    state["events"].append(given)


def _environments(state: State, method: str, given: Any, query: str) -> Any:
    return {"environments": list(state["environments"].values())}


def _environment(state: State, method: str, given: Any, query: str, name: str) -> Any:
    kinds = {"User": "login", "Team": "slug"}
    reviewers = [
        {"type": one["type"], "reviewer": {kinds[one["type"]]: f"{one['type']}-{one['id']}"}}
        for one in given.get("reviewers") or []
    ]
    review = {"type": "required_reviewers", "reviewers": reviewers}
    review["prevent_self_review"] = given.get("prevent_self_review", False)
    made = {"name": name, "protection_rules": [review] if reviewers else []}
    made["deployment_branch_policy"] = given.get("deployment_branch_policy")
    state["environments"][name] = made | {"policies": []}
    return made


def _policies(state: State, method: str, given: Any, query: str, name: str) -> Any:
    policies = state["environments"][name]["policies"]
    if method == "POST":
        policies.append({"type": "branch"} | given)
    return {"branch_policies": policies}


def _secrets(state: State, method: str, given: Any, query: str, name: str) -> Any:
    return {"secrets": [{"name": secret} for secret in state["secrets"].get(name, [])]}


def _workflow(state: State, method: str, given: Any, query: str) -> Any:
    state["workflow"] |= given or {}
    return state["workflow"]


def _rulesets(state: State, method: str, given: Any, query: str) -> Any:
    if method == "POST":
        state["rulesets"].append(given | {"id": len(state["rulesets"]) + 1})
    hidden = ("rules", "conditions")  # a list leaves them out
    return [{key: one[key] for key in one if key not in hidden} for one in state["rulesets"]]


def _ruleset(state: State, method: str, given: Any, query: str, number: str) -> Any:
    return state["rulesets"][int(number) - 1]


def _rules(state: State, method: str, given: Any, query: str, branch: str) -> Any:
    return [
        rule
        for one in state["rulesets"]
        if one["target"] == "branch" and one["enforcement"] == "active"
        if any(
            fnmatch(f"refs/heads/{branch}", name)
            for name in one["conditions"]["ref_name"]["include"]
        )
        for rule in one["rules"]
    ]


def _approvals(state: State, method: str, given: Any, query: str) -> Any:
    return state["approvals"]


HANDLERS: dict[str, Any] = {
    r"actions/runs/\d+/approvals": _approvals,
    r"issues/(\d+)/comments": _comments,
    r"issues/comments/(\d+)": _comment,
    "dispatches": _event,
    "pulls": _listed("pulls"),
    "issues": _listed("issues"),
    "environments": _environments,
    r"environments/([\w-]+)": _environment,
    r"environments/([\w-]+)/deployment-branch-policies": _policies,
    r"environments/([\w-]+)/secrets": _secrets,
    "actions/permissions/workflow": _workflow,
    "rulesets": _rulesets,
    r"rulesets/(\d+)": _ruleset,
    "rules/branches/(.+)": _rules,
}
