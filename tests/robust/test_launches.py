"""Launches and command lines that cannot work say so once, however many processes there are."""

import sys
from pathlib import Path

import pytest

from tests.helpers import launch, launch_program
from tests.robust.cases import BASE

FOREIGN = {
    "Open MPI's mpiexec": ({"OMPI_COMM_WORLD_RANK": "0", "OMPI_COMM_WORLD_SIZE": "2"}, "mpiexec"),
    "srun with PMIx": ({"PMIX_RANK": "0", "SLURM_PROCID": "0"}, "srun --mpi=pmi2"),
    "srun without PMI": ({"SLURM_PROCID": "0", "SLURM_STEP_NUM_TASKS": "2"}, "2 tasks"),
    "nonsense": ({"PMI_RANK": "first"}, "PMI_RANK"),
}


@pytest.fixture
def config(tmp_path):
    (tmp_path / "run.toml").write_text(BASE)
    return tmp_path / "run.toml"


@pytest.mark.parametrize("name", FOREIGN)
@pytest.mark.parametrize("command", ["run", "check"])
def test_a_foreign_launcher_is_told_what_would_be_right(name, command, config):
    environment, words = FOREIGN[name]
    done = launch(1, command, config, environment=environment, cwd=config.parent)
    assert done.returncode == 2, done.stderr
    assert done.stderr.startswith("error: ") and done.stderr.count("\n") == 1
    assert words in done.stderr
    assert not Path(config.parent, "results").exists()


@pytest.mark.parametrize("processes", [1, 2])
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("rnu", "a.toml"), "invalid choice: 'rnu'"),
        ((), "COMMAND"),
        (("run",), "config"),
        (("run", "a.toml", "--ouput", "x"), "--ouput"),
        (("run", "a.toml", "--over"), "--over"),
        (("run", "a.toml", "--set"), "--set"),
        (("resume",), "directory"),
        (("check", "a.toml", "b.toml"), "b.toml"),
    ],
)
def test_a_wrong_command_line_is_explained_once(processes, arguments, words):
    done = launch(processes, *arguments)
    assert done.returncode == 2
    assert done.stderr.count("error: ") == 1 and done.stderr.count("usage: ") == 1
    assert words in done.stderr and done.stdout == ""


@pytest.mark.parametrize("arguments", [("--help",), ("--version",), ("run", "--help"), ("models",)])
def test_help_comes_once(arguments):
    one, two = launch(1, *arguments), launch(2, *arguments)
    assert one.returncode == two.returncode == 0
    assert one.stdout == two.stdout != ""
    assert one.stderr == two.stderr == ""


def test_a_bug_in_one_process_ends_all_with_a_traceback():
    """What is no user's mistake must not hang either."""
    program = (
        "from ecs_model import parallel; comm = parallel.start();"
        "comm.rank == 1 and 1 / 0; comm.barrier()"
    )
    done = launch_program(2, [sys.executable, "-c", program], timeout=60)
    assert done.returncode != 0
    assert "[process 1] ZeroDivisionError" in done.stderr


def test_the_reader_of_a_pipe_may_go_away():
    done = launch_program(1, ["sh", "-c", f"{sys.executable} -m ecs_model template | head -1"])
    assert done.stdout.startswith("#") and done.stderr == ""


@pytest.mark.parametrize("command", ["template", "schema", "models", "law"])
def test_standard_output_on_a_full_disk_is_one_sentence(command):
    done = launch_program(1, ["sh", "-c", f"{sys.executable} -m ecs_model {command} > /dev/full"])
    assert done.returncode == 1
    assert done.stderr == "error: standard output: No space left on device\n"


@pytest.mark.parametrize("closed", ["2>&-", ">&-", ">&- 2>&-", "<&- >&- 2>&-"])
def test_a_run_needs_no_standard_streams(config, closed):
    command = f"{sys.executable} -m ecs_model run {config} -o {config.parent}/out {closed}"
    assert launch_program(1, ["sh", "-c", command]).returncode == 0
    out = config.parent / "out"
    assert "finished at t = 0.4 s" in (out / "run.log").read_text()
    assert (out / "summary.json").is_file()


@pytest.mark.parametrize("processes", [1, 2])
def test_a_folder_that_is_gone_and_names_that_are_no_text(tmp_path, processes):
    gone = "mkdir gone$$ && cd gone$$ && rmdir ../gone$$"
    command = f"{gone} && {sys.executable} -m ecs_model check a.toml"
    done = launch_program(processes, ["sh", "-c", command], cwd=tmp_path)
    assert done.returncode == 2
    assert "the folder you are in" in done.stderr and done.stderr.count("\n") == 1
    done = launch_program(processes, [sys.executable, "-m", "ecs_model", "check", b"\xff.toml"])
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert "is not text in UTF-8" in done.stderr
