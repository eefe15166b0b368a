"""What settlement refuses, and the translation of the database's own refusals into it."""

from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg

from kit.errors import Conflict, InvalidInput, LuochuiError, NotFound


class UnbalancedTransfer(LuochuiError):
    """A transfer needs two or more entries of one book that add up to 0. / 分录须借贷相等且属于同一账簿。"""

    code = "unbalanced_transfer"


class IdempotencyIdReused(Conflict):
    """This id was used before with other content. / 该幂等标识已用于其他内容。"""

    code = "idempotency_id_reused"


class InsufficientFunds(Conflict):
    """There is not enough money on the account. / 账户余额不足。"""

    code = "insufficient_funds"


class UnknownAccount(NotFound):
    """There is no such account. / 账户不存在。"""

    code = "unknown_account"


class AppendOnly(Conflict):
    """What is recorded is never changed; correct it by a new record. / 已记录内容不得更改，只能另行更正。"""

    code = "append_only"


class IllegalStep(Conflict):
    """The present state does not allow this step. / 当前状态不允许此步骤。"""

    code = "illegal_step"

    def __init__(self, subject: str, *, state: str, step: str) -> None:
        super().__init__(
            f"{subject} is {state}; {step} is not possible from there",
            f"{subject}当前状态为 {state}，不能执行 {step}",
            state=state,
            step=step,
        )


class OverCapture(Conflict):
    """More was to be taken than is held. / 扣划金额超过冻结金额。"""

    code = "over_capture"


class DepositExists(Conflict):
    """This bidder has a deposit for this lot already. / 该竞买人已缴纳本标的保证金。"""

    code = "deposit_exists"


class DuplicateBankReference(Conflict):
    """A payment with this bank reference is recorded already, with other content. / 银行流水号已登记且内容不同。"""

    code = "duplicate_bank_reference"


class SamePerson(Conflict):
    """The second step of a pair needs another person than the first. / 复核人不得与经办人为同一人。"""

    code = "second_person_needed"


class PlanChanged(Conflict):
    """The content differs from what was shown for approval. / 内容与提交审批时不一致。"""

    code = "plan_changed"


class SchemeUnknown(InvalidInput):
    """There is no scheme of this name and version. / 风险补偿方案不存在。"""

    code = "scheme_unknown"


class AlreadyEnrolled(Conflict):
    """This loan is enrolled already. / 该笔贷款已备案。"""

    code = "already_enrolled"


class NotEnrolled(Conflict):
    """This scheme compensates only loans enrolled before their default. / 该方案仅补偿违约前已备案的贷款。"""

    code = "not_enrolled"


class BreakerTripped(Conflict):
    """A breaker of the scheme has tripped for this lender. / 该银行在本方案下已触发熔断。"""

    code = "breaker_tripped"


_BY_SQLSTATE: dict[str, type[LuochuiError]] = {
    "LL001": UnbalancedTransfer,
    "LL002": IdempotencyIdReused,
    "LL003": InsufficientFunds,
    "LL004": UnknownAccount,
    "LL008": AppendOnly,
    "LL009": AppendOnly,
    "LL010": Conflict,
    "LL011": DuplicateBankReference,
}

_BY_CONSTRAINT: dict[str, type[LuochuiError]] = {
    "accounts_not_overdrawn": InsufficientFunds,
    "deposits_one_a_lot": DepositExists,
    "cases_one_a_loan": AlreadyEnrolled,
    "cases_one_a_contract": AlreadyEnrolled,
    "enrolments_one_a_loan": AlreadyEnrolled,
    "enrolments_one_a_contract": AlreadyEnrolled,
    "case_settlements_bank_reference_key": DuplicateBankReference,
    "case_charges_bank_reference_key": DuplicateBankReference,
}


@contextmanager
def translated() -> Iterator[None]:
    """Turns a refusal of the database that this package knows into its error; others pass as they are."""
    try:
        yield
    except asyncpg.PostgresError as refused:
        constraint = getattr(refused, "constraint_name", None) or ""
        known = _BY_SQLSTATE.get(refused.sqlstate or "") or _BY_CONSTRAINT.get(constraint)
        if known is None:
            raise
        if constraint:
            raise known from refused
        raise known(f"{known().message} ({refused})", known().message_zh) from refused
