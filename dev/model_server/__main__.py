"""The command: `python -m dev.model_server --port N [--host 127.0.0.1]`."""

import argparse

import uvicorn

from dev.model_server.server import ModelServer

KEEP_ALIVE_SECONDS = 75
SHUTDOWN_SECONDS = 1


def main() -> None:
    """Serve until the process is told to stop; open streams get one second."""
    parser = argparse.ArgumentParser(prog="python -m dev.model_server", description="A local OpenAI-compatible server.")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--host", default="127.0.0.1")
    arguments = parser.parse_args()
    uvicorn.run(
        ModelServer(),
        host=arguments.host,
        port=arguments.port,
        lifespan="off",
        ws="none",
        access_log=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
    )


if __name__ == "__main__":
    main()
