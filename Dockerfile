# One image for every process of the Procfile: `docker run keel web`, `... worker_generation`, `... release`.
# Read-only at run time: nothing is written but /tmp.
ARG PYTHON_IMAGE=python:3.13-slim-bookworm

FROM ${PYTHON_IMAGE} AS packages
COPY requirements/base.txt /tmp/base.txt
# Wheels only: no compiler is needed here, and none comes along.
RUN python3 -m venv --without-pip /venv \
    && python3 -m pip --python /venv/bin/python install --no-cache-dir --only-binary :all: -r /tmp/base.txt

FROM ${PYTHON_IMAGE}
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Keel" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.revision="${REVISION}"
# The provider's library trusts the system's certificates: a base without them fails here, not in production.
RUN test -s /etc/ssl/certs/ca-certificates.crt \
    && useradd --uid 10001 --no-create-home --home-dir /tmp --shell /usr/sbin/nologin keel
WORKDIR /app
COPY --from=packages /venv /venv
COPY . .
ENV PATH=/venv/bin:$PATH ENVIRONMENT=production PYTHONUNBUFFERED=1
# These values are for this one line, and open nothing; the strict settings of production refuse weaker ones.
RUN SECRET_KEY=$(python -c "import secrets; print(secrets.token_urlsafe(50))") \
    SITE_URL=https://build.example ALLOWED_HOSTS=build.example DEFAULT_FROM_EMAIL=build@build.example \
    DATABASE_URL=postgres://build@127.0.0.1/build REDIS_URL=redis://127.0.0.1 EMAIL_URL=smtp://127.0.0.1 \
    OPENAI_API_KEY=build OPENAI_MODEL=build \
    python manage.py collectstatic --no-input \
    && python -m compileall -q apps config
USER 10001:10001
EXPOSE 8000
# The web process leaves open streams after 3 s: browsers come back with their cursor. A generation's worker must be
# given 330 s to end what it has begun (docs/deploying.md).
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as web; web.urlopen('http://127.0.0.1:' + os.environ.get('PORT', '8000') + '/healthz', timeout=4)"]
ENTRYPOINT ["bin/process"]
CMD ["web"]
