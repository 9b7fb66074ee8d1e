"""/v1/orders/…: what happens after an order was placed, or something was sold. Everything can be asked again safely.

With the scope `orders:admin` one acts as a manager: beyond the limits of aftersale.policy.
"""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from litestar import Response, Router, get, post, put
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter
from litestar.status_codes import HTTP_200_OK

from comptoir import identity, inventory
from comptoir.kernel import mail
from comptoir.kernel.auth import Actor, allow
from comptoir.kernel.db import Tx
from comptoir.kernel.http import raises
from comptoir.orders import rights
from comptoir.orders.aftersale import cancelling, documents, edits, exchanges, returns, strangers
from comptoir.orders.aftersale.actions import Action
from comptoir.orders.aftersale.by_basket import BY_BASKET
from comptoir.orders.aftersale.documents import Document, Issue
from comptoir.orders.aftersale.errors import (
    ApprovalNeeded,
    EditRefused,
    IdTaken,
    NothingToWrite,
    NotOpen,
    NotReturnable,
    ReturnSettled,
    TenderRefused,
    UnknownDocument,
    UnknownReturn,
)
from comptoir.orders.aftersale.goodwill import goodwill as give_goodwill
from comptoir.orders.aftersale.mailing import Mailed, Mailing, mails_of, post_by_mail
from comptoir.orders.aftersale.records import (
    Announce,
    AtCounter,
    Cancel,
    Cancellation,
    Exchange,
    Exchanged,
    Given,
    Goodwill,
    Inspect,
    Purchase,
    Receive,
    Return,
    Settling,
    WithoutReceipt,
)
from comptoir.orders.aftersale.sold import Sold, sales_of_order, sold
from comptoir.orders.aftersale.standing import actions_of
from comptoir.orders.baskets import Address, Delivery
from comptoir.orders.errors import (
    NotYourOrder,
    NotYourPlace,
    UnknownOrder,
    UnknownSale,
)

MANAGER = "orders:admin"
PERSONAL = [allow("orders:read"), allow("profiles:read")]
"""What says who somebody is."""


@post(
    "/book/{order_id:uuid}/cancellations",
    guards=[allow("orders:write")],
    responses=raises(UnknownOrder, NotOpen, IdTaken, NotYourOrder),
    status_code=HTTP_200_OK,
)
async def post_cancellation(
    tx: NamedDependency[Tx], actor: NamedDependency[Actor], order_id: FromPath[UUID], data: JSONBody[Cancel]
) -> Cancellation:
    """Cancel an order, or pieces of it, before they are handed over."""
    await rights.must_touch(tx, actor, order_id=order_id)
    return await cancelling.cancel(tx, order_id=order_id, asked=data, actor=actor.name)


@get("/book/{order_id:uuid}/cancellations", guards=[allow("orders:read")], responses=raises(NotYourOrder))
async def get_cancellations(
    tx: NamedDependency[Tx], actor: NamedDependency[Actor], order_id: FromPath[UUID]
) -> list[Cancellation]:
    """What was cancelled of an order."""
    await rights.must_touch(tx, actor, order_id=order_id)
    return await cancelling.cancellations(tx, order_id=order_id)


@get("/book/{order_id:uuid}/returnable", guards=[allow("orders:read")], responses=raises(UnknownOrder))
async def get_returnable(tx: NamedDependency[Tx], order_id: FromPath[UUID]) -> list[Sold]:
    """The receipts of an order's parcels, and how many pieces of each line may still come back."""
    found = await sold(tx, sale_ids=await sales_of_order(tx, order_id=order_id))
    return [found[sale_id] for sale_id in sorted(found)]


@get("/book/{order_id:uuid}/returns", guards=[allow("orders:read")])
async def get_returns_of_order(tx: NamedDependency[Tx], order_id: FromPath[UUID]) -> list[Return]:
    """What came back of an order."""
    return await returns.of_order(tx, order_id=order_id)


@get("/sales/{sale_id:int}/returnable", guards=[allow("orders:read")], responses=raises(UnknownSale))
async def get_returnable_of_sale(tx: NamedDependency[Tx], sale_id: FromPath[int]) -> Sold:
    """A receipt, and how many pieces of each line may still come back."""
    return (await sold(tx, sale_ids=[sale_id]))[sale_id]


