"""A burden as it is stored, handed in and shown; the scope of a licence."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, TypeAlias
from uuid import UUID

import msgspec

from marketplace.edge.fields import Fen, Name, Reason

#: A country, or a part of one, after ISO 3166: `CN`, `CN-42`.
Territory: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{2}(-[A-Z0-9]{1,3})?\Z")]
#: A field of use as a classification writes it (IPC, GB/T 4754); a shorter code holds the longer ones it begins.
UseField: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"^[A-Z0-9][A-Z0-9/.]{0,15}\Z")]


class BurdenKind(StrEnum):
    """What rests on a right. Source: domain 3.4, 3.8."""

    ORDINARY_LICENCE = "ordinary_licence"  # 普通许可
    SOLE_LICENCE = "sole_licence"  # 排他许可
    EXCLUSIVE_LICENCE = "exclusive_licence"  # 独占许可
    OPEN_LICENCE = "open_licence"  # 开放许可
    PRESERVATION = "preservation"  # 保全（查封）
    OWNERSHIP_SUSPENSION = "ownership_suspension"  # 权属纠纷中止
    INVALIDATION = "invalidation"  # 无效宣告
    NON_USE_REQUEST = "non_use_request"  # 撤三
    LITIGATION = "litigation"  # 诉讼
    STANDARDS_COMMITMENT = "standards_commitment"  # 标准必要承诺
    GOVERNMENT_FUNDING = "government_funding"  # 财政资金
    INVENTOR_REMUNERATION = "inventor_remuneration"  # 职务发明报酬


class BurdenState(StrEnum):
    """Whether a burden still rests on the right."""

    STANDING = "standing"
    ENDED = "ended"


class LicenceKind(StrEnum):
    """The kinds of licence. Not stated means ordinary (技术合同解释 25)."""

    ORDINARY = "ordinary"
    SOLE = "sole"
    EXCLUSIVE = "exclusive"
    OPEN = "open"


class Scope(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where, for what and how long a licence runs; empty is everywhere or everything, no end is no limit."""

    kind: LicenceKind
    territories: Annotated[frozenset[Territory], msgspec.Meta(max_length=100)] = frozenset()
    fields: Annotated[frozenset[UseField], msgspec.Meta(max_length=100)] = frozenset()
    starts_on: date
    ends_on: date | None = None


class NewBurden(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A burden as its document states it. `source` is that document, or the register that shows it.

    `ends_on` is a licence's last day, or the last day of a preservation. `has_pledgee_consent`: the pledgee agreed
    to a licence (Civil Code 444(2)). `recorded_on` and `record_number`: entered at the office (备案).
    """

    asset_id: UUID
    kind: BurdenKind
    holder_name: Name
    holder_code: str | None = None
    territories: Annotated[frozenset[Territory], msgspec.Meta(max_length=100)] = frozenset()
    fields: Annotated[frozenset[UseField], msgspec.Meta(max_length=100)] = frozenset()
    starts_on: date
    ends_on: date | None = None
    record_number: Annotated[str, msgspec.Meta(max_length=64)] = ""
    recorded_on: date | None = None
    has_pledgee_consent: bool = False
    terms: Annotated[str, msgspec.Meta(max_length=2_000)] = ""
    royalty_fen_a_year: Fen | None = None
    source: Name


class Burden(NewBurden, frozen=True, kw_only=True):
    """A burden as it is on record. What the licensee pays is shown to the bank, its venue and supervisors."""

    id: UUID
    organisation_id: UUID
    state: BurdenState
    ended_on: date | None
    reason: str | None
    version: int
    created_at: datetime
    updated_at: datetime


class BurdenEnd(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """That a burden rests on the right no more: since when, and by which document."""

    ended_on: date
    reason: Reason


class Verdict(StrEnum):
    """What an existing licence does to a new one."""

    CARVE_OUT = "carve_out"  # 须保留在先许可
    BLOCK = "block"  # 不得许可


class LicenceConflict(msgspec.Struct, frozen=True, kw_only=True):
    """An existing licence that stands in a new one's way, or that the new one must leave untouched."""

    burden_id: UUID
    verdict: Verdict
    message: str
    message_zh: str


class LicenceQuestion(Scope, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A licence that somebody means to grant; `carve_outs`: existing licences that it says it leaves untouched."""

    carve_outs: Annotated[frozenset[UUID], msgspec.Meta(max_length=100)] = frozenset()
    has_pledgee_consent: bool = False


class LicenceAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the licence may be granted, which licences meet it, and what else stands in its way."""

    may_be_granted: bool
    conflicts: tuple[LicenceConflict, ...]
    obstacles: tuple["Obstacle", ...]


class Obstacle(msgspec.Struct, frozen=True, kw_only=True):
    """Why the office would not take a licence, or a declaration of an open licence."""

    code: str
    message: str
    message_zh: str
    source: str
