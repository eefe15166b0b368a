"""Routes of banking (资金收付): statements, the queue of credits, accounts, instruction files, the bank's answers."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.datastructures import UploadFile
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody

from kit.errors import InvalidInput
from marketplace.banking import free_money, paying, service
from marketplace.banking.schemas import (
    AccountApproval,
    AccountIn,
    AccountView,
    BankFileView,
    DecisionIn,
    DecisionView,
    DueList,
    EntryView,
    FreeMoneyIn,
    FreeMoneyList,
    PaymentFileApproval,
    PaymentFileIn,
    PaymentFileView,
    PayoutList,
    Refund,
    RefundDueList,
    RefundIn,
    SecondIn,
    Withdrawal,
)
from marketplace.edge.bodies import UnsupportedMediaType
from marketplace.edge.cursors import Page, page_of
from marketplace.edge.dependencies import At, Conn, Me, Now
from marketplace.edge.documentation import PRODUCES
from marketplace.edge.policies import allow
from marketplace.edge.reach import REACH
from marketplace.organisations.schemas import Role
from settlement.bank_files import FILE_BYTES_MAX
from settlement.bank_statements import template

#: Why what changes here reaches over organisations (`edge.reach`).
_WHY = "A bank statement books money of every party whom it names."
#: Who holds others' money: venues and funds; banks that take in licence fees and mandates' income themselves.
_MAKING = (Role.VENUE_OPERATOR, Role.FUND_ADMINISTRATOR, Role.BANK_MAKER)
_CHECKING = (Role.VENUE_CHECKER, Role.FUND_CHECKER, Role.BANK_CHECKER)
_MAKERS = allow(*_MAKING)
_CHECKERS = allow(*_CHECKING)
_PEOPLE = allow(*_MAKING, *_CHECKING)
_PLAIN = frozenset({"application/xml", "text/xml", "text/csv"})
_MULTIPART = "multipart/form-data"
#: The file and what a form adds around it.
_BODY_BYTES_MAX = FILE_BYTES_MAX + 64 * 1024


@get(
    "/v1/lots/{lot_id:uuid}/dues/me",
    opt={"policy": allow(Role.AGENCY_BIDDER)},
    summary="What I am to pay 我的应缴款项",
)
async def get_own_dues(reader: Conn, caller: Me, now: Now, lot_id: FromPath[UUID]) -> DueList:
    """Deposit and price that my agency owes for a lot, each with the reference to write on the transfer."""
    return DueList(items=await service.own_dues(reader, caller, lot_id, now=now))


@post(
    "/v1/banking/statements",
    opt={"policy": _MAKERS, REACH: _WHY},
    request_max_body_size=_BODY_BYTES_MAX,
    summary="Statement 导入银行对账单",
)
async def receive_statement(
    request: Request[Any, Any, Any], conn: Conn, caller: Me, now: Now
) -> Response[BankFileView]:
    """Enter a bank statement (camt.053 or CSV), sent as it is or as a form's one field `file`.

    What does not hold is kept as QUARANTINED with the reason, and nothing of it is entered. The same file again
    gives its first import back.
    """
    done = await service.receive_statement(conn, caller, await _file_of(request), now=now)
    return _received(done, f"/v1/banking/statements/{done.id}")


@get("/v1/banking/statements", opt={"policy": _PEOPLE}, summary="Statements 对账单列表")
async def list_statements(reader: Conn, caller: Me, position: At) -> Page[BankFileView]:
    """The statement files of my organisation, newest first."""
    found = await service.statements(reader, caller, after=position.after, limit=position.rows)
    return page_of(found, position, key=lambda file: file.id)


@get(
    "/v1/banking/statements/{file_id:uuid}",
    opt={"policy": _PEOPLE},
    summary="One statement 对账单",
)
async def get_statement(reader: Conn, caller: Me, file_id: FromPath[UUID]) -> BankFileView:
    """A statement file with the entries that it brought, and what became of each."""
    return await service.statement(reader, caller, file_id)


@get(
    "/v1/templates/bank-statement.csv",
    opt={"policy": _PEOPLE, PRODUCES: ("text/csv",)},
    summary="Statement template 对账单模板",
)
async def get_template() -> Response[bytes]:
    """The CSV's columns in both languages, and a block that adds up."""
    return _download(template().encode("utf-8-sig"), "text/csv", "bank-statement.csv")


