"""Packages in a folder and in Debian's docker-registry, as a user pushes and pulls them."""

import json
import os
import random
import re
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from hashlib import file_digest, sha256
from pathlib import Path
from urllib.error import HTTPError

import pytest

from tests.conftest import USER, contents, git, run
from tests.loopback_proxy import Proxy, proxy
from tests.oci_registry import (
    PASSWORD,
    REFRESH_TOKEN,
    assert_has,
    assert_whole,
    docker_registry,
    get,
    login,
    registry_with_password,
    registry_with_tokens,
    tags,
)
from tests.projects import dvc, make

Trained = Callable[..., Path]

MODEL = "model=random_forest"
REPOSITORY = "team/wine-model"
REGISTRIES = ["a folder", "open", "with a password", "with tokens"]
#: What a push is killed on the way to, and the seed of the moments.
KILLED = {"open": (docker_registry, 42), "with a password": (registry_with_password, 43)}
KILLS = 2
LAST = 10_000  # bytes of a push, all of which are manifests
TWO_QUESTIONS = 1500  # bytes: one without a login, and one with a wrong one
# What a push sends beside files: manifests, and the heads of some hundred requests.
OVERHEAD = 50_000
# What goes with another model beside its layer, however large that is: the rest stays as it was.
NAMES_THE_MODEL = 150_000
LARGE = 2**28  # bytes of a blob; a Python with these libraries holds a quarter of it
SEND_AND_FETCH = """
import sys
from pathlib import Path
from delivery.registry.choice import open_registry
from delivery.registry.interface import fetch_blob
registry = open_registry()
registry.send_blob(sys.argv[1], Path("large"), lambda _: None)
fetch_blob(registry, sys.argv[1], Path("back"))
# Not getrusage: that counts what the process was forked from.
status = Path("/proc/self/status").read_text().splitlines()
print(*(line.split()[1] for line in status if line.startswith("VmHWM")))
"""


@pytest.fixture
def packaged(trained: Trained) -> Callable[[str], Path]:
    """Return a function that gives a project with a package and keys; its registry is a folder."""

    def prepare(name: str) -> Path:
        project = trained(name, MODEL)
        keys = make(project, "keys")
        assert keys.returncode == 0, keys.stderr
        return project

    return prepare


@pytest.fixture
def registry(request: pytest.FixtureRequest) -> Iterator[Proxy]:
    """Run a registry, open unless a test names another, behind a proxy that counts what is sent."""
    running = getattr(request, "param", docker_registry)
    with running() as host, proxy(host) as counted:
        yield counted


@pytest.mark.parametrize("kind", REGISTRIES)
def test_a_package_goes_to_a_registry_and_comes_back(
    packaged: Callable[[str], Path], kind: str, tmp_path: Path
) -> None:
    with ExitStack() as stack:
        project = packaged("pushed")
        host = start(kind, project, stack)
        if host:
            sign_for(project, f"{host}/team")
        logged_in = login(tmp_path / "docker", host)

        first = make(project, "push", environment=logged_in)
        again = make(project, "push", environment=logged_in)

        assert first.returncode == 0, first.stderr
        digest = digest_of(project)
        where = f"{host}/{REPOSITORY}" if host else "registry/wine-model"
        assert first.stdout.startswith(f"pushed {where}:{digest[7:19]} (")
        assert again.stdout.startswith(f"pushed {where}:{digest[7:19]} (all was there)\n")

        pushed = contents(project / "dist")
        shutil.rmtree(project / "dist")
        pulled = make(project, "pull", f"DIGEST={digest}", environment=logged_in)
        assert pulled.returncode == 0, pulled.stderr
        assert contents(project / "build/pulled" / digest[7:]) == pushed
        assert seen_by_skopeo(project, where, digest[7:19], kind) == digest


