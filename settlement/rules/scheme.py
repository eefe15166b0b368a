"""A risk-compensation scheme: who bears how much of a loss, what the fund promises, how recoveries are shared.

The structs hold what contracts 2 names, under its names. `read_scheme` builds one from JSON and refuses what
section 2 refuses; whoever builds one otherwise owes it the same.
"""

import msgspec

from kit.money import BP_ONE
from settlement.rules.reading import Fields, joined, refuse, whole

BANK, FUND = "BANK", "FUND"
ROLES = (BANK, "GUARANTOR", "INSURER", "VALUER", "REGUARANTOR", FUND)

PRINCIPAL, PRINCIPAL_INTEREST, NET_LOSS = "PRINCIPAL", "PRINCIPAL_INTEREST", "NET_LOSS"
BASES = (PRINCIPAL, PRINCIPAL_INTEREST, NET_LOSS)

DIRECT_SHARE, COMPENSATE_RETAINED, LAYERED = "DIRECT_SHARE", "COMPENSATE_RETAINED", "LAYERED"
COMP_MODES = (DIRECT_SHARE, COMPENSATE_RETAINED, LAYERED)

BORNE_POSITION, BANK_FIRST, FUND_FIRST = "BORNE_POSITION", "BANK_FIRST", "FUND_FIRST"
SHARE_BY = (BORNE_POSITION, BANK_FIRST, FUND_FIRST)

SCHEME_FIELDS = (
    *("base", "comp_mode", "parties", "cession", "comp_rate_bp", "tiers", "addons"),
    *("total_cap_bp", "caps", "advance_bp", "recovery"),
)
CAPS_FIELDS = ("per_loan_fen", "per_borrower_fen", "year_fen", "fund_balance_fen")


class Party(msgspec.Struct, frozen=True, kw_only=True):
    """One side of the scheme, with the share of the loss that it bears before any cession or compensation."""

    party: str
    role: str
    bear_bp: int


class Cession(msgspec.Struct, frozen=True, kw_only=True):
    """A party that passes `bp` of what it bears on to another: re-guarantee, reinsurance."""

    party: str
    to: str
    bp: int


class Tier(msgspec.Struct, frozen=True, kw_only=True):
    """The rate of a party for loans granted up to an amount, inclusive."""

    party: str
    loan_upto_fen: int
    bp: int


class Addon(msgspec.Struct, frozen=True, kw_only=True):
    """What a flag of the loan adds to the rate of a party."""

    party: str
    flag: str
    bp: int


class Caps(msgspec.Struct, frozen=True, kw_only=True):
    """What is left of a fund's limits for this claim; null where there is none."""

    per_loan_fen: int | None = None
    per_borrower_fen: int | None = None
    year_fen: int | None = None
    fund_balance_fen: int | None = None


class Recovery(msgspec.Struct, frozen=True, kw_only=True):
    """How recovered money is shared, and whether the loan's interest waits until the shared loss is made good."""

    share_by: str
    interest_after_principal: bool


class Scheme(msgspec.Struct, frozen=True, kw_only=True):
    """The rules of one scheme, in basis points and fen."""

    base: str
    comp_mode: str
    parties: tuple[Party, ...]
    recovery: Recovery
    cession: tuple[Cession, ...] = ()
    comp_rate_bp: dict[str, int] = {}
    tiers: tuple[Tier, ...] = ()
    addons: tuple[Addon, ...] = ()
    total_cap_bp: int | None = None
    caps: dict[str, Caps] = {}
    advance_bp: int = 0

    @property
    def names(self) -> tuple[str, ...]:
        """Every party, in the order of the scheme: the order of every map and of every tie."""
        return tuple(party.party for party in self.parties)

    @property
    def funds(self) -> tuple[str, ...]:
        """The parties that are a fund or a layer of one."""
        return tuple(party.party for party in self.parties if party.role == FUND)

    @property
    def others(self) -> tuple[str, ...]:
        """The parties that are not FUND: those that can be compensated."""
        return tuple(party.party for party in self.parties if party.role != FUND)

    @property
    def bank(self) -> str:
        """The one lender."""
        return next(party.party for party in self.parties if party.role == BANK)


