# Environment: PYTHON=/path/to/python (3.12 or newer), VENV=.venv, NP=processes, RUN=name in runs/
VENV ?= .venv
NP ?= $(shell n=$$(nproc 2>/dev/null || echo 1); [ $$n -le 4 ] || n=4; echo $$n)
RUN ?= sulcus_sd

BIN := $(VENV)/bin
RESULTS := results/$(RUN)
MPI := $(if $(filter-out 1,$(NP)),HYDRA_LAUNCHER=fork $(BIN)/mpiexec -n $(NP))

export VENV

.PHONY: help setup run test lint docs verification validation doctor clean

help:
	@echo "make run      set up $(VENV), simulate runs/$(RUN).toml on $(NP) processes, draw it"
	@echo "make test     set up $(VENV), run all tests"
	@echo "make lint     ruff and mypy"
	@echo "make docs     the documentation as a site, build/docs/index.html"
	@echo "make verification  measure every reference number anew, docs/verification.md (half an hour)"
	@echo "make validation  measure anew what is held against experiments, docs/validation.md (minutes)"
	@echo "make doctor   what works on this machine and what does not"
	@echo "make clean    remove $(VENV) and caches; results/ stays"
	@echo "              PYTHON=/path/to/python VENV=.venv NP=2 RUN=$(RUN) may be added"

setup:
	@sh runs/setup_env.sh

run: setup
	@$(MPI) $(BIN)/ecs-model run runs/$(RUN).toml --output $(RESULTS) --overwrite
	@$(BIN)/ecs-model plot $(RESULTS)
	@echo
	@echo "results    $(RESULTS)/  (series.csv, summary.json, fields.xdmf)"
	@echo "pictures   $(RESULTS)/pictures/"
	@echo "ParaView   paraview --script=$(RESULTS)/open_in_paraview.py"

# Files run beside each other, those that need one process apart from those that start several
# themselves; those that watch a clock run alone. The longest files come first, so that no worker
# waits long for the last one.
WATCHED := $(addprefix tests/test_,$(addsuffix .py,compiler doctor forecast fronts profiling)) \
	tests/scan/test_kills.py
SINGLE := tests/verification tests/validation tests/imaging tests/scan/test_laws.py tests/test_benchmarks.py tests/membrane tests/cell \
	tests/postprocess tests/docs tests/robust/test_configurations.py tests/robust/test_damaged.py \
	tests/robust/test_damaged_inputs.py tests/cli tests/transport tests/runs tests/meshes tests/laws \
	$(addprefix tests/scan/test_,$(addsuffix .py,decide picture points report trust)) \
	$(filter-out tests/test_benchmarks.py $(WATCHED),$(wildcard tests/test_*.py))

test: setup
	@$(BIN)/python -m pytest -q -n $(NP) --dist loadfile --no-loadscope-reorder $(SINGLE)
	@$(BIN)/python -m pytest -q -n $(NP) --dist loadfile --no-loadscope-reorder \
		tests/robust tests/parallel tests/scan $(patsubst %,--ignore=%,$(SINGLE) $(WATCHED))
	@$(BIN)/python -m pytest -q $(WATCHED)

lint: setup
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

docs: setup
	@$(BIN)/python -m sphinx -q -W --keep-going docs build/docs
	@echo "build/docs/index.html"

CHECKED := tests/test_electrochemistry.py tests/laws tests/membrane tests/cell tests/test_fit.py tests/test_inference.py \
	tests/test_fronts.py tests/transport tests/verification tests/scan/test_laws.py

verification: setup
	@mkdir -p build && rm -f build/found.jsonl
	@ECS_RECORD=$(CURDIR)/build/found.jsonl $(BIN)/python -m pytest -q -m "" \
		-n $(NP) --dist loadfile $(CHECKED)
	@$(BIN)/python docs/verification.py build/found.jsonl >docs/verification.md

validation: setup
	@mkdir -p build && rm -f build/measured.jsonl
	@ECS_MEASURED=$(CURDIR)/build/measured.jsonl $(BIN)/python -m pytest -q -m "" tests/validation
	@$(BIN)/python docs/validation.py build/measured.jsonl >docs/validation.md

doctor: setup
	@$(BIN)/ecs-model doctor

clean:
	[ ! -f $(VENV)/pyvenv.cfg ] || rm -rf $(VENV)
	rm -rf build *.egg-info .pytest_cache .mypy_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
