from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "app"))

from rich.console import Console
from tiny_warehouse import make

from engine.service import chain, cli
from engine.settings import load
from engine.warehouse import chain as chains
from engine.warehouse import connect

Quant = Callable[..., tuple[int, str, str]]


@pytest.fixture
def quant(capsys: pytest.CaptureFixture[str]) -> Quant:
    def run(*arguments: str) -> tuple[int, str, str]:
        code = cli.run(["options", *arguments])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


@pytest.fixture(scope="session")
def tiny_chain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """AAA has chains of 38 sessions, the last of 2026-02-25, with three expiries of 9 strikes."""
    return make(tmp_path_factory.mktemp("chain") / "warehouse")


@pytest.fixture
def tiny(tiny_chain: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("QUANT_WAREHOUSE", str(tiny_chain))
    return tiny_chain


# -- chain -----------------------------------------------------------------------------------


def test_a_chain_is_the_newest_session_and_the_expiry_nearest_to_a_month(
    quant: Quant, tiny: Path
) -> None:
    code, out, _ = quant("chain", "aaa")
    assert code == 0
    assert "AAA on 2026-02-25, expires 2026-03-20 in 23.0 days, spot 103.66" in out
    assert "volatility at the forward 22.36%" in out
    rows = [line for line in out.splitlines() if "quote_mid" in line or "surface" in line]
    assert len(rows) == 9
    assert "zero_bid" in rows[-1]  # the strike of 120
    assert "2 other expiries from 2026-03-20 to 2026-06-19" in out


def test_calls_stand_left_of_the_strike_and_puts_right(quant: Quant, tiny: Path) -> None:
    _, out, _ = quant("chain", "AAA", "--near", "1")
    # the call of 100 is 3.66 in the money, both have 2 of time value
    (row,) = [line for line in out.splitlines() if "5.66" in line]
    assert row.index(" 5.66 ") < row.index(" 2.00 ")


def test_a_borrowed_smile_is_named(quant: Quant, tiny: Path) -> None:
    _, out, _ = quant("chain", "AAA", "--expiration", "2026-06-19")
    assert "(smile: nearest)" in out


def test_near_keeps_strikes_on_both_sides(quant: Quant, tiny: Path) -> None:
    code, out, _ = quant("chain", "AAA", "--near", "2", "--format", "csv")
    assert code == 0
    rows = list(csv.DictReader(io.StringIO(out)))
    assert [float(row["strike"]) for row in rows] == [95, 100, 105, 110]


def test_csv_has_every_strike_and_both_sides(quant: Quant, tiny: Path) -> None:
    _, out, _ = quant("chain", "AAA", "--session", "2026-01-05", "-f", "csv")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert [float(row["strike"]) for row in rows] == list(range(80, 125, 5))
    assert {row["session_date"] for row in rows} == {"2026-01-05"}
    assert {row["expiration"] for row in rows} == {"2026-03-20"}  # 74 days: the nearest to 30
    with duckdb.connect(str(tiny / "current.duckdb"), read_only=True) as connection:
        marks = dict(
            connection.execute(
                "select option_type || strike::integer, mark from option_marks "
                "where session_date = '2026-01-05' and expiration = '2026-03-20'"
            ).fetchall()
        )
    for row in rows:
        strike = int(float(row["strike"]))
        assert float(row["call_mark"]) == marks[f"C{strike}"]
        assert float(row["put_mark"]) == marks[f"P{strike}"]
    assert rows[0]["call_reason"] == ""
    assert rows[-1]["call_reason"] == "zero_bid"


def test_json_has_numbers_and_nulls(quant: Quant, tiny: Path) -> None:
    _, out, _ = quant("chain", "AAA", "-n", "1", "-f", "json")
    rows = json.loads(out)
    assert [row["strike"] for row in rows] == [100, 105]
    assert rows[0]["call_reason"] is None
    assert rows[0]["put_delta"] < 0 < rows[0]["call_iv"]


def test_a_narrow_terminal_gets_calls_above_puts(tiny: Path) -> None:
    with connect.published(load(), functions=False) as connection:
        found = chains.find(connection, "AAA", near=2)
        console = Console(width=90, record=True, file=io.StringIO())
        chain.show(console, found, {"zero_bid": "Nobody bids"}, is_cut=False)
    lines = [line.strip() for line in console.export_text().splitlines()]
    assert lines.index("calls") < lines.index("puts")
    assert sum(line.startswith("100 ") for line in lines) == 2
    assert all(len(line) <= 90 for line in lines[1:-1])


@pytest.fixture
def two_roots(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Each expiry of AAA has a second root, AAAW, without puts."""
    monkeypatch.setenv("QUANT_WAREHOUSE", str(tmp_path / "two"))
    make(tmp_path / "two")
    with duckdb.connect(str((tmp_path / "two" / "current.duckdb").resolve())) as connection:
        for table, kept in (("option_marks", "option_type = 'C'"), ("iv_smiles", "true")):
            connection.execute(
                f"insert into {table} select * replace ('AAAW' as root) from {table} where {kept}"
            )
    return tmp_path / "two"


def test_two_roots_of_an_expiry_are_two_tables(quant: Quant, two_roots: Path) -> None:
    _, out, _ = quant("chain", "AAA")
    assert out.count("AAA on 2026-02-25") == 1
    assert out.count("AAA (AAAW) on 2026-02-25") == 1
    _, out, _ = quant("chain", "AAA", "-f", "csv")
    assert len(out.splitlines()) == 1 + 2 * 9


def test_a_root_may_be_asked_for(quant: Quant, two_roots: Path) -> None:
    code, out, _ = quant("chain", "aaaw", "-f", "json")
    assert code == 0
    rows = json.loads(out)
    assert {row["root"] for row in rows} == {"AAAW"}
    assert {row["underlying"] for row in rows} == {"AAA"}
    assert all(row["put_mark"] is None and row["call_mark"] is not None for row in rows)


@pytest.mark.parametrize(
    ("words", "what", "remedy"),
    [
        (("AAAA",), "no chain of AAAA", "Did you mean AAA?"),
        (("XYZ",), "no chain of XYZ", "There are chains of AAA"),
        (("AAA", "--session", "2026-01-10"), "on 2026-01-10", "2026-01-09 and 2026-01-12"),
        (("AAA", "--session", "2027-01-10"), "on 2027-01-10", "The nearest: 2026-02-25"),
        (("AAA", "-e", "2026-03-21"), "expires on 2026-03-21", "2026-03-20, 2026-04-17"),
    ],
)
def test_what_is_not_there_is_named_with_what_is(
    quant: Quant, tiny: Path, words: tuple[str, ...], what: str, remedy: str
) -> None:
    code, out, err = quant("chain", *words)
    assert (code, out) == (9, "")
    assert what in err
    assert remedy in err


def test_a_version_without_chains_says_how_to_get_them(
    quant: Quant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QUANT_WAREHOUSE", str(tmp_path / "w"))
    make(tmp_path / "w", without=("option_marks",))
    code, _, err = quant("chain", "AAA")
    assert code == 9
    assert "quant lake import" in err
    make(tmp_path / "w", stamp="20260401T211500000000Z", emptied=True)
    code, _, err = quant("chain", "AAA")
    assert code == 9
    assert "no chain of AAA" in err


def test_without_a_warehouse_the_exit_code_is_publishing_s(
    quant: Quant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QUANT_WAREHOUSE", str(tmp_path / "none"))
    assert quant("chain", "AAA")[0] == 6


# -- what newcomers type ---------------------------------------------------------------------

IV = ("--spot", "100", "--strike", "101", "--days", "120")


@pytest.mark.parametrize("kind", ["c", "C", "call", "CALL"])
def test_a_call_may_be_written_out(quant: Quant, kind: str) -> None:
    code, out, _ = quant("iv", kind, "--price", "5", *IV)
    assert code == 0
    assert "%" not in out


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("iv", "X", "--price", "5", *IV), 2, "X is neither C (a call) nor P (a put)"),
        (("iv", "C", "--price", "5", *IV, "-r", "4.5"), 2, "write 0.045 for 4.5%"),
        (("greeks", "C", "--vol", "30", *IV), 2, "write 0.3 for 30%"),
        (("iv", "C", "--price", "-1", *IV), 10, "Give --price above 0."),
        (("iv", "C", "--price", "nan", *IV), 10, "--price nan is no number."),
        (("iv", "C", "--price", "5", *IV[:-1], "0"), 10, "--days 0 is not above 0."),
        (("iv", "C", "--price", "200", *IV), 10, "less than 100 dollars"),
        (("iv", "P", "--price", "0.5", *IV, "-a"), 10, "worth more than 1 and less than 101"),
        (("iv", "P", "--price", "5", *IV, "-d", "30"), 2, "not DAYS:DOLLARS"),
        (("iv", "P", "--price", "5", *IV, "-d", "30:-1"), 10, "Give --dividend DAYS:DOLLARS"),
        (("greeks", "C", "--vol", "-0.3", *IV), 10, "Give --vol 0 or more."),
        (("greeks", "C", "--vol", "nan", *IV), 10, "--vol nan is no number."),
    ],
)
def test_a_wrong_input_is_named_with_what_to_give(
    quant: Quant, words: tuple[str, ...], code: int, told: str
) -> None:
    found, out, err = quant(*words)
    assert (found, out) == (code, "")
    assert told in " ".join(err.replace("│", " ").split())
