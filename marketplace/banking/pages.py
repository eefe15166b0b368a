"""The pages of banking (资金收付): statements and the queue of credits, payouts and instruction files, accounts."""

from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response import Redirect

from marketplace.banking import free_money, paying, service
from marketplace.banking.schemas import (
    AccountApproval,
    AccountIn,
    DecisionIn,
    DecisionView,
    EntryView,
    FreeMoneyIn,
    PaymentFileApproval,
    PaymentFileIn,
    RefundIn,
    SecondIn,
    Withdrawal,
)
from marketplace.edge.cursors import page_of
from marketplace.edge.dependencies import At, Conn, Me, Now
from marketplace.edge.policies import POLICY, allow
from marketplace.edge.reach import REACH
from marketplace.organisations.schemas import Caller, Role
from marketplace.pages.forms import given, in_fen
from marketplace.pages.rendering import page
from marketplace.pages.serving import PAGE, form_of, upload_of, visitor_of
from settlement.bank_files import FILE_BYTES_MAX

#: Why what is done here reaches over organisations (`edge.reach`).
_WHY = "A holder of custody money books what others paid and what is paid to them."
_MAKERS = (Role.VENUE_OPERATOR, Role.FUND_ADMINISTRATOR, Role.BANK_MAKER)
_CHECKERS = (Role.VENUE_CHECKER, Role.FUND_CHECKER, Role.BANK_CHECKER)
_SMALL = 16 * 1024
_UPLOAD = FILE_BYTES_MAX + 64 * 1024
_RECENT = 10


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """An entry of the queue with what people decided of it."""

    entry: EntryView
    decisions: list[DecisionView]


@get("/banking", opt={POLICY: allow(*_MAKERS, *_CHECKERS)}, **PAGE)
async def banking_page(
    request: Request[Any, Any, Any], reader: Conn, caller: Me, position: At
) -> Response[str]:
    """The queue of what nobody can be told for certain, each with its verdict and what may be done; recent files."""
    found = await service.queue(reader, caller, after=position.after, limit=position.rows)
    listed = page_of(found, position, key=lambda entry: entry.id)
    return page(
        "banking.html",
        visitor=visitor_of(request),
        here="/banking",
        waiting=[
            Waiting(entry=one, decisions=await service.decisions(reader, caller, one.id))
            for one in listed.items
        ],
        next_cursor=listed.next_cursor,
        statements=await service.statements(reader, caller, after=None, limit=_RECENT),
        answers=await service.answers(reader, caller, after=None, limit=_RECENT),
        **_may(caller),
    )


@post(
    "/banking/statements",
    opt={POLICY: allow(*_MAKERS), REACH: _WHY},
    request_max_body_size=_UPLOAD,
    **PAGE,
)
async def upload_statement(
    request: Request[Any, Any, Any], conn: Conn, caller: Me, now: Now
) -> Redirect:
    """Enter a statement file; what does not hold is kept aside with the reason."""
    await service.receive_statement(conn, caller, await upload_of(request), now=now)
    return _back("/banking")


@post(
    "/banking/answers",
    opt={POLICY: allow(*_MAKERS), REACH: _WHY},
    request_max_body_size=_UPLOAD,
    **PAGE,
)
async def upload_answers(
    request: Request[Any, Any, Any], conn: Conn, caller: Me, now: Now
) -> Redirect:
    """Take in the bank's answer to payments."""
    await service.receive_answers(conn, caller, await upload_of(request), now=now)
    return _back("/banking")


@post(
    "/banking/entries/{entry_id:uuid}",
    opt={POLICY: allow(*_MAKERS), REACH: _WHY},
    request_max_body_size=_SMALL,
    **PAGE,
)
async def decide(
    request: Request[Any, Any, Any], conn: Conn, caller: Me, now: Now, entry_id: FromPath[UUID]
) -> Redirect:
    """Assign a credit, send it back, hold it, or note a debit, with the reason."""
    fields = await form_of(request)
    await service.decide(conn, caller, entry_id, given(fields, DecisionIn), now=now)
    return _back("/banking")


