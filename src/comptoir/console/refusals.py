"""What the packages refuse, in the reader's words: by the code of the refusal, with the particulars that it carries.

A refusal's own sentences are English and for programs. Every code has its words here (a test looks), and more exact
ones in `PARTICULAR` where its data say more.
"""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from comptoir.console.language import N_
from comptoir.console.page import Page
from comptoir.kernel.errors import Refusal


def said_of(page: Page, refusal: Refusal) -> str:
    """Why the answer was no."""
    return said(page, refusal.code, refusal.data) or refusal.title()


def said(page: Page, code: str, data: Mapping[str, Any]) -> str:
    """The same by code; empty for one that is newer than this page."""
    if particular := PARTICULAR.get(code):
        values = {name: spoken(value) for name, value in data.items() if value}
        try:
            return page.gettext(particular, **values) if values else page.gettext(WORDS[code])
        except KeyError:  # this occurrence does not carry them
            return page.gettext(WORDS[code])
    return page.gettext(WORDS[code]) if code in WORDS else ""


def spoken(value: object) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(str(one) for one in cast("Sequence[object]", value)[:5])
    return str(value)[:200]


PARTICULAR: dict[str, str] = {
    "catalog.not_sold": N_("Not sold there, or not now: %(skus)s."),
    "channels.source_exists": N_("A source is called “%(name)s” already: take another name."),
    "channels.unknown_outlet": N_("No outlet has the code “%(outlet)s”."),
    "identity.shared_by_many": N_("%(values)s is used by several people, so it cannot be joined to one."),
    "ingest.bad_schema": N_("The schema of “%(event)s” is no valid JSON Schema."),
    "kernel.unknown_consumer": N_("Nobody called “%(consumer)s” reads the log."),
    "kernel.unknown_scope": N_("These scopes do not exist: %(scopes)s."),
    "kernel.user_exists": N_("A user with the address %(email)s exists already."),
    "orders.unknown_sale": N_("%(outlet)s has no receipt %(number)s."),
    "too_large": N_("At most %(most)s can be taken at once."),
}

