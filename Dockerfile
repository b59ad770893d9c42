# Build: packages and static files. Run: the same without what only the build needs, as nobody special.
# Pin the base for builds that can be repeated: --build-arg BASE=python:3.13-slim@sha256:…
ARG BASE=python:3.13-slim
FROM ${BASE} AS build
WORKDIR /app
RUN python -m venv /build && python -m venv --without-pip /venv
COPY requirements.txt .
ARG PIP_INDEX_URL=https://pypi.org/simple
# The secret `ca` is a PEM file that pip believes instead of its own: --secret id=ca,src=FILE
RUN --mount=type=secret,id=ca \
    if [ -s /run/secrets/ca ]; then export PIP_CERT=/run/secrets/ca; fi; \
    /build/bin/python -m pip --python /venv/bin/python install --no-compile --no-cache-dir --disable-pip-version-check \
        --require-hashes -r requirements.txt
# Bytecode that no date of a file makes stale: builders round the dates of what they copy, and nothing is written at run time.
# Left out, as nothing here imports it: the second client of `kubernetes`, for asyncio, with what it alone needs, and Django's
# translations.
RUN /build/bin/python -m pip --python /venv/bin/python uninstall --quiet --yes --disable-pip-version-check \
        aiohappyeyeballs aiohttp aiohttp-retry aiosignal attrs frozenlist multidict propcache yarl \
    && rm -r /venv/lib/python3*/site-packages/kubernetes/aio \
    && find /venv/lib/python3*/site-packages/django -name "*.[mp]o" -delete \
    && /venv/bin/python -m compileall -q --invalidation-mode unchecked-hash /venv/lib
COPY manage.py ./
COPY edrportal edrportal
COPY destinations destinations
COPY templates templates
COPY static static
RUN PYTHONDONTWRITEBYTECODE=1 /venv/bin/python manage.py collectstatic --noinput \
    && /venv/bin/python -m compileall -q --invalidation-mode unchecked-hash edrportal destinations

FROM ${BASE}
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin portal
COPY --from=build /venv /venv
COPY --from=build /app /app
# scripts/image adds the version, the revision and the base image.
LABEL org.opencontainers.image.title=edrportal \
      org.opencontainers.image.description="A web dashboard for the export destination registries of an Epinio installation" \
      org.opencontainers.image.licenses=Apache-2.0
WORKDIR /app
USER 10001
EXPOSE 8000
# Inside a container the address is never loopback: the portal starts only with an https EDRPORTAL_PUBLIC_URL.
CMD ["python", "manage.py", "serve", "--bind", "0.0.0.0:8000"]