@post(
    "/banking/decisions/{decision_id:uuid}",
    opt={POLICY: allow(*_CHECKERS), REACH: _WHY},
    request_max_body_size=_SMALL,
    **PAGE,
)
async def second(
    request: Request[Any, Any, Any], conn: Conn, caller: Me, now: Now, decision_id: FromPath[UUID]
) -> Redirect:
    """Agree with a decision that needs two people, or refuse it."""
    fields = await form_of(request)
    await service.second(conn, caller, decision_id, given(fields, SecondIn), now=now)
    return _back("/banking")


@get("/banking/payments", opt={POLICY: allow(*_MAKERS, *_CHECKERS)}, **PAGE)
async def payments_page(
    request: Request[Any, Any, Any], reader: Conn, caller: Me, now: Now, position: At
) -> Response[str]:
    """What waits to leave, the files that take it to the bank, and the register of accounts."""
    files = await paying.files(reader, caller, after=position.after, limit=position.rows)
    listed = page_of(files, position, key=lambda file: file.id)
    return page(
        "payments.html",
        visitor=visitor_of(request),
        here="/banking",
        payouts=await paying.payouts(reader, caller, now=now),
        refunds=await service.refunds_due(reader, caller, now=now),
        free=await free_money.held(reader, caller),
        may_refund=caller.has(Role.VENUE_OPERATOR),
        files=listed.items,
        next_cursor=listed.next_cursor,
        accounts=await paying.accounts(reader, caller, after=None, limit=50),
        own_id=caller.organisation_id,
        **_may(caller),
    )


@post(
    "/banking/refunds/{lot_id:uuid}",
    opt={POLICY: allow(Role.VENUE_OPERATOR), REACH: _WHY},
    request_max_body_size=_SMALL,
    **PAGE,
)
async def refund_deposit(
    request: Request[Any, Any, Any], conn: Conn, caller: Me, now: Now, lot_id: FromPath[UUID]
) -> Redirect:
    """Queue the payout of a released deposit to its bidder."""
    fields = await form_of(request)
    await service.refund_deposit(conn, caller, lot_id, given(fields, RefundIn), now=now)
    return _back("/banking/payments")


@post(
    "/banking/free-money",
    opt={POLICY: allow(Role.VENUE_OPERATOR), REACH: _WHY},
    request_max_body_size=_SMALL,
    **PAGE,
)
async def send_free_money_back(
    request: Request[Any, Any, Any], conn: Conn, caller: Me, now: Now
) -> Redirect:
    """Queue a payout of free money to whose it is, with the reason."""
    fields = in_fen(await form_of(request), "amount")
    await free_money.send_back(conn, caller, given(fields, FreeMoneyIn), now=now)
    return _back("/banking/payments")


@post(
    "/banking/files",
    opt={POLICY: allow(*_MAKERS), REACH: _WHY},
    request_max_body_size=_SMALL,
    **PAGE,
)
async def draft_file(request: Request[Any, Any, Any], conn: Conn, caller: Me, now: Now) -> Redirect:
    """Gather what is ready into a file."""
    fields = await form_of(request)
    file = await paying.draft_file(conn, caller, given(fields, PaymentFileIn), now=now)
    return _back(f"/banking/files/{file.id}")


@get("/banking/files/{file_id:uuid}", opt={POLICY: allow(*_MAKERS, *_CHECKERS)}, **PAGE)
async def file_page(
    request: Request[Any, Any, Any], reader: Conn, caller: Me, file_id: FromPath[UUID]
) -> Response[str]:
    """A file line by line, with what the bank said, and the step that comes next."""
    return page(
        "payment_file.html",
        visitor=visitor_of(request),
        here="/banking",
        file=await paying.get_file(reader, caller, file_id),
        me=caller.user_id,
        **_may(caller),
    )


