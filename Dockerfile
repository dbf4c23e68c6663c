# One image for every process of a server set-up; docker-compose.yml says which runs what.
FROM python:3.13-slim-bookworm

ENV PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    HOLDFAST_DATA=/data \
    STATIC_ROOT=/app/collected \
    HOST=0.0.0.0 \
    PORT=8000

RUN useradd --system --uid 10001 --create-home holdfast && install -d -o holdfast /data
WORKDIR /app

COPY requirements.lock .
RUN pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements.lock

COPY . .
# Static files are packed once, here; these addresses are never called.
RUN DATABASE_URL=postgresql://build@localhost/build REDIS_URL=redis://localhost \
    SECRET_KEY=only-for-this-step HOLDFAST_DATA=/tmp/build \
    python manage.py prepare --only-static && python -m compileall -q /app

USER holdfast
VOLUME /data
EXPOSE 8000
CMD ["python", "-m", "config.run", "web"]
