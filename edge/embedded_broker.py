"""The demo's spare MQTT broker, for machines without mosquitto: amqtt, MQTT 3.1.1, nothing kept on disk.

``python -m edge.embedded_broker --port N`` serves 127.0.0.1 until SIGTERM. Not for a real counter.
"""

import asyncio
import signal
import sys

import click

from edge.errors import Unavailable


def config(port: int) -> dict[str, object]:
    """amqtt's configuration: one loopback listener, anyone may publish and subscribe."""
    return {
        "listeners": {"default": {"type": "tcp", "bind": f"127.0.0.1:{port}"}},
        "plugins": {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}},
    }


async def serve(port: int) -> None:
    """Serve until SIGTERM or SIGINT. Raises Unavailable where the port is taken."""
    from amqtt.broker import Broker
    from amqtt.errors import BrokerError

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    broker = Broker(config(port))
    try:
        await broker.start()
    except BrokerError as error:
        raise Unavailable(f"the embedded broker cannot serve 127.0.0.1:{port}: {error}") from error
    await stop.wait()
    await broker.shutdown()


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), required=True)
def main(port: int) -> None:
    """Serve MQTT 3.1.1 on 127.0.0.1:PORT until SIGTERM."""
    try:
        asyncio.run(serve(port))
    except Unavailable as error:
        click.echo(error, err=True)
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