@get("/v1/banking/queue", opt={"policy": _PEOPLE}, summary="Unmatched entries 待处理流水")
async def list_queue(reader: Conn, caller: Me, position: At) -> Page[EntryView]:
    """Entries that nobody can be told for certain: each with its verdict."""
    found = await service.queue(reader, caller, after=position.after, limit=position.rows)
    return page_of(found, position, key=lambda entry: entry.id)


@post(
    "/v1/banking/entries/{entry_id:uuid}/decisions",
    opt={"policy": _MAKERS, REACH: _WHY},
    summary="Decide 处理流水",
)
async def decide(
    conn: Conn, caller: Me, now: Now, entry_id: FromPath[UUID], data: JSONBody[DecisionIn]
) -> DecisionView:
    """Assign a credit to a due, send it back, hold it, or note a debit, with the reason."""
    return await service.decide(conn, caller, entry_id, data, now=now)


@get(
    "/v1/banking/entries/{entry_id:uuid}/decisions",
    opt={"policy": _PEOPLE},
    summary="Decisions 处理意见",
)
async def list_decisions(reader: Conn, caller: Me, entry_id: FromPath[UUID]) -> list[DecisionView]:
    """Every decision on an entry, in the order made."""
    return await service.decisions(reader, caller, entry_id)


@post(
    "/v1/banking/decisions/{decision_id:uuid}/second",
    opt={"policy": _CHECKERS, REACH: _WHY},
    summary="Second person 复核处理意见",
)
async def second(
    conn: Conn, caller: Me, now: Now, decision_id: FromPath[UUID], data: JSONBody[SecondIn]
) -> DecisionView:
    """Agree with a decision that needs two people, or refuse it; by another person than who made it."""
    return await service.second(conn, caller, decision_id, data, now=now)


@post(
    "/v1/lots/{lot_id:uuid}/refunds",
    opt={"policy": allow(Role.VENUE_OPERATOR), REACH: _WHY},
    summary="Refund a deposit 退还保证金",
)
async def refund_deposit(
    conn: Conn, caller: Me, now: Now, lot_id: FromPath[UUID], data: JSONBody[RefundIn]
) -> Refund:
    """Queue the payout of a released deposit to its bidder, once."""
    return await service.refund_deposit(conn, caller, lot_id, data, now=now)


@post(
    "/v1/banking/accounts",
    opt={"policy": _MAKERS, REACH: _WHY},
    summary="Propose an account 登记收款账户",
)
async def propose_account(
    conn: Conn, caller: Me, now: Now, data: JSONBody[AccountIn]
) -> AccountView:
    """Propose where a payee is to be paid, or my organisation's own account."""
    return await paying.propose_account(conn, caller, data, now=now)


@get("/v1/banking/accounts", opt={"policy": _PEOPLE}, summary="Accounts 收款账户")
async def list_accounts(reader: Conn, caller: Me, position: At) -> Page[AccountView]:
    """The register of my organisation, newest first."""
    found = await paying.accounts(reader, caller, after=position.after, limit=position.rows)
    return page_of(found, position, key=lambda account: account.id)


@post(
    "/v1/banking/accounts/{account_id:uuid}/approve",
    opt={"policy": _CHECKERS, REACH: _WHY},
    summary="Approve an account 复核收款账户",
)
async def approve_account(
    conn: Conn, caller: Me, now: Now, account_id: FromPath[UUID], data: JSONBody[AccountApproval]
) -> AccountView:
    """Approve an account as shown; one that takes another's place waits a day, and voids files not exported."""
    return await paying.approve_account(conn, caller, account_id, data, now=now)


