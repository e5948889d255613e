# Two commands do all the set-up on a fresh machine: `make demo` and `make test`.
# Everything is installed into .venv from lock files with hashes.

PYTHON ?= python3
BIN := .venv/bin
RUN := $(BIN)/python -m marrowd
WORKERS ?= 2
PIP := $(BIN)/pip install --quiet --disable-pip-version-check
# A lock file names every part. Without --no-deps pip resolves once more, and a release newer than the
# lock, asked for with an extra, ends the installation.
LOCKED := --no-deps --require-hashes -r

.DEFAULT_GOAL := help
.PHONY: help demo run test test-deep test-sim test-sim-ablation test-crash test-hapi-restart \
	test-compiled compiled test-soak test-ops test-ship test-cost cost-baseline ship-tools sbom image image-base ops-assets \
	check docs-covered fmt spec bench bench-readme lock clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 16

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/runtime.stamp: requirements.lock pyproject.toml | .venv/bin/python
	$(PIP) $(LOCKED) requirements.lock
	$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

.venv/dev.stamp: requirements-dev.lock .venv/runtime.stamp
	$(PIP) $(LOCKED) requirements-dev.lock
	$(BIN)/pip check --quiet --disable-pip-version-check
	@touch $@

demo: .venv/runtime.stamp ## the main job on synthetic patients: events in, cards out
	$(RUN) demo

run: .venv/runtime.stamp ## the service, configured by MARROWD_CONFIG or the defaults
	$(RUN) serve

test: .venv/dev.stamp ## every test, a real HAPI FHIR server and a real PostgreSQL included, in WORKERS processes (2)
	$(BIN)/python -m pytest -n $(WORKERS)

test-deep: .venv/dev.stamp ## the laws with 10,000 examples each
	HYPOTHESIS_PROFILE=deep $(BIN)/python -m pytest tests/property

test-sim: .venv/dev.stamp ## the simulation with 5,000 seeds, and a crash at every step
	MARROWD_TEST_SIM_SEEDS=5000 MARROWD_TEST_SIM_STRIDE=1 $(BIN)/python -m pytest tests/sim

test-sim-ablation: .venv/dev.stamp ## remove each safeguard and see the simulation fail
	PYTHONPATH=service:. $(BIN)/python -m tests.sim.ablation

test-crash: .venv/dev.stamp ## kill -9 under load, on SQLite and on PostgreSQL, and PostgreSQL itself
	$(BIN)/python -m pytest -s -m crash tests/crash

test-hapi-restart: .venv/dev.stamp ## restart a real HAPI in the middle of a stream
	$(BIN)/python -m pytest -s -m restart tests/crash

test-soak: .venv/dev.stamp ## valid and hostile traffic for MARROWD_TEST_SOAK_S seconds (120)
	$(BIN)/python -m pytest -s -m soak tests/crash

# Tools that no Python lock file covers are kept outside the repository: helm takes minutes to build.
TOOLS := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/marrowd-tools

AXE := axe-core-4.14.1
AXE_SHA512 := 1477dafa598d8d065f273d6af302aa203c02e83131707b7fa648cd41bd3d6b73\
4f8c22a0dab86ee6a6f64b8afbe804b214d36db85a2826965edfb3a0b9d546b5

$(TOOLS)/$(AXE).js:
	mkdir -p $(TOOLS)
	cd $(TOOLS) && npm pack --silent $(subst axe-core-,axe-core@,$(AXE)) >/dev/null \
		&& echo "$(subst $() ,,$(AXE_SHA512))  $(AXE).tgz" | sha512sum --check --quiet \
		&& tar -xzOf $(AXE).tgz package/axe.min.js >$(AXE).part && mv $(AXE).part $(AXE).js && rm $(AXE).tgz

test-ops: .venv/dev.stamp $(TOOLS)/$(AXE).js ## alerts, dashboards, the ops page and patient markers, with real tools
	AXE=$(TOOLS)/$(AXE).js $(BIN)/python -m pytest -m ops tests/ops

$(TOOLS)/helm:
	GOBIN=$(TOOLS) go install helm.sh/helm/v3/cmd/helm@v3.22.0

$(TOOLS)/kube-score:
	GOBIN=$(TOOLS) go install github.com/zegl/kube-score/cmd/kube-score@v1.20.0

ship-tools: $(TOOLS)/helm $(TOOLS)/kube-score ## helm and kube-score, built with Go, outside the repository

test-ship: .venv/dev.stamp ship-tools ## chart, image file, parts list and parsers, with the real tools
	$(BIN)/python -m pytest -m ship tests/ship

# In the lock file to build the package with, and no part of what runs (deploy/Containerfile, too).
BUILD_PARTS := editables hatchling pathspec pluggy setuptools trove-classifiers pip

