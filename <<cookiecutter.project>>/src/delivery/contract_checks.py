"""Does a service keep its contract: what it says of itself, and answers to bad requests."""

from collections.abc import Iterator

from delivery.checks import ANSWER_SECONDS, Asked, Check


def contract_checks(asked: Asked) -> Iterator[Check]:
    """Ask the package's Bento what it takes, and ask what it must refuse."""
    row = asked.golden["inputs"][0]
    yield inputs_check(asked, set(row))
    column = min(row)
    lacking = {name: value for name, value in row.items() if name != column}
    for what, body in {
        f"a row without {column}": lacking,
        "a row with an unknown column": row | {"no such column": 1},
        f"a list for {column}": row | {column: [1]},
    }.items():
        answer = asked.session.post(f"{asked.url}/predict", json=body, timeout=ANSWER_SECONDS)
        word = "no such column" if "unknown" in what else column
        held = answer.status_code == 422 and word in answer.text
        yield Check("refusals", held, f"{what}: {answer.status_code}, expected 422 naming {word}")
    answer = asked.session.post(f"{asked.url}/predict", data=b"{", timeout=ANSWER_SECONDS)
    said = f"half a JSON text: {answer.status_code}, expected 400"
    yield Check("refusals", answer.status_code == 400, said)


def inputs_check(asked: Asked, expected: set[str]) -> Check:
    """Hold the inputs that a service names, by the protocol, against the package's."""
    described = asked.get(f"/v2/models/{asked.package.manifest['name']}")
    differing = sorted(expected ^ {tensor["name"] for tensor in described.json()["inputs"]})
    said = f"inputs differ: {', '.join(differing)}" if differing else f"{len(expected)} inputs"
    return Check("inputs", not differing, said)
