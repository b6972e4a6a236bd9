"""Series as service, drift check and kube-state-metrics tell them, and what comes of them."""

from typing import NamedTuple

from monitoring.rules import Watched, default_thresholds

THRESHOLDS = default_thresholds() | {"staleDays": 2, "driftHours": 5, "quietMinutes": 30}
#: promtool's clock begins with 1970.
WATCHED = Watched("wine", "prod", "wine-prod", "abc", committed="1970-01-01T01:00:00+00:00")
POD = 'namespace="wine-prod",service="wine",job="wine",pod="a"'
CANARY = 'namespace="wine-prod",service="wine-canary",job="wine-canary",pod="b"'
ANOTHER = 'namespace="wine-test",service="wine",job="wine",pod="a"'
DRIFT = 'model="wine",environment="prod",model_version="abc"'
JOB = 'namespace="wine-prod",job_name="wine-drift'

Series = dict[str, str]


class Case(NamedTuple):
    """Series, and an alert that they make fire, or not, at a time; interval: between samples."""

    alert: str
    fires: bool
    series: list[Series]
    at: str
    interval: str = "1m"


def valued(name: str, labels: str, values: str) -> Series:
    return {"series": f"{name}{{{labels}}}", "values": values}


def counted(name: str, labels: str, each: float, *, times: int = 1000) -> Series:
    """Return a series that counts so many at each interval."""
    return valued(name, labels, f"0+{each}x{times}")


def answers(labels: str, failing: float, status: str = "500") -> list[Series]:
    """Return a hundred requests at each interval, of which so many fail."""
    path = 'path="/predict"'
    return [
        counted("model_requests_total", f'{labels},{path},status="200"', 100 - failing),
        counted("model_requests_total", f'{labels},{path},status="{status}"', failing),
    ]


def speeds(labels: str, slow: float, path: str = "/predict") -> list[Series]:
    """Return a hundred answers at each interval, of which so many take too long."""
    name, labels = "model_request_seconds", f'{labels},path="{path}"'
    return [
        counted(f"{name}_bucket", f'{labels},le="0.25"', 100 - slow),
        counted(f"{name}_bucket", f'{labels},le="+Inf"', 100),
        counted(f"{name}_count", labels, 100),
    ]


def rows(labels: str, values: str) -> list[Series]:
    return [valued("model_batch_rows_sum", labels, values)]


def quality(kept: int) -> list[Series]:
    labels = f'{DRIFT},metric="rmse"'
    return [
        valued("model_quality", labels, "0.7x10"),
        valued("model_quality_kept", labels, f"{kept}x10"),
    ]


def job(number: int, start: int, ended: str) -> list[Series]:
    """Return what kube-state-metrics tells of a drift job, of which a pod may fail meanwhile.

    ended: `complete`, `failed`, or nothing as long as it runs.
    """
    labels = f'{JOB}-{number}"'
    series = [
        valued("kube_job_status_start_time", labels, f"{start}x60"),
        valued("kube_job_status_failed", f'{labels},reason=""', f"{int(not ended)}x60"),
    ]
    if ended:
        series += [
            valued(f"kube_job_{ended}", f'{labels},condition="true"', "1x60"),
            valued(f"kube_job_{ended}", f'{labels},condition="false"', "0x60"),
        ]
    if ended == "complete":
        series.append(valued("kube_job_status_completion_time", labels, f"{start + 90}x60"))
    return series


