"""How much a bid must rise: fixed steps, bands, and a percentage; exact in integers.

Source: contracts 1 "Common fields and values". `auction_engine/lua/steps.lua` is the twin.
"""

import msgspec

from auction_engine.rules.reading import Fields, refuse
from kit.money import BP_ONE


class FixedStep(msgspec.Struct, frozen=True, tag="fixed", tag_field="kind"):
    """The same step at every price."""

    step_fen: int

    def at(self, price_fen: int) -> int:
        """The step of a price, in fen."""
        return self.step_fen


class Band(msgspec.Struct, frozen=True):
    """From this price on, this step."""

    from_fen: int
    step_fen: int


class BandedStep(msgspec.Struct, frozen=True, tag="bands", tag_field="kind"):
    """The step of the last band that begins at or below the price it is added to."""

    bands: tuple[Band, ...]

    def at(self, price_fen: int) -> int:
        """The step of a price, in fen."""
        return [band.step_fen for band in self.bands if band.from_fen <= price_fen][-1]


class PercentStep(msgspec.Struct, frozen=True, tag="percent", tag_field="kind"):
    """A percentage of the price, rounded down to a multiple of `round_to_fen`, then at least `min_fen`."""

    basis_points: int
    min_fen: int
    round_to_fen: int

    def at(self, price_fen: int) -> int:
        """The step of a price, in fen."""
        share = price_fen * self.basis_points // BP_ONE
        return max(share - share % self.round_to_fen, self.min_fen)


Step = FixedStep | BandedStep | PercentStep


def read_step(fields: Fields) -> Step:
    """The `step` object of contracts 1."""
    kind = fields.choice("kind", ("fixed", "bands", "percent"))
    step: Step
    if kind == "fixed":
        step = FixedStep(fields.whole("step_fen"))
    elif kind == "bands":
        step = BandedStep(_bands(fields))
    else:
        step = PercentStep(
            fields.whole("basis_points", most=BP_ONE),
            fields.whole("min_fen"),
            fields.whole("round_to_fen"),
        )
    fields.done()
    return step


def _bands(fields: Fields) -> tuple[Band, ...]:
    name = fields.name("bands")
    bands = fields.items(
        "bands", lambda band: Band(band.whole("from_fen", least=0), band.whole("step_fen"))
    )
    if not bands:
        refuse(name, "must hold at least one band", "至少须有一个区间")
    if bands[0].from_fen != 0:
        refuse(f"{name}[0].from_fen", "the first band must begin at 0", "首个区间须从 0 开始")
    for index in range(1, len(bands)):
        if bands[index].from_fen <= bands[index - 1].from_fen:
            refuse(
                f"{name}[{index}].from_fen",
                "must be above that of the band before",
                "须高于前一区间的起点",
            )
    return bands
