"""What the order book keeps of people. What accounting law wants stays, without whose it was."""

from comptoir.kernel.register import Table
from comptoir.orders.aftersale.forgetting import forget_buyers

TEN_YEARS = "ten years (French commercial code, L123-22)"
BOOKS = "Accounting law wants what was sold, for how much and with which tax; not to whom."

HOLDINGS = [
    Table(
        name="orders.document_mail",
        what="To which address a document was sent",
        by="order",
        does="deleted",
        hers="recipient",
        free="detail",
        plain="state actor",
        keep="for ever",
        show="""
            SELECT json_build_object('recipient', m.recipient, 'asked_at', m.asked_at, 'sent_at', m.sent_at)
            FROM orders.document_mail AS m JOIN orders.document AS d USING (document_id)
            WHERE d.sale_id = ANY(%(sales)s::bigint[]) ORDER BY m.asked_at
        """,
        erase="""
            DELETE FROM orders.document_mail WHERE document_id IN (
                SELECT document_id FROM orders.document WHERE sale_id = ANY(%(sales)s::bigint[]))
        """,
    ),
    Table(
        name="orders.document",
        what="Invoices, receipts and credit notes",
        by="order",
        does="pseudonymised",
        hers="content email pdf",
        plain="kind language digest",
        why=BOOKS,
        keep=TEN_YEARS,
        show="""
            SELECT d.content::json FROM orders.document AS d
            WHERE sale_id = ANY(%(sales)s::bigint[]) ORDER BY issued_at
        """,
        work=forget_buyers,
    ),
    Table(
        name="orders.basket",
        what="Baskets: what is in them, and where it is to go",
        by="node",
        does="deleted",
        free="device body",
        plain="state",
        drop=True,
        keep="keep_baskets_days",
        show="""
            SELECT body::json FROM orders.basket
            WHERE node_id = ANY(%(nodes)s::bigint[]) OR basket_id = ANY(%(orders)s::uuid[]) ORDER BY changed_at
        """,
        erase="""
            DELETE FROM orders.basket
            WHERE node_id = ANY(%(nodes)s::bigint[]) OR basket_id = ANY(%(orders)s::uuid[])
        """,
    ),
    Table(
        name="orders.parcel",
        what="Who took the parcel, and its tracking number",
        by="order",
        does="pseudonymised",
        hers="proof tracking sscc",
        plain="lines carrier",
        why=BOOKS,
        keep=TEN_YEARS,
        show="""
            SELECT json_build_object('order_id', order_id, 'handed_over_at', handed_over_at, 'carrier', carrier,
                                     'tracking', tracking, 'proof', proof)
            FROM orders.parcel WHERE order_id = ANY(%(orders)s::uuid[]) ORDER BY handed_over_at
        """,
        erase="""
            UPDATE orders.parcel SET proof = NULL, tracking = '', sscc = '' WHERE order_id = ANY(%(orders)s::uuid[])
        """,
    ),
    Table(
        name="orders.fulfilment",
        what="The tracking number of what is on its way",
        by="order",
        does="pseudonymised",
        hers="tracking sscc shelf",
        plain="method state picker carrier",
        why=BOOKS,
        keep=TEN_YEARS,
        erase="""
            UPDATE orders.fulfilment SET tracking = '', sscc = '', shelf = ''
            WHERE order_id = ANY(%(orders)s::uuid[])
        """,
    ),
    Table(
        name="orders.fulfilment_act",
        what="What was done for the order: words of staff",
        by="order",
        does="emptied",
        hers="reason",
        free="reference",
        plain="act actor",
        keep=TEN_YEARS,
        erase="UPDATE orders.fulfilment_act SET reason = '' WHERE order_id = ANY(%(orders)s::uuid[])",
    ),
    Table(
        name="orders.task",
        what="What somebody must look at: words of staff",
        by="order",
        does="emptied",
        hers="why data",
        free="closed_by",
        plain="kind",
        keep="for ever",
        erase="UPDATE orders.task SET why = '', data = '{}' WHERE order_id = ANY(%(orders)s::uuid[])",
    ),
    Table(
        name="orders.cancellation",
        what="Why she cancelled: words of staff",
        by="order",
        does="emptied",
        hers="note",
        plain="reason cancelled_by actor",
        keep=TEN_YEARS,
        show="SELECT to_json(c) FROM orders.cancellation AS c WHERE order_id = ANY(%(orders)s::uuid[])",
        erase="UPDATE orders.cancellation SET note = '' WHERE order_id = ANY(%(orders)s::uuid[])",
    ),
    Table(
        name="orders.customer_return_line",
        what="Why she gave it back: her words, and those of staff",
        by="order",
        does="emptied",
        hers="note",
        plain="sku reason",
        keep=TEN_YEARS,
        show="SELECT to_json(r) FROM orders.customer_return_line AS r WHERE return_id = ANY(%(returns)s::uuid[])",
        erase="UPDATE orders.customer_return_line SET note = '' WHERE return_id = ANY(%(returns)s::uuid[])",
    ),
    Table(
        name="orders.customer_return",
        what="What she gave back",
        by="node",
        does="pseudonymised",
        plain="state currency actor",
        why=BOOKS,
        keep=TEN_YEARS,
        show="SELECT to_json(r) FROM orders.customer_return AS r WHERE return_id = ANY(%(returns)s::uuid[])",
        erase="""
            UPDATE orders.customer_return SET node_id = NULL
            WHERE node_id = ANY(%(nodes)s::bigint[]) OR return_id = ANY(%(returns)s::uuid[])
        """,
    ),
    Table(
        name="orders.payment_act",
        what="What the payment provider answered",
        by="order",
        does="emptied",
        hers="detail",
        plain="reference kind provider authorisation currency state",
        keep=TEN_YEARS,
        why="The provider's reference is how a payment is found in the accounts.",
        erase="UPDATE orders.payment_act SET detail = '' WHERE order_id = ANY(%(orders)s::uuid[])",
    ),
    Table(
        name="orders.external_order",
        what="Orders made on other platforms, under their numbers",
        by="value",
        does="redacted",
        free="rest",
        plain="number content short flags",
        why="By its number the same order is known when it is sent again.",
        keep=TEN_YEARS,
    ),
    Table(
        name="orders.unrecorded",
        what="Events of orders that could not become sales",
        by="value",
        does="deleted",
        free="event_name order_number detail",
        plain="code",
        drop=True,
        keep="keep_quality_days",
    ),
    Table(
        name="orders.sales_order",
        what="Orders: where the goods went, and how they were paid",
        by="node",
        does="pseudonymised",
        hers="delivery groups sourced",
        free="payment",
        plain="channel currency state",
        why=BOOKS,
        keep=TEN_YEARS,
        show="""
            SELECT json_build_object('order_number', order_number, 'placed_at', placed_at, 'channel', channel,
                'currency', currency, 'total_minor', total_minor, 'delivery', delivery, 'state', state,
                'groups', groups)
            FROM orders.sales_order WHERE order_id = ANY(%(orders)s::uuid[]) ORDER BY placed_at
        """,
        # The country stays: the tax was reckoned by it.
        erase="""
            UPDATE orders.sales_order SET node_id = NULL, groups = NULL, sourced = NULL,
                delivery = CASE WHEN delivery ->> 'method' = 'collect'
                    THEN json_build_object('method', 'collect', 'location', coalesce(delivery ->> 'location', ''))
                    ELSE json_build_object('method', 'ship', 'address', json_build_object('name', 'erased',
                        'street', 'erased', 'postcode', '', 'city', '',
                        'country', coalesce(delivery #>> '{address,country}', 'FR'))) END
            WHERE order_id = ANY(%(orders)s::uuid[])
        """,
    ),
    Table(
        name="orders.sale",
        what="Purchases",
        by="node",
        does="pseudonymised",
        free="cashier",
        plain="receipt_number currency till flags content",
        why=BOOKS,
        keep=TEN_YEARS,
        show="""
            SELECT json_build_object('receipt_number', s.receipt_number, 'occurred_at', s.occurred_at,
                'channel', s.channel, 'currency', s.currency, 'total_minor', s.total_minor, 'lines', (
                    SELECT json_agg(json_build_object('name', l.name, 'quantity', l.quantity,
                                                      'amount_minor', l.amount_minor) ORDER BY l.line_number)
                    FROM orders.v_sale_line AS l WHERE l.sale_id = s.sale_id))
            FROM orders.v_sale AS s WHERE s.sale_id = ANY(%(sales)s::bigint[]) ORDER BY s.occurred_at
        """,
        erase="UPDATE orders.sale SET node_id = NULL WHERE sale_id = ANY(%(sales)s::bigint[])",
    ),
    Table(
        name="orders.sale_line",
        what="Purchases: their lines, as they were printed",
        by="value",
        does="redacted",
        free="name",
        plain="kind sku gtin",
        why=BOOKS,
        keep=TEN_YEARS,
    ),
    Table(
        name="orders.tender",
        what="How a purchase was paid",
        by="value",
        does="redacted",
        free="reference",
        plain="kind",
        why=BOOKS,
        keep=TEN_YEARS,
    ),
    Table(name="orders.discount", plain="kind code"),
    Table(name="orders.document_series", plain="kind"),
    Table(name="orders.payment", plain="provider authorisation currency"),
    Table(name="orders.payment_intent", plain="provider reference"),
    Table(name="orders.sales_order_line", plain="sku effects"),
    Table(name="orders.sourcing_policy", plain="name policy made_by"),
]
