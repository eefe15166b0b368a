"""Licences that meet: the conflict matrix, and what else keeps a licence from being granted or recorded.

Source: domain 3.3, 3.4. Pure: rooms that grant licences call `conflicts_of` and `obstacles_of` before they do.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from types import MappingProxyType
from typing import Final

import msgspec

from kit.errors import InvalidInput
from kit.states import require_step
from marketplace.assets.schemas import Asset, AssetFlag, LegalStatus
from marketplace.assets.terms import add_months, add_years
from marketplace.assets.types import FACTS, IpType
from marketplace.burdens.schemas import (
    Burden,
    BurdenKind,
    BurdenState,
    LicenceAnswer,
    LicenceConflict,
    LicenceKind,
    LicenceQuestion,
    NewBurden,
    Obstacle,
    Scope,
    Verdict,
)

_K, _L = BurdenKind, LicenceKind

STEPS: Final = MappingProxyType(
    {
        BurdenState.STANDING: frozenset({BurdenState.ENDED}),
        BurdenState.ENDED: frozenset[BurdenState](),
    }
)
LICENCE_OF: Final[Mapping[BurdenKind, LicenceKind]] = MappingProxyType(
    {
        _K.ORDINARY_LICENCE: _L.ORDINARY,
        _K.SOLE_LICENCE: _L.SOLE,
        _K.EXCLUSIVE_LICENCE: _L.EXCLUSIVE,
        _K.OPEN_LICENCE: _L.OPEN,
    }
)
#: Only patents can be licensed openly (专利法 50).
OPENLY_LICENSABLE: Final = frozenset(
    {IpType.PATENT_INVENTION, IpType.PATENT_UTILITY, IpType.PATENT_DESIGN}
)
_MARKS: Final = frozenset({IpType.TRADEMARK, IpType.TM_COLLECTIVE, IpType.TM_CERTIFICATION})

_BLOCK, _CARVE, _OK = Verdict.BLOCK, Verdict.CARVE_OUT, None
#: (new, existing) -> what happens where the two overlap. Domain 3.4; the last column: under an open licence only
#: ordinary licences may be negotiated (专利法 51(3)), and one patent has one open licence.
MATRIX: Final[Mapping[tuple[LicenceKind, LicenceKind], Verdict | None]] = MappingProxyType(
    {
        (_L.ORDINARY, _L.ORDINARY): _OK,
        (_L.ORDINARY, _L.SOLE): _BLOCK,
        (_L.ORDINARY, _L.EXCLUSIVE): _BLOCK,
        (_L.ORDINARY, _L.OPEN): _OK,
        (_L.SOLE, _L.ORDINARY): _CARVE,
        (_L.SOLE, _L.SOLE): _BLOCK,
        (_L.SOLE, _L.EXCLUSIVE): _BLOCK,
        (_L.SOLE, _L.OPEN): _BLOCK,
        (_L.EXCLUSIVE, _L.ORDINARY): _CARVE,
        (_L.EXCLUSIVE, _L.SOLE): _BLOCK,
        (_L.EXCLUSIVE, _L.EXCLUSIVE): _BLOCK,
        (_L.EXCLUSIVE, _L.OPEN): _BLOCK,
        (_L.OPEN, _L.ORDINARY): _OK,
        (_L.OPEN, _L.SOLE): _BLOCK,
        (_L.OPEN, _L.EXCLUSIVE): _BLOCK,
        (_L.OPEN, _L.OPEN): _BLOCK,
    }
)
_WORDS: Final = {
    _L.ORDINARY: ("an ordinary", "普通"),
    _L.SOLE: ("a sole", "排他"),
    _L.EXCLUSIVE: ("an exclusive", "独占"),
    _L.OPEN: ("an open", "开放"),
}


def require_burden_step(current: BurdenState, wanted: BurdenState, *, holder: str) -> None:
    """Raise `IllegalStep` unless the burden of `holder` may go from `current` to `wanted`."""
    require_step(STEPS, current, wanted=wanted, subject=f"burden of {holder}")


def scope_of(burden: NewBurden) -> Scope | None:
    """The scope of a burden that is a licence; None for any other."""
    kind = LICENCE_OF.get(burden.kind)
    if kind is None:
        return None
    return Scope(
        kind=kind,
        territories=burden.territories,
        fields=burden.fields,
        starts_on=burden.starts_on,
        ends_on=burden.ends_on,
    )


def overlap(one: Scope, other: Scope) -> bool:
    """Whether two licences meet in territory, in field of use and in time, all three."""
    return (
        _meet(one.territories, other.territories, part="-")
        and _meet(one.fields, other.fields, part="")
        and (one.ends_on is None or other.starts_on <= one.ends_on)
        and (other.ends_on is None or one.starts_on <= other.ends_on)
    )


def _meet(ones: frozenset[str], others: frozenset[str], *, part: str) -> bool:
    """Nothing stated is everything; `CN` holds `CN-42`, `C07` holds `C07D`."""
    if not ones or not others:
        return True
    return any(
        a == b or a.startswith(b + part) or b.startswith(a + part) for a in ones for b in others
    )


def conflicts_of(
    new: LicenceQuestion, standing: Iterable[Burden], *, names: bool = True
) -> tuple[LicenceConflict, ...]:
    """The standing licences that meet `new`: each blocks it, or has to be left untouched by it.

    A licence that `new` lists among its `carve_outs` is no conflict where the matrix lets it be carved out. Without
    `names` the words tell kind and term alone, which are public (domain 3.8), and not whose the licence is.
    """
    found = []
    for burden in standing:
        existing = scope_of(burden)
        if burden.state is BurdenState.ENDED or existing is None or not overlap(new, existing):
            continue
        verdict = MATRIX[new.kind, existing.kind]
        if verdict is None or (verdict is Verdict.CARVE_OUT and burden.id in new.carve_outs):
            continue
        mine, theirs = _WORDS[new.kind], _WORDS[existing.kind]
        way = " unless it is carved out" if verdict is Verdict.CARVE_OUT else ""
        way_zh = "，除非予以保留" if verdict is Verdict.CARVE_OUT else ""
        holder, holder_zh = (burden.holder_name,) * 2 if names else ("another", "他人")
        until, until_zh = _term(existing)
        found.append(
            LicenceConflict(
                burden_id=burden.id,
                verdict=verdict,
                message=f"{mine[0]} licence cannot stand beside {theirs[0]} licence of {holder}, {until}{way}",
                message_zh=f"已有{holder_zh}的{theirs[1]}许可（{until_zh}），不得再授予{mine[1]}许可{way_zh}",
            )
        )
    return tuple(found)


def _term(scope: Scope) -> tuple[str, str]:
    if scope.ends_on is None:
        return f"from {scope.starts_on} on", f"自 {scope.starts_on} 起"
    return f"{scope.starts_on} to {scope.ends_on}", f"{scope.starts_on} 至 {scope.ends_on}"


def obstacles_of(
    new: LicenceQuestion, asset: Asset, *, is_pledged: bool, today: date
) -> tuple[Obstacle, ...]:
    """Why the office would refuse to record such a licence, or to announce it as open.

    Source: domain 3.4 (recordal refusals; 细则 86 for open licences).
    """
    found = []
    if asset.legal_status is not LegalStatus.IN_FORCE:
        found.append(
            Obstacle(
                code="not_in_force",
                message=f"the register says {asset.legal_status}; only a right in force is licensed",
                message_zh=f"登记状态为 {asset.legal_status}，仅有效权利可许可",
                source="专利实施许可合同备案办法",
            )
        )
    if AssetFlag.PRESERVATION in asset.flags or AssetFlag.OWNERSHIP_SUSPENDED in asset.flags:
        found.append(
            Obstacle(
                code="register_stopped",
                message="the register is stopped by a preservation or an ownership dispute",
                message_zh="因保全或权属纠纷中止，登记程序已停止",
                source="专利法实施细则 103-105",
            )
        )
    if FACTS[asset.ip_type].has_upkeep and (asset.fee_paid_to is None or asset.fee_paid_to < today):
        found.append(
            Obstacle(
                code="fee_unpaid",
                message=f"the annual fee is paid to {asset.fee_paid_to or 'nobody knows when'}; pay it first",
                message_zh=f"年费缴至 {asset.fee_paid_to or '未知'}，请先缴费",
                source="专利法实施细则 86, 115",
            )
        )
    return (*found, *_obstacles_of_licence(new, asset, is_pledged=is_pledged))


def _obstacles_of_licence(
    new: LicenceQuestion, asset: Asset, *, is_pledged: bool
) -> list[Obstacle]:
    found = []
    if is_pledged and not new.has_pledgee_consent:
        found.append(
            Obstacle(
                code="pledgee_consent_missing",
                message="the right is pledged and its pledgee has not agreed",
                message_zh="权利已出质，未经质权人同意",
                source="民法典 444(2); 专利法实施细则 86",
            )
        )
    if asset.expires_on is not None and (new.ends_on is None or new.ends_on > asset.expires_on):
        is_renewable = asset.ip_type in _MARKS
        if not is_renewable and new.ends_on is not None:
            found.append(
                Obstacle(
                    code="longer_than_right",
                    message=f"it runs to {new.ends_on}, past the right's end on {asset.expires_on}",
                    message_zh=f"许可期限至 {new.ends_on}，超过权利届满日 {asset.expires_on}",
                    source="专利实施许可合同备案办法",
                )
            )
    if new.kind is LicenceKind.OPEN and asset.ip_type not in OPENLY_LICENSABLE:
        found.append(
            Obstacle(
                code="no_open_licence",
                message="only patents can be licensed openly",
                message_zh="仅专利可实行开放许可",
                source="专利法 50",
            )
        )
    return found


def answer(
    new: LicenceQuestion, asset: Asset, standing: Iterable[Burden], *, is_pledged: bool, today: date
) -> LicenceAnswer:
    """Whether a licence may be granted over a right, and what stands in its way."""
    conflicts = conflicts_of(new, standing)
    obstacles = obstacles_of(new, asset, is_pledged=is_pledged, today=today)
    return LicenceAnswer(
        may_be_granted=not conflicts and not obstacles, conflicts=conflicts, obstacles=obstacles
    )


def contradictions(new: NewBurden, ip_type: IpType) -> list[InvalidInput]:
    """What in a burden's own facts cannot be; each names its field and what would be right."""
    found = []
    if new.ends_on is not None and new.ends_on < new.starts_on:
        found.append(
            InvalidInput(
                "ends_on",
                f"{new.ends_on} is before {new.starts_on}, the first day",
                f"{new.ends_on} 早于起始日 {new.starts_on}",
            )
        )
    if new.kind is _K.PRESERVATION:
        found += _preservation(new, ip_type)
    if new.kind is _K.OPEN_LICENCE and ip_type not in OPENLY_LICENSABLE:
        found.append(
            InvalidInput("kind", "only patents are licensed openly", "仅专利可实行开放许可")
        )
    if new.kind is _K.NON_USE_REQUEST and ip_type not in _MARKS:
        found.append(InvalidInput("kind", "only marks are revoked for non-use", "仅商标适用撤三"))
    if new.kind not in LICENCE_OF and (new.territories or new.fields):
        found.append(
            InvalidInput(
                "territories",
                "only a licence has territories and fields; leave them out",
                "仅许可填写地域和领域",
            )
        )
    return found


