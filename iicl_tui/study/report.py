"""A report of many chains: what was run, tables, figures, all data, and what makes it again."""

from __future__ import annotations

import importlib.metadata
import platform
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path

from iicl_tui import __version__
from iicl_tui.store import atomic, errors
from iicl_tui.study import page
from iicl_tui.study.collection import Collection
from iicl_tui.study.comparison import Comparison, Group, compare
from iicl_tui.study.figures import figure, shares, shares_name, shares_text, splits
from iicl_tui.study.folder import MANIFEST, read_folder
from iicl_tui.study.page import Block, Code, Heading, Picture, Table, Text
from iicl_tui.study.statistics import Estimate, number, text
from iicl_tui.study.tables import write_csv, write_parquet

_PACKAGES = ("numpy", "matplotlib", "pyarrow")
_MOST_NAMED = 30
_MOST_PANELS = 15


@dataclass(frozen=True)
class Wanted:
    """What a report shows.

    Attributes:
        metrics: The metrics, each with a figure.
        figures: The format of the figure files: svg, png or pdf.
        command: The command that made the report.
    """

    metrics: tuple[str, ...]
    figures: str
    command: str


def write(comparison: Comparison, given: Sequence[Path], wanted: Wanted, folder: Path) -> list[Path]:
    """Writes the report into a folder: report.md, report.html, the figures, and the tidy table. Replaces an earlier one.

    Returns:
        The files written.

    Raises:
        LabError: matplotlib is not installed.
        StoreError: A file cannot be written.
    """
    shown = [metric for metric in wanted.metrics if _has_values(comparison, metric)]
    pictures = _pictures(comparison, shown, wanted.figures)
    inline = pictures if wanted.figures != "pdf" else _pictures(comparison, shown, "svg")
    blocks = list(_blocks(comparison, given, wanted, shown, list(pictures)))
    written = [folder / "report.md", folder / "report.html", folder / "chains.csv"]
    try:
        (folder / "figures").mkdir(parents=True, exist_ok=True)
        for metric, data in pictures.items():
            written.append(folder / "figures" / f"{file_name(metric)}.{wanted.figures}")
            atomic.replace(written[-1], data)
        links = {metric: f"figures/{file_name(metric)}.{wanted.figures}" for metric in pictures}
        atomic.replace(folder / "report.md", page.markdown(blocks, links).encode(errors="replace"))
        data_urls = {
            metric: page.data_url(data, "svg" if wanted.figures == "pdf" else wanted.figures) for metric, data in inline.items()
        }
        atomic.replace(folder / "report.html", page.html(blocks, data_urls).encode(errors="replace"))
    except OSError as error:
        raise errors.from_os_error(error, "write", folder) from error
    write_csv(comparison.collection, folder / "chains.csv")
    if _version("pyarrow"):
        write_parquet(comparison.collection, folder / "chains.parquet")
        written.append(folder / "chains.parquet")
    return written


def _pictures(comparison: Comparison, metrics: Sequence[str], form: str) -> dict[str, bytes]:
    """A figure for each metric, and one for all probabilities of a grouping together."""
    together = _together(comparison, metrics)
    found = {shares_name(each): shares(comparison, each, form) for each in together}
    return found | {metric: figure(comparison, metric, form) for metric in metrics}


def _together(comparison: Comparison, metrics: Sequence[str]) -> list[tuple[str, ...]]:
    return splits(metrics) if len(comparison.groups) <= _MOST_PANELS else []


def file_name(metric: str) -> str:
    """A metric as a file name: p(screen=off) as p-screen-off."""
    return "-".join(filter(None, "".join(char if char.isalnum() or char == "_" else " " for char in metric).split()))


def _has_values(comparison: Comparison, metric: str) -> bool:
    return any(isfinite(comparison.mean(group, metric).value) for group in comparison.groups)


def _blocks(
    comparison: Comparison, given: Sequence[Path], wanted: Wanted, shown: Sequence[str], pictures: Sequence[str]
) -> Iterator[Block]:
    collection = comparison.collection
    study = collection.study
    yield Heading(1, study.title if study is not None else f"{len(collection.chains):,} chains of {collection.task}")
    yield Text(_summary(comparison))
    table = table_one(comparison)
    if table is not None:
        yield Heading(2, "Table 1: the last generation by interaction filter")
        yield Text(
            "d⁰ right: how many of its examples hᵗ explains. BOTH: all of them, and screen off. Mean ± standard error over chains."
        )
        yield table
    yield Heading(2, "Means")
    method = comparison.mean(comparison.groups[0], shown[0]).how if shown else ""
    yield Text(f"Each chain counts once, {_where(comparison)}. In brackets: {method}.")
    words = {metric: collection.measure(metric).text for metric in shown}
    yield Table(("condition", "chains", *words.values()), tuple(_row(comparison, group, shown) for group in comparison.groups))
    if len(comparison.groups) > 1:
        first = comparison.groups[0]
        yield Heading(2, f"Differences from {first.name}")
        found = [[comparison.difference(group, first, metric) for metric in shown] for group in comparison.groups[1:]]
        paired = any(each.how.endswith(", paired") for row in found for each in row)
        yield Text(
            "Chains that share all other keys, such as the seed, are paired." if paired else "Chains are not paired (Welch)."
        )
        rows = [(group.name, *map(text, row)) for group, row in zip(comparison.groups[1:], found, strict=True)]
        yield Table(("condition", *words.values()), tuple(rows))
    yield Heading(2, "By generation")
    yield Text(
        "Lines: means over chains. Bands: their intervals, not the spread of chains. All intervals end at the limits of a measure, "
        "such as 0 and 1 of a share: the truth cannot be beyond them."
    )
    words |= {shares_name(each): shares_text(each) for each in _together(comparison, shown)}
    for name in pictures:
        yield Picture(name, words[name])
    yield from _origin(comparison, given, wanted)


