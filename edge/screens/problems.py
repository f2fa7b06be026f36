"""Answers that say no: RFC 9457 documents with a stable ``code`` and a sentence saying what to do.

It knows how a refusal is told over HTTP; why the engine refuses it does not know.
"""

from typing import NamedTuple

import msgspec
from starlette.responses import Response

from edge.domain.requests import Refusal, Refused

MEDIA_TYPE = "application/problem+json"


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """RFC 9457 problem details. field: the body's field at fault."""

    type: str
    title: str
    status: int
    code: str
    detail: str = ""
    field: str = ""


class Kind(NamedTuple):
    """How one code is told. zh, en: one sentence each, saying what to do."""

    status: int
    zh: str
    en: str


REFUSALS: dict[Refusal, Kind] = {
    Refusal.BUSY: Kind(
        409,
        "上一位还没有关门，请等柜门关好后再扫码。",
        "Somebody is shopping: scan again when the door is shut.",
    ),
    Refusal.RESTOCKING: Kind(
        409, "正在补货，请稍后再来。", "Restocking is under way: please come back later."
    ),
    Refusal.OUT_OF_ORDER: Kind(
        503, "设备维护中，请稍后再来或拨打服务电话。", "Out of order: come back later or call the hotline."
    ),
    Refusal.OVER_TEMPERATURE: Kind(
        503,
        "柜内温度过高，暂停销售，请拨打服务电话。",
        "Too warm inside, sales are paused: please call the hotline.",
    ),
    Refusal.CLOSED: Kind(
        403,
        "现在不是营业时间，请在营业时间再来。",
        "Outside opening hours: please come back when it is open.",
    ),
    Refusal.UNPAID: Kind(
        403,
        "您有待结算的订单，请先结清再开门。",
        "An earlier order is unpaid: settle it, then open the door.",
    ),
    Refusal.BLOCKED: Kind(
        403,
        "密码输错次数太多，该账户暂停使用，请稍后再试或拨打服务电话。",
        "Too many wrong PINs: this account is paused. Try later or call the hotline.",
    ),
    Refusal.EXPIRED_GOODS: Kind(
        503, "柜内有过期商品待清理，暂停销售。", "Expired goods must be removed first: sales are paused."
    ),
    Refusal.GOODS_BLOCKED: Kind(
        503,
        "柜内有停售商品待清理，暂停销售。",
        "Goods that may not be sold must be removed first: sales are paused.",
    ),
    Refusal.OFFLINE_LIMIT: Kind(
        503,
        "离线交易已达上限，请等网络恢复后再试。",
        "Offline limit reached: try again when the network is back.",
    ),
    Refusal.REPLAY: Kind(
        409,
        "二维码已失效，请重新扫描屏幕上的二维码。",
        "This code has been used or is too old: scan the screen again.",
    ),
    Refusal.BAD_TOKEN: Kind(
        403,
        "二维码无效，请扫描专柜屏幕上的二维码。",
        "Not a code of this counter: scan the code on its screen.",
    ),
    Refusal.BAD_PIN: Kind(
        401, "账户或密码不对，请重新输入。", "Unknown account or wrong PIN: please type them again."
    ),
    Refusal.NO_QUOTA: Kind(
        403,
        "账户额度不足，或今天已买到上限，请联系单位管理员。",
        "The account's quota, or what it may buy a day, is used up: ask your unit's administrator.",
    ),
    Refusal.NOT_ALLOWED: Kind(
        403,
        "该账户不能这样开门，请换一个账户。",
        "This account may not open the door for that: use another one.",
    ),
    Refusal.TOO_SOON: Kind(
        503,
        "门锁需要休息几秒，请稍后再试。",
        "The lock has to rest for some seconds: please try again.",
    ),
    Refusal.UNKNOWN_SESSION: Kind(
        404, "没有找到这次购物，请从“我的订单”打开。", "No such visit: open it from “My orders”."
    ),
    Refusal.NOT_ASKED: Kind(
        409,
        "现在没有需要您选择的问题，请看结果。",
        "Nothing is asked just now: see the receipt.",
    ),
    Refusal.NOT_SIGNED_IN: Kind(
        401, "请先登录：在专柜屏幕上点“补货”。", "Please sign in: tap Restock on the counter's screen."
    ),
    Refusal.NOT_NOW: Kind(
        409, "现在不能这样操作，请按屏幕提示继续。", "Not possible just now: follow what the screen says."
    ),
    Refusal.UNFINISHED: Kind(
        409,
        "还有内容没有完成，请先处理标出的托盘。",
        "Something is not finished: look after the trays that are marked.",
    ),
    Refusal.KEY_REUSED: Kind(
        422,
        "请求编号已被另一个请求使用，请刷新页面重试。",
        "This Idempotency-Key came with another request: reload and try again.",
    ),
}

