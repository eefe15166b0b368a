"""Compares the rows of a portfolio with the rules, with each other and with what is on record."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any, cast
from uuid import UUID

import msgspec
from openpyxl.utils.cell import coordinate_to_tuple

from kit.errors import InvalidInput
from kit.money import yuan
from marketplace.assets import rules as asset_rules
from marketplace.assets.identifiers import InvalidIdentifier, reference_key, right_number
from marketplace.assets.schemas import AssetFlag, CoOwner, LegalStatus, NewAsset
from marketplace.assets.types import IpType
from marketplace.cases import rules as case_rules
from marketplace.cases.schemas import CaseFlag, Grade, NewCase
from marketplace.imports.extras import WrongParticulars, particulars_of
from marketplace.imports.layout import LOANS, PLEDGES, RIGHTS, VALUATIONS
from marketplace.imports.portfolio import (
    Known,
    PledgeRow,
    Portfolio,
    Reference,
    Row,
    Rows,
    ValuationRow,
    about_cell,
)
from marketplace.imports.schemas import Finding
from marketplace.imports.workings import workings_of
from marketplace.pledges.rules import why_not_registrable
from marketplace.pledges.schemas import JointPledgee
from marketplace.valuations.rules import (
    INTERNAL_LOAN_MAX_FEN,
    LoanSize,
    farthest,
    is_kind_allowed,
    require_validity,
)
from marketplace.valuations.schemas import ValuationKind, ValuationMethod

#: What of a right stands in columns of its type (`extras`).
LATER_KEYS = frozenset(column.key for column in RIGHTS.columns if column.is_later)


def checked(rows: Rows, known: Known) -> tuple[Portfolio, list[Finding]]:
    """The portfolio in `rows`, and all that is wrong with it, in the order of sheets and rows."""
    checking = _Checking(rows, known)
    loans = checking.loans()
    rights = checking.rights()
    pledges = checking.pledges()
    valuations = checking.valuations()
    order = {sheet.title: place for place, sheet in enumerate((LOANS, PLEDGES, RIGHTS, VALUATIONS))}
    findings = sorted(checking.findings, key=lambda found: _place(found, order))
    return Portfolio(loans=loans, rights=rights, pledges=pledges, valuations=valuations), findings


def _place(found: Finding, order: dict[str, int]) -> tuple[int, int, int]:
    """Sheet, row and column, for sorting; a finding about a whole sheet comes before its cells."""
    sheet = order.get(found.sheet, len(order))
    if not found.cell:
        return sheet, 0, 0
    row, column = coordinate_to_tuple(found.cell)
    return sheet, row, column


class _Checking:
    """One pass over one file: what was found so far, and the index of what can be referred to."""

    def __init__(self, rows: Rows, known: Known) -> None:
        self.rows = rows
        self.known = known
        self.findings = list(rows.findings)
        #: Right, as it may be referred to -> its places among `self.built`; None: it stands there, but is wrong.
        self.index: dict[str, list[int | None]] = defaultdict(list)
        self.built: list[NewAsset] = []
        #: Rights on record, as they may be referred to, each with its class; and the type of each.
        self.on_record: dict[str, list[tuple[int | None, UUID]]] = defaultdict(list)
        self.type_of: dict[UUID, IpType] = {}
        for (ip_type, number, nice_class), asset_id in known.assets.items():
            self.on_record[reference_key(number)].append((nice_class, asset_id))
            self.type_of[asset_id] = IpType(ip_type)
        self.pledged: set[Reference] = set()
        self.loan_of: dict[Reference, LoanSize] = {
            Reference(None, asset_id): size for asset_id, size in known.loans.items()
        }
        self.loan_fen: dict[str, int] = {
            number: amount for number, (_, amount) in known.contracts.items()
        }

    def loans(self) -> tuple[NewCase, ...]:
        """The loans; a contract number counts once in the file and on record."""
        built = []
        rows = self.rows.by_sheet[LOANS.title]
        self._once(rows, "contract_number", on_record=self.known.contracts)
        for row in rows:
            amount = row.values.get("loan_amount_fen")
            if isinstance(amount, int):
                self.loan_fen.setdefault(row.text("contract_number"), amount)
            if not row.is_complete:
                continue
            values = _optional_zero(row.values, "penalty_fen")
            flags = cast("frozenset[str] | None", values["flags"]) or frozenset()
            values |= {
                "flags": frozenset(map(CaseFlag, flags)),
                "grade": Grade(cast("str", values["grade"])),
            }
            case = NewCase(**cast("dict[str, Any]", values))
            self._report(row, case_rules.contradictions(case))
            built.append(case)
        return tuple(built)

    def rights(self) -> tuple[NewAsset, ...]:
        """The rights, normalised; one number (and class) counts once in the file and on record."""
        first: dict[tuple[str, str, int | None], Row] = {}
        for row in self.rows.by_sheet[RIGHTS.title]:
            asset = self._right(row)
            place = None
            if asset is not None:
                key = (asset.ip_type.value, asset.number, asset.nice_class)
                if key in first:
                    self._twice(row, "number", first[key])
                elif key in self.known.assets:
                    self._on_record(row, "number")
                else:
                    first[key] = row
                    place = len(self.built)
                    self.built.append(asset)
            spelled = reference_key(row.text("number"))
            self.index[spelled].append(place)
            if row.values.get("nice_class") is not None:
                self.index[f"{spelled}/{row.values['nice_class']}"].append(place)
        return tuple(self.built)

    def _right(self, row: Row) -> NewAsset | None:
        if not row.is_complete:
            self._check_number_alone(row)
            return None
        values = dict(row.values)
        values = {key: value for key, value in values.items() if key not in LATER_KEYS}
        owners = self._consenting(row, "co_owners", "co_owner_consent")
        del values["co_owner_consent"]
        flags = cast("frozenset[str] | None", values["flags"]) or frozenset()
        values |= {
            "ip_type": IpType(cast("str", values["ip_type"])),
            "legal_status": LegalStatus(cast("str", values["legal_status"])),
            "has_evaluation_report": values["has_evaluation_report"] == "yes",
            "flags": frozenset(map(AssetFlag, flags)),
            "co_owners": tuple(CoOwner(name=name, has_consented=said) for name, said in owners),
        }
        try:
            more = particulars_of(row, cast("IpType", values["ip_type"]))
        except WrongParticulars as error:
            self.findings += error.findings
            return None
        values |= msgspec.structs.asdict(more)
        try:
            asset = asset_rules.normal(NewAsset(**cast("dict[str, Any]", values)))
        except InvalidInput as error:
            self._report(row, [error], code="invalid_identifier")
            return None
        self._report(row, asset_rules.contradictions(asset))
        return asset

    def _check_number_alone(self, row: Row) -> None:
        """A row that is wrong elsewhere still has its number checked, so that one reading finds both."""
        kind, number = row.values.get("ip_type"), row.values.get("number")
        if isinstance(kind, str) and isinstance(number, str):
            try:
                right_number(number, IpType(kind))
            except InvalidIdentifier as error:
                self.findings.append(
                    about_cell(row, "number", "invalid_identifier", error.message, error.message_zh)
                )

    def pledges(self) -> tuple[PledgeRow, ...]:
        """The pledges, each with its loan and rights found."""
        built = []
        rows = self.rows.by_sheet[PLEDGES.title]
        self._once(rows, "registration_number", on_record=self.known.registrations)
        contracts = {row.text("contract_number") for row in self.rows.by_sheet[LOANS.title]}
        for row in rows:
            contract = row.text("contract_number")
            is_found = contract in contracts or contract in self.known.contracts
            if contract and not is_found and LOANS.title not in self.rows.unread:
                self.findings.append(
                    about_cell(
                        row,
                        "contract_number",
                        "dangling_reference",
                        "is in no row of the loans sheet and not on record",
                        "在“贷款”工作表和已登记案件中均不存在",
                    )
                )
            references = self._references(row)
            self._refuse_second_pledges(row, references)
            for reference in references:
                limit_fen = self.known.limits.get(contract, INTERNAL_LOAN_MAX_FEN)
                size = LoanSize(self.loan_fen.get(contract, 0), limit_fen)
                self.loan_of[reference] = farthest([size, self.loan_of.get(reference, size)])
            if row.is_complete:
                built.append(self._pledge(row, contract, references))
        return tuple(built)

    def _pledge(self, row: Row, contract: str, references: tuple[Reference, ...]) -> PledgeRow:
        values = dict(row.values)
        del values["contract_number"], values["assets"]
        joint = self._consenting(row, "joint_pledgees", "joint_consent")
        del values["joint_consent"]
        values |= {
            "is_maximum": values["is_maximum"] == "yes",
            "joint_pledgees": tuple(
                JointPledgee(name=name, has_consented=said) for name, said in joint
            ),
        }
        return PledgeRow(contract_number=contract, rights=references, fields=values)

    def _consenting(self, row: Row, key: str, consent_key: str) -> tuple[tuple[str, bool], ...]:
        """The names in a cell, each with its consent: one word for all, or one each; silence is none."""
        found = cast("tuple[str, ...]", row.values[key] or ())
        said = cast("tuple[bool, ...]", row.values[consent_key] or ()) or (False,)
        if len(said) == 1:
            said = said * len(found)
        if len(said) != len(found):
            self.findings.append(
                about_cell(
                    row,
                    consent_key,
                    "contradiction",
                    f"says {len(said)} times yes or no for {len(found)} names; one word for all, or one each",
                    f"共 {len(said)} 个答复、{len(found)} 个名称；请填写一个，或逐一对应",
                )
            )
            return ()
        return tuple(zip(found, said, strict=True))

    def _refuse_second_pledges(self, row: Row, references: Iterable[Reference]) -> None:
        for reference in references:
            if reference.index is None:
                is_pledged = reference.asset_id in self.known.pledged or reference in self.pledged
                kind = self.type_of[cast("UUID", reference.asset_id)]
            else:
                is_pledged = reference in self.pledged
                kind = self.built[reference.index].ip_type
            reason = why_not_registrable(kind, is_pledged_already=is_pledged)
            if reason is not None:
                self.findings.append(about_cell(row, "assets", "pledge_not_registrable", *reason))
            self.pledged.add(reference)

    def valuations(self) -> tuple[ValuationRow, ...]:
        """The valuations, each with its rights found, of an allowed kind, and valid for a year at most."""
        built = []
        rows = self.rows.by_sheet[VALUATIONS.title]
        self._once(rows, "report_number", on_record=self.known.reports)
        for row in rows:
            references = self._references(row)
            if not row.is_complete:
                continue
            values = dict(row.values)
            del values["assets"]
            try:
                require_validity(cast("date", values["base_on"]), cast("date", values["valid_to"]))
            except InvalidInput as error:
                self._report(row, [error])
            kind = ValuationKind(cast("str", values["kind"]))
            loan = farthest(self.loan_of.get(reference, LoanSize()) for reference in references)
            if not is_kind_allowed(kind, loan=loan):
                limit = yuan(loan.limit_fen)
                self.findings.append(
                    about_cell(
                        row,
                        "kind",
                        "external_valuation_needed",
                        f"the loan is {yuan(loan.amount_fen)} yuan; above {limit} the valuation must be external",
                        f"贷款金额为 {yuan(loan.amount_fen)} 元，超过 {limit} 元的须外部评估",
                    )
                )
            values |= {"kind": kind, "method": ValuationMethod(cast("str", values["method"]))}
            if "is_filed" in values:
                values["is_filed"] = values["is_filed"] == "yes"
            workings, wrong = workings_of(row, values)
            self.findings += wrong
            values |= workings
            built.append(ValuationRow(rights=references, fields=values))
        return tuple(built)

    def _references(self, row: Row) -> tuple[Reference, ...]:
        """The rights that a row names; what names none, or more than one, is reported once each."""
        parts = row.values.get("assets")
        found: dict[Reference, None] = {}
        for part in parts if isinstance(parts, tuple) else ():
            number, mark_class, key = self._named(part)
            places = self.index.get(key)
            if places is None:
                self._reference_on_record(row, part, reference_key(number), mark_class, found)
            elif len([place for place in places if place is not None]) > 1:
                self._dangling(
                    row,
                    f"{part} is in several classes; write {number}/class",
                    f"{part} 有多个类别；请写作 {number}/类别",
                )
            elif places[0] is not None:
                reference = Reference(places[0], None)
                if reference in found:
                    self._dangling(row, f"{part} stands in it twice", f"{part} 重复")
                found[reference] = None
        return tuple(found)

    def _named(self, part: str) -> tuple[str, str, str]:
        """The number and class that a reference names, and its place in the index; a number may hold a slash itself."""
        whole = reference_key(part)
        if whole in self.index or whole in self.on_record or "/" not in part:
            return part, "", whole
        number, _, mark_class = part.rpartition("/")
        return number, mark_class.strip(), f"{reference_key(number)}/{mark_class.strip()}"

    def _reference_on_record(
        self, row: Row, part: str, number: str, mark_class: str, found: dict[Reference, None]
    ) -> None:
        matches = [
            asset_id
            for known_class, asset_id in self.on_record.get(number, ())
            if mark_class in ("", str(known_class))
        ]
        if len(matches) == 1:
            found[Reference(None, matches[0])] = None
        elif matches:
            self._dangling(
                row,
                f"{part} is in several classes; write {part}/class",
                f"{part} 有多个类别；请写作 {part}/类别",
            )
        elif RIGHTS.title not in self.rows.unread:
            self._dangling(
                row,
                f"{part} is in no row of the IP assets sheet and not on record",
                f"{part} 在“知识产权”工作表和已登记权利中均不存在",
            )

    def _dangling(self, row: Row, message: str, message_zh: str) -> None:
        self.findings.append(about_cell(row, "assets", "dangling_reference", message, message_zh))

    def _once(self, rows: Sequence[Row], key: str, *, on_record: Iterable[str]) -> None:
        first: dict[str, Row] = {}
        recorded = set(on_record)
        for row in rows:
            text = row.text(key)
            if not text:
                continue
            if text in first:
                self._twice(row, key, first[text])
            elif text in recorded:
                self._on_record(row, key)
            first.setdefault(text, row)

    def _twice(self, row: Row, key: str, first: Row) -> None:
        address = first.sheet.address(first.number, key)
        self.findings.append(
            about_cell(row, key, "duplicate", f"stands in {address} already", f"与 {address} 重复")
        )

    def _on_record(self, row: Row, key: str) -> None:
        self.findings.append(
            about_cell(
                row, key, "already_registered", "is on record already", "已登记，不得重复导入"
            )
        )

    def _report(
        self, row: Row, errors: Iterable[InvalidInput], *, code: str = "contradiction"
    ) -> None:
        for error in errors:
            self.findings.append(
                about_cell(
                    row,
                    error.field,
                    code,
                    error.message.removeprefix(f"{error.field}: "),
                    error.message_zh.removeprefix(f"{error.field}："),
                )
            )


def _optional_zero(values: dict[str, object], key: str) -> dict[str, object]:
    return values | {key: values[key] or 0}


def named(rows: Rows, sheet_title: str, key: str) -> set[str]:
    """Every text in one column, for asking what is on record of it."""
    return {row.text(key) for row in rows.by_sheet[sheet_title]} - {""}
