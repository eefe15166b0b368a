"""The real local schemes as versioned data: one file a scheme, listed and checked by this loader.

A file says where it comes from, what is assumed where the source is silent, and what is missing. With nothing
missing it holds a `scheme` that a claim can be cleared by; otherwise it is a template. Its caps are those of an
unused fund: `settlement.rules.caps.caps_left` takes off what was spent. Source: domain 5.1.
"""

from datetime import date
from functools import cache
from importlib.resources import files
from typing import Annotated, Literal

import msgspec

from kit.errors import InvalidInput, NotFound
from kit.money import FEN_MAX
from settlement.rules.reading import read_json
from settlement.rules.scheme import Scheme, read_scheme

#: Up to this loan, inclusive, a valuation from inside is enough wherever no scheme says more: CNY 10 million.
INTERNAL_VALUATION_MAX_FEN = 1_000_000_000


class Breaker(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What stops or defers compensation when a metric is above its threshold (strictly)."""

    metric: Literal["ANNUAL_LOSS_TO_ENROLLED", "PAYOUT_RATE"]
    threshold_bp: int
    action: Literal["DEFER", "SUSPEND_NEW", "TERMINATE"]


class OperatingTerms(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a scheme is run beside how it computes; the defaults are ours where a scheme is silent (domain 11, 1).

    What is to come back comes within `remit_workdays`; later, it bears `late_interest_bp_year`. `party_year_cap_fen`
    limits what a fund promises to one lender in a year. MARGIN_ACCOUNT sets an advance aside (保证金) until the final
    clearing. Where `enrolment_required`, only a loan enrolled (备案) before its default can be claimed for.
    `internal_valuation_max_fen` widens, and never narrows, up to which loan a valuation from inside is enough (domain
    4.3); left out, nothing is widened.
    """

    remit_workdays: int = 10
    late_interest_bp_year: int = 0
    late_year_days: int = 365
    payout_form: Literal["CASH", "MARGIN_ACCOUNT"] = "CASH"
    enrolment_required: bool = False
    party_year_cap_fen: dict[str, int] = {}
    # Unset where a file does not say: versions that are stored already keep their bytes.
    internal_valuation_max_fen: (
        Annotated[int, msgspec.Meta(ge=INTERNAL_VALUATION_MAX_FEN, le=FEN_MAX)] | msgspec.UnsetType
    ) = msgspec.UNSET


class SchemeFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A scheme with its provenance. `scheme` is null exactly when something is `missing`."""

    id: str
    version: int
    name: str
    name_zh: str
    valid_from: date | None
    valid_to: date | None
    source: str
    notes: str
    breakers: tuple[Breaker, ...]
    assumed: dict[str, str]
    missing: tuple[str, ...]
    scheme: Scheme | None
    terms: OperatingTerms | msgspec.UnsetType = msgspec.UNSET

    @property
    def operating(self) -> OperatingTerms:
        """How the scheme is run, by default where the file does not say."""
        return OperatingTerms() if isinstance(self.terms, msgspec.UnsetType) else self.terms

    @property
    def is_complete(self) -> bool:
        """Whether a claim can be cleared by it."""
        return self.scheme is not None

    def is_in_force(self, day: date) -> bool:
        """Whether a day is in its time; an end that is not known is open."""
        begun = self.valid_from is None or self.valid_from <= day
        return begun and (self.valid_to is None or day <= self.valid_to)


def parse_scheme_file(document: bytes) -> SchemeFile:
    """A scheme file from its bytes; raises `InvalidInput` that names the field."""
    values = read_json(document)
    if not isinstance(values, dict):
        raise InvalidInput("scheme file", "must be an object", "须为对象")
    given = values.get("scheme")
    scheme = None if given is None else read_scheme(given)
    try:
        # The scheme has a stricter reader than msgspec, so it is taken out and put back.
        parsed = msgspec.convert(values | {"scheme": None}, SchemeFile)
    except msgspec.ValidationError as error:
        raise InvalidInput("scheme file", str(error)) from error
    if (scheme is None) != bool(parsed.missing):
        raise InvalidInput(
            "missing",
            "must list something where scheme is null, and nothing where it is given",
            "scheme 为 null 时须列出缺失项，否则须为空",
        )
    return msgspec.structs.replace(parsed, scheme=scheme)


@cache
def scheme_files() -> dict[str, SchemeFile]:
    """Every scheme file by its id, in order of id."""
    found = {}
    for entry in sorted(files(__name__).iterdir(), key=lambda entry: entry.name):
        if entry.name.endswith(".json"):
            parsed = parse_scheme_file(entry.read_bytes())
            if f"{parsed.id}.json" != entry.name:
                raise InvalidInput("id", f"must be the name of the file, {entry.name}")
            found[parsed.id] = parsed
    return found


def scheme_file(scheme_id: str) -> SchemeFile:
    """One scheme file; raises `NotFound`."""
    try:
        return scheme_files()[scheme_id]
    except KeyError:
        raise NotFound(
            f"scheme {scheme_id}: there is no such scheme",
            f"方案 {scheme_id} 不存在",
            scheme=scheme_id,
        ) from None