sbom: .venv/dev.stamp ## the parts of an installation as CycloneDX, into build/sbom.json
	$(PYTHON) -m venv --clear build/sbom && build/sbom/bin/python -m pip install --quiet \
		--disable-pip-version-check $(LOCKED) requirements.lock
	build/sbom/bin/python -m pip install --quiet --no-deps --no-build-isolation .
	build/sbom/bin/python -m pip uninstall --quiet --yes $(BUILD_PARTS)
	$(BIN)/cyclonedx-py environment --output-format JSON --output-file build/sbom.json \
		--pyproject pyproject.toml build/sbom
	rm -rf build/sbom

# The OCI format would drop the HEALTHCHECK. IMAGE_FLAGS go to buildah: a site's certificates, a mirror.
image: ## an image with buildah; BASE=image@sha256:... pins the base, IMAGE_FLAGS="--volume ..."
	buildah bud --format docker --file deploy/Containerfile $(if $(BASE),--build-arg BASE=$(BASE)) \
		$(IMAGE_FLAGS) --tag marrowd:latest .

image-base: ## a base for BASE=marrowd-base from Debian packages alone, where no registry is in reach
	mkdir -p build
	mmdebstrap --variant=minbase --include=python3,python3-venv,ca-certificates bookworm build/base.tar
	container=$$(buildah from scratch) && buildah add --quiet $$container build/base.tar / \
		&& buildah commit --quiet --rm $$container marrowd-base
	rm build/base.tar

ops-assets: .venv/dev.stamp ## write alerts and dashboards anew from their Python
	$(BIN)/python -m deploy.prometheus.build
	$(BIN)/python -m deploy.grafana.build
	rm -rf charts/marrowd/files && mkdir -p charts/marrowd/files
	cp -r deploy/prometheus/rules deploy/grafana/dashboards charts/marrowd/files/

# The compiler's parts are in an environment of their own, which no other installation sees.
compiled: ## a wheel with the report reader compiled, into build/compiled; needs gcc and Python's headers
	$(PYTHON) -m venv --clear build/compile
	build/compile/bin/python -m pip install --quiet --disable-pip-version-check \
		$(LOCKED) requirements-compile.lock
	rm -rf build/compiled
	HATCH_BUILD_HOOK_ENABLE_CUSTOM=1 build/compile/bin/python -m hatchling build \
		--target wheel --directory build/compiled
	build/compile/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-index \
		--target build/compiled/lib build/compiled/*.whl

test-compiled: .venv/dev.stamp compiled ## the report reader's tests on the compiled one, and both on all reports
	$(BIN)/python -m pytest -q -m "" -o pythonpath=build/compiled/lib tests/compiled \
		tests/unit/core/reader tests/spec/reader tests/property/test_reader_total.py

check: .venv/dev.stamp ## lint, types, layers, and whether the guides speak of what is there
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	@$(MAKE) --no-print-directory docs-covered

docs-covered: .venv/dev.stamp ## every setting, metric, command, error and alert is told, and no other
	$(BIN)/python -m pytest -q tests/architecture/test_docs.py tests/architecture/test_guides.py \
		tests/architecture/test_runbook.py tests/architecture/test_ops_assets.py

fmt: .venv/dev.stamp ## format, and mend what can be mended
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format --quiet .

spec: .venv/dev.stamp ## render the clinical truth tables into docs/
	$(BIN)/python -m tests.spec.render

test-cost: .venv/dev.stamp ## the hot paths' instructions against their baseline, with valgrind
	$(BIN)/python -m pytest -q -s -m cost tests/cost

cost-baseline: .venv/dev.stamp ## count them anew, as what is agreed to from now on
	$(BIN)/python -m tests.cost.instructions --write

bench: .venv/dev.stamp ## every benchmark beside its peers into build/bench; bench-NAME is one of them
	$(BIN)/python -m tests.bench $(if $(QUICK),--quick)

bench-readme: .venv/dev.stamp ## what `make bench` measured last, into the README
	$(BIN)/python -m tests.bench.table build/bench/table.json README.md

bench-%: .venv/dev.stamp
	$(BIN)/python -m tests.bench $* --out build/bench/$* $(if $(QUICK),--quick)

lock: .venv/dev.stamp ## resolve the dependencies anew into the lock files
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
		--extra traces --group build pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
		--extra traces --group build --group dev pyproject.toml -c requirements.lock -o requirements-dev.lock
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
		--group build --group compile -c requirements-dev.lock -o requirements-compile.lock

clean: ## remove what was built
	rm -rf .venv tests/hapi/target tests/bench/peers/hapi-cds-hooks/target .mypy_cache .ruff_cache .pytest_cache .hypothesis
