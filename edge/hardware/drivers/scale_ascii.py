"""Bench scales that speak text, one on a line of its own. Sends nothing, decides nothing."""

from collections.abc import Callable
from decimal import Decimal

from edge.domain.values import Decigrams, TrayId, decigrams
from edge.hardware.codecs import ascii_stgs, mt_sics
from edge.hardware.drivers.scale_driver import LoneScale
from edge.hardware.exchange import Gathering, Verdict
from edge.hardware.signals import Fault

AGREE = decigrams(1.0)

SICS_DEADLINE_S, SICS_WORST_S = 0.5, 1.0
"""Chosen, for no time is documented. After a time-out the line rests as long as an answer may come."""

SILENCE_S = 1.0
"""Chosen: a scale that says its weight over and over says it several times a second."""


class ScaleSics(LoneScale):
    """MT-SICS: asked for the weight as it is now, at rest or not. Harmless is to ask who it is."""

    def __init__(self, tray: TrayId) -> None:
        self.tray = tray
        self.agree = AGREE
        self.weigh = _asking("SI", lambda reply: reply.command == "S", size=18)
        self.probe = _asking("I4", lambda reply: reply.command == "I4", size=24)

    def weight(self, reply: bytes) -> Decigrams | Fault:
        said = mt_sics.decode_reply(reply)
        known = said is not None and said.status in ("S", "D") and said.grams is not None
        return (
            _tenths(said.grams) if known and said is not None and said.grams is not None else Fault.SENTINEL
        )


class ScaleStgs(LoneScale):
    """Listened to only. Every weighing begins with what comes from then on, so nothing old is ever read."""

    asks = False

    def __init__(self, tray: TrayId) -> None:
        self.tray = tray
        self.agree = AGREE
        self.weigh = Gathering(
            request=b"",
            size=ascii_stgs.LONGEST,
            find=_newest,
            last=_no_line,
            deadline=SILENCE_S,
            worst=0.0,
            hold=0.0,
        )
        self.probe = self.weigh

    def weight(self, reply: bytes) -> Decigrams | Fault:
        """The gross weight. A net weight is unknown: anybody may have set the tare."""
        line = ascii_stgs.decode_reply(reply)
        if line is None or line.mode != "GS" or line.grams is None:
            return Fault.SENTINEL
        return _tenths(line.grams)


def _tenths(grams: Decimal) -> Decigrams:
    return decigrams(float(grams))


def _newest(got: bytes) -> Verdict:
    lines = ascii_stgs.ReplyDecoder().feed(got)
    return ascii_stgs.encode(lines[-1]) if lines else 1


def _no_line(got: bytes) -> bytes | Fault:
    if b"\r\n" in got:
        return Fault.CHECKSUM
    return Fault.SHORT if got else Fault.SILENT


def _asking(text: str, fits: Callable[[mt_sics.Reply], bool], size: int) -> Gathering:
    def find(got: bytes) -> Verdict:
        for reply in mt_sics.ReplyDecoder().feed(got):
            if fits(reply):
                return mt_sics.encode(reply)
            if reply.command in mt_sics.ERRORS:
                return Fault.EXCEPTION
        return 1

    return Gathering(
        request=mt_sics.encode(mt_sics.Command(text)),
        size=size,
        find=find,
        last=_no_line,
        deadline=SICS_DEADLINE_S,
        worst=SICS_WORST_S,
        hold=SICS_WORST_S,
    )
