"""Claims of one day that compete for one limit: applied for together, each gets its part by largest remainder.

Source: domain 5.3, 4 ("when several claims compete for one limit on the same day").
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from kit.clock import CHINA
from kit.sql import Connection
from settlement import cases, funds
from settlement.cases import Case, Claim, Evidence
from settlement.compensation import caps_for, rules_for, store_claim
from settlement.rules.caps import allot
from settlement.rules.case import JuniorClaim, Loan
from settlement.rules.compensation import open_claim
from settlement.rules.scheme import Caps, Scheme


class Application(msgspec.Struct, frozen=True, kw_only=True):
    """One of several applications: the case, its loan, and what proves the default."""

    case_id: UUID
    loan: Loan
    applied_by: UUID
    junior_claims: tuple[JuniorClaim, ...] = ()
    evidence: tuple[Evidence, ...] = ()


class _Wanted(msgspec.Struct, frozen=True, kw_only=True):
    application: Application
    case: Case
    rules: Scheme
    promised: dict[str, int]
    caps: dict[str, Caps]
    party_year_left: dict[str, int]


async def apply_together(
    conn: Connection, applications: Sequence[Application], *, now: datetime
) -> list[Case]:
    """Apply for several claims at once; what a limit leaves for all of them is split over them.

    The limits of a fund's year and balance bind all of its claims, that of a borrower the borrower's, that of a party's
    year the lender's. Raises as
    `compensation.apply_claim`; all are applied for or none.
    """
    wanted = []
    for application in sorted(applications, key=lambda one: one.case_id.bytes):
        case = await cases.lock(conn, application.case_id)
        rules = await rules_for(conn, case, application.loan, now=now)
        file = await cases.scheme(conn, case.scheme_id, case.scheme_version)
        caps, party_year_left = await caps_for(conn, file, case, now=now)
        wanted.append(
            _Wanted(
                application=application,
                case=case,
                rules=rules,
                promised=open_claim(_alone(rules), application.loan).promised,
                caps=caps,
                party_year_left=party_year_left,
            )
        )
    allotted = await _allotted(conn, wanted, now=now)
    done = {}
    for one in wanted:
        rules = _limited(one.rules, allotted[one.case.id])
        claim = Claim(
            scheme=rules,
            loan=one.application.loan,
            junior_claims=one.application.junior_claims,
            evidence=one.application.evidence,
        )
        stored = await store_claim(
            conn, one.case, claim, applied_by=one.application.applied_by, now=now
        )
        done[one.case.id] = stored
    return [done[application.case_id] for application in applications]


async def _allotted(
    conn: Connection, wanted: Sequence[_Wanted], *, now: datetime
) -> dict[UUID, dict[str, int]]:
    """What each case is allotted by each of its funds."""
    allotted: dict[UUID, dict[str, int]] = {one.case.id: {} for one in wanted}
    by_fund: dict[UUID, list[tuple[_Wanted, str]]] = {}
    for one in wanted:
        for fund in one.rules.funds:
            by_fund.setdefault(one.case.parties[fund], []).append((one, fund))
    for fund_id in sorted(by_fund, key=lambda found: found.bytes):
        # Nobody else looks at what the fund has left until this transaction ends.
        year = now.astimezone(CHINA).year
        await funds.use(conn, fund_id, borrower_id=UUID(int=0), year=year)
        claims = {_name(one, fund): one.promised[fund] for one, fund in by_fund[fund_id]}
        parts = allot(claims, _limits(by_fund[fund_id]))
        for one, fund in by_fund[fund_id]:
            allotted[one.case.id][fund] = parts[_name(one, fund)]
    return allotted


def _limits(asking: Sequence[tuple[_Wanted, str]]) -> list[tuple[int, set[str]]]:
    """The limits that claims of one fund share, each with the claims that it binds, in the order of domain 5.3: of the
    borrower, of the lender's year, of the scheme's year, of the fund. That of a loan was taken before.

    Claims under one limit see the same of it left; where schemes state it differently, each binds its own.
    """
    found: list[dict[tuple[UUID | str, int], set[str]]] = [{} for _ in range(4)]
    for one, fund in asking:
        caps = one.caps.get(fund, Caps())
        limits: tuple[tuple[UUID | str, int | None], ...] = (
            (one.case.borrower_id, caps.per_borrower_fen),
            (one.case.lender_id, one.party_year_left.get(fund)),
            (one.case.scheme_id, caps.year_fen),
            (one.case.scheme_id, caps.fund_balance_fen),
        )
        for bound, (whose, limit_fen) in zip(found, limits, strict=True):
            if limit_fen is not None:
                bound.setdefault((whose, limit_fen), set()).add(_name(one, fund))
    return [(limit_fen, names) for bound in found for (_, limit_fen), names in bound.items()]


def _alone(rules: Scheme) -> Scheme:
    """The scheme with the limits of a loan only: what a claim asks for before it meets the others."""
    caps = {fund: Caps(per_loan_fen=held.per_loan_fen) for fund, held in rules.caps.items()}
    return msgspec.structs.replace(rules, caps=caps)


def _limited(rules: Scheme, allotted: dict[str, int]) -> Scheme:
    """The scheme with what each fund may promise to this claim at most."""
    caps = dict(rules.caps)
    for fund, fen in allotted.items():
        held = caps.get(fund, Caps())
        least_fen = fen if held.fund_balance_fen is None else min(fen, held.fund_balance_fen)
        caps[fund] = msgspec.structs.replace(held, fund_balance_fen=least_fen)
    return msgspec.structs.replace(rules, caps=caps)


def _name(one: _Wanted, fund: str) -> str:
    return f"{one.case.id}:{fund}"
