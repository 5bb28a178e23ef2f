"""Writing a simulated lake: session by session, forward, each day file once."""

from __future__ import annotations

import datetime as dt
import json
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path as File

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from engine.errors import LakeError
from engine.lake.simulate import chain, dirty, listing, reference, stocks, truth, valuation
from engine.lake.simulate.model import (
    SESSIONS_A_YEAR,
    Floats,
    Law,
    Surface,
    physical_law,
    pricing_law,
)
from engine.lake.simulate.path import Path, dividend_schedule, simulate_path
from engine.lake.simulate.scenario import Scenario
from engine.lake.simulate.scenario import scenario as named
from engine.lake.simulate.stocks import Minutes
from engine.lake.simulate.timeline import Timeline, first_session, timeline
from engine.lake.simulate.universe import SYMBOLS
from engine.lake.store import Lake, write_parquet

VERSION = 2  # of the simulated numbers: raise it when the same seed gives other days
SCALES = ("sample", "daily", "reference")
RECORD = "simulation.json"
FAULTS_FILE = "faults.parquet"
SAMPLE_DEPTH = listing.Depth(strikes=0.68)  # about 10,000 option rows a day
REFERENCE_DEPTH = listing.Depth(strikes=10.2, extra=20)  # about 265,000 option rows a day
REFERENCE_EXTENDED = 1.55  # every symbol trades early and late: about 8,900 minute rows a day
_QUEUE = 6  # day files that may wait for the disk

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Summary:
    """What a simulation wrote.

    Parameters
    ----------
    scenario, seed, scale, symbols
        What was asked for.
    sessions, first, last
        Sessions written by this call, and the first and last of them.
    stock_rows, option_rows, faults
        Rows written, and faults among them (scenario `dirty`).
    seconds
        Wall-clock time.
    """

    scenario: str
    seed: int
    scale: str
    symbols: tuple[str, ...]
    sessions: int
    first: dt.date
    last: dt.date
    stock_rows: int
    option_rows: int
    faults: int
    seconds: float


@dataclass(frozen=True)
class Plan:
    """A simulation's identity: with equal plans, equal sessions have equal bytes.

    Parameters
    ----------
    first
        First session.
    """

    scenario: str
    seed: int
    scale: str
    first: dt.date
    symbols: tuple[str, ...]
    version: int = VERSION

    def document(self, sessions: int) -> dict[str, object]:
        """Return what is recorded in the lake."""
        return asdict(self) | {
            "first": self.first.isoformat(),
            "symbols": list(self.symbols),
            "sessions": sessions,
        }


def simulate(
    lake: File,
    *,
    scenario: str = "default",
    seed: int = 7,
    sessions: int = 504,
    symbols: tuple[str, ...] | None = None,
    scale: str = "sample",
    until: dt.date = dt.date(2025, 12, 31),
    append: int = 0,
    progress: Progress | None = None,
) -> Summary:
    """Simulate a market and write it as a lake.

    Parameters
    ----------
    lake
        Folder; made when missing. It must be empty or hold the same simulation.
    scenario
        `default`, `null`, `planted` or `dirty`.
    seed
        The same seed gives the same bytes.
    sessions, until
        How many sessions, and the day at or before which they end.
    symbols
        Which ETFs to write (all 16 by default); the others still move the market.
    scale
        `sample` (minute bars and chains), `daily` (day bars, no options) or `reference`
        (dense chains of about 265,000 rows a day).
    append
        Write this many sessions after the last one of the simulation that the lake holds,
        which also says scenario, seed, symbols and scale.
    progress
        Called with sessions done and sessions in all.

    Returns
    -------
    Summary

    Raises
    ------
    LakeError
        When an argument is unknown or the lake holds something else.
    """
    started = time.perf_counter()
    root = File(lake)
    recorded = read_record(root)
    if append:
        plan, begin = _recorded_plan(root, recorded)
        count = begin + append
    else:
        plan = _new_plan(scenario, seed, sessions, symbols, scale, until)
        begin, count = 0, sessions
        _check_target(root, plan, count, recorded)
    store = Lake.open(root, create=True)
    with store.writing():
        rows = _write(store, plan, begin, count, progress)
    line = timeline(plan.first, count)
    return Summary(
        scenario=plan.scenario,
        seed=plan.seed,
        scale=plan.scale,
        symbols=plan.symbols,
        sessions=count - begin,
        first=line.days[begin],
        last=line.last,
        stock_rows=rows["stocks"],
        option_rows=rows["options"],
        faults=rows["faults"],
        seconds=time.perf_counter() - started,
    )


