"""What one person does in one go: a visit to the web shop, a call, a walk to the shop and its till.

Every outing is a generator of steps in order; the twin gives them times and names. The messages are shaped as the
official SDKs send them and name their library `comptoir-twin`, so simulated data is never mistaken for anything else.
"""

import random
from collections.abc import Iterator
from typing import Any

import msgspec

from comptoir.demo import places
from comptoir.demo.history import CURRENCY, Product
from comptoir.demo.world import Device, Person, mistyped, stable

LIBRARY = {"name": "comptoir-twin", "version": "1"}
SITE = "https://shop.example.com"
_APPLE = "AppleWebKit/605.1.15 Version/19.1 Mobile/15E148 Safari/604.1"
BROWSERS = {
    "phone": f"Mozilla/5.0 (iPhone; CPU iPhone OS 19_1 like Mac OS X) {_APPLE}",
    "laptop": "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
    "tablet": f"Mozilla/5.0 (iPad; CPU OS 19_1 like Mac OS X) {_APPLE}",
}
ADS = [
    ("google", "cpc", "autumn-brand"),
    ("bing", "cpc", "pantry"),
    ("instagram", "paid_social", "fresh-week"),
    ("tiktok", "social", "recipes"),
    ("facebook", "social", "family"),
]
Mark = tuple[str, str]
"""(namespace, value): an identifier that a message shows."""


class Sale(msgspec.Struct, frozen=True):
    """A receipt that the twin's till prints."""

    number: str
    store_id: int
    card: str
    """Empty when the customer did not show it."""
    lines: list[tuple[int, int, int]]
    """Product, pieces, cents paid for the line."""


class Step(msgspec.Struct, frozen=True):
    """`after` seconds of a shopper's time. `message` is a tracked one, or a `sale` goes to the orders API."""

    after: float
    source: str
    marks: list[Mark]
    message: dict[str, Any] = {}
    sale: Sale | None = None


class Memory(msgspec.Struct):
    """What has happened to one person so far."""

    account: bool
    newsletter: bool
    generations: dict[str, int] = msgspec.field(default_factory=dict[str, int])
    """Per device: how often its cookies were cleared."""
    looked: list[int] = msgspec.field(default_factory=list[int])
    """Products seen on a screen and not bought yet."""


class Shelf(msgspec.Struct, frozen=True):
    """The products as the twin needs them."""

    products: dict[int, Product]
    popular: list[int]

    def pick(self, rng: random.Random, person: Person) -> Product:
        """Mostly what the household really buys, else something popular (Zipf)."""
        if person.tastes and rng.random() < 0.7:
            number = person.tastes[min(int(rng.expovariate(0.2)), len(person.tastes) - 1)]
        else:
            number = self.popular[min(int(rng.paretovariate(0.7)) - 1, len(self.popular) - 1)]
        return self.products.get(number) or self.products[self.popular[0]]


