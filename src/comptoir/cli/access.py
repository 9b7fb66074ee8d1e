"""Who sends events (sources), which machines may call (keys), who signs in (users)."""

import sys
from typing import Annotated, Any, cast

import msgspec
import typer

from comptoir import channels
from comptoir.channels import Channel, OutletEntry, Source
from comptoir.cli.terminal import DataDir, Json, load_settings, operator, ready_database, run, table
from comptoir.kernel.auth import Role, audit, keys, users
from comptoir.kernel.db import Tx
from comptoir.kernel.errors import Invalid
from comptoir.kernel.settings import Settings

source_app = typer.Typer(help="Sources of events and their write keys.", no_args_is_help=True)
key_app = typer.Typer(help="API keys of machines.", no_args_is_help=True)
user_app = typer.Typer(help="People who sign in.", no_args_is_help=True)


def add_to(app: typer.Typer) -> None:
    app.add_typer(source_app, name="source")
    app.add_typer(key_app, name="key")
    app.add_typer(user_app, name="user")


@source_app.command("add")
def add_source(
    name: Annotated[str, typer.Argument(help="What it is called: “Web shop”.")],
    channel: Annotated[
        str, typer.Option(help="paid, social, market, email, sms, web, app, display, phone or shop.")
    ] = "web",
    outlet: Annotated[
        str, typer.Option(help="Code of the outlet it belongs to; without it, one is made from the name.")
    ] = "",
    trust: Annotated[float, typer.Option(help="0 to 1: how much its word weighs against others'.")] = 1.0,
    as_json: Json = False,
    data_dir: DataDir = None,
) -> None:
    """Add a source and print its write key. Its outlet is made where it does not exist yet."""
    settings = load_settings(data_dir)

    async def add() -> Source:
        async with ready_database(settings) as db, db.transaction() as tx:
            code = outlet or code_of(name)
            if not await tx.value("SELECT 1 FROM channels.v_outlet WHERE code = %(code)s", code=code):
                await channels.record_outlets(tx, outlets=[outlet_entry(settings, channel, code, name)])
            added = await channels.add_source(tx, name=name, outlet=code, trust=trust)
            await audit_change(tx, "channels.add_source", f"source:{added.source_id}", {"name": name, "outlet": code})
            return added

    added = run(add())
    if as_json:
        print_json({"source_id": added.source_id, "outlet": added.outlet_code, "write_key": added.write_key})
    else:
        print(added.write_key)


def outlet_entry(settings: Settings, channel: str, code: str, name: str) -> OutletEntry:
    known: Channel
    try:
        known = msgspec.convert(channel, Channel)
    except msgspec.ValidationError as error:
        raise Invalid(f"There is no channel {channel!r}: see `comptoir source add --help`.") from error
    return OutletEntry(
        channel=known,
        code=code,
        name=name,
        country=settings.country,
        time_zone=settings.time_zone,
        currency=settings.currency,
    )


def code_of(name: str) -> str:
    """Lower case, words joined by dashes: “Web shop” is web-shop."""
    kept = "".join(letter if letter.isascii() and letter.isalnum() else " " for letter in name.lower())
    return "-".join(kept.split())[:60] or "outlet"


@source_app.command("list")
def list_sources(as_json: Json = False, data_dir: DataDir = None) -> None:
    """All sources with their newest write key."""
    settings = load_settings(data_dir)

    async def read() -> list[Source]:
        async with ready_database(settings) as db, db.reading() as tx:
            return await channels.sources(tx)

    found = run(read())
    shown = [(s.source_id, s.name, s.channel, s.outlet_code, s.trust, s.enabled, s.write_key) for s in found]
    columns = ("id", "name", "channel", "outlet", "trust", "enabled", "write key")
    if as_json:
        print_json([dict(zip(columns, row, strict=True)) for row in shown])
    else:
        table(columns, shown)


