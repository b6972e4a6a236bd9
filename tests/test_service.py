"""`make serve`: the package answers people, machines and whoever sends it what is no request."""

import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPResponse
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tritonclient.http as triton
from playwright.sync_api import sync_playwright

from tests.balancer import balancing
from tests.conftest import contents, run
from tests.customers import CHOICES
from tests.projects import make
from tests.serving import Service, ask, served, wait_for
from tests.test_report_page import QUIET

HEAD = b"POST /predict HTTP/1.1\r\nHost: here\r\n"
#: What is sent over a connection that then ends, and what the answer begins with, if there is one.
WIRES = {
    "no HTTP": (b"\x16\x03\x01\x02\x00\x01\x00", b"HTTP/1.1 400 "),
    "nothing": (b"", b""),
    "half a head": (HEAD, b""),
    "half a body": (HEAD + b"Content-Length: 100\r\n\r\n[", b""),
    "a length that is none": (HEAD + b"Content-Length: many\r\n\r\n", b"HTTP/1.1 400 "),
    "a length beyond the bound": (HEAD + b"Content-Length: 99999999\r\n\r\n", b"HTTP/1.1 413 "),
    "chunks without JSON": (
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\n[[\r\n0\r\n\r\n",
        b"HTTP/1.1 400 ",
    ),
    "chunks that are none": (HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", b"HTTP/1.1 400 "),
    "two requests at once": (
        2 * (HEAD + b"Content-Length: 2\r\n\r\n{}"),
        b"HTTP/1.1 422 ",
    ),
}


#: What `make verify` and `make integration` ask of a server of the protocol.
BY_PROTOCOL = """
import sys
from delivery.checks import check_service
from delivery.environments import load_environment
from delivery.interfaces import PROTOCOL
from delivery.package import read_package

slow = load_environment("dev").verification.model_copy(update={"p99_milliseconds": 1e6})
for part in (PROTOCOL.checks, PROTOCOL.contract):
    for check in check_service(sys.argv[1], read_package(), slow, part):
        print(check.id, check.passed, check.said)
"""


@pytest.fixture(scope="module")
def project(packaged: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copy the project with the package that is served."""
    folder = tmp_path_factory.mktemp("service") / "wine-model"
    return Path(shutil.copytree(packaged, folder, symlinks=True))


@pytest.fixture(scope="module")
def service(project: Path) -> Iterator[Service]:
    """Serve it, once for all tests that leave it as it was."""
    with served(project) as service:
        yield service


@pytest.fixture
def copied(project: Path, tmp_path: Path) -> Path:
    """Copy the project, for a test that changes it or stops its server."""
    recorded = shutil.ignore_patterns("predictions")
    return Path(shutil.copytree(project, tmp_path / "copied", symlinks=True, ignore=recorded))


def golden(project: Path) -> Any:
    return json.loads((project / "reports/golden.json").read_text())


def test_the_line_that_it_prints_works(service: Service) -> None:
    assert "[INFO]" not in service.said
    (line,) = [line for line in service.said.splitlines() if line.startswith("curl ")]

    done = subprocess.run(line, shell=True, capture_output=True, text=True, check=True)

    answer = json.loads(done.stdout)
    manifest = json.loads((service.project / "dist/manifest.json").read_text())
    expected = golden(service.project)["outputs"][0]
    assert answer["predictions"][0]["label"] == expected["label"]
    assert answer["model"] == {
        "name": "wine-model",
        "version": manifest["digests"]["model"][7:19],
        "digest": manifest["digests"]["model"],
    }


def test_golden_rows_give_the_golden_answers_whoever_else_asks(service: Service) -> None:
    known = golden(service.project)
    inputs, outputs = known["inputs"], known["outputs"]

    def check(number: int) -> None:
        start, rows = number % len(inputs), 1 + number % 5
        places = [(start + row) % len(inputs) for row in range(rows)]
        status, answer = service.predict([inputs[place] for place in places])
        assert status == 200, answer
        for place, one in zip(places, answer["predictions"], strict=True):
            assert one["label"] == outputs[place]["label"]
            assert one["probabilities"] == pytest.approx(outputs[place]["probabilities"], abs=1e-4)

    with ThreadPoolExecutor(16) as threads:
        list(threads.map(check, range(400)))


@pytest.mark.parametrize("binary", [True, False], ids=["binary", "JSON"])
def test_a_public_client_of_the_inference_protocol_gets_the_same(
    service: Service, binary: bool
) -> None:
    known = golden(service.project)["inputs"]
    rows = [row for row in known if None not in row.values()]  # JSON tensors know no NaN
    client = triton.InferenceServerClient(service.host)
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready("wine-model")
    described = client.get_model_metadata("wine-model")
    inputs = []
    for put in described["inputs"]:
        kind = object if put["datatype"] == "BYTES" else np.float32
        array = np.array([[row[put["name"]]] for row in rows], dtype=kind)
        tensor = triton.InferInput(put["name"], list(array.shape), put["datatype"])
        tensor.set_data_from_numpy(array, binary_data=binary)
        inputs.append(tensor)
    outputs = [
        triton.InferRequestedOutput(put["name"], binary_data=binary) for put in described["outputs"]
    ]

    answer = client.infer("wine-model", inputs, outputs=outputs, request_id="mine")
    default = client.infer("wine-model", inputs)

    _, expected = service.predict(rows)
    labels = np.array([one["label"] for one in expected["predictions"]])
    shares = np.array([list(one["probabilities"].values()) for one in expected["predictions"]])
    for given in (answer, default):
        assert (given.as_numpy("label").astype(str) == labels).all()
        assert (given.as_numpy("probabilities") == shares.astype(np.float32)).all()
    assert answer.get_response()["id"] == "mine"
    with pytest.raises(triton.InferenceServerException, match="input member is missing"):
        client.infer("wine-model", [put for put in inputs if put.name() != "member"])


def test_the_page_works_without_a_network(service: Service) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=QUIET)
        page = browser.new_page()
        said: list[str] = []
        asked: list[str] = []
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(service.url, wait_until="networkidle")

        page.locator("#operations-default-post_predict button.opblock-summary-control").click()
        operation = page.locator("#operations-default-post_predict")
        assert '"age_years"' in operation.locator("textarea").input_value()
        operation.get_by_role("button", name="Execute").click()
        answered = operation.locator(".live-responses-table .response").first
        answered.wait_for()

        assert answered.locator(".response-col_status").inner_text().startswith("200")
        label = golden(service.project)["outputs"][0]["label"]
        assert f'"label": "{label}"' in answered.inner_text()
        tensors = page.locator("#operations-default-post_v2_models_wine_model_infer")
        tensors.locator("button.opblock-summary-control").click()
        tensors.get_by_role("button", name="Execute").click()
        answered = tensors.locator(".live-responses-table .response").first
        answered.wait_for()
        assert answered.locator(".response-col_status").inner_text().startswith("200")
        assert '"probabilities"' in answered.inner_text()

        assert said == []
        assert [url for url in asked if not url.startswith((service.url, "data:"))] == []
        browser.close()


@pytest.mark.parametrize("case", WIRES)
def test_no_bytes_cost_a_worker(service: Service, case: str) -> None:
    sent, expected = WIRES[case]
    workers = service.workers()
    host, _, port = service.host.partition(":")

    with socket.create_connection((host, int(port)), timeout=10) as wire:
        wire.sendall(sent)
        wire.shutdown(socket.SHUT_WR)
        answer = wire.recv(65536)

    assert answer.startswith(expected)
    assert b"Traceback" not in answer
    assert service.predict(golden(service.project)["inputs"])[0] == 200
    assert service.workers() == workers


def test_a_connection_that_breaks_off_costs_nothing(service: Service) -> None:
    host, _, port = service.host.partition(":")
    for _ in range(100):
        wire = socket.create_connection((host, int(port)))
        wire.sendall(HEAD + b"Content-Length: 100\r\n\r\n[")
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        wire.close()  # at once, by RST

    # Each of them would hold its place in the queue if it were still waited for.
    assert service.predict(golden(service.project)["inputs"])[0] == 200


def test_a_body_that_does_not_come_is_given_up(service: Service) -> None:
    host, _, port = service.host.partition(":")
    with socket.create_connection((host, int(port)), timeout=10) as wire:
        wire.sendall(HEAD + b"Content-Length: 100\r\n\r\n[")

        assert wire.recv(65536).startswith(b"HTTP/1.1 408 ")


def test_ten_megabytes_of_brackets_are_refused(service: Service) -> None:
    status, body = service.ask("POST", "/predict", b"[" * 10_000_000)

    assert (status, json.loads(body)["error"][:27]) == (413, "the body is larger than 419")


def test_each_bound_is_that_of_conf(copied: Path) -> None:
    narrow = (
        "serving.max_rows=2",
        "serving.max_bytes=2000",
        "serving.max_queue=1",
        "serving.timeout_seconds=3",
        "serving.drain_seconds=0",
    )
    done = make(copied, "repro", *CHOICES, *narrow, "serving.port=0")
    assert done.returncode == 0, done.stderr
    row = golden(copied)["inputs"][0]
    with served(copied) as service:
        host, _, port = service.host.partition(":")
        rows = service.predict([row] * 3)
        size = service.ask("POST", "/predict", b" " * 2001)
        with socket.create_connection((host, int(port)), timeout=10) as wire:
            wire.sendall(HEAD + b"Content-Length: 100\r\n\r\n[")
            wait_for(lambda: service.predict(row)[0] == 429, seconds=2)
            queue = service.predict(row)
            late = HTTPResponse(wire)  # whose body may come by itself
            late.begin()
            why = late.read()
        after = service.predict([row] * 2)

    assert rows == (413, {"error": "3 records, the bound is 2: send them in parts"})
    assert size[0] == 413
    assert b"larger than 2000 bytes" in size[1]
    assert queue == (429, {"error": "1 requests are under way; try again"})
    assert late.status == 408
    assert b"within 3 seconds" in why
    assert after[0] == 200


def test_serving_leaves_the_package_as_it_was(project: Path, copied: Path) -> None:
    before = contents(copied / "dist")
    with served(copied) as service:
        status, _ = service.predict(golden(project)["inputs"])

    assert status == 200
    assert contents(copied / "dist") == before
    (recorded,) = (copied / "data/predictions").glob("*.jsonl")
    assert json.loads(recorded.read_text())["inputs"] == golden(project)["inputs"]


def test_no_request_fails_while_one_server_follows_another(project: Path, copied: Path) -> None:
    body = json.dumps(golden(project)["inputs"] * 100).encode()
    with (
        served(copied) as old,
        served(project) as new,
        balancing(old.host) as balancer,
        loaded(balancer.host, body) as answers,
    ):
        wait_for(lambda: len(answers) > 20)
        old.terminate()
        balancer.servers.append(new.host)
        old.wait()
        before = len(answers)
        wait_for(lambda: len(answers) > before + 20)

    assert set(answers) == {200}
    assert balancer.taken[old.host] > 20
    assert balancer.taken[new.host] > 20


@contextmanager
def loaded(host: str, body: bytes) -> Iterator[list[int | str]]:
    """Ask from four sides for as long as the block lasts; collect statuses and errors."""
    answers: list[int | str] = []
    ended = threading.Event()

    def load() -> None:
        while not ended.is_set():
            try:
                answers.append(ask(host, "POST", "/predict", body)[0])
            except Exception as error:
                answers.append(repr(error))

    threads = [threading.Thread(target=load) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        yield answers
    finally:
        ended.set()
        for thread in threads:
            thread.join()


def test_a_worker_that_is_killed_is_replaced_and_its_records_are_kept(copied: Path) -> None:
    rows = golden(copied)["inputs"]
    with served(copied) as service:
        for _ in range(20):
            service.predict(rows)
        time.sleep(0.5)
        (worker,) = service.workers()
        os.kill(worker, signal.SIGKILL)
        wait_for(lambda: service.workers() not in ([], [worker]))
        wait_for(lambda: answers(service))
        service.predict(rows)

    lines = [
        json.loads(line)
        for path in sorted((copied / "data/predictions").glob("*.jsonl"))
        for line in path.read_text().splitlines()
    ]
    assert len(lines) == 21


def test_two_workers_count_together_and_record_apart(copied: Path) -> None:
    edit(copied / "dist/bento/src/serving.json", workers=2)
    rows = golden(copied)["inputs"]
    with served(copied) as service:
        wait_for(lambda: len(service.workers()) == 2)
        time.sleep(2)
        with ThreadPoolExecutor(8) as threads:
            done = list(threads.map(lambda _: service.predict(rows)[0], range(200)))
        time.sleep(1.5)
        _, metrics = service.ask("GET", "/metrics")

    assert done == [200] * 200
    (count,) = [
        line
        for line in metrics.decode().splitlines()
        if line.startswith("model_requests_total") and 'path="/predict",status="200"' in line
    ]
    assert count.endswith(" 200.0")
    files = list((copied / "data/predictions").glob("*.jsonl"))
    assert sum(len(path.read_text().splitlines()) for path in files) == 200


def test_a_model_that_answers_otherwise_than_evaluated_is_not_served(copied: Path) -> None:
    path = copied / "dist/bento/src/golden.json"
    known = json.loads(path.read_text())
    known["outputs"][0]["label"] = "perhaps"
    path.write_text(json.dumps(known))

    done = make(copied, "serve")

    assert done.returncode == 2
    assert "error: dist/bento: not ready: golden row 0: " in done.stderr


def test_what_cannot_be_recorded_is_told(copied: Path) -> None:
    (copied / "data").mkdir(exist_ok=True)
    (copied / "data/predictions").write_text("in the way\n")
    with served(copied) as service:
        assert service.predict(golden(copied)["inputs"][0])[0] == 200

        wait_for(lambda: "predictions not recorded" in service.said)

    assert "[INFO]" not in service.said


def test_without_a_package_it_says_what_to_type(generated: Callable[..., Path]) -> None:
    done = make(generated(), "serve")

    assert done.returncode == 2
    assert done.stderr.splitlines()[0] == (
        "error: dist/bento is not there: no model was packaged yet; type: make repro"
    )


def test_a_port_that_is_taken_is_named(copied: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        edit(copied / "dist/bento/src/serving.json", port=port)

        done = make(copied, "serve")

    assert done.returncode == 2
    assert f"error: 127.0.0.1:{port}: Address already in use; end what listens" in done.stderr
    assert f"or type: make serve PORT={port + 1}\n" in done.stderr


def test_an_address_of_another_machine_is_named(copied: Path) -> None:
    edit(copied / "dist/bento/src/serving.json", host="192.0.2.1")

    done = make(copied, "serve")

    assert done.returncode == 2
    assert done.stderr.splitlines()[0] == (
        "error: 192.0.2.1: Cannot assign requested address; name one of this machine's"
    )


@pytest.mark.parametrize("told", [signal.SIGINT, signal.SIGHUP], ids=lambda told: told.name)
def test_an_interruption_while_it_starts_says_nothing(copied: Path, told: signal.Signals) -> None:
    command = ["env", "--default-signal=INT,HUP", "PORT=0", "bin/python", "-m", "project.serve"]
    process = subprocess.Popen(command, cwd=copied, stderr=subprocess.PIPE, text=True)
    time.sleep(1)  # within BentoML's imports

    process.send_signal(told)

    assert process.communicate(timeout=30)[1] == ""
    assert process.returncode == 128 + told


def test_it_keeps_the_contract_that_is_asked_where_kserve_has_the_graph_alone(
    project: Path, service: Service
) -> None:
    done = run(["bin/python", "-c", BY_PROTOCOL, service.url], project)

    assert done.returncode == 0, done.stderr
    checks = [line.split(" ", 2) for line in done.stdout.splitlines()]
    asked = ["ready", "ready", "digest", "golden", "p99", "inputs", *["refusals"] * 4]
    assert [name for name, _, _ in checks] == asked
    assert {passed for _, passed, _ in checks} == {"True"}, done.stdout


def edit(path: Path, **settings: Any) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | settings))


def answers(service: Service) -> bool:
    try:
        return service.ask("GET", "/readyz")[0] == 200
    except OSError:
        return False
