"""Come behind the counter: sign in, and in a demo one button per role."""

from collections.abc import Sequence

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromQuery, URLEncodedBody
from markupsafe import Markup

from comptoir.console.channels import CHANNELS
from comptoir.console.console import Console, Section
from comptoir.console.page import Page
from comptoir.console.pages.shell import local
from comptoir.console.rooms import ROLES, RoleFace
from comptoir.kernel.auth import Role, public, sessions, users
from comptoir.kernel.auth.csrf import check_same_origin
from comptoir.kernel.db import Database, Tx
from comptoir.kernel.errors import NotFound
from comptoir.kernel.http import AnyRequest


class Thread(msgspec.Struct, frozen=True):
    """One channel of the picture: a disc above, and a line down to the bell."""

    channel: str
    x: int
    path: str
    icon: Markup


class SignInView(msgspec.Struct, frozen=True):
    next: str
    email: str
    refused: str
    roles: Sequence[tuple[Role, RoleFace]]
    threads: Sequence[Thread]


@get("/sign-in", guards=[public], sync_to_thread=False)
def read_sign_in(page: NamedDependency[Page], next: FromQuery[str] = "/") -> Response[str]:  # noqa: A002
    if page.viewer.kind == "user":
        return page.go(local(next))
    return show(page, next)


class SignInForm(msgspec.Struct, frozen=True):
    email: str
    password: str
    next: str = "/"


@post("/sign-in", guards=[public])
async def sign_in(
    request: AnyRequest,
    console: NamedDependency[Console],
    db: NamedDependency[Database],
    data: URLEncodedBody[SignInForm],
) -> Response[str]:
    check_same_origin(request)  # no session yet, so the guard has not looked
    page = console.page(request)
    try:
        opened = await sessions.sign_in(
            db,
            email=data.email,
            password=data.password,
            address=address(request),
            agent=request.headers.get("user-agent", ""),
        )
    except sessions.WrongPassword:
        return show(page, data.next, email=data.email, refused=page.gettext("Not these two. Check both and try again."))
    except sessions.TooManyAttempts:
        wait = page.gettext("Too many attempts. Wait a quarter of an hour, or ask an administrator.")
        return show(page, data.next, email=data.email, refused=wait)
    return let_in(page, request, opened, data.next)


class RoleForm(msgspec.Struct, frozen=True):
    role: Role
    next: str = "/"


@post("/sign-in/as", guards=[public])
async def sign_in_as(
    request: AnyRequest, page: NamedDependency[Page], tx: NamedDependency[Tx], data: URLEncodedBody[RoleForm]
) -> Response[str]:
    """Demo only: come in as the first user who has this role alone, or at least has it."""
    check_same_origin(request)
    if not page.settings.demo:
        raise NotFound
    holders = [user for user in await users.users(tx) if user.active and data.role in user.roles]
    if not holders:
        raise NotFound
    user = min(holders, key=lambda user: (len(user.roles), user.made_at))
    opened = await sessions.open_session(tx, user_id=user.user_id, address=address(request))
    return let_in(page, request, opened, data.next)


@post("/sign-out", guards=[public])
async def sign_out(request: AnyRequest, page: NamedDependency[Page], tx: NamedDependency[Tx]) -> Response[str]:
    if token := request.cookies.get(sessions.COOKIE):
        await sessions.sign_out(tx, token=token)
    answer = page.go("/sign-in")
    answer.headers["Set-Cookie"] = sessions.cookie("", secure=is_secure(request))
    return answer


def let_in(page: Page, request: AnyRequest, opened: sessions.SignedIn, path: str) -> Response[str]:
    answer = page.go(local(path))
    answer.headers["Set-Cookie"] = sessions.cookie(opened.token, secure=is_secure(request))
    return answer


def is_secure(request: AnyRequest) -> bool:
    return request.url.scheme == "https"


def address(request: AnyRequest) -> str:
    return request.client.host if request.client else ""


def show(page: Page, path: str, *, email: str = "", refused: str = "") -> Response[str]:
    roles = list(ROLES.items()) if page.settings.demo else []
    view = SignInView(local(path), email, refused, roles, threads(page))
    return page.show("sign_in.html.j2", view, status=422 if refused else 200)


def threads(page: Page) -> list[Thread]:
    """Ten lines that come together under the bell; the outer ones bend later."""
    drawn: list[Thread] = []
    for place, (key, channel) in enumerate(CHANNELS.items()):
        off = place - 4.5
        x, end = 62 + place * 70, 380 + off * 6
        bend = f"C{x} {480 + abs(off) * 6:g} {end:g} 440 {end:g} 640"
        path = f"M{x} 150V{250 + abs(off) * 22:g}{bend}V680"
        drawn.append(Thread(key, x, path, page.draw.icon_use(channel.icon)))
    return drawn


section = Section(routes=[read_sign_in, sign_in, sign_in_as, sign_out])