WORDS: dict[str, str] = {
    "catalog.bad_assortment": N_(
        "An assortment belongs to a channel or to an outlet, and lasts for a time that can be."
    ),
    "catalog.bad_content": N_("What is said of a product cannot be shown."),
    "catalog.bad_gtin": N_("The number is no GTIN: its length or its check digit is wrong."),
    "catalog.bad_product": N_("The product lacks something, or says something that cannot be."),
    "catalog.not_sold": N_("The article is not sold there, or not now."),
    "catalog.product_twice": N_("The file names a product twice and says different things about it."),
    "catalog.sku_twice": N_("The file gives one SKU to two products."),
    "catalog.unknown_product": N_("The catalogue has no such product."),
    "channels.bad_opening_hours": N_("The opening hours contradict themselves."),
    "channels.bad_position": N_("A position needs both latitude and longitude."),
    "channels.outlet_exists": N_("An outlet with this code exists already."),
    "channels.repeated_code": N_("One code stands twice in the same list."),
    "channels.source_exists": N_("Another source is called so: take another name."),
    "channels.unknown_country": N_("The country is not in ISO 3166-1."),
    "channels.unknown_currency": N_("The currency is not in ISO 4217."),
    "channels.unknown_outlet": N_("There is no outlet with this code."),
    "channels.unknown_source": N_("There is no such source."),
    "channels.unknown_time_zone": N_("The time zone is not in the IANA list."),
    "conflict": N_("It conflicts with how things stand by now."),
    "defect": N_("Something broke on our side"),
    "consent.bad_contact": N_("The value is no contact point."),
    "consent.bad_link": N_("The link is wrong, or its time is over. Ask for a new one."),
    "consent.bad_purpose": N_("A purpose and its wording are told in both languages."),
    "consent.no_public_address": N_("Letters cannot name an address: the operator has set none."),
    "consent.not_your_outlet": N_("You may not record in the name of this outlet."),
    "consent.purpose_exists": N_("A purpose has this code already."),
    "consent.reference_taken": N_("The reference was used for another choice."),
    "consent.said_later": N_("Nobody can have said it later than now."),
    "consent.source_needed": N_("A word from a till or a call centre needs the outlet that took it."),
    "consent.unknown_purpose": N_("There is no such purpose."),
    "consent.unknown_wording": N_("The purpose has no wording of this version."),
    "consent.wrong_channel": N_(
        "The purpose does not use this channel, or the channel does not reach this contact point."
    ),
    "feeds.bad_feed": N_("The description of a feed says something that cannot be."),
    "feeds.too_often": N_("Asked too often from one place: wait a minute."),
    "feeds.unknown_feed": N_("There is no such feed, or its address was revoked."),
    "feeds.unknown_place": N_("No shop is known to be near that postcode: send a position."),
    "forbidden": N_("Your role does not include it. An administrator can change that."),
    "idempotency_in_progress": N_("The same request is under way already."),
    "idempotency_not_kept": N_("It was done, and its answer is shown only once."),
    "idempotency_key_reused": N_("The Idempotency-Key was used for another request."),
    "identity.bad_model": N_("These weights were not learnt for the comparisons of this version."),
    "identity.bad_records": N_("The file of records cannot be matched as it is."),
    "identity.bad_pattern": N_("The pattern is not a regular expression that can be used."),
    "identity.model_exists": N_("There is a model of this version: give this one another name."),
    "identity.no_model": N_("Nothing has been learnt yet of how to tell people apart: have it learn first."),
    "identity.too_few_records": N_("Too few people are known to learn from them."),
    "identity.unknown_model": N_("There is no such model."),
    "identity.unknown_review": N_("There is no such pair among the questions."),
    "identity.kept_apart": N_("Somebody has said that these are different people: undo that first."),
    "identity.namespace_exists": N_("This kind of identifier is there already."),
    "identity.not_connected": N_("These identifiers are not of one person, or nothing ties them."),
    "identity.not_undoable": N_(
        "It was undone already, or it followed from evidence that still stands: part them by hand."
    ),
    "identity.nothing_to_retract": N_("Name a batch or a source whose evidence is to be taken back."),
    "identity.reference_taken": N_("The reference was used for another request."),
    "identity.shared_by_many": N_("An identifier here is used by several people, so it cannot be joined to one."),
    "identity.superseded": N_(
        "Later evidence connects the same people, so undoing alone does not part them. Part them by hand."
    ),
    "identity.unknown_identifier": N_("Nobody with this identifier has been seen."),
    "identity.unknown_namespace": N_("There is no such kind of identifier."),
    "identity.unknown_operation": N_("The journal has no such operation."),
    "identity.unknown_person": N_("Nobody was ever known by this address."),
    "identity.unknown_task": N_("There is no such open task."),
    "identity.unusable_identifier": N_("The value cannot identify anybody."),
    "ingest.bad_schema": N_("A schema of the tracking plan is no valid JSON Schema."),
    "ingest.dead_letter_settled": N_("The letter was replayed or discarded already."),
    "ingest.still_bad": N_("Not taken: it still has a fault."),
    "ingest.unknown_dead_letter": N_("There is no such dead letter."),
    "ingest.unknown_plan": N_("The source has no such tracking plan."),
    "invalid": N_("What was asked is not well formed."),
    "kernel.bad_password": N_("A password has between 10 and 200 characters."),
    "kernel.bad_rule": N_("The rule cannot be read."),
    "kernel.bad_user": N_("A user needs an e-mail address and at least one role."),
    "kernel.cross_site": N_("The request came from another site. Open the page again and repeat it here."),
    "kernel.migration_changed": N_("The database does not fit this release."),
    "kernel.no_reason": N_("Say why: the reason is kept with it."),
    "kernel.too_many_attempts": N_("Too many failed sign-ins: wait a quarter of an hour."),
    "kernel.unknown_consumer": N_("Nobody of this name reads the log."),
    "kernel.unknown_key": N_("There is no such API key."),
    "kernel.unknown_scope": N_("There is no such scope."),
    "kernel.unknown_user": N_("There is no such user."),
    "kernel.user_exists": N_("A user with this e-mail address exists already."),
    "kernel.wrong_password": N_("Not these two. Check both and try again."),
    "method_not_allowed": N_("This address cannot be used in this way."),
    "not_found": N_("The address is wrong, or what stood here is gone."),
    "orders.bad_amount": N_("An amount or a quantity is negative, or more than any sale."),
    "orders.bad_date": N_("The date cannot be the date of a sale."),
    "orders.bad_text": N_("A text holds a character that cannot be stored."),
    "orders.card_number_sent": N_(
        "A payment’s reference looks like the number of a bank card, which must not be kept."
    ),
    "orders.empty_sale": N_("A sale has at least one line."),
    "orders.receipt_conflict": N_("Another receipt of this outlet is on record under the same number."),
    "orders.tenders_disagree": N_("What was paid is not the total."),
    "orders.totals_disagree": N_("Lines, discounts and tax do not add up to the total."),
    "orders.unknown_currency": N_("The currency is not in ISO 4217."),
    "orders.unknown_sale": N_("No such sale was recorded."),
    "overloaded": N_("Nothing was lost. Try again in a moment."),
    "profiles.unknown_moment": N_("There is no such moment on this thread."),
    "profiles.unknown_person": N_("There is no such person."),
    "pricing.bad_code": N_("The code is too short, or holds what no code holds."),
    "pricing.bad_price": N_("A price is not one: the earlier price is below the present one."),
    "pricing.bad_price_list": N_("A price list says something that cannot be."),
    "pricing.bad_promotion": N_("A promotion says something that cannot be."),
    "pricing.bad_tax": N_("A tax says something that cannot be."),
    "pricing.code_taken": N_("The code is another coupon's already."),
    "pricing.coupon_refused": N_("The coupon or the promotion cannot be had now."),
    "pricing.currency_fixed": N_(
        "A list that has prices keeps its currency and its way of taxing: the amounts would mean something else."
    ),
    "pricing.line_twice": N_("Two lines of a basket have one name."),
    "pricing.no_price": N_("An article has no price for this basket: give it one in a list that applies."),
    "pricing.price_twice": N_("One file gives a SKU two different prices."),
    "pricing.too_many_guesses": N_("Too many wrong codes were tried: wait some minutes."),
    "pricing.too_much": N_("The basket is worth more than any sale."),
    "pricing.unknown_campaign": N_("There is no such campaign."),
    "pricing.unknown_coupon": N_("There is no such coupon."),
    "pricing.unknown_price_list": N_("There is no such price list."),
    "pricing.unknown_promotion": N_("There is no such promotion."),
    "pricing.unknown_sku": N_("The catalog has no such SKU."),
    "rfid.bad_document": N_("The document or one of its events is not EPCIS 2.0."),
    "rfid.bad_key": N_("The number is no GS1 key: its form, its length or its check digit is wrong."),
    "rfid.bad_rule": N_("A rule for reads cannot be taken: its condition cannot be read, or its name stands twice."),
    "rfid.rules_changed": N_("The rules for reads were changed meanwhile. Read them again, then change them."),
    "rfid.bad_query": N_("A parameter of the query is unknown here, or cannot be read."),
    "rfid.too_many_events": N_("One capture holds more events than are taken at once."),
    "rfid.unknown_capture": N_("There is no such capture job."),
    "rfid.unknown_event": N_("No event has this id."),
    "rfid.version_not_served": N_("Another version of EPCIS was asked for than is spoken here."),
    "too_large": N_("It is larger than can be taken."),
    "unauthenticated": N_("Sign in first."),
    "unavailable": N_("The database cannot be reached just now: nothing was done. Try again."),
    "unprocessable": N_("It is well formed but cannot be carried out."),
    "inventory.already_allocated": N_("Other goods are committed under this reference already."),
    "inventory.bad_move": N_("Units move from one account to another, and at least one of the two is ours."),
    "inventory.asked_otherwise": N_("Something else was asked for under this id."),
    "inventory.bad_transfer": N_("Goods go from one location of ours, or a supplier, to another one."),
    "inventory.bad_quantity": N_("A quantity is a whole number of pieces, from 1 to 1,000,000."),
    "inventory.count_exists": N_("Another count has this id."),
    "inventory.insufficient_stock": N_("Not enough can be promised there."),
    "inventory.nobody_named": N_("Say who shall be told, by something that can name somebody."),
    "inventory.not_counted": N_("Some articles of the sheet are not counted yet: count them, or leave them out."),
    "inventory.not_your_goods": N_("The goods are elsewhere: only who works there can say so."),
    "inventory.not_expected": N_("Articles that nobody announced: receive them as unexpected, or set them aside."),
    "inventory.not_out": N_("The article is there: it can be bought."),
    "inventory.not_there": N_("So many units in that state do not lie there."),
    "inventory.nothing_promised": N_("Nothing, or not so much, is promised under this reference."),
    "inventory.reason_missing": N_("Units are missing: say why they are given up, or leave the rest under way."),
    "inventory.same_person": N_("Somebody else must approve it than those who counted."),
    "inventory.transfer_exists": N_("Another transfer has this id."),
    "inventory.unknown_ask": N_("Nobody has asked under this id."),
    "inventory.unknown_count": N_("There is no such count."),
    "inventory.unknown_location": N_("There is no such location."),
    "inventory.unknown_transfer": N_("There is no such transfer or delivery."),
    "inventory.unknown_variant": N_("The catalog knows no such article."),
    "inventory.wrong_stage": N_("It has come too far for that, or not far enough."),
    "orders.bad_policy": N_("A rule of the sourcing policy cannot be read as it is written."),
    "orders.not_sourced": N_("The goods are there, but the sourcing policy lets them come from nowhere."),
    "orders.unknown_policy": N_("The sourcing policy has no such version."),
    "orders.bad_parcel_number": N_("An SSCC has 18 digits, the last of which checks the others."),
    "orders.bad_pieces": N_("The work has no such line, or not so many pieces of it in that state."),
    "orders.not_picked": N_("Some pieces of it are still to be picked."),
    "orders.nothing_picked": N_("Nothing of it has been picked."),
    "orders.unknown_task": N_("There is no such task."),
    "orders.unknown_fulfilment": N_("There is no such work."),
    "orders.wrong_state": N_("The work is not in a state in which this can be done."),
    "orders.bad_line": N_("Lines of a basket are numbered from 1 to 100,000, and it has at most 200."),
    "orders.basket_closed": N_("The basket has become an order: it cannot be changed any more."),
    "orders.basket_merged": N_("The basket was merged into another: go on with that one."),
    "orders.basket_of_another": N_("The basket belongs to another person already."),
    "orders.mistyped_claim_code": N_("The code cannot be right: look at it again."),
    "orders.not_your_basket": N_("The basket is of another outlet or device: ask for a claim code there."),
    "orders.unknown_claim_code": N_("No basket waits under this code: it was used or has expired. Ask for a new one."),
    "orders.basket_exists": N_("Another basket has this id."),
    "orders.incomplete_basket": N_("Something is missing before that can be done."),
    "orders.out_of_stock": N_("All locations together have not so many."),
    "orders.approval_needed": N_("That is beyond what may be done without a manager."),
    "orders.edit_refused": N_("The order cannot be changed so any more: cancel what is open, and order it anew."),
    "kernel.bad_address": N_("That is no e-mail address."),
    "kernel.mail_off": N_("This installation sends no e-mail: its operator has named no mail server."),
    "orders.nothing_to_write": N_("There is nothing that such a document could say."),
    "orders.unknown_document": N_("There is no such document."),
    "orders.id_taken": N_("The id names another act already: take a new one."),
    "orders.not_open": N_("So many pieces are not open any more: what was handed over is returned instead."),
    "orders.not_replaceable": N_("The article may not be replaced by that one, or the customer was not asked."),
    "orders.not_returnable": N_("So many pieces cannot be given back: they were not sold, or were given back before."),
    "orders.return_settled": N_("That was done for this return already, or the return was given up."),
    "orders.tender_refused": N_("The money cannot be given back in this way."),
    "orders.unknown_return": N_("There is no such return."),
    "orders.too_many_held": N_("Goods are kept in many baskets of hers: order or empty one, or wait."),
    "orders.payment_not_failed": N_("Nothing of it has failed: it is still being tried, or was done."),
    "orders.nothing_owed": N_("The goods came back before anything was taken for them: it is not owed any more."),
    "orders.payment_exceeded": N_("More would be taken than was authorised, or more given back than was taken."),
    "orders.payment_refused": N_("The payment was refused."),
    "orders.payment_unclear": N_("The payment provider has not answered: ask again, it is paid once."),
    "orders.unknown_basket": N_("There is no such basket."),
    "orders.unknown_order": N_("There is no such order."),
    "orders.not_your_order": N_("It has nothing to do with your shop: one that has, or the call centre, can do that."),
    "orders.not_your_place": N_("The goods are elsewhere: only who works there can say so."),
    "orders.unknown_provider": N_("There is no such payment provider."),
    "orders.external_order_conflict": N_(
        "An order made elsewhere is in the book under this number, with other lines or sums."
    ),
    "tills.unknown_device": N_("There is no such till."),
    "tills.device_exists": N_("A till of this outlet has this name already."),
    "tills.not_a_device": N_("Only a till, by its own key, can ask for this."),
    "tills.bad_sync": N_("What the till sent cannot be read."),
    "tills.unknown_entry": N_("No such entry stands aside."),
    "connectors.unknown_connection": N_("There is no such connection."),
    "connectors.unknown_delivery": N_("There is no such delivery of a webhook."),
    "connectors.connection_exists": N_("Another connection has this name."),
    "connectors.bad_signature": N_("The signature does not fit: it is not from there, or the secret has changed."),
    "connectors.bad_payload": N_("What was sent is not what this system sends."),
    "connectors.by_hand": N_("Somebody must do this here: the message alone cannot say enough."),
    "console.mistyped": N_("A line names an article and whole pieces, an amount is like 12.50."),
    "connectors.bad_mapping": N_("The mapping cannot be used: it names no such column, or lacks a field."),
}