#: 0.5 % of the requests may fail and 1 % of the answers be slow, by the chart's own defaults.
CASES = {
    "one in ten fails for an hour": Case(
        "ModelAvailabilityBurnsFast", True, answers(POD, 10), at="65m"
    ),
    "one in twenty-five fails for six hours": Case(
        "ModelAvailabilityBurnsFast", True, answers(POD, 4), at="370m", interval="5m"
    ),
    "one in ten is turned away": Case(
        "ModelAvailabilityBurnsFast", True, answers(POD, 10, "429"), at="65m"
    ),
    "the canary alone fails, with half of the requests": Case(
        "ModelAvailabilityBurnsFast", True, answers(POD, 0) + answers(CANARY, 20), at="65m"
    ),
    "one in fifty fails": Case("ModelAvailabilityBurnsFast", False, answers(POD, 2), at="65m"),
    "it failed, and does no more": Case(
        "ModelAvailabilityBurnsFast",
        False,
        [
            valued("model_requests_total", f'{POD},path="/predict",status="200"', "0+90x500"),
            valued(
                "model_requests_total", f'{POD},path="/predict",status="500"', "0+10x30 300x470"
            ),
        ],
        at="65m",
    ),
    "who asks makes mistakes": Case(
        "ModelAvailabilityBurnsFast", False, answers(POD, 50, "422"), at="65m"
    ),
    "another environment fails": Case(
        "ModelAvailabilityBurnsFast", False, answers(POD, 0) + answers(ANOTHER, 50), at="65m"
    ),
    "one in a hundred fails for three days": Case(
        "ModelAvailabilityBurnsSlowly", True, answers(POD, 1), at="73h", interval="30m"
    ),
    "one in three hundred fails for three days": Case(
        "ModelAvailabilityBurnsSlowly", False, answers(POD, 0.3), at="73h", interval="30m"
    ),
    "one in five is slow for an hour": Case(
        "ModelLatencyBurnsFast", True, speeds(POD, 20), at="65m"
    ),
    "one in fifty is slow": Case("ModelLatencyBurnsFast", False, speeds(POD, 2), at="65m"),
    "what nobody waits for is slow": Case(
        "ModelLatencyBurnsFast", False, speeds(POD, 1) + speeds(POD, 90, "/metrics"), at="65m"
    ),
    "one in fifty is slow for three days": Case(
        "ModelLatencyBurnsSlowly", True, speeds(POD, 2), at="73h", interval="30m"
    ),
    "one in two hundred is slow for three days": Case(
        "ModelLatencyBurnsSlowly", False, speeds(POD, 0.5), at="73h", interval="30m"
    ),
    "nobody asks": Case("ModelPredictsNothing", True, rows(POD, "70x100"), at="45m"),
    "there is no pod": Case("ModelPredictsNothing", True, rows(ANOTHER, "0+9x100"), at="45m"),
    "a row came within the window": Case(
        "ModelPredictsNothing", False, rows(POD, "70x60 71x40"), at="85m"
    ),
    "a run of three days ago": Case("ModelStale", True, [], at="51h", interval="30m"),
    "a run of yesterday": Case("ModelStale", False, [], at="48h", interval="30m"),
    "drift": Case(
        "ModelDriftFound", True, [valued("model_drift_detected", DRIFT, "0x5 1x5")], at="7m"
    ),
    "no drift any more": Case(
        "ModelDriftFound", False, [valued("model_drift_detected", DRIFT, "1x5 0x5")], at="7m"
    ),
    "drift of another model": Case(
        "ModelDriftFound",
        False,
        [valued("model_drift_detected", 'model="beer",environment="prod"', "1x10")],
        at="7m",
    ),
    "an error larger than it may be": Case("ModelQualityBelowFloor", True, quality(0), at="5m"),
    "an error within its bound": Case("ModelQualityBelowFloor", False, quality(1), at="5m"),
    "the last job failed": Case(
        "ModelDriftJobFailed", True, job(1, 1000, "complete") + job(2, 2000, "failed"), at="40m"
    ),
    "the only job failed, and had no pod": Case(
        "ModelDriftJobFailed", True, job(1, 1000, "failed"), at="40m"
    ),
    "a job went well after one that failed": Case(
        "ModelDriftJobFailed", False, job(1, 1000, "failed") + job(2, 2000, "complete"), at="40m"
    ),
    "a pod failed, and its job tries again": Case(
        "ModelDriftJobFailed", False, job(1, 1000, "complete") + job(2, 2000, ""), at="40m"
    ),
    "the last check was six hours ago": Case(
        "ModelDriftCheckOverdue",
        True,
        [valued("model_drift_last_run_timestamp_seconds", DRIFT, "60x1000")],
        at="6h5m",
        interval="5m",
    ),
    "the job has never run since it is there": Case(
        "ModelDriftCheckOverdue",
        True,
        [valued("kube_cronjob_created", 'namespace="wine-prod",cronjob="wine-drift"', "60x1000")],
        at="6h5m",
        interval="5m",
    ),
    "the last check was an hour ago": Case(
        "ModelDriftCheckOverdue",
        False,
        [
            valued("model_drift_last_run_timestamp_seconds", DRIFT, "18000x1000"),
            valued("kube_cronjob_created", 'namespace="wine-prod",cronjob="wine-drift"', "60x1000"),
        ],
        at="6h5m",
        interval="5m",
    ),
    "nobody checks for drift here": Case(
        "ModelDriftCheckOverdue", False, [], at="6h5m", interval="5m"
    ),
}
BUCKETS = "model_request_seconds_bucket"
#: A query for what a rule has recorded, series, and its value after twenty minutes.
RECORDED = {
    "a pod behind two Services counts once": (
        "model:requests:rate5m * 60",
        answers(POD, 10) + answers(CANARY.replace('pod="b"', 'pod="a"'), 10),
        100,
    ),
    "a pod of the canary counts too": (
        "model:requests:rate5m * 60",
        answers(POD, 10) + answers(CANARY, 10),
        200,
    ),
    "nothing fails": ("model:request_errors:ratio_rate5m", answers(POD, 0)[:1], 0),
    "the slowest answers": (
        "model:request_seconds:quantile_rate5m{quantile='0.99'}",
        [
            counted(BUCKETS, f'{POD},path="/predict",le="0.1"', 98),
            counted(BUCKETS, f'{POD},path="/predict",le="0.25"', 100),
            counted(BUCKETS, f'{POD},path="/predict",le="+Inf"', 100),
        ],
        0.175,
    ),
    "rows": ("model:rows:rate5m * 60", [counted("model_batch_rows_sum", POD, 30)], 30),
    "a class' share": (
        "model:predictions:share_rate1h{class='yes'}",
        [
            counted("model_predictions_total", f'{POD},class="yes"', 30),
            counted("model_predictions_total", f'{POD},class="no"', 70),
        ],
        0.3,
    ),
    "the middle of the numbers": (
        "model:prediction:quantile_rate1h{quantile='0.5'}",
        [
            counted("model_prediction_bucket", f'{POD},le="10.0"', 50),
            counted("model_prediction_bucket", f'{POD},le="20.0"', 100),
            counted("model_prediction_bucket", f'{POD},le="+Inf"', 100),
        ],
        10,
    ),
}