def read_scheme(value: object, path: str = "scheme") -> Scheme:
    """A scheme from JSON values; raises `InvalidInput` that names the field. Source: contracts 2, "Input"."""
    fields = Fields(value, path, SCHEME_FIELDS)
    recovery = fields.inner("recovery", ("share_by", "interest_after_principal"))
    scheme = Scheme(
        base=fields.one_of("base", BASES),
        comp_mode=fields.one_of("comp_mode", COMP_MODES),
        parties=tuple(_party(item, at) for item, at in _given(fields, "parties")),
        cession=tuple(_cession(item, at) for item, at in fields.items("cession")),
        comp_rate_bp={
            key: whole(rate, at, BP_ONE) for key, rate, at in fields.entries("comp_rate_bp")
        },
        tiers=tuple(_tier(item, at) for item, at in fields.items("tiers")),
        addons=tuple(_addon(item, at) for item, at in fields.items("addons")),
        total_cap_bp=fields.whole_or_null("total_cap_bp", BP_ONE),
        caps={key: _caps(cap, at) for key, cap, at in fields.entries("caps")},
        advance_bp=fields.whole_or("advance_bp", 0, upto=BP_ONE),
        recovery=Recovery(
            share_by=recovery.one_of("share_by", SHARE_BY),
            interest_after_principal=recovery.truth("interest_after_principal"),
        ),
    )
    _check_parties(scheme, f"{path}.parties")
    _check_cession(scheme, f"{path}.cession")
    _check_rates(scheme, path)
    _check_caps(scheme, f"{path}.caps")
    return scheme


def _given(fields: Fields, name: str) -> list[tuple[object, str]]:
    fields.required(name)
    return fields.items(name)


def _party(value: object, path: str) -> Party:
    item = Fields(value, path, ("party", "role", "bear_bp"))
    return Party(
        party=item.text("party"),
        role=item.one_of("role", ROLES),
        bear_bp=item.whole("bear_bp", BP_ONE),
    )


def _cession(value: object, path: str) -> Cession:
    item = Fields(value, path, ("party", "to", "bp"))
    return Cession(party=item.text("party"), to=item.text("to"), bp=item.whole("bp", BP_ONE))


def _tier(value: object, path: str) -> Tier:
    item = Fields(value, path, ("party", "loan_upto_fen", "bp"))
    return Tier(
        party=item.text("party"),
        loan_upto_fen=item.whole("loan_upto_fen"),
        bp=item.whole("bp", BP_ONE),
    )


def _addon(value: object, path: str) -> Addon:
    item = Fields(value, path, ("party", "flag", "bp"))
    return Addon(party=item.text("party"), flag=item.text("flag"), bp=item.whole("bp", BP_ONE))


def _caps(value: object, path: str) -> Caps:
    item = Fields(value, path, CAPS_FIELDS)
    return Caps(
        per_loan_fen=item.whole_or_null("per_loan_fen"),
        per_borrower_fen=item.whole_or_null("per_borrower_fen"),
        year_fen=item.whole_or_null("year_fen"),
        fund_balance_fen=item.whole_or_null("fund_balance_fen"),
    )


