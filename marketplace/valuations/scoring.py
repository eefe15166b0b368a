"""The indicator score (指标评分) after GB/T 42748: weights and bands are data, the sum is exact. Source: domain 4.1."""

from collections.abc import Mapping
from importlib.resources import files
from typing import Annotated, Final, Literal, TypeAlias

import msgspec

from kit.errors import InvalidInput

SCORE_MAX: Final = 10_000
#: A score from 0 to 100, times a hundred, so that it stays whole.
Score: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=SCORE_MAX)]
Code: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"^[A-Z]\d{1,2}\Z")]


class Indicator(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One second-level indicator."""

    code: Code
    level: str
    name_zh: str
    name_en: str


class Scene(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a score is made for, and how much each indicator counts there."""

    name_zh: str
    name_en: str
    weights_bp: Mapping[Code, Annotated[int, msgspec.Meta(ge=1, le=10_000)]]


class Band(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """From which score on a grade is given."""

    from_x100: Score
    grade: str


class IndicatorSet(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One version of the indicators."""

    version: str
    standard: str
    note: str
    levels: Mapping[str, tuple[str, str]]
    indicators: tuple[Indicator, ...]
    scenes: Mapping[str, Scene]
    bands: tuple[Band, ...]


class NewScores(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Scores as they were given: every indicator of the scene, 0 to 10,000 (a hundredth each)."""

    version: str
    scene: Literal["finance", "transfer"]
    scores: Annotated[dict[Code, Score], msgspec.Meta(max_length=100)]


class Scored(NewScores, frozen=True, kw_only=True):
    """Scores with what they come to: in all and by first level, times a hundred, and the grade of the total."""

    total_x100: int
    by_level_x100: dict[str, int]
    grade: str


def load_set(name: str = "gbt42748.json") -> IndicatorSet:
    """The indicator set that came with this version."""
    text = files("marketplace.valuations.indicators").joinpath(name).read_bytes()
    return msgspec.json.decode(text, type=IndicatorSet)


SETS: Final[Mapping[str, IndicatorSet]] = {each.version: each for each in (load_set(),)}


def scored(given: NewScores, sets: Mapping[str, IndicatorSet] = SETS) -> Scored:
    """The total: the weighted mean, halves rounded up. Raises `InvalidInput` for a missing or foreign code."""
    if (kept := sets.get(given.version)) is None:
        known = ", ".join(sorted(sets))
        raise InvalidInput(
            "scores.version",
            f"{given.version!r} is no version on record; known: {known}",
            f"无 {given.version} 版指标；已有：{known}",
        )
    weights = kept.scenes[given.scene].weights_bp
    if set(weights) != set(given.scores):
        lacking = sorted(set(weights) - set(given.scores))
        foreign = sorted(set(given.scores) - set(weights))
        raise InvalidInput(
            "scores.scores",
            f"needs every indicator of the scene once; missing: {lacking}, unknown: {foreign}",
            f"须填写该场景全部指标；缺少：{lacking}，多余：{foreign}",
        )
    total = _mean(given.scores, weights)
    levels = {
        level: _mean(
            {i.code: given.scores[i.code] for i in kept.indicators if i.level == level}, weights
        )
        for level in kept.levels
    }
    return Scored(
        version=given.version,
        scene=given.scene,
        scores=given.scores,
        total_x100=total,
        by_level_x100=levels,
        grade=next(band.grade for band in kept.bands if total >= band.from_x100),
    )


def _mean(scores: Mapping[str, int], weights: Mapping[str, int]) -> int:
    whole = sum(weights[code] for code in scores)
    return (2 * sum(weights[code] * score for code, score in scores.items()) + whole) // (2 * whole)