@post(
    "/v1/banking/accounts/{account_id:uuid}/refuse",
    opt={"policy": _CHECKERS, REACH: _WHY},
    summary="Refuse an account 退回收款账户",
)
async def refuse_account(
    conn: Conn, caller: Me, now: Now, account_id: FromPath[UUID], data: JSONBody[Withdrawal]
) -> AccountView:
    """Refuse a proposed account."""
    return await paying.refuse_account(conn, caller, account_id, data, now=now)


@get("/v1/banking/payouts", opt={"policy": _PEOPLE}, summary="Payouts 待付款项")
async def list_payouts(reader: Conn, caller: Me, now: Now) -> PayoutList:
    """What waits to leave my organisation's custody, oldest first."""
    return PayoutList(items=await paying.payouts(reader, caller, now=now))


@get("/v1/banking/refunds-due", opt={"policy": _PEOPLE}, summary="Refunds due 待退保证金")
async def list_refunds_due(reader: Conn, caller: Me, now: Now) -> RefundDueList:
    """Released deposits that are to go back to their bidders, each with the last moment of its regime."""
    return RefundDueList(items=await service.refunds_due(reader, caller, now=now))


@get("/v1/banking/free-money", opt={"policy": _PEOPLE}, summary="Free money 可用资金")
async def list_free_money(reader: Conn, caller: Me) -> FreeMoneyList:
    """What others have with my organisation that pays and secures nothing, but for released deposits."""
    return FreeMoneyList(items=await free_money.held(reader, caller))


@post(
    "/v1/banking/free-money/refunds",
    opt={"policy": allow(Role.VENUE_OPERATOR), REACH: _WHY},
    summary="Send free money back 退还可用资金",
)
async def send_free_money_back(
    conn: Conn, caller: Me, now: Now, data: JSONBody[FreeMoneyIn]
) -> Refund:
    """Queue a payout of free money to whose it is, with the reason; it leaves by a file of two people."""
    return await free_money.send_back(conn, caller, data, now=now)


@post(
    "/v1/banking/payment-files",
    opt={"policy": _MAKERS, REACH: _WHY},
    summary="Draft a file 起草付款指令文件",
)
async def draft_file(
    conn: Conn, caller: Me, now: Now, data: JSONBody[PaymentFileIn]
) -> PaymentFileView:
    """Gather payouts into an instruction file, pain.001 or CSV."""
    return await paying.draft_file(conn, caller, data, now=now)


@get("/v1/banking/payment-files", opt={"policy": _PEOPLE}, summary="Files 付款指令文件列表")
async def list_files(reader: Conn, caller: Me, position: At) -> Page[PaymentFileView]:
    """The instruction files of my organisation, newest first."""
    found = await paying.files(reader, caller, after=position.after, limit=position.rows)
    return page_of(found, position, key=lambda file: file.id)


@get(
    "/v1/banking/payment-files/{file_id:uuid}",
    opt={"policy": _PEOPLE},
    summary="One file 付款指令文件",
)
async def get_file(reader: Conn, caller: Me, file_id: FromPath[UUID]) -> PaymentFileView:
    """A file line by line, with what the bank said of each payment."""
    return await paying.get_file(reader, caller, file_id)


@post(
    "/v1/banking/payment-files/{file_id:uuid}/approve",
    opt={"policy": _CHECKERS, REACH: _WHY},
    summary="Approve a file 复核付款指令文件",
)
async def approve_file(
    conn: Conn, caller: Me, now: Now, file_id: FromPath[UUID], data: JSONBody[PaymentFileApproval]
) -> PaymentFileView:
    """Approve a file as shown, by another person than who drafted it."""
    return await paying.approve_file(conn, caller, file_id, data, now=now)