def preservation_ends_at_most(starts_on: date, ip_type: IpType) -> date:
    """The last day that one preservation order may reach: patents 6 months, marks a year, other rights 3 years.

    Source: domain 3.3 (专利规定 13, 商标保全 1-3, 民诉解释 485).
    """
    if ip_type in OPENLY_LICENSABLE:
        return add_months(starts_on, 6)
    return add_years(starts_on, 1 if ip_type in _MARKS else 3)


def _preservation(new: NewBurden, ip_type: IpType) -> list[InvalidInput]:
    latest = preservation_ends_at_most(new.starts_on, ip_type)
    if new.ends_on is None:
        return [
            InvalidInput(
                "ends_on",
                f"a preservation has a last day, at the latest {latest}; a renewal is a new entry",
                f"保全须填写届满日，最晚 {latest}；续行保全另行登记",
            )
        ]
    if new.ends_on > latest:
        return [
            InvalidInput(
                "ends_on",
                f"{new.ends_on} is later than one order can reach, {latest}; a renewal is a new entry",
                f"{new.ends_on} 超过单次保全最长期限 {latest}；续行保全另行登记",
            )
        ]
    return []


def is_standing(burden: Burden, *, on: date) -> bool:
    """Whether a burden rests on the right on that day: not ended, and its time is not over."""
    return burden.state is BurdenState.STANDING and (burden.ends_on is None or on <= burden.ends_on)


