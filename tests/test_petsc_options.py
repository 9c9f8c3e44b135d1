"""Options of PETSc say how to solve; nothing of a configuration writes, shows or runs anything."""

import os

import pytest

from ecs_model.config.petsc_options import refuse_options
from ecs_model.launcher import from_elsewhere
from ecs_model.postprocess import labels, style


@pytest.mark.parametrize(
    "options",
    [
        {"ksp_type": "gmres", "pc_type": "gamg"}, {"ksp_max_it": 30}, {"pc_gamg_threshold": 0.01},
        {"ksp_norm_type": "natural", "ksp_cg_single_reduction": 1}, {"sub_pc_type": "ilu"},
        {"mg_levels_2_ksp_type": "chebyshev"}, {"pc_factor_levels": 2}, {},
    ],
)  # fmt: skip
def test_solvers_can_be_chosen(options):
    refuse_options(options)


@pytest.mark.parametrize(
    "options",
    [
        {"ksp_view": "ascii:x"}, {"ksp_monitor": "ascii:x"}, {"ksp_converged_reason": "ascii:x"},
        {"ksp_view_mat": "binary:x"}, {"log_view": ":x"}, {"options_file": "x"}, {"mat_view": "x"},
        {"pc_python_type": "os.system"}, {"pc_type": "python"}, {"pc_type": "shell"},
        {"ksp_type": "preonly"}, {"ksp_type": "none"}, {"ksp_error_file": "a"}, {"info": "x"},
        {"ksp_max_it": "1 -ksp_view"}, {"pc_type": "/lib/x.so"}, {"dll_append": "x"},
        {"pc_mg_log": 1}, {"ksp_rtol": "1e-3:x"}, {"malloc_dump": ""}, {"ksp_ecs_ksp_view": "x"},
        {"mg_levels_ksp_monitor": "x"}, {"pc_gamg_esteig_ksp_view_eigenvalues": ":x"},
    ],
)  # fmt: skip
def test_everything_else_is_refused(options):
    with pytest.raises(ValueError, match="not allowed"):
        refuse_options(options)


def test_packages_that_pythonpath_leads_to_are_named(tmp_path, monkeypatch):
    (tmp_path / "mpi4py").mkdir()
    (tmp_path / "mpi4py/__init__.py").write_text("")
    monkeypatch.syspath_prepend(str(tmp_path))
    place = {"PYTHONPATH": os.pathsep.join(["", str(tmp_path)])}
    assert from_elsewhere(place) == f"mpi4py ({tmp_path}/mpi4py)"
    assert from_elsewhere({}) == ""


@pytest.mark.parametrize(
    "option",
    [
        {"ksp_atol": 1e10},
        {"ksp_rtol": -1},
        {"potential_ksp_rtol": 2.0},
        {"diffusion_ksp_max_it": 0},
        {"limiter_ksp_divtol": "x"},
        {"ksp_rtol": float("nan")},
    ],
)
def test_tolerances_with_which_nothing_is_solved_are_refused(option):
    (name,) = option
    with pytest.raises(ValueError, match=f"{name} = .* is (possible|not allowed)"):
        refuse_options(option)


@pytest.mark.parametrize(
    "name", ["$\\frac$", "a$b", "$$", "_hidden", "a_b^c", "\\alpha", "$x$ [%]"]
)
def test_names_of_users_are_drawn_as_they_are(name):
    figure = style.figure(1.0)
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], label=labels.plain(name))
    axes.set(title=labels.label(name, "mM"), ylabel=labels.wrapped_label(name, "mol/m^2"))
    assert [t.get_text().strip() for t in axes.legend().get_texts()] == [labels.plain(name).strip()]
    figure.draw_without_rendering()