@post(
    "/v1/banking/payment-files/{file_id:uuid}/withdraw",
    opt={"policy": _PEOPLE, REACH: _WHY},
    summary="Withdraw a file 撤回付款指令文件",
)
async def withdraw_file(
    conn: Conn, caller: Me, now: Now, file_id: FromPath[UUID], data: JSONBody[Withdrawal]
) -> PaymentFileView:
    """Withdraw a file that was not exported; its payouts are free for another."""
    return await paying.withdraw_file(conn, caller, file_id, data, now=now)


@post(
    "/v1/banking/payment-files/{file_id:uuid}/export",
    opt={"policy": _MAKERS, REACH: _WHY},
    summary="Export a file 导出付款指令文件",
)
async def export_file(conn: Conn, caller: Me, now: Now, file_id: FromPath[UUID]) -> PaymentFileView:
    """Release an approved file for the bank: from here its payouts are sent."""
    return await paying.export_file(conn, caller, file_id, now=now)


@get(
    "/v1/banking/payment-files/{file_id:uuid}/content",
    opt={"policy": _MAKERS, PRODUCES: ("application/xml", "text/csv")},
    summary="Download 下载付款指令文件",
)
async def get_content(reader: Conn, caller: Me, file_id: FromPath[UUID]) -> Response[bytes]:
    """The exported file: the same bytes every time."""
    file, content = await paying.content_of(reader, caller, file_id)
    kind, ending = ("text/csv", "csv") if file.format == "csv" else ("application/xml", "xml")
    return _download(content, kind, f"{file.message_id}.{ending}")


@post(
    "/v1/banking/answers",
    opt={"policy": _MAKERS, REACH: _WHY},
    request_max_body_size=_BODY_BYTES_MAX,
    summary="Answers 导入付款结果",
)
async def receive_answers(
    request: Request[Any, Any, Any], conn: Conn, caller: Me, now: Now
) -> Response[BankFileView]:
    """Take in the bank's answer to payments (pain.002 or CSV); a rejected payout goes back to the queue."""
    done = await service.receive_answers(conn, caller, await _file_of(request), now=now)
    return _received(done, "/v1/banking/answers")


@get("/v1/banking/answers", opt={"policy": _PEOPLE}, summary="Answers 付款结果文件")
async def list_answers(reader: Conn, caller: Me, position: At) -> Page[BankFileView]:
    """The status files of my organisation, newest first."""
    found = await service.answers(reader, caller, after=position.after, limit=position.rows)
    return page_of(found, position, key=lambda file: file.id)


async def _file_of(request: Request[Any, Any, Any]) -> bytes:
    kind = request.content_type[0]
    if kind in _PLAIN:
        return await request.body()
    if kind != _MULTIPART:
        raise UnsupportedMediaType(
            f"send the file as {', '.join(sorted(_PLAIN))}, or as {_MULTIPART} with a field `file`",
            f"请以 {'、'.join(sorted(_PLAIN))} 或 {_MULTIPART}（字段 file）发送文件",
        )
    form = await request.form()
    file = form.get("file")
    if not isinstance(file, UploadFile) or set(form) != {"file"}:
        raise InvalidInput(
            "file", "must be the form's one field, and a file", "表单须只有一个字段 file，且为文件"
        )
    return await file.read()


def _received(done: BankFileView, location: str) -> Response[BankFileView]:
    return Response(
        done, status_code=200 if done.is_repeat else 201, headers={"Location": location}
    )


def _download(content: bytes, kind: str, name: str) -> Response[bytes]:
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(content, media_type=kind, headers=headers)


routes: list[HTTPRouteHandler] = [
    get_own_dues,
    receive_statement,
    list_statements,
    get_statement,
    get_template,
    list_queue,
    decide,
    list_decisions,
    second,
    refund_deposit,
    propose_account,
    list_accounts,
    approve_account,
    refuse_account,
    list_payouts,
    list_refunds_due,
    list_free_money,
    send_free_money_back,
    draft_file,
    list_files,
    get_file,
    approve_file,
    withdraw_file,
    export_file,
    get_content,
    receive_answers,
    list_answers,
]