def _check_parties(scheme: Scheme, path: str) -> None:
    seen: set[str] = set()
    for index, party in enumerate(scheme.parties):
        if party.party in seen:
            refuse(
                f"{path}[{index}].party", "is listed twice; once is right", "重复列出，只能列一次"
            )
        seen.add(party.party)
        if party.role == FUND and party.bear_bp > 0 and scheme.comp_mode != DIRECT_SHARE:
            refuse(
                f"{path}[{index}].bear_bp",
                "must be 0 for a FUND outside DIRECT_SHARE",
                "除 DIRECT_SHARE 外，FUND 的 bear_bp 须为 0",
            )
    banks = sum(party.role == BANK for party in scheme.parties)
    if banks != 1:
        refuse(
            f"{path}[].role", f"must be BANK exactly once, not {banks} times", "须有且仅有一个 BANK"
        )
    if scheme.comp_mode == COMPENSATE_RETAINED and len(scheme.funds) != 1:
        refuse(
            f"{path}[].role",
            f"must be FUND exactly once in COMPENSATE_RETAINED, not {len(scheme.funds)} times",
            "COMPENSATE_RETAINED 须有且仅有一个 FUND",
        )
    borne = sum(party.bear_bp for party in scheme.parties)
    if borne != BP_ONE:
        last = len(scheme.parties) - 1
        named = " + ".join(f"{party.party} {party.bear_bp}" for party in scheme.parties)
        refuse(
            f"{path}[{last}].bear_bp",
            f"must make the sum of all parties {BP_ONE}, not {borne} ({named})",
            f"各方合计须为 {BP_ONE}，不能是 {borne}（{named}）",
        )


def _check_listed(scheme: Scheme, party: str, path: str) -> None:
    if party not in scheme.names:
        refuse(path, "must be a party that parties lists", "须为 parties 中列出的一方")


def _check_cession(scheme: Scheme, path: str) -> None:
    ceded_bp: dict[str, int] = {}
    for index, cession in enumerate(scheme.cession):
        for end, name in (("party", cession.party), ("to", cession.to)):
            _check_listed(scheme, name, f"{path}[{index}].{end}")
            if name in scheme.funds:
                refuse(f"{path}[{index}].{end}", "must not be a FUND", "不能是 FUND")
        if cession.party == cession.to:
            refuse(f"{path}[{index}].to", "must be another party than `party`", "不能与 party 相同")
        total = ceded_bp[cession.party] = ceded_bp.get(cession.party, 0) + cession.bp
        if total > BP_ONE:
            refuse(
                f"{path}[{index}].bp",
                f"brings what the party cedes to {total}; at most {BP_ONE} is right",
                f"使该方分出合计达到 {total}，最多 {BP_ONE}",
            )


def _check_rates(scheme: Scheme, path: str) -> None:
    for name in scheme.comp_rate_bp:
        _check_rated(scheme, name, joined(f"{path}.comp_rate_bp", name))
    for index, tier in enumerate(scheme.tiers):
        _check_rated(scheme, tier.party, f"{path}.tiers[{index}].party")
        if tier.party in scheme.comp_rate_bp:
            refuse(
                f"{path}.tiers[{index}].party",
                "has a comp_rate_bp as well; one of the two is right",
                "同时设有 comp_rate_bp，只能二选一",
            )
    for index, addon in enumerate(scheme.addons):
        _check_rated(scheme, addon.party, f"{path}.addons[{index}].party")


def _check_rated(scheme: Scheme, party: str, path: str) -> None:
    """A rate belongs to who is compensated, or, in layers, to the fund that compensates."""
    _check_listed(scheme, party, path)
    if scheme.comp_mode == DIRECT_SHARE:
        refuse(path, "must not be given in DIRECT_SHARE", "DIRECT_SHARE 不设补偿比例")
    is_fund = party in scheme.funds
    if scheme.comp_mode == COMPENSATE_RETAINED and is_fund:
        refuse(
            path, "must not be a FUND in COMPENSATE_RETAINED", "COMPENSATE_RETAINED 下不能是 FUND"
        )
    if scheme.comp_mode == LAYERED and not is_fund:
        refuse(path, "must be a FUND in LAYERED", "LAYERED 下须为 FUND")


def _check_caps(scheme: Scheme, path: str) -> None:
    for name in scheme.caps:
        _check_listed(scheme, name, joined(path, name))
        if name not in scheme.funds:
            refuse(joined(path, name), "must be a FUND", "须为 FUND")
