"""What a checkpoint can aim at, as the table of docs/metrics.md."""

from __future__ import annotations

from config.checkpoint_metrics import CheckpointMetric


def checkpoint_metrics() -> str:
    """Write a row a metric."""
    rows = [
        f"| `{metric}` | {metric.formula} | {'lower' if metric.less_is_better else 'higher'} "
        f"| {metric.shown} |"
        for metric in CheckpointMetric
    ]
    return "\n".join(["| metric | formula | better | shown by |", "|---|---|---|---|", *rows])
