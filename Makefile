test: .venv/dev
	.venv/bin/python -m pytest

.venv/dev: requirements-dev.txt
	test -x .venv/bin/python || python3 -m venv .venv
	.venv/bin/python -m pip install --quiet --require-hashes -r requirements-dev.txt
	touch $@

.PHONY: test