def test_a_token_that_buys_others_is_a_login_and_without_one_a_package_may_be_pulled(
    packaged: Callable[[str], Path], tmp_path: Path
) -> None:
    project = packaged("bought")
    with registry_with_tokens(project / ".venv/bin/python") as host:
        sign_for(project, f"{host}/team")
        by_token = login(tmp_path / "docker", host, "", identitytoken=REFRESH_TOKEN)
        nobody = {"DOCKER_CONFIG": str(tmp_path / "nowhere")}

        pushed = make(project, "push", environment=by_token)
        pulled = make(project, "pull", f"DIGEST={digest_of(project)}", environment=nobody)
        wrong = login(tmp_path / "docker", host, "", identitytoken="another")
        refused = make(project, "push", environment=wrong)

    assert pushed.returncode == 0, pushed.stderr
    assert pulled.returncode == 0, pulled.stderr
    assert refused.stderr.startswith(f"error: {host}: does not take the login that ")


@pytest.mark.parametrize("kind", ["with a password", "with tokens"])
def test_a_wrong_password_is_one_line_and_not_tried_again(
    packaged: Callable[[str], Path], kind: str, tmp_path: Path
) -> None:
    with ExitStack() as stack:
        project = packaged("refused")
        registry = stack.enter_context(proxy(start(kind, project, stack)))
        host = registry.host
        sign_for(project, f"{host}/team")

        for password, said in {
            "wrong": f"error: {host}: does not take the login that ",
            "": f"error: {host}: wants a login, and ",
        }.items():
            before = registry.sent
            environment = login(tmp_path / "docker", host if password else "other.io", password)
            refused = make(project, "push", environment=environment)

            if password:  # who names nobody may look, at what sells tokens
                assert 0 < registry.sent - before < TWO_QUESTIONS
            assert refused.returncode != 0
            line, *rest = refused.stderr.splitlines()
            assert line.startswith(said)
            assert line.endswith(f"type: docker login {host}")
            assert all(other.startswith("make: ") for other in rest)


def test_another_training_sends_the_models_layer_and_what_names_it(
    packaged: Callable[[str], Path], registry: Proxy
) -> None:
    project = packaged("retrained")
    repro(project, f"project.registry={registry.host}/team")
    first, everything, nothing = sizes(project), sent(registry, project), sent(registry, project)
    repro(project, f"project.registry={registry.host}/team", "seed=1")
    trained_anew = sent(registry, project)

    layer = model_layer(project)
    changed = {digest: size for digest, size in sizes(project).items() if digest not in first}
    model = json.loads((project / "dist/manifest.json").read_text())["digests"]["model"][7:]
    assert model in changed
    changed.pop(model)  # which goes within its layer alone
    assert everything > trained_anew > nothing
    assert nothing < 4096
    assert trained_anew < sum(changed.values()) + OVERHEAD
    assert trained_anew < layer + NAMES_THE_MODEL
    assert_whole(registry.host, REPOSITORY)


def test_a_registry_without_a_referrers_api_lists_them_under_a_tag(
    packaged: Callable[[str], Path], registry: Proxy
) -> None:
    project = packaged("listed")
    sign_for(project, f"{registry.host}/team")
    sent(registry, project)
    digest = digest_of(project)
    tag = digest.replace(":", "-")

    with pytest.raises(HTTPError) as asked:
        get(registry.host, f"{REPOSITORY}/referrers/{digest}")

    with asked.value as answer:
        assert answer.code == 404
    assert set(tags(registry.host, REPOSITORY)) == {digest[7:19], tag}
    listed = json.loads(get(registry.host, f"{REPOSITORY}/manifests/{tag}"))["manifests"]
    for one in listed:
        about = json.loads(get(registry.host, f"{REPOSITORY}/manifests/{one['digest']}"))
        assert about["subject"]["digest"] == digest
    assert {one["artifactType"] for one in listed} == {
        "application/vnd.cyclonedx+json",
        "application/vnd.in-toto+json",
        "application/vnd.slipway.bento.v1",
        "application/vnd.slipway.package.v1+json",
        "application/vnd.slipway.signature.v1+json",
    }