def read_record(root: File) -> dict[str, object] | None:
    """Return what a lake says about the simulation it holds, or None."""
    path = root / "_manifest" / RECORD
    if not path.exists():
        return None
    document: dict[str, object] = json.loads(path.read_text())
    return document


def _new_plan(
    scenario: str, seed: int, sessions: int, symbols: tuple[str, ...] | None, scale: str,
    until: dt.date,
) -> Plan:  # fmt: skip
    named(scenario)
    if scale not in SCALES:
        raise LakeError(f"There is no scale {scale!r}.", f"Choose one of {', '.join(SCALES)}.")
    if sessions < 1:
        raise LakeError(f"{sessions} sessions cannot be simulated.", "Ask for at least one.")
    chosen = SYMBOLS if symbols is None else tuple(sorted({s.upper() for s in symbols}))
    unknown = [symbol for symbol in chosen if symbol not in SYMBOLS]
    if unknown or not chosen:
        raise LakeError(
            f"The simulator has no symbol {', '.join(unknown) or '(none given)'}.",
            f"Choose among {', '.join(SYMBOLS)}.",
        )
    return Plan(scenario, seed, scale, first_session(sessions, until), chosen)


def _recorded_plan(root: File, recorded: dict[str, object] | None) -> tuple[Plan, int]:
    if recorded is None:
        raise LakeError(
            f"{root} holds no simulation to append to.", "Make one with `quant lake simulate`."
        )
    if recorded["version"] != VERSION:
        raise LakeError(
            f"{root} was made by version {recorded['version']} of the simulator, this is "
            f"{VERSION}.",
            "Make a new lake with `quant lake simulate`.",
        )
    plan = Plan(
        scenario=str(recorded["scenario"]),
        seed=int(str(recorded["seed"])),
        scale=str(recorded["scale"]),
        first=dt.date.fromisoformat(str(recorded["first"])),
        symbols=tuple(recorded["symbols"]),  # type: ignore[arg-type]
    )
    return plan, int(str(recorded["sessions"]))


def _check_target(root: File, plan: Plan, count: int, recorded: dict[str, object] | None) -> None:
    """Refuse to write over anything but the same simulation, of at most this length."""
    if recorded is not None:
        same = {**recorded, "sessions": count} == plan.document(count)
        if same and int(str(recorded["sessions"])) <= count:
            return
        raise LakeError(
            f"{root} holds another simulation (scenario {recorded['scenario']}, seed "
            f"{recorded['seed']}, {recorded['sessions']} sessions from {recorded['first']}).",
            "Choose another folder, or delete this one first.",
        )
    store = Lake(root)
    if store.days("stocks") or store.days("options"):
        raise LakeError(
            f"{root} holds day files that were not simulated.", "Choose another folder."
        )


