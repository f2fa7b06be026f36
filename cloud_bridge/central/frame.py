"""What every page of the centre stands in: language, navigation, who is logged in. Escaping is on."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request

from cloud_bridge.central import clock
from cloud_bridge.central.roles import NOBODY, Permission, Who
from cloud_bridge.central.words import words

Lang = Literal["zh", "en"]

NAVIGATION: tuple[tuple[str, str, Permission], ...] = (
    ("/", "nav_overview", Permission.SEE_SALES),
    ("/fleet", "fleet", Permission.SEE_FLEET),
    ("/reviews", "reviews", Permission.SEE_REVIEWS),
    ("/restocks", "restocks", Permission.SEE_RESTOCKS),
    ("/own", "own_goods", Permission.SEE_OWN_GOODS),
    ("/trail", "trail", Permission.SEE_TRAIL),
)
"""Path, word, and who sees it; the first one that somebody sees is where a login leads."""

_templates = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"), autoescape=True, undefined=StrictUndefined
)


@dataclass(frozen=True, slots=True)
class Seen:
    """For whom a page is made. here: its own path, for the switch of language. csrf: for its forms."""

    lang: Lang = "zh"
    here: str = "/"
    who: Who = NOBODY
    csrf: str = ""


def lang_of(request: Request) -> Lang:
    """What the address says, else what this browser chose last, else Chinese."""
    asked = request.query_params.get("lang") or request.cookies.get("lang")
    return "en" if asked == "en" else "zh"


def seen_by(request: Request) -> Seen:
    """As the guard found it out (``guard``); before that, and for open pages, nobody."""
    who = getattr(request.state, "who", NOBODY)
    return Seen(lang_of(request), request.url.path, who, getattr(request.state, "csrf", ""))


def home_of(who: Who) -> str:
    """The first page that ``who`` may see; the login for who may see none."""
    return next((path for path, _, permission in NAVIGATION if who.may(permission)), "/login")


def bare(template: str, lang: Lang, **shown: Any) -> str:
    """A page that stands in no frame: it is nobody's who works at the centre."""
    return _templates.get_template(template).render(lang=lang, **shown)


def rendered(template: str, seen: Seen, **shown: Any) -> str:
    t = words(seen.lang)
    navigation = [
        (path, t[word], path == seen.here or (path != "/" and seen.here.startswith(path + "/")))
        for path, word, permission in NAVIGATION
        if seen.who.may(permission)
    ]
    return _templates.get_template(template).render(
        t=t,
        lang=seen.lang,
        here=seen.here,
        who=seen.who,
        csrf=seen.csrf,
        navigation=navigation,
        shown=clock.shown,
        **shown,
    )
