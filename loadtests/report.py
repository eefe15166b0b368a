"""What every benchmark reports (contracts 3): figures, ratios, the machine, durability as read back, integrity."""

import os
import platform
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

import msgspec


class Figure(msgspec.Struct, frozen=True):
    """One measured number: `value` is the median of the `rounds`, which are there to judge the noise by."""

    name: str
    value: float
    unit: str
    rounds: list[float]


class Ratio(msgspec.Struct, frozen=True):
    """How many times `of` is `to`, both measured in this run."""

    name: str
    of: str
    to: str
    value: float


class Integrity(msgspec.Struct, frozen=True):
    """What was checked after the runs, in words, and whether all of it held."""

    checked: list[str]
    ok: bool


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The whole answer of one benchmark."""

    figures: list[Figure]
    ratios: list[Ratio]
    machine: dict[str, Any]
    durability: dict[str, dict[str, str]]
    integrity: Integrity

    def value(self, name: str) -> float:
        """The figure of that name."""
        return next(figure.value for figure in self.figures if figure.name == name)


class Rounds:
    """Collects the same figures round after round."""

    def __init__(self) -> None:
        self._values: dict[str, list[float]] = {}
        self._units: dict[str, str] = {}

    def add(self, name: str, value: float, unit: str) -> None:
        """One round's value of a figure."""
        self._values.setdefault(name, []).append(value)
        self._units[name] = unit

    def figures(self) -> list[Figure]:
        """The median of each figure, in the order in which they were first met."""
        return [
            Figure(
                name,
                round(median(values), 2),
                self._units[name],
                [round(value, 2) for value in values],
            )
            for name, values in self._values.items()
        ]


def ratios_of(figures: Sequence[Figure], pairs: Sequence[tuple[str, str]]) -> list[Ratio]:
    """The ratio of each pair of figures."""
    value = {figure.name: figure.value for figure in figures}
    return [
        Ratio(f"{of}/{to}", of, to, round(value[of] / value[to], 2) if value[to] else 0.0)
        for of, to in pairs
    ]


def machine() -> dict[str, Any]:
    """What the figures were measured on; the load says whether others were busy on it too."""
    return {
        "cpu": _cpu_model(),
        "cores": os.cpu_count(),
        "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "load_before": list(os.getloadavg()),
    }


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.machine()
    found = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(found, platform.machine())


def table(report: Report) -> str:
    """The report as people read it."""
    lines = ["figure 指标" + " " * 20 + "median 中位数       least 最小      most 最大  unit 单位"]
    lines += [
        f"{f.name:<26}{_number(f.value):>16}{_number(min(f.rounds)):>16}"
        f"{_number(max(f.rounds)):>16}  {f.unit}"
        for f in report.figures
    ]
    lines += ["", "ratio 比值" + " " * 29 + "times 倍"]
    lines += [f"{r.name:<32}{r.value:>10,.2f}" for r in report.ratios]
    lines += ["", "machine 机器: " + ", ".join(f"{k} {v}" for k, v in report.machine.items())]
    for server, settings in report.durability.items():
        read_back = ", ".join(f"{k}={v}" for k, v in settings.items())
        lines.append(f"durability 持久性 ({server}): {read_back}")
    lines.append("integrity 完整性: " + ("ok 成立" if report.integrity.ok else "BROKEN 不成立"))
    lines += [f"  - {line}" for line in report.integrity.checked]
    return "\n".join(lines)


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 else f"{value:,.2f}"