@pytest.mark.parametrize(("registry", "seed"), KILLED.values(), ids=KILLED, indirect=["registry"])
def test_a_killed_push_tags_nothing_and_the_next_one_finishes(
    packaged: Callable[[str], Path],
    registry: Proxy,
    seed: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    project = packaged("killed")
    monkeypatch.setenv(*login(tmp_path / "docker", registry.host).popitem())
    sign_for(project, f"{registry.host}/whole")
    total, tag = sent(registry, project), digest_of(project)[7:19]
    moment = random.Random(seed)
    # Anywhere, and among the manifests, which go last and are small.
    moments = [moment.randrange(total) for _ in range(KILLS)]
    moments += [total - moment.randrange(LAST) for _ in range(KILLS)]

    for number, killed_at in enumerate(moments):
        name_registry(project, f"{registry.host}/killed-{number}")
        repository = f"killed-{number}/wine-model"
        assert push_until(registry, killed_at, project) == -signal.SIGKILL
        assert_whole(registry.host, repository)
        assert tag not in tags(registry.host, repository)

        done = make(project, "push")
        assert done.returncode == 0, done.stderr
        assert_has(registry.host, repository, tag)
    assert make(project, "pull", f"DIGEST={digest_of(project)}").returncode == 0


def test_a_network_that_breaks_off_is_borne(
    packaged: Callable[[str], Path], registry: Proxy
) -> None:
    project = packaged("borne")
    sign_for(project, f"{registry.host}/team")
    registry.call_at((project / "dist/bento/src/model.onnx").stat().st_size // 2, lambda: None)

    done = make(project, "push")

    assert done.returncode == 0, done.stderr
    assert_has(registry.host, REPOSITORY, digest_of(project)[7:19])


def test_a_blob_is_never_held_in_memory(packaged: Callable[[str], Path], registry: Proxy) -> None:
    project = packaged("large")
    name_registry(project, f"{registry.host}/team")
    with (project / "large").open("wb") as file:
        file.truncate(LARGE)
    with (project / "large").open("rb") as file:
        digest = f"sha256:{file_digest(file, 'sha256').hexdigest()}"

    done = run(["bin/python", "-c", SEND_AND_FETCH, digest], project)

    assert done.returncode == 0, done.stderr
    assert int(done.stdout) * 1024 < LARGE // 2


def test_a_package_that_was_tampered_with_is_told_by_its_file(
    packaged: Callable[[str], Path],
) -> None:
    project = packaged("tampered")
    unsigned = make(project, "verify-package")
    signed = make(project, "sign")
    verified = make(project, "verify-package")
    options = ["--signature", "dist/signature.json", "--public_key", "keys/signing.pub"]
    command = [".venv/bin/python", "-m", "model_signing", "verify", "key", "dist", *options]
    by_its_own_command = run(command, project)
    with (project / "dist/bento/src/model.onnx").open("ab") as file:
        file.write(b"\0")

    changed = make(project, "verify-package")
    pushed = make(project, "push")

    assert (
        "error: dist/signature.json: no such file, so the package is not signed" in unsigned.stderr
    )
    assert signed.stdout.startswith(f"signed {digest_of(project)} (dist/signature.json)\n")
    assert verified.stdout.endswith(f"with the key of keys/signing.pub\n{digest_of(project)}\n")
    assert by_its_own_command.returncode == 0, by_its_own_command.stderr
    assert changed.returncode != 0
    assert "error: dist/bento/src/model.onnx: was changed after the package" in changed.stderr
    assert "error: dist/bento: not what dvc.lock records for stage package" in pushed.stderr
    assert not (project / "registry").exists()


def test_the_provenance_names_the_commit_as_soon_as_there_is_one(
    packaged: Callable[[str], Path],
) -> None:
    project = packaged("committed")
    git(project, "remote", "add", "origin", "git@github.com:team/wine-model.git")
    make(project, "push")
    assert source(project)["annotations"] == {"uncommitted": True}

    git(project, "add", "--all")
    git(project, "commit", "--quiet", "--message", "Keys")
    done = make(project, "push")

    assert done.returncode == 0, done.stderr
    assert source(project) == {
        "name": "source",
        "uri": "git+ssh://github.com/team/wine-model.git",
        "digest": {"gitCommit": git(project, "rev-parse", "HEAD")},
    }
    assert "signing.key" not in git(project, "ls-files")
    assert make(project, "verify-package").returncode == 0


def start(kind: str, project: Path, stack: ExitStack) -> str:
    """Start a registry; return its host, which a folder has not."""
    if kind == "a folder":
        return ""
    if kind == "open":
        return stack.enter_context(docker_registry())
    if kind == "with a password":
        return stack.enter_context(registry_with_password())
    return stack.enter_context(registry_with_tokens(project / ".venv/bin/python"))


def repro(project: Path, *overrides: str) -> None:
    """Run the pipeline with other settings, as `make repro` does before it registers the model."""
    composed = run(["bin/python", "-m", "project.params", MODEL, *overrides], project)
    assert composed.returncode == 0, composed.stderr
    done = dvc(project, "repro", "--quiet")
    assert done.returncode == 0, done.stderr


def model_layer(project: Path) -> int:
    """Return the size of the layer that holds the model: the largest."""
    return max(path.stat().st_size for path in (project / "dist/modelcar/blobs/sha256").iterdir())


def sign_for(project: Path, registry: str) -> None:
    """Sign the package, and name the registry that it goes to."""
    signed = make(project, "sign")
    assert signed.returncode == 0, signed.stderr
    name_registry(project, registry)


def name_registry(project: Path, registry: str) -> None:
    """Name a registry in params.yaml itself: what was packaged and signed stays."""
    text = (project / "params.yaml").read_text()
    (project / "params.yaml").write_text(re.sub("(?<=  registry: ).*", registry, text))


def sizes(project: Path) -> dict[str, int]:
    """Return the size of each content in dist/ by its digest."""
    files = [path for path in (project / "dist").rglob("*") if path.is_file()]
    return {sha256(path.read_bytes()).hexdigest(): path.stat().st_size for path in files}


def digest_of(project: Path) -> str:
    manifest = json.loads((project / "dist/manifest.json").read_text())
    return str(manifest["digests"]["modelcar"])


def source(project: Path) -> dict[str, object]:
    provenance = json.loads((project / "dist/provenance.json").read_text())
    found: dict[str, object] = provenance["predicate"]["buildDefinition"]["resolvedDependencies"][0]
    return found


def sent(registry: Proxy, project: Path) -> int:
    """Push, and return how many bytes went to the registry."""
    before = registry.sent
    done = make(project, "push")
    assert done.returncode == 0, done.stderr
    return registry.sent - before


def push_until(registry: Proxy, killed_at: int, project: Path) -> int:
    """Push, and be killed once so many bytes were sent; return how it ended."""
    # Armed before the push begins: where the machine is busy, this process may come too late.
    registry.call_at(killed_at, lambda: os.killpg(process.pid, signal.SIGKILL))
    process = subprocess.Popen(
        ["bin/python", "-m", "delivery.push"],
        cwd=project,
        env=os.environ | USER,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    return process.wait()


def seen_by_skopeo(project: Path, where: str, tag: str, kind: str) -> str:
    """Ask skopeo for the digest that a tag points to."""
    if not shutil.which("skopeo"):
        pytest.skip("there is no skopeo here: make test installs Debian's package")
    image = f"oci:{where}:{tag}" if kind == "a folder" else f"docker://{where}:{tag}"
    credentials = ["--creds", f"ada:{PASSWORD}"] if kind.startswith("with ") else []
    command = ["skopeo", "inspect", "--tls-verify=false", *credentials]
    done = run([*command, "--format", "{{.Digest}}", image], project)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()