@source_app.command("rotate")
def rotate_source(
    name: Annotated[str, typer.Argument(help="The source's name or id.")], data_dir: DataDir = None
) -> None:
    """Print a new write key. The old ones stay live for thirty days."""
    settings = load_settings(data_dir)

    async def rotate() -> Source:
        async with ready_database(settings) as db, db.transaction() as tx:
            found = [s for s in await channels.sources(tx) if name in {s.name, str(s.source_id)}]
            if not found:
                raise channels.UnknownSource(f"No source is called {name!r}: `comptoir source list` shows them.")
            await audit_change(tx, "channels.rotate_write_key", f"source:{found[0].source_id}", None)
            return await channels.rotate(tx, source_id=found[0].source_id)

    print(run(rotate()).write_key)


@key_app.command("add")
def add_key(
    scope: Annotated[list[str], typer.Option("--scope", help="<package>:read, :write or :admin; repeat it for more.")],
    name: Annotated[str, typer.Option(help="What uses it.")] = "command line",
    outlet: Annotated[
        list[str] | None, typer.Option("--outlet", help="Code of an outlet it acts for; repeat it. None: all.")
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Print a new API key. It is shown this once."""
    settings = load_settings(data_dir)

    async def add() -> keys.NewKey:
        async with ready_database(settings) as db, db.transaction() as tx:
            places = [(await channels.outlet(tx, code=code)).outlet_id for code in outlet or ()]
            return await keys.add_key(tx, name=name, scopes=scope, outlets=places, actor=operator())

    print(run(add()).token)


@key_app.command("list")
def list_keys(data_dir: DataDir = None) -> None:
    """All API keys, without their secrets."""
    settings = load_settings(data_dir)

    async def read() -> list[keys.ApiKey]:
        async with ready_database(settings) as db, db.reading() as tx:
            return await keys.keys(tx)

    shown = [
        (f"ck_{key.prefix}…", key.name, " ".join(key.scopes), key.made_at, key.last_used_at, key.revoked_at)
        for key in run(read())
    ]
    table(("key", "name", "scopes", "made", "last used", "revoked"), shown)


@key_app.command("revoke")
def revoke_key(
    prefix: Annotated[str, typer.Argument(help="The key, or its beginning: ck_1a2b3c4d.")], data_dir: DataDir = None
) -> None:
    """End an API key at once."""
    settings = load_settings(data_dir)

    async def revoke() -> keys.ApiKey:
        async with ready_database(settings) as db, db.transaction() as tx:
            key = await keys.key_of_prefix(tx, prefix=prefix)
            return await keys.revoke_key(tx, key_id=key.key_id, actor=operator())

    print(f"{run(revoke()).name}: revoked.")


@user_app.command("add")
def add_user(
    email: Annotated[str, typer.Argument(help="Their e-mail address; they sign in with it.")],
    role: Annotated[
        list[str],
        typer.Option(
            "--role",
            help="admin, marketer, associate, agent, merchandiser, analyst, executive or privacy_officer; repeatable.",
        ),
    ],
    name: Annotated[str, typer.Option(help="What to call them.")] = "",
    outlet: Annotated[str, typer.Option(help="Code of an associate's shop.")] = "",
    data_dir: DataDir = None,
) -> None:
    """Add a user. The password is asked for at a terminal, else read from standard input."""
    settings = load_settings(data_dir)
    secret = ask_password()
    roles = cast("list[Role]", role)  # add_user refuses what is no role

    async def add() -> users.User:
        password_hash = await users.hash_password(secret)
        async with ready_database(settings) as db, db.transaction() as tx:
            shop = (await channels.outlet(tx, code=outlet)).outlet_id if outlet else None
            return await users.add_user(
                tx, email=email, name=name, roles=roles, password_hash=password_hash, outlet_id=shop, actor=operator()
            )

    added = run(add())
    print(f"{added.email}: {', '.join(added.roles)}.")


def ask_password() -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    return typer.prompt("Password", hide_input=True, confirmation_prompt=True)


async def audit_change(tx: Tx, action: str, target: str, after: Any) -> None:
    await audit.record(tx, actor=operator(), action=action, target=target, after=after)


def print_json(value: Any) -> None:
    print(msgspec.json.encode(value).decode())