@post(
    "/returns",
    guards=[allow("orders:write")],
    responses=raises(ApprovalNeeded, UnknownSale, NotReturnable, IdTaken, inventory.UnknownLocation),
    status_code=HTTP_200_OK,
)
async def post_return(tx: NamedDependency[Tx], actor: NamedDependency[Actor], data: JSONBody[Announce]) -> Return:
    """Announce what will come back: its number stands on the parcel's label."""
    return await returns.announce(tx, asked=data, actor=actor.name, approved=actor.may(MANAGER))


@post(
    "/returns/at-counter",
    guards=[allow("orders:write")],
    responses=raises(
        *(ApprovalNeeded, UnknownSale, NotReturnable, ReturnSettled, IdTaken, TenderRefused, NotYourPlace),
        inventory.UnknownLocation,
    ),
    status_code=HTTP_200_OK,
)
async def post_return_at_counter(
    tx: NamedDependency[Tx], actor: NamedDependency[Actor], data: JSONBody[AtCounter]
) -> Return:
    """Take goods back over the counter, wherever they were bought, and give the money back."""
    await rights.must_be_at(tx, actor, location=data.location)
    return await returns.at_counter(tx, asked=data, actor=actor.name, approved=actor.may(MANAGER))


@get("/returns/{return_id:uuid}", guards=[allow("orders:read")], responses=raises(NotYourOrder, UnknownReturn))
async def get_return(tx: NamedDependency[Tx], actor: NamedDependency[Actor], return_id: FromPath[UUID]) -> Return:
    """A return as it is."""
    await rights.must_touch_return(tx, actor, return_id=return_id)
    return await returns.one(tx, return_id=return_id)


@post(
    "/returns/{return_id:uuid}/receipt",
    guards=[allow("orders:write")],
    responses=raises(
        UnknownReturn, ReturnSettled, NotReturnable, TenderRefused, NotYourPlace, inventory.UnknownLocation
    ),
    status_code=HTTP_200_OK,
)
async def post_receipt(
    tx: NamedDependency[Tx], actor: NamedDependency[Actor], return_id: FromPath[UUID], data: JSONBody[Receive]
) -> Return:
    """Announced goods have come. Until somebody has looked at them they lie in quarantine."""
    await rights.must_be_at(tx, actor, location=data.location)
    return await returns.receive(tx, return_id=return_id, asked=data, actor=actor.name, approved=actor.may(MANAGER))


@post(
    "/returns/{return_id:uuid}/inspection",
    guards=[allow("orders:write")],
    responses=raises(UnknownReturn, ReturnSettled, NotReturnable, NotYourOrder, inventory.NotThere),
    status_code=HTTP_200_OK,
)
async def post_inspection(
    tx: NamedDependency[Tx], actor: NamedDependency[Actor], return_id: FromPath[UUID], data: JSONBody[Inspect]
) -> Return:
    """Say what the goods are: sellable, damaged, or still to be looked at."""
    await rights.must_touch_return(tx, actor, return_id=return_id)
    return await returns.inspect(tx, return_id=return_id, verdicts=data.verdicts, actor=actor.name)


@post(
    "/returns/{return_id:uuid}/refund",
    guards=[allow("orders:write")],
    responses=raises(UnknownReturn, ReturnSettled, NotReturnable, TenderRefused, ApprovalNeeded, NotYourOrder),
    status_code=HTTP_200_OK,
)
async def post_refund(
    tx: NamedDependency[Tx], actor: NamedDependency[Actor], return_id: FromPath[UUID], data: JSONBody[Settling]
) -> Return:
    """Give the money back, whatever has become of the goods: once, and never more than was paid."""
    await rights.must_touch_return(tx, actor, return_id=return_id)
    return await returns.settle(tx, return_id=return_id, asked=data, approved=actor.may(MANAGER))


@post(
    "/returns/{return_id:uuid}/giving-up",
    guards=[allow("orders:write")],
    responses=raises(UnknownReturn, ReturnSettled, NotYourOrder),
    status_code=HTTP_200_OK,
)
async def post_giving_up(tx: NamedDependency[Tx], actor: NamedDependency[Actor], return_id: FromPath[UUID]) -> Return:
    """Announced goods do not come."""
    await rights.must_touch_return(tx, actor, return_id=return_id)
    return await returns.give_up(tx, return_id=return_id)


