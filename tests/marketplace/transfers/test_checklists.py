"""The checklist by right and regime, and the steps that may follow each other."""

from datetime import date
from uuid import UUID

import pytest

from kit.states import IllegalStep
from marketplace.assets.types import IpType
from marketplace.lots.regimes import Regime
from marketplace.transfers.rules import (
    STEPS,
    Right,
    StandingPledge,
    StepKind,
    StepState,
    checklist,
    require_transfer_step,
)

TODAY = date(2026, 11, 2)
PLEDGE = StandingPledge(id=UUID(int=9), registration_number="Y2026-1", pledgee="Bank 银行")


def right(ip_type: IpType) -> Right:
    return Right(id=UUID(int=1), ip_type=ip_type, number="N", title="T")


@pytest.mark.parametrize("ip_type", list(IpType))
@pytest.mark.parametrize("regime", list(Regime))
def test_every_right_has_its_office_and_papers(ip_type: IpType, regime: Regime) -> None:
    """In two languages, whatever the type and regime; a court sale asks for the court's papers and no contract."""
    [recordal, handover] = checklist(regime, [right(ip_type)], [], opened_on=TODAY, has_fund=False)
    assert (recordal.kind, handover.kind) == (StepKind.RECORDAL, StepKind.HANDOVER)
    texts = [recordal.filing.office, recordal.filing.passes, *recordal.filing.papers]
    assert all(text.en and text.zh for text in texts)
    papers = " ".join(paper.en for paper in recordal.filing.papers)
    is_court = regime is Regime.JUDICIAL_NETWORK
    assert ("court's order" in papers, "contract" in papers) == (is_court, not is_court)
    assert ("22" in recordal.filing.passes.en) == is_court


def test_rights_are_told_apart() -> None:
    """A mark goes with its similar marks, a patent passes by registration, a licence has three months."""

    def filing(ip_type: IpType) -> tuple[str, str, int]:
        step = checklist(Regime.EXCHANGE, [right(ip_type)], [], opened_on=TODAY, has_fund=False)[0]
        return step.filing.office.zh, step.filing.passes.zh, (step.due_on - TODAY).days

    assert "近似商标" in filing(IpType.TRADEMARK)[0]
    assert "公告" in filing(IpType.TRADEMARK)[1]
    assert "登记之日" in filing(IpType.PATENT_INVENTION)[1]
    assert "合同" in filing(IpType.SOFTWARE_COPYRIGHT)[1]
    assert filing(IpType.LICENCE_RECEIVABLE)[2] == 90
    assert filing(IpType.PLANT_VARIETY)[2] == 30


def test_pledges_fund_and_handover_are_in_it() -> None:
    """Each pledge is cancelled, the fund is told where there is one, and the papers are handed over last."""
    steps = checklist(
        Regime.EXCHANGE,
        [right(IpType.PATENT_INVENTION), right(IpType.TRADEMARK)],
        [PLEDGE],
        opened_on=TODAY,
        has_fund=True,
    )
    assert [step.kind for step in steps] == [
        StepKind.RECORDAL,
        StepKind.RECORDAL,
        StepKind.PLEDGE_CANCELLATION,
        StepKind.TELL_FUND,
        StepKind.HANDOVER,
    ]
    assert (steps[2].subject, steps[2].subject_id) == ("Y2026-1", PLEDGE.id)


def test_every_step_and_every_other() -> None:
    """Each legal step is taken, every other refused: what is refused is filed anew, what is done stays done."""
    for current in StepState:
        for wanted in StepState:
            if wanted in STEPS[current]:
                require_transfer_step(current, wanted, name="1")
            else:
                with pytest.raises(IllegalStep):
                    require_transfer_step(current, wanted, name="1")
    assert STEPS[StepState.DONE] == frozenset()
