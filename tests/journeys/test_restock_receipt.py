"""R8: what the supplier signs at the counter is on paper, and anybody with the public key can tell."""

import io
from dataclasses import replace

import pytest
import zxingcpp
from PIL import Image

from edge.domain.restock_view import Finish
from edge.restocking.receipt import restock_picture
from edge.signing import Forged, open_signer, verified

TEA = "1-02"


def test_r8_the_signed_receipt_of_a_restock_is_read_from_its_picture_and_believed_offline(rig):
    rig.fill(("put", {"tray": TEA, "sku": "PL-TEA-125", "count": 2}))
    rig.taps(Finish())
    number = rig.stage("DONE").document
    outfit = replace(rig.outfit, data=rig.folder)
    with Image.open(io.BytesIO(restock_picture(outfit, number, 576))) as picture:
        (found,) = zxingcpp.read_barcodes(picture.convert("L"))
    key = open_signer(rig.folder).public_key
    payload = verified(found.text, key)
    assert (payload.kind, payload.counter, payload.number) == ("restock", rig.view.counter, number)
    assert payload.totals["measured"] == 2
    with pytest.raises(Forged):
        verified(found.text.replace("SC1.ey", "SC1.eY"), key)
