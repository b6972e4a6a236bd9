# The template's own upkeep. A project that it generates has a Makefile of its own.
PYTHON ?= python3
VENV := .venv/bin
unexport PYTHONDONTWRITEBYTECODE

##@ Try it

demo: setup ## Generate a project in demo/, run it from data to a registered model, and look at it
	@$(VENV)/python -m tools.demo

##@ Work on it

setup: ## Build .venv from requirements.lock, or mend it
	@$(PYTHON) "<<cookiecutter.project>>/src/project/environment.py" --lock requirements.lock

test: setup ## Install what the tests need, and run them
	@$(VENV)/python -m tools.test $(ARGS)

lint: setup ## Check style and types of the template where it stands
	@$(VENV)/ruff check . && $(VENV)/ruff format --check . && $(VENV)/mypy

bench: setup ## Measure against the bounds in docs/benchmarks.md
	@$(VENV)/python -m benchmarks

params: setup ## Compose the project's params.yaml anew after an edit of its conf/
	@$(VENV)/python -m tools.compose_params

golden: setup ## Render the chart anew into tests/golden/chart/, to be read as a diff
	@$(VENV)/python -m tools.golden

lock: setup ## Resolve the template's requirements into requirements.lock
	@UV_CUSTOM_COMPILE_COMMAND="make lock" $(VENV)/uv pip compile --quiet --upgrade --universal \
		--python-version 3.11 --generate-hashes pyproject.toml -o requirements.lock

help: ## Print this page
	@awk -f "<<cookiecutter.project>>/bin/help.awk" $(MAKEFILE_LIST)

.DEFAULT_GOAL := help
.PHONY: demo setup test lint bench params golden lock help