FAULTS: dict[str, Kind] = {
    "TIMEOUT": Kind(
        503,
        "专柜没有及时回应，请再试一次，不会重复开门。",
        "The counter did not answer in time: try again with the same Idempotency-Key.",
    ),
    "STARTING": Kind(503, "专柜正在启动，请稍候。", "The counter is starting: try again in a few seconds."),
    "BAD_JSON": Kind(400, "请求内容不是有效的 JSON。", "The body is not valid JSON: send one JSON object."),
    "BAD_FIELD": Kind(422, "请求中有一项不正确。", "A field of the request is wrong: see field and detail."),
    "TOO_LARGE": Kind(413, "请求内容太大。", "The body is too large: send at most 16 kB."),
    "NOT_FOUND": Kind(404, "没有这个页面。", "There is nothing at this address: check it."),
    "METHOD_NOT_ALLOWED": Kind(
        405, "此地址不支持该操作。", "This address does not take that method: see Allow."
    ),
    "NOT_YOURS": Kind(
        403, "只能查看自己供货的商品。", "You may look at your own goods only: leave the supplier out."
    ),
    "SCREEN_ONLY": Kind(
        403, "只有专柜自己的屏幕可以访问。", "Only the counter's own screen may ask for this."
    ),
    "CROSS_ORIGIN": Kind(
        403,
        "不接受其他网站发来的操作，请在专柜页面上操作。",
        "Posted from another site: use the counter's own page.",
    ),
    "UNKNOWN_HOST": Kind(
        421,
        "地址不属于本专柜，请扫描屏幕上的二维码。",
        "This host name is not the counter's: scan the screen's code.",
    ),
    "TOO_MANY_PAGES": Kind(
        503, "打开的页面太多，请稍后再试。", "Too many pages are open: close some, or try again later."
    ),
    "TOO_MANY_REPORTS": Kind(
        429,
        "报障次数太多，请稍后再试；急事请拨打服务电话。",
        "Too many reports came in: try later, and call the hotline if it is urgent.",
    ),
    "REQUEST_FAILED": Kind(400, "请求无法处理。", "The request cannot be handled."),
    "INTERNAL": Kind(
        500, "专柜程序出错，请拨打服务电话。", "The counter's program failed: please call the hotline."
    ),
}


def problem(code: str, detail: str = "", field: str = "", headers: dict[str, str] | None = None) -> Response:
    """The response for ``code``, a name of ``Refusal`` or of ``FAULTS``."""
    kind = REFUSALS[Refusal(code)] if code in Refusal.__members__ else FAULTS[code]
    document = Problem(
        type=f"urn:smart-counter:problem:{code}",
        title=f"{kind.zh} / {kind.en}",
        status=kind.status,
        code=code,
        detail=detail,
        field=field,
    )
    known = {"Cache-Control": "no-store"}
    if kind.status == 401:
        known["WWW-Authenticate"] = 'PIN realm="counter"'
    return Response(
        msgspec.json.encode(document), kind.status, {**known, **(headers or {})}, media_type=MEDIA_TYPE
    )


def refusal(refused: Refused) -> Response:
    """The response for the engine's no."""
    return problem(refused.code.value, refused.detail)
