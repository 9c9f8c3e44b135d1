"""`python -m ecs_model` is `ecs-model`."""

from ecs_model.cli import program

raise SystemExit(program())
