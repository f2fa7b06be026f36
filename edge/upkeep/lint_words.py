"""What the planogram linter found, in words for people: Chinese and English. It computes nothing."""

from collections.abc import Mapping, Sequence

from edge.weighing.lint_swaps import Swap
from edge.weighing.linter import CrossPair, Finding, Level, Pair

Names = Mapping[str, tuple[str, str]]
"""sku → its Chinese and its English name. A sku that is not here is shown as it is."""

LEVELS = {Level.OK: ("正常", "ok"), Level.WARN: ("警告", "warning"), Level.ERROR: ("错误", "error")}
LANGUAGES = ("zh", "en")

FINDINGS = {
    "near_pair": (
        "有商品组合靠重量难以区分(区分度 {value:.1f},应不低于 {limit:g}),请换托盘",
        "some takes are hard to tell apart by weight (d′ {value:.1f}, should be {limit:g} or more); move one",
    ),
    "group": (
        "同价同重组 {skus}:按同一商品计数",
        "equal-price group {skus}: counted as one product",
    ),
    "group_price": (
        "同价组 {skus} 价格相差 {value:g} 分:同组必须同价",
        "group {skus} differs in price by {value:g} fen: one group, one price",
    ),
    "group_weight": (
        "同价组 {skus} 单件重量相差 {value:.0f} 克,不应合为一组(最多 {limit:.0f} 克)",
        "group {skus} differs by {value:.0f} g a unit: too much for one group (at most {limit:.0f} g)",
    ),
    "doubt": (
        "预计 {value:.0%} 的取货会存疑(应不超过 {limit:.0%})",
        "{value:.0%} of takes are expected to stay in doubt (should be {limit:.0%} at most)",
    ),
    "overload": (
        "放满再加上手压会超出量程({value:.0%}),请减少数量",
        "full and with a leaning hand the scale saturates ({value:.0%}); plan fewer",
    ),
    "heavy_load": (
        "放满时占量程 {value:.0%},建议不超过 {limit:.0%}",
        "full, the goods are {value:.0%} of the capacity; {limit:.0%} at most is advised",
    ),
    "light_unit": (
        "{skus} 太轻:单件只有读数波动的 {value:.1f} 倍(应不低于 {limit:g} 倍)",
        "{skus} is too light: one unit is {value:.1f} × the reading's noise (should be {limit:g} or more)",
    ),
    "safe_count": (
        "{skus} 一次取超过 {value:g} 件就数不准(应能数到 {limit:g} 件)",
        "{skus}: more than {value:g} in one take cannot be counted (should be {limit:g})",
    ),
    "spread_missing": (
        "{skus} 没有单件重量标准差,请称量十件以上",
        "{skus} has no standard deviation of its weight: weigh ten units",
    ),
    "wide_spread": (
        "{skus} 单件重量差异大:标准差为重量的 {value:.1%}(应不超过 {limit:.0%})",
        "{skus} varies much from unit to unit: {value:.1%} of its weight (should be {limit:.0%} at most)",
    ),
    "learnt_differs": (
        "{skus} 实测重量与标称相差 {value:+.1%}",
        "{skus} weighs {value:+.1%} of what is declared, as measured",
    ),
    "cross_tray": (
        "{skus} 在不同托盘上但重量相近:放错托盘时可能被当成对方(区分度 {value:.1f})",
        "{skus} lie on two trays and weigh alike: misplaced, one could pass for the other (d′ {value:.1f})",
    ),
}

_MOVE = (
    "换到别的托盘(见 counter lint 的建议)",
    "move one of them to another tray (counter lint proposes which)",
)
_FEWER = "减少容量 capacity", "lower its capacity"
_WEIGH = "称量十件以上并更新商品目录", "weigh ten units and correct the catalogue"
REMEDIES = {
    "near_pair": _MOVE,
    "group": ("无需处理", "nothing is to be done"),
    "group_price": ("统一价格,或取消分组", "give them one price, or no group"),
    "group_weight": ("取消分组", "take them out of the group"),
    "doubt": _MOVE,
    "overload": _FEWER,
    "heavy_load": _FEWER,
    "light_unit": ("换用更精密的秤,或不按重量计数", "give it a finer scale, or do not sell it by weight"),
    "safe_count": _WEIGH,
    "spread_missing": _WEIGH,
    "wide_spread": _WEIGH,
    "learnt_differs": (
        "核对批次与包装,必要时更新商品目录",
        "look at lot and packaging; correct the catalogue if need be",
    ),
    "cross_tray": ("尽量分开摆放", "keep them apart, so that nobody puts one in the other's place"),
}
"""What to do about each finding."""


def finding(found: Finding, names: Names) -> tuple[str, str]:
    """One sentence in Chinese and one in English."""
    shown = [named(sku, names) for sku in found.skus]
    zh, en = FINDINGS[found.code]
    skus = "、".join(zh_name for zh_name, _ in shown), " and ".join(en_name for _, en_name in shown)
    value, limit = found.value or 0.0, found.limit or 0.0
    return (
        zh.format(skus=skus[0], value=value, limit=limit),
        en.format(skus=skus[1], value=value, limit=limit),
    )


def pair(near: Pair, names: Names) -> tuple[str, str]:
    """``these two cannot be told apart by weight: 3 g``, or hardly, or can."""
    one, other = (taken(each, names) for each in (near.one, near.other))
    zh = {Level.ERROR: "靠重量无法区分", Level.WARN: "靠重量难以区分", Level.OK: "可以区分"}
    en = {
        Level.ERROR: "these two cannot be told apart by weight",
        Level.WARN: "these two are hard to tell apart by weight",
        Level.OK: "these two can be told apart",
    }
    gap = f"{near.gap_g:.0f} g, d′ {near.d_prime:.1f}"
    return (
        f"{one[0]} 与 {other[0]} {zh[near.level]}:相差 {near.gap_g:.0f} 克,区分度 {near.d_prime:.1f}",
        f"{one[1]} / {other[1]}: {en[near.level]}: {gap}",
    )


def taken(units: Sequence[tuple[str, int]], names: Names) -> tuple[str, str]:
    """``绿茶 ×2 + 香菇``."""
    shown = [(named(sku, names), f" ×{count}" if count > 1 else "") for sku, count in units]
    return " + ".join(zh + times for (zh, _), times in shown), " + ".join(
        en + times for (_, en), times in shown
    )


def cross(near: CrossPair, names: Names) -> tuple[str, str]:
    one, other = named(near.sku, names), named(near.other_sku, names)
    zh = f"{near.tray} {one[0]} 与 {near.other_tray} {other[0]}:单件相差 {near.gap_g:.0f} 克"
    en = f"{near.tray} {one[1]} / {near.other_tray} {other[1]}: one unit each differs by {near.gap_g:.0f} g"
    return zh, en


def swap(proposed: Swap, names: Names) -> tuple[str, str]:
    one, other = named(proposed.sku, names), named(proposed.other_sku, names)
    shares = f"{proposed.before:.0%} → {proposed.after:.0%}"
    return (
        f"建议对调:{proposed.tray} 的 {one[0]} 与 {proposed.other_tray} 的 {other[0]}(存疑合计 {shares})",
        f"swap {one[1]} of {proposed.tray} for {other[1]} of {proposed.other_tray} (doubt together {shares})",
    )


def named(sku: str, names: Names) -> tuple[str, str]:
    """A product's names; of a group, ``A|B``, those of its members."""
    members = [names.get(each, (each, each)) for each in sku.split("|")]
    return "/".join(zh for zh, _ in members), "/".join(en for _, en in members)