@get("/book/{order_id:uuid}/actions", guards=[allow("orders:read")], responses=raises(UnknownOrder))
async def get_actions(tx: NamedDependency[Tx], actor: NamedDependency[Actor], order_id: FromPath[UUID]) -> list[Action]:
    """What you may do with this order now, and what not and why."""
    return await actions_of(tx, order_id=order_id, by=actor)


@put(
    "/book/{order_id:uuid}/address",
    guards=[allow("orders:write")],
    responses=raises(UnknownOrder, EditRefused, NotYourOrder),
)
async def put_address(
    tx: NamedDependency[Tx], actor: NamedDependency[Actor], order_id: FromPath[UUID], data: JSONBody[Address]
) -> Delivery:
    """Send an order to another address, before its goods are picked."""
    await rights.must_touch(tx, actor, order_id=order_id)
    return await edits.change_address(tx, order_id=order_id, address=data)


@post(
    "/sales/{sale_id:int}/goodwill",
    guards=[allow("orders:write")],
    responses=raises(UnknownSale, ApprovalNeeded, TenderRefused, IdTaken, NotYourOrder),
    status_code=HTTP_200_OK,
)
async def post_goodwill(
    tx: NamedDependency[Tx], actor: NamedDependency[Actor], sale_id: FromPath[int], data: JSONBody[Goodwill]
) -> Given:
    """Give some of the money back to a customer who keeps the goods."""
    await rights.must_touch_sale(tx, actor, sale_id=sale_id)
    return await give_goodwill(tx, sale_id=sale_id, asked=data, actor=actor.name, approved=actor.may(MANAGER))


@get("/purchases", guards=PERSONAL, responses=raises(identity.UnknownPerson))
async def get_purchases(
    tx: NamedDependency[Tx],
    person: Annotated[UUID, QueryParameter(description="Public id of the person.")],
    sku: Annotated[str, QueryParameter(description="Only this article; empty for all.", max_length=500)] = "",
) -> list[Purchase]:
    """What a person bought within a year and may still bring back, newest first. Personal."""
    return await strangers.purchases(tx, person=person, skus=[sku] if sku else [])


@post(
    "/returns/without-receipt",
    guards=[allow("orders:write")],
    responses=raises(
        identity.UnknownPerson, NotReturnable, IdTaken, TenderRefused, NotYourPlace, inventory.UnknownLocation
    ),
    status_code=HTTP_200_OK,
)
async def post_without_receipt(
    tx: NamedDependency[Tx], actor: NamedDependency[Actor], data: JSONBody[WithoutReceipt]
) -> Return:
    """Take goods back from a customer whom we know, by what she bought. Too often: the money waits for a manager."""
    await rights.must_be_at(tx, actor, location=data.location)
    return await strangers.without_receipt(tx, asked=data, actor=actor.name, approved=actor.may(MANAGER))


@post(
    "/exchanges",
    guards=[allow("orders:write")],
    responses=raises(
        *(ApprovalNeeded, UnknownSale, NotReturnable, ReturnSettled, IdTaken, TenderRefused, NotYourPlace),
        inventory.UnknownLocation,
    ),
    status_code=HTTP_200_OK,
)
async def post_exchange(tx: NamedDependency[Tx], actor: NamedDependency[Actor], data: JSONBody[Exchange]) -> Exchanged:
    """Take goods back and give others over the counter; the difference is paid or given back."""
    await rights.must_be_at(tx, actor, location=data.location)
    return await exchanges.exchange(tx, asked=data, actor=actor.name, approved=actor.may(MANAGER))


@post(
    "/sales/{sale_id:int}/documents",
    guards=[allow("orders:write")],
    responses=raises(UnknownSale, NothingToWrite, NotYourOrder),
    status_code=HTTP_200_OK,
)
async def post_document(
    tx: NamedDependency[Tx], actor: NamedDependency[Actor], sale_id: FromPath[int], data: JSONBody[Issue]
) -> Document:
    """Issue an invoice or a receipt of a sale, or the credit note of a return: once, numbered, never changed."""
    await rights.must_touch_sale(tx, actor, sale_id=sale_id)
    return await documents.issue(tx, sale_id=sale_id, asked=data)


