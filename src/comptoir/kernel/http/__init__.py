"""HTTP conventions: one transaction per request, problem+json, cursor paging, Idempotency-Key.

    @post("/sales", guards=[allow("orders:write")], responses=raises(UnknownOutlet))
    async def record_sale(tx: NamedDependency[Tx], data: JSONBody[SaleRequest]) -> Recorded: ...

transactions  `tx`: committed before the answer is sent, so an answer never promises what a crash could take back
idempotency   the same `Idempotency-Key` gets the same answer, and the work is done once
pages         `Page`, `page`, `cursor_of`, `place_of`
bodies        what a body may hold                    many  bodies that hold many things, each judged by itself
problems      RFC 9457 problem+json with a stable `code`; `raises(...)` for OpenAPI
hot           the busiest routes without the framework
edge          request ids, security headers, what no route may see
"""

from comptoir.kernel.auth.exchange import Exchange
from comptoir.kernel.http.bodies import Incoming, refuse_nul
from comptoir.kernel.http.edge import Edge
from comptoir.kernel.http.hot import Shortcut, Shortcuts
from comptoir.kernel.http.idempotency import IdempotencyKeyReused, InProgress, NotKept
from comptoir.kernel.http.pages import Cursor, Limit, Page, cursor_of, page, place_of
from comptoir.kernel.http.problems import EXCEPTION_HANDLERS, Problem, on_database, on_defect, problem, raises
from comptoir.kernel.http.requests import AnyRequest
from comptoir.kernel.http.transactions import DEPENDENCIES, READS_ONLY, keep_answer
from comptoir.kernel.logs import request_id

__all__ = [
    "DEPENDENCIES",
    "EXCEPTION_HANDLERS",
    "READS_ONLY",
    "AnyRequest",
    "Cursor",
    "Edge",
    "Exchange",
    "IdempotencyKeyReused",
    "InProgress",
    "Incoming",
    "Limit",
    "NotKept",
    "Page",
    "Problem",
    "Shortcut",
    "Shortcuts",
    "cursor_of",
    "keep_answer",
    "on_database",
    "on_defect",
    "page",
    "place_of",
    "problem",
    "raises",
    "refuse_nul",
    "request_id",
]