class Outing:
    """One person, one kind of outing, at one moment. `users` remembers who is signed in on which device."""

    def __init__(
        self, rng: random.Random, person: Person, memory: Memory, shelf: Shelf, users: dict[str, Person]
    ) -> None:
        self.rng = rng
        self.person = person
        self.memory = memory
        self.shelf = shelf
        self.users = users
        self.reference = f"{rng.getrandbits(40):010x}"

    # ---- on a screen

    def web(self, campaign: tuple[str, str, str] | None = None) -> Iterator[Step]:
        rng, device = self.rng, self.rng.choice(self.person.devices)
        if rng.random() < 0.04 and not device.shared:
            self.memory.generations[device.key] = self.memory.generations.get(device.key, 0) + 1
            self.users.pop(device.key, None)
        if campaign is None and rng.random() < 0.22:
            campaign = rng.choice(ADS)
        see = _Screen(self, "web", device, campaign)
        yield see.page("Home", "/")
        if rng.random() < 0.35 and device.key not in self.users and self.memory.account:
            yield from self.sign_in(see)
        yield from self.browse(see)
        if rng.random() < 0.06 and not self.memory.newsletter:
            yield from self.subscribe(see)

    def app(self) -> Iterator[Step]:
        phones = [device for device in self.person.devices if device.kind == "phone"]
        if not phones:
            yield from self.web()
            return
        see = _Screen(self, "app", phones[0], None)
        yield see.track("Application Opened", {"from_background": self.rng.random() < 0.6})
        if phones[0].key + ":app" not in self.users and self.rng.random() < 0.8:
            yield from self.sign_in(see)
        yield see.screen("Home")
        yield from self.browse(see)

    def browse(self, see: "_Screen") -> Iterator[Step]:
        """The funnel: many look, some add, few pay."""
        rng, basket = self.rng, list[tuple[Product, int]]()
        if rng.random() < 0.4:
            wanted = self.shelf.pick(rng, self.person)
            yield see.track("Products Searched", {"query": wanted.category[-1].lower() if wanted.category else "gift"})
        for _ in range(1 + min(int(rng.expovariate(0.6)), 8)):
            product = self.shelf.pick(rng, self.person)
            if rng.random() < 0.3 and product.category:
                yield see.track(
                    "Product List Viewed",
                    {"list_id": slug(product.category[-1]), "category": " / ".join(product.category)},
                )
            yield see.track("Product Viewed", facts(product))
            self.memory.looked = [*self.memory.looked[-9:], product.product_id]
            if rng.random() < 0.28:
                pieces = rng.choice([1, 1, 1, 2, 3])
                basket.append((product, pieces))
                yield see.track(
                    "Product Added", {**facts(product), "quantity": pieces, "cart_id": f"c-{self.reference}"}
                )
        if not basket or rng.random() > 0.55:
            return
        yield see.track("Checkout Started", order(basket, self.reference))
        if rng.random() > 0.75:
            return
        if see.user is not self.person:
            yield from self.sign_in(see)  # to pay one says who one is
        yield see.track("Order Completed", order(basket, self.reference))
        bought = {product.product_id for product, _ in basket}
        self.memory.looked = [number for number in self.memory.looked if number not in bought]

    def sign_in(self, see: "_Screen") -> Iterator[Step]:
        person = self.person
        new, self.memory.account = not self.memory.account, True
        see.become(person)
        traits = {"email": person.email, "firstName": person.first, "lastName": person.last, "locale": person.language}
        if self.rng.random() < 0.5:
            traits["phone"] = person.phone
        if person.holds_card and self.rng.random() < 0.5:
            traits["loyalty_card"] = person.card
        yield see.identify(traits)
        yield see.track("Signed Up" if new else "Signed In", {"method": "password"})

    def subscribe(self, see: "_Screen") -> Iterator[Step]:
        """Half of those who mistype their address notice."""
        rng, email = self.rng, self.person.email
        if rng.random() < 0.08:
            yield see.track("Newsletter Subscribed", {"form": "footer"}, {"email": mistyped(rng, email)})
            if rng.random() < 0.5:
                return
        yield see.track("Newsletter Subscribed", {"form": "footer"}, {"email": email})
        self.memory.newsletter = True

    # ---- by letter, by phone, elsewhere

    def email(self) -> Iterator[Step]:
        if not self.memory.newsletter:
            yield from self.web()
            return
        person, letter = self.person, f"news-{self.rng.randrange(20):02d}"
        sent = {"campaign_name": letter, "email_id": f"{letter}-{person.number}"}
        who = {"userId": person.user_id} if self.memory.account else {"anonymousId": f"nl-{stable(person.email):08x}"}
        marks: list[Mark] = [*marks_of(who), ("email", person.email)]
        for name in ("Email Opened", "Email Link Clicked"):
            body = message("track", {"traits": {"email": person.email}}, **who, event=name, properties=sent)
            yield Step(self.rng.uniform(3, 30), "newsletter", marks, body)
            if self.rng.random() < 0.5:
                return
        yield from self.web(("newsletter", "email", letter))

    def phone(self) -> Iterator[Step]:
        """The agent types what the caller spells."""
        rng, person = self.rng, self.person
        email = mistyped(rng, person.email) if rng.random() < 0.07 else person.email
        traits = {"phone": person.phone, "firstName": person.first, "lastName": person.last}
        who = {"anonymousId": f"call-{self.reference}"}
        marks: list[Mark] = [("anonymous_id", who["anonymousId"]), ("phone", person.phone)]

        def say(event: str, pause: float, **properties: object) -> Step:
            body = message("track", {"traits": traits}, **who, event=event, properties=properties)
            return Step(pause, "calls", list(marks), body)

        yield say("Call Started", 1, direction="inbound", call_id=self.reference)
        if rng.random() < 0.7:
            traits = {**traits, "email": email}
            marks.append(("email", email))
            yield say("Caller Identified", 25, call_id=self.reference)
        basket: list[tuple[Product, int]] = []
        for _ in range(rng.randrange(3)):
            product = self.shelf.pick(rng, person)
            yield say("Product Viewed", 40, **facts(product))
            basket.append((product, 1))
        if basket and rng.random() < 0.6:
            yield say("Order Completed", 60, **order(basket, self.reference))
        yield say("Call Ended", 20, call_id=self.reference, outcome="ordered" if basket else "answered")

    def market(self) -> Iterator[Step]:
        """A marketplace hands over an order with a relay address in place of the buyer's own."""
        person = self.person
        basket = [(self.shelf.pick(self.rng, person), 1)]
        who = {"anonymousId": f"mk-{person.relay.partition('@')[0]}"}
        traits = {"firstName": person.first, "lastName": person.last}
        context = {"traits": traits, **external("relay_email", person.relay)}
        body = message("track", context, **who, event="Order Completed", properties=order(basket, self.reference))
        yield Step(1, "market", [*marks_of(who), ("relay_email", person.relay)], body)

    # ---- in the shop

    def shop(self) -> Iterator[Step]:
        """To the shop, and what was looked at on a screen goes into the basket."""
        rng, person = self.rng, self.person
        store = person.stores[min(int(rng.expovariate(1.2)), len(person.stores) - 1)]
        phones = [device for device in person.devices if device.kind == "phone"]
        if phones and rng.random() < 0.35:
            see = _Screen(self, "app", phones[0], None)
            yield see.track("Store Visited", {"store_id": places.code(store), "method": "beacon"})
        wanted = self.memory.looked[-2:] if rng.random() < 0.7 else []
        others = [self.shelf.pick(rng, person).product_id for _ in range(rng.randrange(1, 9))]
        lines = [
            (number, pieces, pieces * self.price(number))
            for number in dict.fromkeys([*wanted, *others])
            for pieces in [rng.choice([1, 1, 1, 2])]
        ]
        shown_card = person.card if rng.random() < 0.75 else ""
        self.memory.looked = [number for number in self.memory.looked if number not in wanted]
        marks: list[Mark] = [("loyalty_card", shown_card)] if shown_card else []
        sale = Sale(f"T{self.reference}", store, shown_card, lines)
        yield Step(rng.uniform(300, 2_400), "till", marks, sale=sale)

    def display(self) -> Iterator[Step]:
        """A screen in the shop: look something up, perhaps hold the card to it."""
        person, store = self.person, self.person.stores[0]
        who = {"anonymousId": f"screen-{self.reference}"}
        held = external("loyalty_card", person.card) if self.rng.random() < 0.5 else {}
        marks: list[Mark] = [*marks_of(who), *([("loyalty_card", person.card)] if held else [])]
        for _ in range(self.rng.randrange(1, 4)):
            product = self.shelf.pick(self.rng, person)
            self.memory.looked = [*self.memory.looked[-9:], product.product_id]
            said = {**facts(product), "store_id": places.code(store)}
            body = message("track", held, **who, event="Product Viewed", properties=said)
            yield Step(self.rng.uniform(5, 40), "display", marks, body)

    def price(self, number: int) -> int:
        product = self.shelf.products.get(number)
        return (product.price if product else 0) or 199


