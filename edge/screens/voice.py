"""Sounds of the counter's screen: which file a key has. A site's own come before ours. It plays nothing."""

from importlib.resources import files
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import BaseRoute, Route

from edge.screens.problems import problem
from edge.screens.strings import LANGUAGES

OURS = Path(str(files("edge"))) / "assets" / "voice"
TONES = "tones"
"""Our own sounds are tones, the same in every language."""
KEYS = (
    *("welcome", "open", "close_door", "door_long", "settled", "empty", "review", "cancelled"),
    *("ask", "wrong_place", "foreign"),
    *("restock_wrong_goods", "restock_over_capacity", "restock_done"),
)
ENDINGS = {".wav": "audio/wav", ".ogg": "audio/ogg", ".mp3": "audio/mpeg"}


def sound_of(language: str, key: str, own: Path | None) -> Path | None:
    """The file for ``key``; own: the site's directory. None: there is no such key or language."""
    if language not in LANGUAGES or key not in KEYS:
        return None
    places = [own / language] if own else []
    places += [OURS / language, OURS / TONES]
    choices = (place / f"{key}{ending}" for place in places for ending in ENDINGS)
    return next((file for file in choices if file.is_file()), None)


def routes(own: Path | None) -> list[BaseRoute]:
    """``/voice/{language}/{key}``."""

    def voice(request: Request) -> Response:  # not async: Starlette gives it a worker thread
        file = sound_of(request.path_params["language"], request.path_params["key"], own)
        if file is None:
            return problem("NOT_FOUND")
        return FileResponse(file, media_type=ENDINGS[file.suffix], headers={"Cache-Control": "no-cache"})

    return [Route("/voice/{language}/{key}", voice)]
