"""The weights, learnt without labels by Splink 5 (Linacre and others, 2022): `u` from random pairs, `m` by
expectation maximisation over pairs that share an e-mail, a telephone, or a last name and a birth date.

Three things are known better than a sample tells, and are set by hand: two strangers share an e-mail, a telephone, a
card, a code or a device about once in as many pairs as there are records; a birth date is mistyped, and seldom another
one; a level that no pair has shown is not impossible.
"""

import contextlib
import logging
import math
from typing import Any

import duckdb

from comptoir.identity.matching.comparisons import COMPARISONS, FIELDS
from comptoir.identity.matching.model import HOME, Model, Shares

RANDOM_PAIRS = 2_000_000
EM_PAIRS = 1_000_000
SEED = 1
UNIQUE = ("email", "phone", "card", "code", "device")
"""Fields whose values are of one person or of very few."""
RULES = ("email",), ("phone",), ("last", "birth")
"""M is estimated from pairs that agree here, …"""
INSTEAD = ("card",), ("birth", "first"), ("street", "number", "postcode")
"""… or here, where a file has no such columns."""
M_BIRTH = (0.94, 0.055, 0.005)
LEAST = 1e-6
"""No level is rarer."""


SHARED = ("first", "last", "postcode")
SHARE = """
    (SELECT sum(n * n) / sum(n) ** 2 FROM (SELECT count(*) AS n FROM clean WHERE {0} IS NOT NULL GROUP BY {0}))
"""


def train(con: duckdb.DuckDBPyConnection) -> Model:
    """A model for the table `clean`."""
    found = _by_splink(con)
    m = {name: [max(one, LEAST) for one in levels[0]] for name, levels in found.items()}
    u = {name: [max(one, LEAST) for one in levels[1]] for name, levels in found.items()}
    records, *shares = _row(con, f"SELECT (SELECT count(*) FROM clean), {', '.join(map(SHARE.format, SHARED))}")  # noqa: S608
    for name in UNIQUE:
        u[name][0] = 1 / records
    m["birth"] = list(M_BIRTH)
    return Model(
        version=f"splink5-{records}",
        # About three records a person: two of n records are of one person once in n / 2 pairs.
        prior=-math.log2(records / 2),
        m=m,
        u=u,
        shares=Shares(*(one or LEAST for one in shares)),
        home=_home(con),
    )


# Where two of one name live in one home and both have a birth date: how many are two people.
HOMES = """
    SELECT count(*),
           count(*) FILTER ((day(l.birth) = day(r.birth))::INT + (month(l.birth) = month(r.birth))::INT
                            + (year(l.birth) = year(r.birth))::INT < 2
                            AND NOT (day(l.birth) = month(r.birth) AND month(l.birth) = day(r.birth)))
    FROM pair JOIN clean AS l ON l.id = a JOIN clean AS r ON r.id = b
    WHERE l.first = r.first AND l.last = r.last AND l.postcode = r.postcode AND l.street = r.street
          AND l.number = r.number AND l.birth IS NOT NULL AND r.birth IS NOT NULL
"""
FEW = 100
"""Pairs of which nothing is learnt."""


def _home(con: duckdb.DuckDBPyConnection) -> float:
    """Bits that one name in one home is worth: how much oftener it is one person than father and son."""
    pairs, others = _row(con, HOMES)
    return math.log2((pairs - others + 0.5) / (others + 0.5)) if pairs >= FEW else HOME


def _by_splink(con: duckdb.DuckDBPyConnection) -> dict[str, tuple[list[float], list[float]]]:
    """M and u of each level of each comparison."""
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on  # noqa: PLC0415  seconds to import
    from splink import comparison_level_library as levels  # noqa: PLC0415
    from splink import comparison_library as comparisons  # noqa: PLC0415
    from splink.internals.exceptions import EMTrainingException  # noqa: PLC0415

    logging.getLogger("splink").setLevel(logging.ERROR)

    def made(comparison: Any) -> Any:
        return comparisons.CustomComparison(
            output_column_name=comparison.name,
            comparison_levels=[
                {"sql_condition": comparison.missing.sql, "label_for_charts": "missing", "is_null_level": True},
                *(levels.CustomLevel(one.sql, label_for_charts=one.name) for one in comparison.levels[:-1]),
                levels.ElseLevel(),
            ],
        )

    settings = SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name="id",
        comparisons=[made(one) for one in COMPARISONS],
        blocking_rules_to_generate_predictions=[block_on("email")],
        probability_two_random_records_match=1e-4,
    )
    con = con.cursor()  # DuckDB lets nobody else on a connection whose last result was not read to its end
    api: Any = DuckDBAPI(connection=con)
    columns = ", ".join(["id", *FIELDS])
    linker = Linker(api.register(con.sql(f"SELECT {columns} FROM clean")), settings, log_level=logging.ERROR)  # noqa: S608
    linker.training.estimate_u_using_random_sampling(max_pairs=RANDOM_PAIRS, seed=SEED)
    learnt_from = 0
    for columns_alike in (*RULES, *INSTEAD):
        if learnt_from < len(RULES):
            with contextlib.suppress(EMTrainingException):  # no pairs: the file has no such column
                linker.training.estimate_parameters_using_expectation_maximisation(
                    block_on(*columns_alike), max_pairs=EM_PAIRS
                )
                learnt_from += 1
    learnt = linker.misc.save_model_to_json()
    found = {one["output_column_name"]: one["comparison_levels"] for one in learnt["comparisons"]}
    return {one.name: _probabilities(found.get(one.name, []), len(one.levels)) for one in COMPARISONS}


def _probabilities(found: list[dict[str, Any]], many: int) -> tuple[list[float], list[float]]:
    """Splink leaves out a level that it has not seen, and a field that the file does not have: that says nothing."""
    kept = [one for one in found if not one.get("is_null_level")]
    if len(kept) != many:
        return [1 / many] * many, [1 / many] * many
    return [one.get("m_probability") or LEAST for one in kept], [one.get("u_probability") or LEAST for one in kept]


def _row(con: duckdb.DuckDBPyConnection, sql: str) -> tuple[Any, ...]:
    found = con.execute(sql).fetchone()
    assert found
    return found