@post(
    "/banking/files/{file_id:uuid}/approve",
    opt={POLICY: allow(*_CHECKERS), REACH: _WHY},
    request_max_body_size=_SMALL,
    **PAGE,
)
async def approve_file(
    request: Request[Any, Any, Any], conn: Conn, caller: Me, now: Now, file_id: FromPath[UUID]
) -> Redirect:
    """Approve a file as shown: the form carries the hashes of what was on the page."""
    fields = await form_of(request)
    await paying.approve_file(conn, caller, file_id, given(fields, PaymentFileApproval), now=now)
    return _back(f"/banking/files/{file_id}")


@post(
    "/banking/files/{file_id:uuid}/export",
    opt={POLICY: allow(*_MAKERS), REACH: _WHY},
    request_max_body_size=_SMALL,
    **PAGE,
)
async def export_file(
    request: Request[Any, Any, Any], conn: Conn, caller: Me, now: Now, file_id: FromPath[UUID]
) -> Redirect:
    """Release an approved file for the bank."""
    await form_of(request)
    await paying.export_file(conn, caller, file_id, now=now)
    return _back(f"/banking/files/{file_id}")


@post(
    "/banking/files/{file_id:uuid}/withdraw",
    opt={POLICY: allow(*_MAKERS, *_CHECKERS), REACH: _WHY},
    request_max_body_size=_SMALL,
    **PAGE,
)
async def withdraw_file(
    request: Request[Any, Any, Any], conn: Conn, caller: Me, now: Now, file_id: FromPath[UUID]
) -> Redirect:
    """Withdraw a file that was not exported."""
    fields = await form_of(request)
    await paying.withdraw_file(conn, caller, file_id, given(fields, Withdrawal), now=now)
    return _back(f"/banking/files/{file_id}")


@post(
    "/banking/accounts",
    opt={POLICY: allow(*_MAKERS), REACH: _WHY},
    request_max_body_size=_SMALL,
    **PAGE,
)
async def propose_account(
    request: Request[Any, Any, Any], conn: Conn, caller: Me, now: Now
) -> Redirect:
    """Propose where a payee is to be paid."""
    fields = await form_of(request)
    await paying.propose_account(conn, caller, given(fields, AccountIn), now=now)
    return _back("/banking/payments")


@post(
    "/banking/accounts/{account_id:uuid}/approve",
    opt={POLICY: allow(*_CHECKERS), REACH: _WHY},
    request_max_body_size=_SMALL,
    **PAGE,
)
async def approve_account(
    request: Request[Any, Any, Any], conn: Conn, caller: Me, now: Now, account_id: FromPath[UUID]
) -> Redirect:
    """Approve an account as shown."""
    fields = await form_of(request)
    await paying.approve_account(conn, caller, account_id, given(fields, AccountApproval), now=now)
    return _back("/banking/payments")


@post(
    "/banking/accounts/{account_id:uuid}/refuse",
    opt={POLICY: allow(*_CHECKERS), REACH: _WHY},
    request_max_body_size=_SMALL,
    **PAGE,
)
async def refuse_account(
    request: Request[Any, Any, Any], conn: Conn, caller: Me, now: Now, account_id: FromPath[UUID]
) -> Redirect:
    """Refuse a proposed account."""
    fields = await form_of(request)
    await paying.refuse_account(conn, caller, account_id, given(fields, Withdrawal), now=now)
    return _back("/banking/payments")


def _may(caller: Caller) -> dict[str, bool]:
    return {"may_make": caller.has(*_MAKERS), "may_check": caller.has(*_CHECKERS)}


def _back(path: str) -> Redirect:
    return Redirect(path, status_code=303)


routes: list[HTTPRouteHandler] = [
    banking_page,
    upload_statement,
    upload_answers,
    decide,
    second,
    payments_page,
    refund_deposit,
    send_free_money_back,
    draft_file,
    file_page,
    approve_file,
    export_file,
    withdraw_file,
    propose_account,
    approve_account,
    refuse_account,
]
