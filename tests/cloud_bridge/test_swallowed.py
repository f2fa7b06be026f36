"""An event that was lost on the way though its sender was told that it had arrived."""

import base64
from contextlib import closing
from random import Random

import pytest

from cloud_bridge.central.database import open_reader
from tests.faults.chaos.proxy import Path, Proxy

pytestmark = pytest.mark.processes

CARELESS = "ack on PUBACK"
QUICK = {f"COUNTER_CENTRAL_GAPS__{name}_S": "1" for name in ("LOOK", "GRACE", "AGAIN")}

BRIDGES = [
    pytest.param(CARELESS, "sqlite", id="a bridge that believes it"),
    pytest.param(CARELESS, "postgresql", id="the same on PostgreSQL", marks=pytest.mark.long),
    pytest.param("", "sqlite", id="ours", marks=pytest.mark.long),
]


@pytest.fixture
def swallowing():
    """swallowing(port): a way to the broker there."""
    proxy = Proxy()
    proxy.start()

    def way(port):
        path = Path("bridge", port, Random(1))
        proxy.open(path)
        return path

    yield way
    proxy.close()


def numbers(place):
    with closing(open_reader(place)) as db:
        return [seq for (seq,) in db.execute("select seq from raw_event order by seq").fetchall()]


@pytest.mark.parametrize(("fault", "place"), BRIDGES, indirect=["place"])
def test_it_comes_again_because_the_centre_asks(fault, place, tmp_path, rig, signer, swallowing, until):
    """A bridge that keeps to the acks sees for itself what is missing, and is not asked."""
    key = tmp_path / "command.key"
    key.write_bytes(base64.urlsafe_b64encode(signer.key.private_bytes_raw()))
    key.chmod(0o600)
    way = swallowing(rig.broker.port)
    rig.start_centre(COUNTER_CENTRAL_COMMANDS__KEY=str(key), **(QUICK if fault == CARELESS else {}))
    rig.start_bridge(fault, way.port)
    rig.sell(3)
    until(lambda: numbers(place) == [1, 2, 3], "the first three", limit_s=40)
    way.weather.swallow = 1
    rig.sell(1)
    until(lambda: way.weather.swallow == 0, "the fourth is swallowed")
    rig.sell(3)
    until(lambda: numbers(place) == [1, 2, 3, 4, 5, 6, 7], "all of them", limit_s=40)
    assert ("gap_asked" in rig.log("cloud_bridge-central")) == (fault == CARELESS)
