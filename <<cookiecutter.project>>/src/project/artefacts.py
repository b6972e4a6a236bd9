"""Where each artefact lies, relative to the project's folder."""

from pathlib import Path

PARAMS = Path("params.yaml")
CONF = Path("conf")
DVC_LOCK = Path("dvc.lock")
SERVING_LOCK = Path("requirements/serving.txt")
CONTAINERFILE = Path("deploy/Containerfile")
HELM_LOCK = Path("requirements/helm.txt")
CHART = Path("deploy/chart")

SETTINGS_CHECKED = Path("build/settings.txt")
RAW = Path("data/raw/dataset.parquet")
ORIGIN = Path("data/raw/origin.json")
VALID = Path("data/valid/dataset.parquet")
REJECTED = Path("data/valid/rejected.parquet")
TRAIN = Path("data/split/train.parquet")
TEST = Path("data/split/test.parquet")
REFERENCE = Path("data/reference.parquet")
NATIVE = Path("models/native")
ONNX = Path("models/model.onnx")

VALIDATION = Path("reports/validation.json")
TRAINING = Path("reports/training.json")
CURVES = Path("reports/curves.csv")
PARITY = Path("reports/parity.json")
EVALUATION = Path("reports/evaluation.json")
METRICS = Path("reports/metrics.json")
GOLDEN = Path("reports/golden.json")
PLOTS = Path("reports/plots")

PACKAGE = Path("dist")
BENTO = Path("dist/bento")
MODELCAR = Path("dist/modelcar")
SBOM = Path("dist/sbom.json")
MANIFEST = Path("dist/manifest.json")
PROVENANCE = Path("dist/provenance.json")
SIGNATURE = Path("dist/signature.json")
PULLED = Path("build/pulled")

PRIVATE_KEY = Path("keys/signing.key")
PUBLIC_KEY = Path("keys/signing.pub")
REGISTRY = Path("registry")

MLFLOW_DATABASE = Path("mlflow.db")
MLFLOW_ARTIFACTS = Path("mlartifacts")

PAGE = Path("reports/index.html")
REGISTERED = Path("build/registered.json")
MANIFESTS = Path("build/manifests")
COMPARISON = Path("build/comparison.json")