def _write(
    store: Lake, plan: Plan, begin: int, count: int, progress: Progress | None
) -> dict[str, int]:
    scenario = named(plan.scenario)
    line = timeline(plan.first, count)
    law = physical_law()
    path = simulate_path(line, plan.seed, scenario, law)
    members = tuple(SYMBOLS.index(symbol) for symbol in plan.symbols)
    market = _Market(plan, scenario, line, path, law, members)
    rows = {"stocks": 0, "options": 0, "faults": 0}
    folder = store.root / truth.FOLDER
    book = market.book_at(folder / truth.BOOK_FILE, begin)
    faults: list[pa.Table] = []
    waiting: deque[Future[object]] = deque()
    with ThreadPoolExecutor(market.writers) as pool:

        def put(write: Callable[..., object], *args: object, **options: object) -> None:
            waiting.append(pool.submit(write, *args, **options))
            while len(waiting) > _QUEUE:
                waiting.popleft().result()

        for t in range(begin, count):
            day = line.days[t]
            table, options, fair, book = market.session(t, book)
            for dataset, made in (("stocks", table), ("options", options)):
                if made is None:
                    continue
                for file_day, content, found in market.files(dataset, t, made):
                    rows[dataset] += content.num_rows
                    faults += found
                    put(store.write_day, dataset, file_day, content, in_order=True)
            if fair is not None:
                put(write_parquet, fair, folder / "options" / f"{day.isoformat()}.parquet")
            if progress is not None:
                progress(t - begin + 1, count - begin)
        while waiting:
            waiting.popleft().result()
    for name, table in reference.tables(
        line, path, law, market.index_surface, plan.seed, members
    ).items():
        store.merge_reference(name, table)
    if scenario.is_dirty:
        dividends, splits, late = dirty.late_events(line, plan.symbols)
        store.merge_reference("dividends", dividends)
        store.merge_reference("splits", splits)
        rows["faults"] = _write_faults(folder / FAULTS_FILE, line, begin, [*faults, late])
    _write_truth(folder, plan, market, book, count)
    truth.write_json(store.root / "_manifest" / RECORD, plan.document(count))
    store.scan()
    return rows


def _write_faults(path: File, line: Timeline, begin: int, faults: list[pa.Table]) -> int:
    """Add this run's faults to those of the sessions before it; return how many are listed."""
    events = ("dividends", "splits")  # listed anew by every run, from the first session on
    found = pa.concat_tables(faults)
    if begin and path.exists():
        old = pq.read_table(path)
        before = pc.less(old["session_date"], pa.scalar(line.days[begin], pa.date32()))
        rows_only = pc.invert(pc.is_in(old["dataset"], pa.array(events)))
        found = pa.concat_tables([old.filter(pc.and_(before, rows_only)), found])
    keys = [("dataset", "ascending"), ("session_date", "ascending"), ("reason", "ascending")]
    keys += [("entity", "ascending"), ("source", "ascending"), ("ts", "ascending")]
    write_parquet(found.sort_by(keys), path)
    return int(found.num_rows)


def _write_truth(folder: File, plan: Plan, market: _Market, book: listing.Book, count: int) -> None:
    write_parquet(
        truth.sessions(market.line, market.path, market.law, market.members, market.scenario),
        folder / "sessions.parquet",
    )
    truth.write_json(folder / "edges.json", truth.edges(market.scenario))
    truth.write_json(
        folder / "model.json",
        {
            "law": truth.law_document(market.law),
            "pricing_law": truth.law_document(market.index_surface.law),
            "symbols": list(SYMBOLS),
        },
    )
    if plan.scale != "daily":
        truth.write_book(folder / truth.BOOK_FILE, book, market.line, count)


@lru_cache(maxsize=4)
def _surface(has_premia: bool, members: tuple[int, ...]) -> Surface:
    """Return a surface that later runs of this process share: its tables take seconds."""
    law = physical_law()
    return Surface(pricing_law(law) if has_premia else law, members)


