"""One module per page. Each ends with `section = Section(routes=[…], topics=[…], palette=[…])`; `SECTIONS` lists them.

A handler makes a frozen view-model and ends with `return page.show("<noun>.html.j2", view)`; see `styleguide.py`.

shell, sign_in, styleguide   the frame          customers, customer, because, mending   people; why one, merge, split
home                         today              cutting                                 one tie
stewardship, weights         one person or two, and what speaks for either
events, quality, letters     what comes in, how good, what waits
consents, consent_asking     what she accepts and the proof of it; her word taken     purposes  what is asked
preferences, consent_words   what a shopper accepts, by her link; how consent is spoken of
consumers                    who reads it; what could not be digested
sources, keys                what may send      plans, plan_table, plan_text            what it has promised

orders, order                found by anything known of one; one with its whole life
order_story, order_money      what became of it; its ledger       order_doing  what may be done now
floor, picking               the board of a shop; a walk, one piece of work
order_deeds, order_acts      an act: asked, tried and shown, done     order_papers  numbered documents
order_giving_up, order_taking_back, order_returns, order_instead   the acts, by what they do
order_adding, order_for_order   those that make a basket (order_basket)     replacing   another article in the box
baskets, basket_steps        a basket at the call centre, on its way to an order
order_words                  what states are called, whose an order is, where a thing lies

addresses  filters in the URL      told      how an event reads on a thread      said  what was done, on the next page
evidence   identity in words       graph     identifiers drawn                   veil  raw events, the person covered
home_chart the day as a picture    snippets  the first event of a source

products, product        what is sold, where it lies      prices, promotions   what it costs, what is taken off
keeping                  put right, kept back at a place
availability             who can give it, who cannot      quoting, coupons     why this price; a code looked up
goods  articles and places as these pages show them      stock_why, stock_story, stock_chart   a stock explained
price_why, promotion_words   lists and promotions in words

tills, connectors, feeds     what other machines told us, what they are told
till_keys, connecting, feed_entry   a till registered, a shop connected, a feed described      forms  fields as data
accuracy, rfid               how far the book is believed; what readers see
reading_rules, reading_rule  what reads do, tried before it holds; one rule as fields
transfers, transfer          goods on their way           counts, count   sheets, and what differs
pieces  lines of both, as drawn and as typed          sourcing        a policy tried and put into force
"""

from comptoir.console.console import Section
from comptoir.console.pages import (
    accuracy,
    availability,
    baskets,
    because,
    connecting,
    connectors,
    consent_asking,
    consents,
    consumers,
    count,
    counts,
    coupons,
    customer,
    customers,
    cutting,
    events,
    feed_entry,
    feeds,
    floor,
    home,
    keeping,
    keys,
    letters,
    mending,
    order,
    order_deeds,
    orders,
    picking,
    plans,
    preferences,
    prices,
    product,
    products,
    promotions,
    purposes,
    quality,
    quoting,
    reading_rules,
    replacing,
    rfid,
    shell,
    sign_in,
    sources,
    sourcing,
    stewardship,
    styleguide,
    till_keys,
    tills,
    transfer,
    transfers,
)

FRAME: list[Section] = [shell.section, sign_in.section, styleguide.section]
SECTIONS: list[Section] = [
    *FRAME,
    home.section,
    customers.section,
    customer.section,
    consents.section,
    consent_asking.section,
    purposes.section,
    preferences.section,
    because.section,
    mending.section,
    cutting.section,
    products.section,
    product.section,
    keeping.section,
    availability.section,
    prices.section,
    promotions.section,
    quoting.section,
    coupons.section,
    orders.section,
    baskets.section,
    order.section,
    order_deeds.section,
    transfers.section,
    transfer.section,
    counts.section,
    count.section,
    accuracy.section,
    rfid.section,
    reading_rules.section,
    floor.section,
    picking.section,
    replacing.section,
    sourcing.section,
    tills.section,
    till_keys.section,
    connectors.section,
    connecting.section,
    feeds.section,
    feed_entry.section,
    events.section,
    quality.section,
    letters.section,
    consumers.section,
    sources.section,
    plans.section,
    keys.section,
    stewardship.section,
]
