"""Settings: environment variables `COMPTOIR_*`, decoded once into one frozen Struct."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from comptoir.kernel.errors import Invalid

Days = Annotated[int, msgspec.Meta(ge=0, le=36_500)]
Minor = Annotated[int, msgspec.Meta(ge=0, le=10**12)]


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Every setting with its default. `COMPTOIR_DATA_DIR` sets `data_dir`, and so on; unknown names are refused."""

    data_dir: Path = Path(".comptoir")
    """Where the embedded database, the installation's secret and caches live."""
    database_url: str = ""
    """PostgreSQL 16 or newer, as a libpq URL. Empty: the embedded server in `data_dir`."""
    pool_size: Annotated[int, msgspec.Meta(ge=2, le=200)] = 10
    """Connections per process for requests; up to eight more are for what they ask the stock and the baskets."""
    host: str = "127.0.0.1"
    """Address to listen on; `0.0.0.0` for all."""
    port: Annotated[int, msgspec.Meta(ge=0, le=65535)] = 8000
    """Port to listen on; 0 for any free one."""
    retailer: str = "Comptoir"
    """Whose counter this is, as the console says it."""
    language: str = "en"
    """Language of the console for users who have not chosen: `en` or `fr`."""
    country: str = "FR"
    """ISO 3166-1 country by which telephone numbers without a country code are read."""
    currency: str = "EUR"
    """ISO 4217 currency in which totals over all channels are shown."""
    time_zone: str = "Europe/Paris"
    """IANA zone of the head office: where its day begins."""
    log_level: str = "info"
    """`debug`, `info`, `warning` or `error`."""
    log_format: str = "text"
    """`text` for people, `json` for machines."""
    max_body_bytes: int = 1_048_576
    """Larger request bodies are refused with 413, compressed ones by their expanded size."""
    simulated_payments: bool = False
    """Offer the payment provider `simulator`, for demos and tests: nobody pays."""
    mail_url: str = ""
    """Where e-mail is handed in: `smtp://user:password@host:587` (TLS where the server has it), `smtps://…`, or
    `file:/folder` to write it there. Empty: none is sent."""
    mail_from: str = ""
    """From whom e-mail comes, such as `Boutique <orders@example.com>`."""
    public_url: str = ""
    """The address by which shoppers reach this house, such as `https://counter.example.com`: for links in letters."""
    max_waiting_events: int = 50_000
    """Events waiting for the log per process; beyond, the tracking API answers 429 with Retry-After."""
    keep_dead_letters_days: Days = 30
    """Days after its last receipt for which a dead letter is kept, mended or not; 0 for ever."""
    keep_quality_days: Days = 400
    """Days for which counts by source, and orders that could not become sales, are kept; 0 for ever."""
    keep_moments_days: Days = 1095
    """Days after its recording for which an event stands on a customer's thread; 0 for ever."""
    keep_sights_days: Days = 365
    """Days for which it is known who has looked at whom; 0 for ever."""
    abandon_baskets_minutes: Annotated[int, msgspec.Meta(ge=1, le=100_000)] = 60
    """Minutes without a change after which a basket counts as abandoned: what it holds is let go."""
    replace_articles: Literal["never", "if_allowed", "unless_refused"] = "if_allowed"
    """Whether who picks an order may put another article in the place of one that is not to be had: `if_allowed` by
    the customer, `unless_refused` by her, `never`. She never pays more for it."""
    instant_refund_minor: Minor = 10_000
    """Beyond so much, in minor units, only a manager gives money back before the goods are back."""
    goodwill_minor: Minor = 2_000
    """Beyond so much, in minor units, only a manager gives money to a customer who keeps the goods."""
    return_days: Days = 0
    """Days after the sale for which goods come back; later only a manager takes them. 0 for ever."""
    returns_without_receipt: Annotated[int, msgspec.Meta(ge=0, le=10_000)] = 3
    """So many returns without a receipt of one person in the period; beyond it the money waits for a manager."""
    returns_without_receipt_days: Annotated[int, msgspec.Meta(ge=1, le=36_500)] = 90
    """That period, in days."""
    purchases_back_days: Annotated[int, msgspec.Meta(ge=1, le=36_500)] = 365
    """How many days back the purchases of somebody without a receipt are looked for."""
    seller_tax_numbers: str = ""
    """The seller's VAT numbers as they stand on invoices, one for each country, with a comma between:
    `FR12345678901, DE123456789`."""
    keep_baskets_days: Days = 90
    """Days for which baskets that were abandoned, merged or ordered are kept; 0 for ever. Orders are always kept."""
    house_key: str = ""
    """What erased people are known again by (kernel.register.house_key). Empty: the file `house.key` in `data_dir`. It
    must be the same for all processes, and for ever."""
    demo: bool = False
    """Show one-click sign-in for each role. Never set it where real people's data lie."""

    @classmethod
    def load(cls, environ: Mapping[str, str] | None = None, **overrides: object) -> "Settings":
        """Read `COMPTOIR_*`; `overrides` (from the command line) win, None among them is ignored."""
        environ = os.environ if environ is None else environ
        prefix = "COMPTOIR_"
        given: dict[str, object] = {
            name.removeprefix(prefix).lower(): value
            for name, value in environ.items()
            if name.startswith(prefix) and not name.startswith("COMPTOIR_NO_")
        }
        given |= {name: value for name, value in overrides.items() if value is not None}
        try:
            return msgspec.convert(
                {k: str(v) if isinstance(v, Path) else v for k, v in given.items()},
                cls,
                strict=False,
                dec_hook=lambda into, value: into(value),
            )
        except msgspec.ValidationError as error:
            raise Invalid(f"A setting COMPTOIR_… is not understood: {error}") from error