class _Screen:
    """A device as the web shop or the app sees it: its anonymous id and, once signed in, its user."""

    def __init__(self, outing: Outing, source: str, device: Device, campaign: tuple[str, str, str] | None) -> None:
        self.outing = outing
        self.source = source
        self.key = device.key + (":app" if source == "app" else "")
        self.anonymous_id = device.cookie(
            outing.memory.generations.get(device.key, 0) + (1_000 if source == "app" else 0)
        )
        self.context: dict[str, Any] = {"locale": outing.person.language, "userAgent": BROWSERS[device.kind]}
        if source == "app":
            self.context |= {"app": {"name": "Comptoir", "version": "4.2.0"}, "device": {"type": "ios"}}
        if campaign:
            self.context["campaign"] = dict(zip(("source", "medium", "name"), campaign, strict=True))

    @property
    def user(self) -> Person | None:
        return self.outing.users.get(self.key)

    def become(self, person: Person) -> None:
        self.outing.users[self.key] = person

    def page(self, name: str, path: str) -> Step:
        return self._step("page", 2, name=name, properties={"path": path, "url": SITE + path, "title": name})

    def screen(self, name: str) -> Step:
        return self._step("screen", 2, name=name, properties={})

    def track(self, event: str, properties: dict[str, Any], traits: dict[str, str] | None = None) -> Step:
        return self._step("track", self.outing.rng.uniform(4, 50), traits, event=event, properties=properties)

    def identify(self, traits: dict[str, str]) -> Step:
        return self._step("identify", 10, None, traits=traits)

    def _step(self, kind: str, after: float, said: dict[str, str] | None = None, **body: Any) -> Step:
        who = {"anonymousId": self.anonymous_id} | ({"userId": self.user.user_id} if self.user else {})
        context = self.context | ({"traits": said} if said else {})
        if number := body.get("traits", {}).get("loyalty_card"):
            context |= external("loyalty_card", number)
        marks = [*marks_of(who), *marks_of(said or {}), *marks_of(body.get("traits", {}))]
        return Step(after, self.source, marks, message(kind, context, **who, **body))