@get("/sales/{sale_id:int}/documents", guards=PERSONAL, responses=raises(NotYourOrder))
async def get_documents(
    tx: NamedDependency[Tx], actor: NamedDependency[Actor], sale_id: FromPath[int]
) -> list[Document]:
    """The documents of a sale and of what was given back of it. Personal."""
    await rights.must_touch_sale(tx, actor, sale_id=sale_id)
    return await documents.documents_of(tx, sale_ids=[sale_id])


@get("/book/{order_id:uuid}/documents", guards=PERSONAL, responses=raises(NotYourOrder))
async def get_documents_of_order(
    tx: NamedDependency[Tx], actor: NamedDependency[Actor], order_id: FromPath[UUID]
) -> list[Document]:
    """The documents of an order's parcels. Personal."""
    await rights.must_touch(tx, actor, order_id=order_id)
    return await documents.documents_of(tx, sale_ids=await sales_of_order(tx, order_id=order_id))


@get("/documents/{document_id:uuid}", guards=PERSONAL, responses=raises(NotYourOrder, UnknownDocument))
async def get_document(tx: NamedDependency[Tx], actor: NamedDependency[Actor], document_id: FromPath[UUID]) -> Document:
    """A document as it was issued. Personal."""
    await rights.must_touch_document(tx, actor, document_id=document_id)
    return await documents.document(tx, document_id=document_id)


@get(
    "/documents/{document_id:uuid}/pdf",
    guards=PERSONAL,
    responses=raises(NotYourOrder, UnknownDocument),
    media_type="application/pdf",
)
async def get_pdf(
    tx: NamedDependency[Tx], actor: NamedDependency[Actor], document_id: FromPath[UUID]
) -> Response[bytes]:
    """The same document as PDF, byte for byte the same each time. Personal."""
    await rights.must_touch_document(tx, actor, document_id=document_id)
    found = await documents.document(tx, document_id=document_id)
    pdf = await documents.pdf_of(tx, document_id=document_id)
    head = {"content-disposition": f'inline; filename="{found.number}.pdf"', "etag": f'"{found.digest}"'}
    return Response(pdf, media_type="application/pdf", headers=head)


@post(
    "/documents/{document_id:uuid}/mails",
    guards=[allow("orders:write")],
    responses=raises(UnknownDocument, NotYourOrder, IdTaken, mail.BadAddress, mail.MailOff),
    status_code=HTTP_200_OK,
)
async def post_mail(
    tx: NamedDependency[Tx],
    state: State,
    actor: NamedDependency[Actor],
    document_id: FromPath[UUID],
    data: JSONBody[Mailing],
) -> Mailed:
    """Send a document by e-mail, as it was issued, with its PDF. It is handed in after the answer."""
    paper = await documents.document(tx, document_id=document_id)
    await rights.must_touch_sale(tx, actor, sale_id=paper.sale_id)
    return await post_by_mail(tx, document_id=document_id, asked=data, url=state.settings.mail_url, actor=actor.name)


@get("/documents/{document_id:uuid}/mails", guards=PERSONAL, responses=raises(NotYourOrder))
async def get_mails(
    tx: NamedDependency[Tx], actor: NamedDependency[Actor], document_id: FromPath[UUID]
) -> Sequence[Mailed]:
    """To whom a document was sent, and what became of it, the last first. Personal."""
    await rights.must_touch_document(tx, actor, document_id=document_id)
    return await mails_of(tx, document_id=document_id)


router = Router(
    "/v1/orders",
    route_handlers=[
        post_cancellation,
        get_cancellations,
        get_returnable,
        get_returns_of_order,
        get_returnable_of_sale,
        post_return,
        post_return_at_counter,
        get_return,
        post_receipt,
        post_inspection,
        post_refund,
        post_giving_up,
        get_actions,
        put_address,
        post_goodwill,
        get_purchases,
        post_without_receipt,
        post_exchange,
        *BY_BASKET,
        post_document,
        get_documents,
        get_documents_of_order,
        get_document,
        get_pdf,
        post_mail,
        get_mails,
    ],
    tags=["orders"],
)
