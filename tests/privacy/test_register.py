"""Whatever the database can hold of people is declared: a table that somebody adds tomorrow fails here first."""

import pytest

from comptoir.kernel.register import Subject, catalogue
from comptoir.privacy import register
from comptoir.privacy.register import BY_NAME, TABLES

pytestmark = pytest.mark.anyio


async def test_every_column_in_which_words_may_stand_is_declared(tx):
    real = {}
    for column in await catalogue.columns(tx):
        real.setdefault(column.table, set()).add(column.name)
    declared = {one.name: one.columns for one in TABLES if one.columns}
    undeclared = {table: sorted(names - declared.get(table, set())) for table, names in real.items()}
    undeclared = {table: names for table, names in undeclared.items() if names}
    assert undeclared == {}, "say in the package's holdings.py whether they are personal"
    gone = {table: sorted(names - real.get(table, set())) for table, names in declared.items()}
    assert {table: names for table, names in gone.items() if names} == {}, "declared, and not there"


async def test_every_column_that_names_a_person_by_number_is_erased(tx):
    for column in await catalogue.links(tx):
        table = BY_NAME.get(column.table)
        assert table is not None and (table.erase or table.work or table.name == "privacy.erasure"), column


async def test_what_is_declared_personal_has_a_fate(tx):
    assert len(BY_NAME) == len(TABLES)
    for one in TABLES:
        assert bool(one.what) == bool(one.by) == bool(one.does) == bool(one.keep), one.name
        assert not one.hers or one.erase or one.work or one.by == "log" or one.name.startswith("privacy."), one.name
        assert one.does != "pseudonymised" or one.why, f"{one.name}: why does it stay?"


async def test_every_statement_of_the_register_runs(tx):
    nobody = Subject([-1], [], [], [])
    for one in TABLES:
        if one.erase or one.work:
            assert await register.erase(tx, one, nobody) == 0
        assert await register.show(tx, one, nobody) == []
    assert any(one.show for one in TABLES)