NAMESPACES = {
    "anonymousId": "anonymous_id",
    "userId": "user_id",
    "email": "email",
    "phone": "phone",
    "loyalty_card": "loyalty_card",
}


def marks_of(body: dict[str, str]) -> list[Mark]:
    return [(NAMESPACES[key], value) for key, value in body.items() if key in NAMESPACES]


def external(namespace: str, value: str) -> dict[str, Any]:
    """An identifier of another system, as the SDKs' contexts hold it."""
    return {"externalIds": [{"type": namespace, "id": value, "collection": "users", "encoding": "none"}]}


def message(kind: str, context: dict[str, Any], **body: Any) -> dict[str, Any]:
    return {"type": kind, **body, "context": {"library": LIBRARY, **context}}


def facts(product: Product) -> dict[str, Any]:
    """A product as the e-commerce spec of the trackers describes it."""
    return {
        "product_id": str(product.product_id),
        "sku": str(product.product_id),
        "name": product.name,
        "category": " / ".join(product.category),
        "brand": product.brand,
        "price": (product.price or 199) / 100,
        "currency": CURRENCY,
    }


def order(basket: list[tuple[Product, int]], reference: str) -> dict[str, Any]:
    """Totals add up to the cent: they are summed in cents."""
    goods: dict[int, tuple[Product, int]] = {}
    for product, pieces in basket:
        goods[product.product_id] = (product, pieces + goods.get(product.product_id, (product, 0))[1])
    total = sum((product.price or 199) * pieces for product, pieces in goods.values())
    return {
        "order_id": f"o-{reference}",
        "total": total / 100,
        "revenue": total / 100,
        "currency": CURRENCY,
        "products": [{**facts(product), "quantity": pieces} for product, pieces in goods.values()],
    }


def slug(text: str) -> str:
    return "-".join("".join(letter if letter.isalnum() else " " for letter in text.lower()).split())
