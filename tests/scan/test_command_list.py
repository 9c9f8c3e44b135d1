"""Scans as lists of commands: any scheduler can run them, and `collect` gathers what is there."""

import json
import os
import re
import subprocess
import sys

import pytest

from ecs_model.launcher import own_mpiexec
from ecs_model.scan import driver
from tests.scan.scans import FRONT, scan, table

AXIS = """
[[axis]]
key = "tortuosity"
low = 1.2
high = 2.0
count = 5
"""
LIST = f'{FRONT}{AXIS}[engine]\nkind = "list"\nbatch = 2\ntime = "5400 s"\n'
SCHEDULERS = {  # how the header says which jobs there are, and the variable that tells one
    "PBS": (r"#PBS -J 1-(\d+)", "PBS_ARRAY_INDEX"),
    "LSF": (r"#BSUB -J \S+\[1-(\d+)\]", "LSB_JOBINDEX"),
    "SGE": (r"#\$ -t 1-(\d+)", "SGE_TASK_ID"),
    "Slurm": (r"#SBATCH --array=1-(\d+)", "SLURM_ARRAY_TASK_ID"),
    "Flux": (r"flux submit --cc=1-(\d+)", "FLUX_JOB_CC"),
}


@pytest.fixture
def listed(tmp_path):
    """The directory of a scan of which nothing is computed yet."""
    folder = tmp_path / "my scan"
    path = tmp_path / "scan.toml"
    path.write_text(LIST)
    assert driver.run(path, folder, quiet=True) == 75
    return folder


def submit(script, scheduler, jobs=None, **environment):
    """What a scheduler does with a job array: runs the script once a job; their outputs."""
    header, variable = SCHEDULERS[scheduler]
    (count,) = re.findall(header, script.read_text())
    others = {name for _, name in SCHEDULERS.values()}
    plain = {k: v for k, v in os.environ.items() if k not in others} | environment
    return [
        subprocess.run(
            ["bash", script],
            env=plain | {variable: str(k)},
            capture_output=True,
            text=True,
        )
        for k in jobs or range(1, int(count) + 1)
    ]


def test_a_list_is_run_by_a_scheduler_and_collected(listed):
    script = listed / "jobs/001/array.sh"
    (first,) = submit(script, "PBS", jobs=[1])
    assert first.returncode == 0, first.stderr
    assert driver.collect(listed, quiet=True) == 75
    assert list(table(listed)["run"]).count("finished") == 2
    assert not (listed / "jobs/002").exists(), "nothing is listed twice"
    assert all(job.returncode == 0 for job in submit(script, "LSF", jobs=[2, 3]))
    assert driver.collect(listed, quiet=True) == 0
    _, alone = scan(listed.parent / "alone", FRONT + AXIS)
    for name in ("tortuosity", "max_K_o", "recruited", "steps"):
        assert list(table(listed)[name]) == list(alone[name])
    files = [p for p in (listed / "jobs").rglob("*") if p.is_file()]
    assert len(files) == 3, "whatever the number of jobs"


def test_what_is_missing_is_said(listed, capsys):
    assert driver.collect(listed) == 75
    said = capsys.readouterr()
    assert "jobs/001 are missing: wait for its jobs, or submit again" in said.out + said.err


def test_the_same_command_goes_on(listed):
    done = submit(listed / "jobs/001/array.sh", "SGE")
    assert all(job.returncode == 0 for job in done)
    assert driver.run(listed.parent / "scan.toml", listed, quiet=True) == 0


@pytest.mark.parametrize("scheduler", SCHEDULERS)
def test_every_scheduler_finds_its_jobs(listed, scheduler):
    script = listed / "jobs/001/array.sh"
    text = script.read_text()
    (line,) = [line for line in text.splitlines() if "ecs_model.scan.batch" in line]
    script.write_text(text.replace(line, 'echo "$k"'))
    assert [job.stdout for job in submit(script, scheduler)] == ["1\n", "2\n", "3\n"]
    for limit in ("walltime=01:30:00", "#BSUB -W 90", "h_rt=5400", "--time=90"):
        assert limit in text


def test_a_list_of_one_is_no_array_of_pbs(tmp_path):
    (tmp_path / "scan.toml").write_text(LIST.replace("batch = 2", "batch = 9"))
    assert driver.run(tmp_path / "scan.toml", tmp_path / "out", quiet=True) == 75
    assert "#PBS -J" not in (tmp_path / "out/jobs/001/array.sh").read_text()


def test_a_line_runs_on_several_processes(tmp_path):
    (tmp_path / "scan.toml").write_text(LIST.replace("batch = 2", "batch = 9\nprocesses = 2"))
    assert driver.run(tmp_path / "scan.toml", tmp_path / "out", quiet=True) == 75
    (line,) = (tmp_path / "out/jobs/001/commands.txt").read_text().splitlines()
    assert line.startswith("${ECS_LAUNCH:-mpiexec -n 2} ")
    launch = {"ECS_LAUNCH": f"{own_mpiexec()} -n 2", "HYDRA_LAUNCHER": "fork"}
    subprocess.run(["bash", "-c", line], env=os.environ | launch, check=True)
    assert driver.collect(tmp_path / "out", quiet=True) == 0


def test_a_job_that_is_not_listed_is_one_message(listed):
    command = [sys.executable, "-m", "ecs_model.scan.batch", listed / "jobs/001", "4"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 2 and done.stderr.count("\n") == 1
    assert "has batches 1 to 3 (found 4)" in done.stderr


def test_an_adaptive_scan_lists_wave_by_wave(tmp_path):
    text = LIST.replace("count = 5\n", "")
    text = text.replace(
        "[engine]", '[adaptive]\nmargin = "ignited"\nruns = 5\nstart = 3\nwave = 2\n[engine]'
    )
    (tmp_path / "scan.toml").write_text(text)
    out = tmp_path / "out"
    assert driver.run(tmp_path / "scan.toml", out, quiet=True) == 75
    codes = []
    for k in (1, 2):
        assert all(j.returncode == 0 for j in submit(out / f"jobs/{k:03d}/array.sh", "Slurm"))
        codes.append(driver.collect(out, quiet=True))
    assert codes == [75, 0] and len(table(out)) == 5


def test_collect_asks_for_trust(listed):
    setup = json.loads((listed / "setup.json").read_text())
    (listed / "setup.json").write_text(json.dumps(setup | {"made": "somebody"}))
    with pytest.raises(Exception, match="was not made on this account"):
        driver.collect(listed, quiet=True)
