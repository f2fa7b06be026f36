"""What the centre's page for buyers has in common with the counter's: these files and words, and no more.

Both pages are one product in two shapes: a buyer must not have to learn the second one. Whoever changes a
file here changes both.
"""

from pathlib import Path

from edge.domain.requests import Refusal
from edge.screens.strings import Texts, texts

STATIC = Path(__file__).resolve().parent / "static"
FILES = (
    *("ask.js", "dom.js", "door.js", "elder.js", "icons.js", "live.js", "memory.js", "price.js", "text.js"),
    *("visit.js", "common.css", "phone.css"),
)

WORDS = (
    *("language_other", "big_on", "big_off", "lost", "need_scripts", "hotline", "asking", "home", "retry"),
    *("account", "account_change", "account_hint", "account_sample", "need_account", "need_pin"),
    *("pin", "pin_clear", "pin_delete", "pin_typed", "open_door", "one_payer", "one_payer_two"),
    *("scan_title", "cannot_open", "my_orders", "no_orders", "receipt"),
    *("opening_title", "opening_text", "pull_title", "pull_text", "open_title", "open_text"),
    *("settling_title", "settling_text", "settled_title", "settled_summary", "empty_title", "empty_text"),
    *("review_title", "review_text", "cancelled_title", "cancelled_text", "review_line", "review_charged"),
    *("basket_empty", "open_put_back", "weighing", "total", "discount", "price_before", "notice_other"),
    *("order_no", "at_counter", "closed_at", "ended_at", "certified_part", "code_TIMEOUT", "origin"),
    *("per_piece", "product_fallback", "pieces", "pull_left", "open_left"),
)


def shared_texts() -> dict[str, Texts]:
    """By language, then by key: ``WORDS``, and what each refusal is called."""
    keys = (*WORDS, *(f"code_{each.value}" for each in Refusal))
    return {language: {key: said[key] for key in keys} for language, said in texts().items()}
