"""The engineers' tutorial is run as it stands: every `curl` of it, in order, against the whole application."""

import json
import re
import shlex
from pathlib import Path
from uuid import UUID

import pytest

from comptoir import inventory, orders
from comptoir.kernel.settings import Settings
from reuse import application

HERE = Path(__file__).parents[2] / "docs/tutorials"
BLOCK = re.compile(r"```\n(.*?)```", re.DOTALL)


def commands(page):
    """The shell lines of a page; what a quoted text continues belongs to its line."""
    for block in BLOCK.findall((HERE / page).read_text()):
        line = ""
        for one in block.splitlines():
            line = f"{line}\n{one}" if line else one
            if line.count("'") % 2 == 0:
                yield line
                line = ""


@pytest.fixture
async def app(db):
    async with application(Settings(simulated_payments=True), db) as app:
        yield app


class Shell:
    """What the tutorial needs of one: variables and curl."""

    def __init__(self, api):
        self.api = api
        self.variables = {"API": "http://comptoir.test/v1", "KEY": "unused"}
        self.answers = []

    async def run(self, line):
        for name in sorted(self.variables, key=len, reverse=True):
            line = line.replace(f"${name}", self.variables[name])
        if line.startswith("WORK=$(curl"):
            found = await self.curl(line.removeprefix("WORK=$(").split(" | ")[0])
            self.variables["WORK"] = str(found.json()["items"][0]["fulfilment_id"])
        elif line.startswith("curl"):
            self.answers.append(await self.curl(line))
        elif match := re.fullmatch(r"([A-Z]+)=([0-9a-f-]+)", line):
            self.variables[match[1]] = match[2]
        else:
            assert line.startswith(("KEY=", "API=", ".venv/bin/comptoir ")), line

    async def curl(self, line):
        _, *words = shlex.split(line)
        method, data, url, headers = "GET", None, "", {}
        while words:
            match word := words.pop(0):
                case "-X":
                    method = words.pop(0)
                case "-d":
                    data = words.pop(0)
                    json.loads(data)
                case "-H":
                    name, _, value = words.pop(0).partition(": ")
                    headers[name] = value
                case "-s":
                    pass
                case _:
                    url = word
        headers.pop("authorization")
        return await self.api.request(method, url, content=data, headers=headers)


async def test_the_first_order(api, db):
    shell = Shell(api)
    for line in commands("first-order.md"):
        await shell.run(line)
    *answers, refused = shell.answers
    assert [one.status_code for one in answers if one.status_code not in {200, 201}] == []
    assert refused.status_code == 409
    assert refused.json()["code"] == "inventory.insufficient_stock"
    (offer,) = next(one.json() for one in answers if "availability" in str(one.url))
    assert offer["units"] == 5
    booked = answers[-1].json()
    assert booked["state"] == "done"
    assert booked["total_minor"] == 34900 + 490
    async with db.reading() as tx:
        assert await inventory.reconcile(tx) == []
        assert await orders.reconcile(tx) == []
        (left,) = await tx.values("SELECT sellable FROM inventory.balance WHERE sellable > 0 AND location_id > 4")
        assert left == 4
        assert await tx.value("SELECT count(*) FROM orders.sale") == 1
        assert await orders.order(tx, order_id=UUID(shell.variables["BASKET"]))
