"""Whether pledged rights may be put up for sale: the checks ELG-01 to ELG-32. Source: domain 3.10.

What a check is called, how severe it is under which regime, which evidence it gives and what it rests on is data
(`eligibility.json`, versioned); what it looks at is a function. A new rule is an entry and a function; the runner does
not change. Block: no publication. Hold: until cured, or overridden by a checker with a reason. Warn: disclosed. None:
the regime allows it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib.resources import files
from types import MappingProxyType
from typing import Final

import msgspec

from marketplace.consignments import checks_of_claims as claims
from marketplace.consignments import checks_of_rights as rights
from marketplace.consignments import checks_of_sales as sales
from marketplace.consignments.facts import Check, EligibilityFinding, Facts, Objection

_Examine = Callable[[Facts], Iterable[Objection]]

EXAMINE: Final[Mapping[str, _Examine]] = MappingProxyType(
    {
        "ELG-01": rights.not_in_force,
        "ELG-02": rights.owner_is_not_pledgor,
        "ELG-03": rights.consignor_is_not_pledgee,
        "ELG-04": claims.no_authority,
        "ELG-05": claims.limitation_expired,
        "ELG-06": claims.default_not_proven,
        "ELG-07": rights.co_owner_has_not_consented,
        "ELG-08": rights.cannot_be_recorded,
        "ELG-09": rights.bundle_incomplete,
        "ELG-10": rights.not_sellable,
        "ELG-11": rights.no_buyer_rule,
        "ELG-12": rights.fee_not_safe,
        "ELG-13": rights.little_life_left,
        "ELG-14": rights.contested,
        "ELG-15": rights.exclusively_licensed,
        "ELG-16": rights.openly_licensed,
        "ELG-17": rights.no_evaluation_report,
        "ELG-18": rights.same_day_pair,
        "ELG-19": claims.valuation_does_not_count,
        "ELG-20": claims.start_price_below_floor,
        "ELG-21": sales.notice_cannot_be_given,
        "ELG-22": claims.deposit_unusual,
        "ELG-23": sales.state_seller_off_exchange,
        "ELG-24": sales.export_class_unsettled,
        "ELG-25": sales.data_not_attested,
        "ELG-26": sales.work_is_burdened,
        "ELG-27": sales.senior_pledges_take_all,
        "ELG-28": sales.alert_is_open,
        "ELG-29": sales.fund_not_told,
        "ELG-30": sales.consignor_bids,
        "ELG-31": rights.committed,
        "ELG-32": claims.share_not_stated,
    }
)


class CheckSet(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One version of the checks."""

    version: str
    source: str
    checks: tuple[Check, ...]


def load_checks(name: str = "eligibility.json") -> CheckSet:
    """The checks that came with this version."""
    text = files("marketplace.consignments").joinpath(name).read_bytes()
    return msgspec.json.decode(text, type=CheckSet)


CHECK_SET: Final = load_checks()
CHECKS: Final = CHECK_SET.checks


def eligibility(facts: Facts, checks: Sequence[Check] = CHECKS) -> list[EligibilityFinding]:
    """What the checks hold against the sale of these rights on these terms; empty when nothing."""
    return [
        EligibilityFinding(
            code=check.code,
            severity=objection.severity or severity,
            field=objection.field,
            subject=objection.subject,
            message=objection.message,
            message_zh=objection.message_zh,
            evidence=objection.evidence,
            source=check.source,
        )
        for check in checks
        if (severity := check.severity[facts.terms.regime]) is not None
        for objection in EXAMINE[check.code](facts)
    ]
