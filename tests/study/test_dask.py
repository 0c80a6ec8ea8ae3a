"""A sweep on a Dask cluster of processes on this machine: the same files, also when workers die."""

from __future__ import annotations

import importlib
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sweeping import STUDY, begun, contents, study, sweep

from iicl_tui.errors import LabError
from iicl_tui.study import sweep as sweep_module
from iicl_tui.study.folder import SweepFolder, open_folder
from iicl_tui.study.study_file import Study
from iicl_tui.study.sweep import Progress, Shard, jobs, run_on_dask

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Two workers in another folder. A chain whose worker dies is not tried again, so that the sweep has to say so."""
    dask, distributed = importlib.import_module("dask"), importlib.import_module("distributed")
    options = {"distributed.scheduler.allowed-failures": 0, "temporary-directory": str(tmp_path_factory.mktemp("dask"))}
    with dask.config.set(options), distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0") as made:
        yield made


def on_dask(made: Study, folder: SweepFolder, cluster: Any, show: Callable[[Progress], None]) -> Progress:
    progress = Progress(made.count, show)
    run_on_dask(jobs(made, folder, Shard(), False, False), progress, cluster.scheduler_address)
    return progress


def test_the_same_files_as_without_also_when_a_worker_dies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cluster: Any) -> None:
    made = study(STUDY.replace("1..3", "1..8"))
    whole = open_folder(tmp_path / "whole", made)
    sweep(made, whole)
    killed: list[int] = []

    def kill(progress: Progress) -> None:
        if not killed:
            with importlib.import_module("distributed").Client(cluster.scheduler_address, set_as_default=False) as client:
                killed.extend(client.run(os.getpid).values())
            os.kill(killed[0], signal.SIGKILL)

    monkeypatch.chdir(tmp_path)
    parts = begun(Path("parts"), made, whole)  # a relative name: the workers are in another folder
    assert on_dask(made, parts, cluster, kill).ended == 16
    assert len(killed) == 2
    assert all("was killed" in why for _, why in parts.failures())
    assert sweep(made, parts, retry=True).counts == {"done": 16}
    assert {name: data for name, data in contents(parts.path).items() if not name.startswith(".")} == contents(whole.path)


def test_without_a_cluster_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweep_module, "_CONNECT", 0.2)
    made = study()
    with pytest.raises(LabError, match="no Dask scheduler"):
        run_on_dask(jobs(made, open_folder(tmp_path / "out", made), Shard(), False, False), Progress(6), "tcp://127.0.0.1:1")