class _Market:
    """The market of one run: what every session is made from."""

    def __init__(
        self, plan: Plan, scenario: Scenario, line: Timeline, path: Path, law: Law,
        members: tuple[int, ...],
    ) -> None:  # fmt: skip
        self.plan, self.scenario, self.line, self.path = plan, scenario, line, path
        self.law, self.members = law, members
        self.index_surface = _surface(scenario.has_premia, (SYMBOLS.index("SPY"),))
        self.surface = _surface(scenario.has_premia, members)
        self.schedule = dividend_schedule(line)
        self.usual_vol = np.sqrt(SESSIONS_A_YEAR * law.loadings**2 @ law.usual_variance()[:, 1])
        self.depth = REFERENCE_DEPTH if plan.scale == "reference" else SAMPLE_DEPTH
        self.extended = REFERENCE_EXTENDED if plan.scale == "reference" else 1.0
        self.has_truth = self.is_american = plan.scale == "sample"
        if plan.scale != "daily":
            self.surface.prepare()
        # dense chains are made by two threads, half of the contracts each
        dense = plan.scale == "reference" and len(members) == len(SYMBOLS)
        self.groups = (members[:8], members[8:]) if dense else (members,)
        self._map = ThreadPoolExecutor(2).map if dense else map
        self.writers = 4 if plan.scale == "daily" else 2

    def book_at(self, saved: File, begin: int) -> listing.Book:
        """Return the open contracts before session `begin`: saved ones, else made again."""
        if not begin or self.plan.scale == "daily":
            return listing.Book.empty()
        if saved.exists():
            table = pq.read_table(saved)
            if table.num_rows and table["next_session"][0].as_py() == begin:
                return truth.read_book(table)
        book = listing.Book.empty()
        for t in range(begin):
            *_, book = self.session(t, book)
        return book

    def session(
        self, t: int, book: listing.Book
    ) -> tuple[pa.Table, pa.Table | None, pa.Table | None, listing.Book]:
        """Return stock rows, option rows, option truth and the next session's book."""
        plan, line, path, law = self.plan, self.line, self.path, self.law
        if plan.scale == "daily":
            return stocks.day_rows(line, path, law, plan.seed, t, self.members), None, None, book
        minutes = stocks.minutes_of(line, path, law, plan.seed, t)
        rows = stocks.minute_rows(
            line, path, law, plan.seed, t, self.members, minutes, self.extended
        )
        spot = np.round(path.snapshot[t] + path.outstanding[t], 2)
        parts = list(
            self._map(
                lambda group, part: self._chain(t, group, part, spot, minutes),
                self.groups,
                book.parts(self.groups),
            )
        )
        options = pa.concat_tables([made.rows for made, _ in parts])
        fair = pa.concat_tables([truths for _, truths in parts]) if self.has_truth else None
        return rows, options, fair, listing.Book.whole([made.book for made, _ in parts])

    def files(
        self, dataset: str, t: int, table: pa.Table
    ) -> Iterator[tuple[dt.date, pa.Table, list[pa.Table]]]:
        """Yield the day files that session t's rows become: day, rows, faults in them."""
        line, seed = self.line, self.plan.seed
        if not self.scenario.is_dirty:
            yield line.days[t], table, []
            return
        spoiled = dirty.spoil(dataset, line, seed, t, table)
        yield line.days[t], spoiled.table, [spoiled.faults]
        extra = dirty.off_session(dataset, line, seed, t, table)
        if extra is not None:
            yield extra[0], extra[1].table, [extra[1].faults]

    def _chain(
        self, t: int, group: tuple[int, ...], book: listing.Book, spot: Floats, minutes: Minutes
    ) -> tuple[chain.Session, pa.Table | None]:
        """Return the options of some instruments at session t."""
        line, path, seed = self.line, self.path, self.plan.seed
        book = listing.list_contracts(book, line, path, seed, t, group, self.usual_vol, self.depth)
        worth = valuation.value(
            self.surface, book, line, path, self.schedule, t, spot, self.scenario.structure_edge,
            is_american=self.is_american,
        )  # fmt: skip
        made = chain.quote_session(book, worth, line, path, self.law, seed, t, group, spot, minutes)
        truths = chain.truth_rows(book, worth, line) if self.has_truth else None
        return made, truths


def sessions_of(plan: Plan, count: int) -> Iterator[tuple[dt.date, pa.Table, pa.Table | None]]:
    """Yield a plan's sessions in memory: day, stock rows, option rows."""
    line = timeline(plan.first, count)
    law = physical_law()
    scenario = named(plan.scenario)
    path = simulate_path(line, plan.seed, scenario, law)
    members = tuple(SYMBOLS.index(symbol) for symbol in plan.symbols)
    market = _Market(plan, scenario, line, path, law, members)
    book = listing.Book.empty()
    for t in range(count):
        rows, options, _, book = market.session(t, book)
        yield line.days[t], rows, options