def normal_flags(burdens: Iterable[Burden], *, on: date) -> frozenset[AssetFlag]:
    """The flags that a right should carry for what rests on it that day."""
    found = {FLAG_OF[b.kind] for b in burdens if b.kind in FLAG_OF and is_standing(b, on=on)}
    return frozenset(found)


#: What the eligibility rules know of a right by a flag, whoever entered it first.
FLAG_OF: Final[Mapping[BurdenKind, AssetFlag]] = MappingProxyType(
    {
        _K.SOLE_LICENCE: AssetFlag.EXCLUSIVE_LICENCE,
        _K.EXCLUSIVE_LICENCE: AssetFlag.EXCLUSIVE_LICENCE,
        _K.OPEN_LICENCE: AssetFlag.OPEN_LICENCE,
        _K.PRESERVATION: AssetFlag.PRESERVATION,
        _K.OWNERSHIP_SUSPENSION: AssetFlag.OWNERSHIP_SUSPENDED,
        _K.INVALIDATION: AssetFlag.INVALIDATION_PENDING,
        _K.NON_USE_REQUEST: AssetFlag.NON_USE_REQUEST,
        _K.LITIGATION: AssetFlag.LITIGATION,
        _K.STANDARDS_COMMITMENT: AssetFlag.STANDARD_ESSENTIAL,
        _K.GOVERNMENT_FUNDING: AssetFlag.GOVERNMENT_FUNDED,
    }
)


def with_burdens(asset: Asset, burdens: Iterable[Burden], *, on: date) -> Asset:
    """The right with the flags of what rests on it added to those of the register's reading."""
    return msgspec.structs.replace(asset, flags=asset.flags | normal_flags(burdens, on=on))
