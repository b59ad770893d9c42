# Build: packages and static files. Run: the same without pip's leftovers, as nobody special.
# Pin the base for builds that can be repeated: --build-arg BASE=python:3.13-slim@sha256:…
ARG BASE=python:3.13-slim
FROM ${BASE} AS build
ARG PIP_INDEX_URL
WORKDIR /app
RUN python -m venv /venv
COPY requirements.txt .
RUN /venv/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements.txt
COPY manage.py ./
COPY edrportal edrportal
COPY destinations destinations
COPY templates templates
COPY static static
RUN /venv/bin/python manage.py collectstatic --noinput && /venv/bin/python -m compileall -q edrportal destinations

FROM ${BASE}
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin portal
COPY --from=build /venv /venv
COPY --from=build /app /app
WORKDIR /app
USER 10001
EXPOSE 8000
# Inside a container the address is never loopback: the portal starts only with an https EDRPORTAL_PUBLIC_URL.
CMD ["python", "manage.py", "serve", "--bind", "0.0.0.0:8000"]
