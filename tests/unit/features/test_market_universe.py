"""Seeds decide which symbols the market-wide features read, and what columns are called."""

from __future__ import annotations

import importlib
import re

import pytest

from engine.errors import BuildError
from engine.features import market_universe, registry
from engine.features.cross_asset import pairs
from engine.features.market_universe import read, token, universe
from engine.settings import project_root

MEMBERS = """symbol,name,asset_class,sector,benchmark,role,exercise_style,settlement,is_index
AAA,All,equity,broad,,benchmark,american,PM,false
BRK.B,One,equity,one,AAA,sector,american,PM,false
IDX,Index,equity,broad,,index,european,AM,true
"""
PAIRS = """kind,name,symbol,against,given
ratio,,BRK.B,AAA,
credit,credit,AAA,BRK.B,
"""


def seeds(folder, members=MEMBERS, pairs=PAIRS):
    (folder / "seeds").mkdir()
    (folder / "seeds/universe.csv").write_text(members)
    (folder / "seeds/cross_asset_pairs.csv").write_text(pairs)
    return read(folder)


def test_members_are_what_trades_and_pairs_are_named_after_their_symbols(tmp_path):
    found = seeds(tmp_path)
    assert found.symbols == ("AAA", "BRK.B")
    assert (found.benchmark, found.others) == ("AAA", ("BRK.B",))
    assert [pair.name for pair in found.pairs] == ["brk_b_aaa", "credit"]
    assert found.with_role("sector", "style") == ("BRK.B",)


def test_a_symbol_in_a_column_name_has_letters_digits_and_underscores():
    assert token("BRK.B") == "brk_b"


def test_a_pair_with_a_symbol_that_is_no_member_is_refused(tmp_path):
    with pytest.raises(BuildError, match="ratio pair ccc_aaa names CCC"):
        seeds(tmp_path, pairs="kind,name,symbol,against,given\nratio,,CCC,AAA,\n")


def test_a_pair_of_an_unknown_kind_is_refused(tmp_path):
    with pytest.raises(BuildError, match="unknown kind ratoi"):
        seeds(tmp_path, pairs="kind,name,symbol,against,given\nratoi,,AAA,BRK.B,\n")


def test_there_is_exactly_one_benchmark(tmp_path):
    with pytest.raises(BuildError, match="has 0 members with the role benchmark"):
        seeds(tmp_path, members=MEMBERS.replace(",,benchmark,", ",,broad,"))


def test_the_committed_seeds_are_whole():
    found = universe()
    assert len(found.symbols) == 16
    kinds = {pair.kind: len(found.of_kind(pair.kind)) for pair in found.pairs}
    assert (kinds["ratio"], kinds["correlation"], kinds["risk_appetite"]) == (20, 9, 6)


def test_no_symbol_of_the_universe_stands_in_code():
    package = project_root() / "engine"
    files = [*package.glob("features/**/*.py"), *package.glob("kernels/*.py")]
    quoted = re.compile(r"""['"](""" + "|".join(universe().symbols) + r""")['"]""", re.IGNORECASE)
    assert [str(path) for path in files if quoted.search(path.read_text())] == []


def test_other_seeds_make_other_columns(tmp_path, monkeypatch):
    found = seeds(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(market_universe, "universe", lambda: found)
        importlib.reload(pairs)
        families = (*pairs.RATIOS, *pairs.CORRELATIONS, *pairs.RELATIVE_STRENGTH, *pairs.LEADS)
        names = [feature.name for feature in registry.expand("m", "cross", families)]
    importlib.reload(pairs)
    assert names == [
        "xa_ratio_z_brk_b_aaa_60",
        "xa_ratio_mom_brk_b_aaa_20",
        "xa_ratio_slopet_brk_b_aaa_60",
        "xa_corr_aaa_brk_b_20",
        "xa_corr_aaa_brk_b_60",
        "xa_corrchg_aaa_brk_b_20_120",
        "xa_rs_brk_b_20",
        "xa_rs_brk_b_60",
        "xa_lead_brk_b_60",
    ]
