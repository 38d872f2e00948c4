# One image for every process of the Procfile.
ARG PYTHON_IMAGE=python:3.13-slim-bookworm

FROM ${PYTHON_IMAGE} AS build
WORKDIR /app
COPY requirements/base.txt requirements/base.txt
RUN python3 -m venv /venv && /venv/bin/pip install --no-cache-dir -r requirements/base.txt

FROM ${PYTHON_IMAGE}
# openai trusts the system's certificates.
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --create-home keel
WORKDIR /app
COPY --from=build /venv /venv
COPY . .
ENV PATH=/venv/bin:$PATH ENVIRONMENT=production PYTHONUNBUFFERED=1
RUN SECRET_KEY=build DATABASE_URL=postgres://build@127.0.0.1/build REDIS_URL=redis://127.0.0.1 EMAIL_URL=consolemail:// \
    OPENAI_API_KEY=build OPENAI_MODEL=build python manage.py collectstatic --no-input
USER keel
EXPOSE 8000
CMD ["uvicorn", "config.asgi:application", "--host", "0.0.0.0", "--port", "8000", "--timeout-graceful-shutdown", "3", "--no-proxy-headers"]