def _summary(comparison: Comparison) -> str:
    collection = comparison.collection
    chains = collection.chains
    unfinished = sum(not chain.complete for chain in chains)
    lengths = sorted({chain.generations for chain in chains})
    generations = f"{lengths[0]}" if len(lengths) == 1 else f"{lengths[0]} to {lengths[-1]}"
    words = f"{len(chains):,} chains of the task {collection.task}, {generations} generations each, "
    words += f"in {len(comparison.groups)} condition{'s' if len(comparison.groups) != 1 else ''}"
    words += f" (by {', '.join(comparison.by)})." if comparison.by else "."
    return words + (f" {unfinished:,} chains are not finished." if unfinished else "")


def _where(comparison: Comparison) -> str:
    end = "its last generation" if comparison.generation is None else f"generation {comparison.generation}"
    return f"at {end}" if comparison.last == 1 else f"as its mean over {comparison.last} generations up to {end}"


def _row(comparison: Comparison, group: Group, metrics: Sequence[str]) -> tuple[str, ...]:
    return group.name, f"{len(group.chains):,}", *(text(comparison.mean(group, metric)) for metric in metrics)


def table_one(comparison: Comparison) -> Table | None:
    """Table 1 in the paper's layout: a row a filter, and mean ± standard error over all its chains; None if it does not apply."""
    collection = comparison.collection
    if "filter" not in collection.keys or not any(name == "both" for name in collection.metrics):
        return None
    focus = next((name for name in collection.metrics if name.startswith("h(") and name.endswith("=off)")), None)
    if focus is None:
        return None
    by_filter = compare(collection, ["filter"], comparison.method, comparison.level, comparison.generation, comparison.last)
    if not _has_values(by_filter, "both"):
        return None
    rows = []
    for group in by_filter.groups:
        means = [by_filter.mean(group, metric) for metric in ("d0_explained", focus, "both")]
        rows.append((group.name.removeprefix("filter "), f"{len(group.chains):,}", *map(with_error, means)))
    return Table(("filter", "chains", "d⁰ right", f"{focus[2:-5]} off", "BOTH"), tuple(rows))


def with_error(estimate: Estimate) -> str:
    """ "7.29 ± 0.11": a mean and its standard error."""
    return f"{number(estimate.value)} ± {number(estimate.error)}"


def _origin(comparison: Comparison, given: Sequence[Path], wanted: Wanted) -> Iterator[Block]:
    """Data, seeds, versions, and what makes the chains and this report again."""
    collection = comparison.collection
    yield Heading(2, "Data")
    parquet = " and chains.parquet" if _version("pyarrow") else ""
    yield Text(f"chains.csv{parquet}: a row for each chain, generation and metric, with every varied key.")
    named = [(measure.text, measure.name) for name in wanted.metrics if (measure := collection.measure(name)).text != name]
    if named:
        yield Table(("measure", "its name there"), tuple(named))
    yield from _not_there(collection, given)
    yield Heading(2, "To make it again")
    for key in collection.seeds:
        yield Text(f"{key}: {_listed([chain.keys[key] for chain in collection.chains])}")
    versions = [f"iicl-tui {__version__}", f"Python {platform.python_version()}"]
    versions += [f"{name} {version}" for name in _PACKAGES if (version := _version(name))]
    yield Text("Versions: " + ", ".join(versions) + ".")
    commands = []
    for place in given:
        file = place / MANIFEST
        if file.is_file() and (found := read_folder(place)) is not None:
            yield Text(f"The study, as {file} has it. Its chains were begun at {found[1].created.isoformat()}.")
            yield Code("toml", file.read_text(encoding="utf-8", errors="replace"))
            commands.append(f"iicl-tui sweep {file} -o {place}")
    yield Code("sh", "\n".join((*commands, wanted.command)))


def _not_there(collection: Collection, given: Sequence[Path]) -> Iterator[Block]:
    left_out = [(path, why) for path, why in collection.left_out]
    for place in given:
        found = read_folder(place) if place.is_dir() else None
        if found is not None:
            left_out += [(f"{name}: the chain failed", why.partition("\n")[0]) for name, why in found[1].failures()]
    if left_out:
        yield Text(f"{len(left_out)} files or chains are not in this report:")
        yield Table(("file", "why"), tuple(left_out[:_MOST_NAMED]))


def _listed(values: Sequence[object]) -> str:
    """Values once each; whole numbers in a row as first–last."""
    once = sorted(set(values), key=lambda value: (not isinstance(value, int), value if isinstance(value, int) else 0, str(value)))
    runs: list[list[object]] = []
    for value in once:
        if runs and isinstance(value, int) and isinstance(runs[-1][-1], int) and value == runs[-1][-1] + 1:
            runs[-1].append(value)
        else:
            runs.append([value])
    texts = [str(run[0]) if len(run) == 1 else f"{run[0]}–{run[-1]}" for run in runs]
    return ", ".join(texts[:_MOST_NAMED]) + (f" and {len(texts) - _MOST_NAMED} more" if len(texts) > _MOST_NAMED else "")


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""
