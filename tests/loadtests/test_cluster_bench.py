"""The Cluster's benchmark prints its figures, durability as read back, and what the machine can't show."""

from loadtests.cluster_bench import ClusterSizes, bench_cluster
from loadtests.report import table


def test_a_tiny_benchmark_measures_and_checks_everything() -> None:
    """Figures of one primary are there and above zero; the replicas fsync; every bid was found again on both."""
    said: list[str] = []
    sizes = ClusterSizes(seconds=0.02, rounds=1, primaries=(1,), lots=3)
    report = bench_cluster(sizes, said.append)
    assert said == ["round 1: 1 primaries, 1 replicas"]
    assert {figure.name for figure in report.figures} == {
        "hot_lot_cluster_1",
        "lots_1000_cluster_1",
    }
    assert all(figure.value > 0 for figure in report.figures)
    read_back = report.durability["1 primaries"]
    assert read_back["appendfsync"] == "always"
    assert read_back["acknowledged_by"] == "WAITAOF 1 1"
    assert report.integrity.ok
    assert "share" in table(report)
